//! A series whose machines each have a cache of their own.

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
