//! The same build over several runs, matched by stages and instructions.
//!
//! Knows no rule; compares what builds are made of, never their names in the CI.

mod align;
mod asked;
mod beside;
pub mod chain;
mod folders;
mod given;
mod ledger;
mod linked;
mod machines;
mod matching;
mod miss;
mod naming;
mod proof;
mod reason;
pub mod recorded;
pub mod standing;
mod stretch;
#[cfg(test)]
mod tests;

pub use align::{StepRow, rows};
pub use asked::{EPOCH, HOST_NAME, is_of_a_run, shows_command};
pub use given::{Given, before as fetched_before, image as given_image};
pub use linked::settle as settle_links;
pub use machines::apart as machines;
pub use matching::{alike, group, same as same_build};
pub use miss::{Because, KeyPart, Miss, Misses, Start, Store};
pub use proof::{Difference, Proved};
pub use stretch::newest;

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

/// How sure it is (DESIGN §1): never more than the log shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// The pattern fits, look-alikes remain.
    Suspected,
    /// The pattern fits and the known look-alikes are excluded.
    Likely,
    /// The log itself states it, or no other explanation is left.
    Proven,
}
