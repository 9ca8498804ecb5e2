//! How much of one log is kept: a hostile one counts its vertices without end.

use std::hash::BuildHasher;
use std::mem::size_of;

use foldhash::HashSet;
use foldhash::fast::FixedState;

use crate::model::Build;

/// Bytes that one log may come to, roughly: some 20,000 steps that differ, or 80,000 that repeat
/// each other.
pub(super) const MOST: usize = 28 << 20;

/// Bytes of a vertex, step or command of which there was none like it, with its lines.
pub(super) const NEW: usize = 1_400;

/// Bytes of what shares its text with another, or has little.
pub(super) const SMALL: usize = 200;

/// Texts that are remembered; `Recent` shares no more either.
const TEXTS: usize = 1 << 13;

/// What the finished builds of a job come to.
#[derive(Debug, Default)]
pub(super) struct FinishedBuilds {
    pub(super) bytes: usize,
    texts: HashSet<u64>,
}

impl FinishedBuilds {
    /// One more.
    pub(super) fn add(&mut self, build: &Build) {
        let lines =
            build.bases.len() + build.imports.len() + build.exports.len() + build.errors.len();
        // Once in the run, and twice as much in what is found about it: its series, its rows, its start.
        self.bytes += 3 * size_of::<Build>() + lines * SMALL;
        for step in &build.steps {
            self.bytes += if self.is_new(&step.name) { NEW } else { SMALL };
        }
        for import in build.imports.iter().chain(&build.exports) {
            self.bytes += if self.is_new(&import.header.text) { NEW } else { SMALL };
        }
    }

    fn is_new(&mut self, text: &str) -> bool {
        if self.texts.len() >= TEXTS {
            self.texts.clear();
        }
        self.texts.insert(FixedState::default().hash_one(text))
    }
}
