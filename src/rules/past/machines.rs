//! A series whose machines each have a cache of their own.

use std::ptr;

use super::Past;
use crate::series;

impl Past<'_> {
    /// The builds of each machine by themselves, where no other machine's cache can answer them;
    /// else all of them.
    pub(in crate::rules) fn by_machine(&self) -> Vec<Self> {
        let members: Vec<_> = (0..self.len()).filter_map(|i| self.get(i)).collect();
        match series::machines(&members) {
            Some(apart) => apart.iter().map(|own| self.only(own)).collect(),
            None => vec![self.only(&(0..self.len()).collect::<Vec<_>>())],
        }
    }

    /// Without builds that found what an earlier build of the same log had just made: `docker compose
    /// build`, and then `docker compose up --build`.
    pub(in crate::rules) fn without_repeats(&self) -> Self {
        let made = |i: usize, j: usize| {
            let same = self.get(i).zip(self.get(j)).is_some_and(|((a, _), (b, _))| ptr::eq(a, b));
            same && self.builds.get(j).is_some_and(|build| build.succeeded())
        };
        let is_repeat = |i: usize| {
            let hit = self.builds.get(i).is_some_and(|build| build.hits() > 0);
            hit && i.checked_sub(1).is_some_and(|before| made(i, before))
        };
        self.only(&(0..self.len()).filter(|i| !is_repeat(*i)).collect::<Vec<_>>())
    }

    /// Some of its builds.
    fn only(&self, places: &[usize]) -> Self {
        fn of<T: Copy>(all: &[T], places: &[usize]) -> Vec<T> {
            places.iter().filter_map(|&i| all.get(i).copied()).collect()
        }
        Self {
            study: self.study,
            at: self.at,
            part: self.part,
            runs: of(&self.runs, places),
            builds: of(&self.builds, places),
            refs: of(&self.refs, places),
            places: of(&self.places, places),
        }
    }

    /// The machine of all of its builds.
    pub(in crate::rules) fn machine(&self) -> Option<&str> {
        let mut names = self.runs.iter().map(|run| run.machine());
        let first = names.next()??;
        names.all(|name| name == Some(first)).then_some(first)
    }
}
