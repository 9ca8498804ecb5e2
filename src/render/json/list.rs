//! Lists that are too long to be held as a whole: elements are made and written a group at a time,
//! those of a group side by side, and the next group while one is handed on.

use std::ops::Range;

use rayon::prelude::*;
use serde::ser::{Serialize, SerializeSeq, Serializer};

use super::layout::{Fragment, write_inside};

/// Elements that are made side by side, and the most builds that one of them may hold.
pub(super) const GROUP: usize = 128;

/// Elements that are written together.
const PIECE: usize = 16;

/// A list of so many is written by one.
const SHORT: usize = 8;

/// Elements that follow one another, as they stand in the report.
#[derive(Default)]
struct Piece {
    text: Vec<u8>,
    /// Where each element is; nothing for one that is written by itself.
    places: Vec<Range<usize>>,
}

/// A list whose elements are made of items when they are written.
pub(super) struct ListOf<'a, I, T> {
    items: &'a [I],
    make: Box<dyn Fn(usize, &'a I) -> T + Sync + 'a>,
    /// Whether an element has a long list in it, and is written by itself.
    long: fn(&I) -> bool,
}

impl<'a, I: Sync, T> ListOf<'a, I, T> {
    /// One element an item, made of its index and the item.
    pub(super) fn new(items: &'a [I], make: impl Fn(usize, &'a I) -> T + Sync + 'a) -> Self {
        Self { items, make: Box::new(make), long: |_| false }
    }

    /// Of items that hold lists themselves: which are too long to be written beside others.
    pub(super) fn of_lists(self, long: fn(&I) -> bool) -> Self {
        Self { long, ..self }
    }
}

impl<I: Sync, T: Serialize> ListOf<'_, I, T> {
    /// Makes the pieces of a group, in the room of those of one that was handed on.
    fn group(&self, start: usize, mut pieces: Vec<Piece>) -> Vec<Piece> {
        let end = (start + GROUP).min(self.items.len());
        pieces.resize_with(end.saturating_sub(start).div_ceil(PIECE), Piece::default);
        let starts = (start..end).into_par_iter().step_by(PIECE);
        pieces
            .par_iter_mut()
            .zip(starts)
            .with_max_len(1)
            .for_each(|(piece, start)| self.fill(piece, start..(start + PIECE).min(end)));
        pieces
    }

    fn fill(&self, piece: &mut Piece, part: Range<usize>) {
        piece.text.clear();
        piece.places.clear();
        for (i, item) in self.items.iter().enumerate().take(part.end).skip(part.start) {
            let start = piece.text.len();
            if !(self.long)(item) {
                write_inside(&(self.make)(i, item), &mut piece.text);
            }
            piece.places.push(start..piece.text.len());
        }
    }

    /// Hands the elements of a group on.
    fn hand_on<S: SerializeSeq>(
        &self,
        start: usize,
        group: &[Piece],
        list: &mut S,
    ) -> Result<(), S::Error> {
        let places =
            group.iter().flat_map(|piece| piece.places.iter().map(move |place| (piece, place)));
        for ((i, item), (piece, place)) in self.items.iter().enumerate().skip(start).zip(places) {
            match piece.text.get(place.clone()).filter(|text| !text.is_empty()) {
                Some(text) => list.serialize_element(&Fragment(text))?,
                None => list.serialize_element(&(self.make)(i, item))?,
            }
        }
        Ok(())
    }
}

impl<I: Sync, T: Serialize> Serialize for ListOf<'_, I, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.items.len()))?;
        if self.items.len() <= SHORT {
            self.items
                .iter()
                .enumerate()
                .try_for_each(|(i, item)| list.serialize_element(&(self.make)(i, item)))?;
            return list.end();
        }
        let (mut ready, mut next) = (self.group(0, Vec::new()), Vec::new());
        for start in (0..self.items.len()).step_by(GROUP) {
            rayon::in_place_scope(|scope| {
                scope.spawn(|_| next = self.group(start + GROUP, std::mem::take(&mut next)));
                self.hand_on(start, &ready, &mut list)
            })?;
            std::mem::swap(&mut ready, &mut next);
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
            let list =
                ListOf::new(&items, |i, item| vec![i; item % 3]).of_lists(|item| item % 5 == 0);
            let vector: Vec<Vec<usize>> = items.iter().map(|&i| vec![i; i % 3]).collect();
            assert_eq!(to_string(&[list]), to_string(&[vector]));
        }
    }
}
