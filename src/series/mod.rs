//! The same build over several runs, matched by stages and instructions.
//!
//! Knows no rule; compares what builds are made of, never their names in the CI.

mod align;
pub mod chain;
mod matching;

pub use align::{Row, rows};
pub use matching::{alike, group};

/// Where a build is: index of the run, index in the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BuildRef {
    /// Index in `Study::runs`.
    pub run: usize,
    /// Index in `Run::builds`.
    pub build: usize,
}

/// The same build over several runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series {
    /// Name for people: the image, the target, or the label of the first run.
    pub key: String,
    /// Its builds in the order of time.
    pub builds: Vec<BuildRef>,
}
