//! The formats of a trend.
//!
//! To add one: one new file, its `mod` line and its row in [`TRENDS`]. Jobs come one by one and are
//! let go when they are written: a history may hold thousands. A format decides nothing: what is a
//! change is settled by then.

mod detail;
mod html;
mod human;
mod json;
pub(super) mod since;
mod then;
mod words;

use std::{fmt, io};

use super::Screen;
use crate::trend::RememberedJob;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// Runs of a job that are looked at, at most.
    pub last: usize,
    /// Jobs were named: each is shown in full.
    pub in_full: bool,
    /// Letters of the longest title of a job.
    pub longest: usize,
}

/// One format.
pub trait TrendFormat: fmt::Debug + Sync {
    /// As given to `--format`.
    fn name(&self) -> &'static str;
    /// Writes all jobs.
    ///
    /// # Errors
    /// Where `out` fails.
    fn write(
        &self,
        jobs: &mut dyn Iterator<Item = RememberedJob>,
        question: Question,
        screen: Screen,
        out: &mut dyn io::Write,
    ) -> io::Result<()>;
}

/// All formats.
pub static TRENDS: &[&dyn TrendFormat] = &[&human::Human, &json::Json, &html::TrendHtml];
