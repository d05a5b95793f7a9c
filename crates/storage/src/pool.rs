//! Values that can be made again: kept while they fit, given up when nobody uses them.
//!
//! Open files and the indexes of sealed segments live in pools that a whole node shares. Using a
//! value that is there touches no shared lock; only making one does. What goes is found by a clock:
//! whoever was used since the hand last passed stays.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Bounds the weight of the values in its slots.
pub struct Pool<T> {
    members: Mutex<Members<T>>,
    weight_max: usize,
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
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Arc::new(Inner { value: Mutex::new(None), touched: AtomicBool::new(false) }))
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
    /// A pool that gives values up while they weigh more than `weight_max` together.
    #[must_use]
    pub fn new(weight_max: usize) -> Self {
        let members = Members { slots: Vec::new(), hand: 0, weight: 0 };
        Self { members: Mutex::new(members), weight_max }
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
        let place = members.slots.iter().position(|(m, _)| m.as_ptr() == Arc::as_ptr(&slot.0));
        if let Some(place) = place {
            let (_, weight_before) = members.slots.swap_remove(place);
            members.weight -= weight_before;
        }
        members.slots.push((Arc::downgrade(&slot.0), weight));
        members.weight += weight;
        members.shrink(self.weight_max);
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
    fn shrink(&mut self, weight_max: usize) {
        // Two rounds: the first may find all touched.
        let mut steps = self.slots.len() * 2;
        while self.weight > weight_max && steps > 0 {
            steps -= 1;
            if self.hand >= self.slots.len() {
                self.hand = 0;
            }
            let (member, weight) = &self.slots[self.hand];
            let gone = match member.upgrade() {
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
                self.weight -= *weight;
                self.slots.swap_remove(self.hand);
            } else {
                self.hand += 1;
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
