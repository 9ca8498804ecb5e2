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
pub struct Recent<T>(RefCell<Vec<Option<T>>>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(RefCell::new(Vec::new()))
    }
}

impl<T: Clone> Recent<T> {
    /// The value that equals the key; where it is not there, one is made and kept if there is one.
    pub fn get<K: Hash + Eq + ?Sized>(&self, key: &K, make: impl FnOnce() -> Option<T>) -> Option<T>
    where
        T: Borrow<K>,
    {
        place(&mut self.0.borrow_mut(), key, make).cloned()
    }

    /// Whether there is such a value, as [`Recent::get`] says.
    pub fn has<K: Hash + Eq + ?Sized>(&self, key: &K, make: impl FnOnce() -> Option<T>) -> bool
    where
        T: Borrow<K>,
    {
        place(&mut self.0.borrow_mut(), key, make).is_some()
    }
}

const PLACES: usize = 1 << 14;

fn place<'a, T, K>(
    places: &'a mut Vec<Option<T>>,
    key: &K,
    make: impl FnOnce() -> Option<T>,
) -> Option<&'a T>
where
    T: Borrow<K> + Clone,
    K: Hash + Eq + ?Sized,
{
    places.resize(PLACES, None);
    let hash = usize::try_from(FixedState::default().hash_one(key) >> 32).ok()?;
    let place = places.get_mut(hash % PLACES)?;
    if place.as_ref().is_none_or(|known| known.borrow() != key) {
        *place = Some(make()?);
    }
    place.as_ref()
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
