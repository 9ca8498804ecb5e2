//! Values that many builds have in common, kept once.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::hash::{BuildHasher, Hash};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use foldhash::fast::FixedState;

/// A value that its clones share until one of them is changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Shared<T>(Arc<T>);

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(&mut self.0)
    }
}

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T> FromIterator<T> for Shared<Vec<T>> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Vec::from_iter(items).into()
    }
}

impl<T> Borrow<T> for Shared<T> {
    fn borrow(&self) -> &T {
        self
    }
}

impl<T> Shared<T> {
    /// Both are one value: equal ones need not be.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T: Hash + Eq + Clone> Shared<T> {
    /// Shares the value with an equal one, where there lately was one.
    pub(super) fn share(&mut self, recent: &Recent<Self>) {
        if Arc::strong_count(&self.0) > 1 {
            return;
        }
        if let Some(known) = recent.get::<T>(self, || Some(self.clone())) {
            *self = known;
        }
    }
}

/// Values that were lately made, so that an equal one need not be made or kept again.
///
/// Each value has one place, from which it drives out the one before: memory is bounded whatever
/// comes, and nothing is ever wrong, only kept twice.
pub struct Recent<T>(RefCell<Places<T>>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(RefCell::new(Places { values: Vec::new(), taken: 0 }))
    }
}

impl<T: Clone> Recent<T> {
    /// The value that equals the key; where it is not there, one is made and kept if there is one.
    pub fn get<K: Hash + Eq + ?Sized>(&self, key: &K, make: impl FnOnce() -> Option<T>) -> Option<T>
    where
        T: Borrow<K>,
    {
        self.0.borrow_mut().value(key, make).cloned()
    }

    /// Whether there is such a value, as [`Recent::get`] says.
    pub fn has<K: Hash + Eq + ?Sized>(&self, key: &K, make: impl FnOnce() -> Option<T>) -> bool
    where
        T: Borrow<K>,
    {
        self.0.borrow_mut().value(key, make).is_some()
    }
}

struct Places<T> {
    values: Vec<Option<T>>,
    /// How many of them hold one.
    taken: usize,
}

/// Places at first: to clear all of them takes longer than to read a small log.
const FIRST: usize = 1 << 8;

/// Places at most.
const MOST: usize = 1 << 14;

impl<T: Clone> Places<T> {
    fn value<K>(&mut self, key: &K, make: impl FnOnce() -> Option<T>) -> Option<&T>
    where
        T: Borrow<K>,
        K: Hash + Eq + ?Sized,
    {
        if 2 * self.taken >= self.values.len() && self.values.len() < MOST {
            self.grow::<K>();
        }
        let at = self.place(key)?;
        let value = self.values.get_mut(at)?;
        if value.as_ref().is_none_or(|known| known.borrow() != key) {
            let before = value.replace(make()?);
            self.taken += usize::from(before.is_none());
        }
        value.as_ref()
    }

    fn place<K: Hash + ?Sized>(&self, key: &K) -> Option<usize> {
        let hash = usize::try_from(FixedState::default().hash_one(key) >> 32).ok()?;
        hash.checked_rem(self.values.len())
    }

    fn grow<K>(&mut self)
    where
        T: Borrow<K>,
        K: Hash + ?Sized,
    {
        let places = (4 * self.values.len()).clamp(FIRST, MOST);
        let values = std::mem::replace(&mut self.values, vec![None; places]);
        self.taken = 0;
        for value in values.into_iter().flatten() {
            let place = self.place(value.borrow()).and_then(|at| self.values.get_mut(at));
            let before = place.and_then(|place| place.replace(value));
            self.taken += usize::from(before.is_none());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_kept_once_until_one_is_changed() {
        let recent = Recent::default();
        let [mut a, mut b] = [(); 2].map(|()| Shared::from("long".to_owned()));
        a.share(&recent);
        b.share(&recent);
        assert!(a.is(&b));
        b.push_str("er");
        assert_eq!((a.as_str(), b.as_str()), ("long", "longer"));
    }
}
