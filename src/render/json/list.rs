//! Lists that are too long to be held as a whole: elements are made and written a group at a time,
//! those of a group side by side.

use rayon::prelude::*;
use serde::ser::{Serialize, SerializeSeq, Serializer};
use serde_json::value::RawValue;

use super::layout::to_raw;

/// Elements that are written side by side, and the most builds that one of them may hold.
pub(super) const GROUP: usize = 256;

/// A list of so many is written by one.
const SHORT: usize = 8;

/// A list whose elements are made of items when they are written.
pub(super) struct List<'a, I, T> {
    items: &'a [I],
    make: Box<dyn Fn(usize, &'a I) -> T + Sync + 'a>,
    /// Whether an element has a long list in it, and is written by itself.
    long: fn(&I) -> bool,
}

impl<'a, I: Sync, T> List<'a, I, T> {
    /// One element an item, made of its index and the item.
    pub(super) fn new(items: &'a [I], make: impl Fn(usize, &'a I) -> T + Sync + 'a) -> Self {
        Self { items, make: Box::new(make), long: |_| false }
    }

    /// Of items that hold lists themselves: which are too long to be written beside others.
    pub(super) fn of_lists(self, long: fn(&I) -> bool) -> Self {
        Self { long, ..self }
    }
}

impl<I: Sync, T: Serialize> Serialize for List<'_, I, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.items.len()))?;
        for (group, items) in self.items.chunks(GROUP).enumerate() {
            let raw = |(i, item)| {
                let beside = self.items.len() > SHORT && !(self.long)(item);
                beside.then(|| to_raw(&(self.make)(group * GROUP + i, item)))
            };
            let written: Vec<Option<Box<RawValue>>> = items.par_iter().enumerate().map(raw).collect();
            for ((i, item), written) in items.iter().enumerate().zip(written) {
                match written {
                    Some(text) => list.serialize_element(&text)?,
                    None => list.serialize_element(&(self.make)(group * GROUP + i, item))?,
                }
            }
        }
        list.end()
    }
}

#[cfg(test)]
mod tests {
    use super::super::layout::to_string;
    use super::*;

    #[test]
    fn is_written_as_a_vector_is() {
        for len in [0, 1, SHORT + 1, GROUP, 2 * GROUP + 1] {
            let items: Vec<usize> = (0..len).collect();
            let list = List::new(&items, |i, item| vec![i; item % 3]).of_lists(|item| item % 5 == 0);
            let vector: Vec<Vec<usize>> = items.iter().map(|&i| vec![i; i % 3]).collect();
            assert_eq!(to_string(&[list]), to_string(&[vector]));
        }
    }
}
