//! Named parts of two operations, or the arguments of two builds, beside each other.

use std::collections::BTreeMap;

use crate::model::{Build, Digest, Part, Text};

/// Build arguments that were given other values, where files tell all of both builds.
pub(in super::super) fn other_arguments(before: &Build, now: &Build) -> Vec<Text> {
    let given = before.given.as_ref().zip(now.given.as_ref());
    given.map(|(was, is)| compare(was, is).differ).unwrap_or_default()
}

/// How the parts of an earlier build and of this one compare.
#[derive(Default)]
pub(super) struct Compared {
    /// Names that stand for other values, or are on one side only.
    pub(super) differ: Vec<Text>,
    /// Names whose values a history does not keep.
    pub(super) untold: Vec<Text>,
}

impl Compared {
    /// All values are known, and the same.
    pub(super) fn is_same(&self) -> bool {
        self.differ.is_empty() && self.untold.is_empty()
    }
}

/// Values of one name, before and now.
type Values = [Vec<Option<Digest>>; 2];

/// By their names: an operation may have several parts of one name, as a copy of several sources.
pub(super) fn compare(before: &[Part], now: &[Part]) -> Compared {
    let mut names: BTreeMap<&Text, Values> = BTreeMap::new();
    for part in before {
        let [was, _] = names.entry(&part.name).or_default();
        was.push(part.value);
    }
    for part in now {
        let [_, is] = names.entry(&part.name).or_default();
        is.push(part.value);
    }
    let mut compared = Compared::default();
    for (name, [mut was, mut is]) in names {
        was.sort_unstable();
        is.sort_unstable();
        if was.len() == is.len() && was.iter().chain(&is).any(Option::is_none) {
            compared.untold.push(name.clone());
        } else if was != is {
            compared.differ.push(name.clone());
        }
    }
    compared
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, value: Option<u8>) -> Part {
        let value = value.map(|byte| Digest::of_sha256(&[byte; 32]));
        Part { name: Text::new(name), value }
    }

    #[test]
    fn a_value_that_is_not_kept_is_neither_the_same_nor_another() {
        let before = [part("V", Some(1)), part("TOKEN", None), part("gone", None)];
        let now = [part("V", Some(2)), part("TOKEN", None), part("same", Some(3))];
        let found = compare(&before, &now);
        assert_eq!(
            (found.differ, found.untold),
            (vec![Text::new("V"), Text::new("gone"), Text::new("same")], vec![Text::new("TOKEN")],)
        );
    }

    #[test]
    fn several_parts_of_one_name_are_told_apart_by_their_values() {
        let parts = |values: [u8; 2]| values.map(|byte| part("text", Some(byte)));
        assert!(compare(&parts([1, 2]), &parts([2, 1])).differ.is_empty());
        assert_eq!(compare(&parts([1, 2]), &parts([1, 1])).differ.len(), 1);
    }
}
