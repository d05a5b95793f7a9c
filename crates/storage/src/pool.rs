//! Values that can be made again: kept while they fit, given up when nobody uses them.
//!
//! Open files and the indexes of sealed segments live in pools that a whole node shares. Using a
//! value that is there touches no shared lock; only making one does. What goes is found by a clock:
//! whoever was used since the hand last passed stays.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Bounds the weight of the values in its slots.
pub struct Pool<T> {
    members: Mutex<Members<T>>,
    weight_max: Box<dyn Fn() -> usize + Send + Sync>,
}

struct Members<T> {
    slots: Vec<(Weak<Inner<T>>, usize)>,
    hand: usize,
    weight: usize,
}

/// A place for one value of a pool. Clones are the same place.
pub struct Slot<T>(Arc<Inner<T>>);

struct Inner<T> {
    value: Mutex<Option<T>>,
    touched: AtomicBool,
    /// Where it stands among the members, if it is one. Changes under their lock.
    place: AtomicUsize,
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Arc::new(Inner {
            value: Mutex::new(None),
            touched: AtomicBool::new(false),
            place: AtomicUsize::new(usize::MAX),
        }))
    }
}

impl<T: Clone> Slot<T> {
    /// The value, if it is there.
    #[must_use]
    pub fn get(&self) -> Option<T> {
        let value = lock(&self.0.value).clone();
        if value.is_some() {
            self.0.touched.store(true, Ordering::Relaxed);
        }
        value
    }

    /// The value, if it is there; that somebody looked does not keep it.
    #[must_use]
    pub fn peek(&self) -> Option<T> {
        lock(&self.0.value).clone()
    }

    /// Gives the value up.
    pub fn clear(&self) {
        *lock(&self.0.value) = None;
    }
}

impl<T: Clone> Pool<T> {
    /// A pool that gives values up while they weigh more than `weight_max` together. That is asked
    /// whenever one is put in, and by [`Pool::shrink`].
    #[must_use]
    pub fn new(weight_max: impl Fn() -> usize + Send + Sync + 'static) -> Self {
        let members = Members { slots: Vec::new(), hand: 0, weight: 0 };
        Self { members: Mutex::new(members), weight_max: Box::new(weight_max) }
    }

    /// The value of `slot`; if it is not there, `make` makes it and says what it weighs.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn get_or_make(
        &self,
        slot: &Slot<T>,
        make: impl FnOnce() -> io::Result<(T, usize)>,
    ) -> io::Result<T> {
        if let Some(value) = slot.get() {
            return Ok(value);
        }
        let (value, weight) = make()?;
        self.put(slot, value.clone(), weight);
        Ok(value)
    }

    /// Puts a value into `slot`, replacing one that is there.
    pub fn put(&self, slot: &Slot<T>, value: T, weight: usize) {
        let mut members = lock(&self.members);
        *lock(&slot.0.value) = Some(value);
        slot.0.touched.store(true, Ordering::Relaxed);
        let place = slot.0.place.load(Ordering::Relaxed);
        if members.slots.get(place).is_some_and(|(m, _)| m.as_ptr() == Arc::as_ptr(&slot.0)) {
            members.remove(place);
        }
        slot.0.place.store(members.slots.len(), Ordering::Relaxed);
        members.slots.push((Arc::downgrade(&slot.0), weight));
        members.weight += weight;
        members.shrink((self.weight_max)());
    }

    /// Gives up what has become too much since the last value was put in.
    pub fn shrink(&self) {
        lock(&self.members).shrink((self.weight_max)());
    }

    /// Gives all values up that are there: each is made again when it is wanted.
    pub fn give_up_all(&self) {
        let mut members = lock(&self.members);
        for (member, _) in members.slots.drain(..) {
            if let Some(member) = member.upgrade() {
                *lock(&member.value) = None;
            }
        }
        members.weight = 0;
        members.hand = 0;
    }

    /// What all values weigh together, those of dropped slots included until the hand has passed
    /// them.
    #[must_use]
    pub fn weight(&self) -> usize {
        lock(&self.members).weight
    }
}

impl<T> Members<T> {
    /// Takes out who stands there; the last one stands there then.
    fn remove(&mut self, place: usize) {
        let (_, weight) = self.slots.swap_remove(place);
        self.weight -= weight;
        if let Some(moved) = self.slots.get(place).and_then(|(member, _)| member.upgrade()) {
            moved.place.store(place, Ordering::Relaxed);
        }
    }

    fn shrink(&mut self, weight_max: usize) {
        // Two rounds: the first may find all touched.
        let mut steps = self.slots.len() * 2;
        while self.weight > weight_max && steps > 0 {
            steps -= 1;
            if self.hand >= self.slots.len() {
                self.hand = 0;
            }
            let gone = match self.slots[self.hand].0.upgrade() {
                None => true,
                Some(member) => {
                    let mut value = lock(&member.value);
                    let untouched = !member.touched.swap(false, Ordering::Relaxed);
                    if untouched {
                        *value = None;
                    }
                    value.is_none()
                }
            };
            if gone {
                self.remove(self.hand);
            } else {
                self.hand += 1;
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::{Arc, Pool, Slot, lock};

    impl<T> Pool<T> {
        /// Each member knows where it stands, and all weigh what is said.
        fn check(&self) {
            let members = lock(&self.members);
            for (place, (member, _)) in members.slots.iter().enumerate() {
                let known = member.upgrade().map(|it| it.place.load(super::Ordering::Relaxed));
                assert!(known.is_none_or(|known| known == place), "{known:?} at {place}");
            }
            let weight: usize = members.slots.iter().map(|(_, weight)| weight).sum();
            assert_eq!(members.weight, weight);
        }

        fn count(&self, slot: &Slot<T>) -> usize {
            let members = lock(&self.members);
            members.slots.iter().filter(|(it, _)| it.as_ptr() == Arc::as_ptr(&slot.0)).count()
        }
    }

    #[test]
    fn members_know_where_they_stand() {
        let pool = Pool::new(|| 40);
        let mut slots: Vec<Slot<u64>> = (0..30).map(|_| Slot::default()).collect();
        let mut state = 1_u64;
        for turn in 0..5000 {
            // Knuth's MMIX: the high bits are good enough.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let (at, weight) = ((state >> 33) as usize % 30, (state >> 50) as usize % 5);
            match (state >> 40) % 10 {
                0 => slots[at] = Slot::default(),
                1 => slots[at].clear(),
                2 if turn % 50 == 0 => pool.give_up_all(),
                3..6 => drop(slots[at].get()),
                _ => {
                    pool.put(&slots[at], turn, weight);
                    assert!(slots[at].peek().is_none_or(|value| value == turn));
                }
            }
            pool.check();
            assert!(pool.weight() <= 40, "{}", pool.weight());
            for slot in &slots {
                let count = pool.count(slot);
                assert!(count <= 1 && (count == 1 || slot.peek().is_none()), "{count}");
            }
        }
    }
}
