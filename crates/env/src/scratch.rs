//! Vectors that are empty at rest, whose memory is their thread's meanwhile.
//!
//! What takes turns needs room for its commands and their outcome, for as long as the turn lasts. If
//! each of ten thousand kept its own, each would find it cold and weigh that much more; if it were
//! freed, every turn would ask the allocator. So the room goes to the thread that was the last to use
//! it, which gives it to the next that asks.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// Vectors of one type that a thread keeps: as many as have something in one tick, save in a crowd.
const KEPT_MAX: usize = 64;
/// Memory of one that is kept.
const KEPT_BYTES_MAX: usize = 16 * 1024;

thread_local! {
    /// For each type of item its empty vectors, a `Vec<Vec<T>>`. There are a handful of types.
    static KEPT: RefCell<Vec<(TypeId, Box<dyn Any>)>> = const { RefCell::new(Vec::new()) };
}

/// A vector that has no memory of its own while it is empty.
pub struct Scratch<T: 'static>(Vec<T>);

impl<T: 'static> Scratch<T> {
    /// Empty, with the room that this thread has at hand.
    #[must_use]
    pub fn with_room() -> Self {
        Self(with_kept(Vec::pop).flatten().unwrap_or_default())
    }

    /// Adds one to the end.
    pub fn push(&mut self, item: T) {
        if self.0.capacity() == 0 {
            *self = Self::with_room();
            // In a crowd that has one item each, room for more would only lie between them.
            self.0.reserve_exact(1);
        }
        self.0.push(item);
    }
}

impl<T: 'static> Default for Scratch<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: 'static> Deref for Scratch<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T: 'static> DerefMut for Scratch<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.0
    }
}

impl<T: 'static> Drop for Scratch<T> {
    fn drop(&mut self) {
        let bytes = self.0.capacity() * size_of::<T>();
        if bytes == 0 || KEPT_BYTES_MAX < bytes {
            return;
        }
        let mut room = std::mem::take(&mut self.0);
        // Before anything is borrowed: an item that is dropped may need room itself.
        room.clear();
        with_kept(|kept| {
            if kept.len() < KEPT_MAX {
                kept.push(room);
            }
        });
    }
}

/// `None` where this thread keeps nothing any more, for it ends.
fn with_kept<T: 'static, R>(act: impl FnOnce(&mut Vec<Vec<T>>) -> R) -> Option<R> {
    let act = |all: &mut Vec<(TypeId, Box<dyn Any>)>| {
        let of_type = TypeId::of::<T>();
        let at = all.iter().position(|(of, _)| *of == of_type).unwrap_or_else(|| {
            all.push((of_type, Box::new(Vec::<Vec<T>>::new())));
            all.len() - 1
        });
        all[at].1.downcast_mut().map(act)
    };
    KEPT.try_with(|kept| act(&mut kept.borrow_mut())).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::{KEPT_BYTES_MAX, KEPT_MAX, Scratch, with_kept};

    fn kept<T: 'static>() -> usize {
        with_kept(|kept: &mut Vec<Vec<T>>| kept.len()).unwrap()
    }

    #[test]
    fn room_is_the_threads_between_two_uses() {
        let mut first = Scratch::default();
        assert_eq!(first.capacity(), 0);
        (0_u16..100).for_each(|item| first.push(item));
        let (room, capacity) = (first.as_ptr(), first.capacity());
        drop(first);
        assert_eq!(kept::<u16>(), 1);
        let mut second: Scratch<u16> = Scratch::default();
        second.push(7);
        assert_eq!(
            (second.as_ptr(), second.capacity(), second.as_slice()),
            (room, capacity, &[7][..])
        );
        assert_eq!(kept::<u16>(), 0);
    }

    #[test]
    fn types_do_not_mix_and_limits_hold() {
        let full = |items: usize| {
            let mut scratch = Scratch::with_room();
            scratch.extend(std::iter::repeat_n(0_u32, items));
            scratch
        };
        drop(full(KEPT_BYTES_MAX / 4 + 1));
        assert_eq!((kept::<u32>(), kept::<i32>()), (0, 0));
        let many: Vec<_> = (0..KEPT_MAX + 3).map(|_| full(2)).collect();
        drop(many);
        assert_eq!((kept::<u32>(), kept::<i32>()), (KEPT_MAX, 0));
    }

    #[test]
    fn an_item_may_need_room_while_it_is_dropped() {
        struct Pushes;
        impl Drop for Pushes {
            fn drop(&mut self) {
                let mut scratch = Scratch::default();
                scratch.push(1_u64);
            }
        }
        let mut scratch = Scratch::default();
        scratch.push(Pushes);
        drop(scratch);
        assert_eq!(kept::<u64>(), 1);
    }
}
