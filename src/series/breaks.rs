//! Why the chain of the cache broke, for every stage of every build of a series.
//!
//! States what the logs show and how sure that is; what to do about it is for rules.

mod reason;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use self::reason::Past;
use super::Confidence;
use crate::model::{Build, Run, Step};

/// Why a step ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// No earlier build has the stage.
    FirstRun,
    /// Its text is another one than before.
    InstructionChanged,
    /// The base image has another digest than before.
    BaseChanged,
    /// The files it reads changed.
    InputsChanged,
    /// The cache in use does not store this stage.
    NotStored,
    /// It was stored, cannot have changed, and is gone.
    RecordLost,
    /// No cache was looked for, and the builder had none.
    NotImported,
    /// The import failed.
    ImportFailed,
    /// The build was told to use no cache, or keeps no layers.
    CacheDisabled,
    /// More than one of these remains.
    Unknown,
}

/// The first step of a stage where the chain broke.
#[derive(Clone, Debug)]
pub struct Break<'a> {
    /// The step.
    pub step: &'a Step,
    /// Why.
    pub because: Because,
    /// How sure.
    pub confidence: Confidence,
}

/// Builds that one thread looks at, at the least.
const MANY: usize = 256;

/// Where the chains of the builds of a series broke: of thousands of builds, numbers only.
#[derive(Clone, Debug, Default)]
pub struct Breaks {
    /// Where those of each build end.
    ends: Vec<u32>,
    found: Vec<Found>,
}

/// A [`Break`] by the index of its step in the build.
#[derive(Clone, Copy, Debug)]
struct Found {
    step: u32,
    because: Because,
    confidence: Confidence,
}

impl Breaks {
    /// The breaks of each build of a series. A step that ran only because one before it did, or because
    /// a stage it copies from was rebuilt, is none. Interleaved builds have none, and tell nothing of others.
    #[must_use]
    pub fn of(members: &[(&Run, &Build)]) -> Self {
        let past = Past::of(members);
        // Side by side only where there are many.
        let each = (0..members.len()).into_par_iter().fold_chunks(MANY, Self::default, |part, i| part.and(&past, i));
        each.collect::<Vec<_>>().into_iter().reduce(Self::followed_by).unwrap_or_default()
    }

    /// Those of a build, which is so many-th of the series.
    pub fn in_build<'a>(&self, at: usize, build: &'a Build) -> impl Iterator<Item = Break<'a>> {
        let end = |at: usize| self.ends.get(at).map_or(0, |end| *end as usize);
        let start = at.checked_sub(1).map_or(0, end);
        self.found.get(start..end(at)).unwrap_or_default().iter().filter_map(|found| {
            let step = build.steps.get(found.step as usize)?;
            Some(Break { step, because: found.because, confidence: found.confidence })
        })
    }

    fn and(mut self, past: &Past, i: usize) -> Self {
        self.found.extend(past.breaks(i));
        self.ends.push(self.end());
        self
    }

    fn end(&self) -> u32 {
        u32::try_from(self.found.len()).unwrap_or(u32::MAX)
    }

    fn followed_by(mut self, next: Self) -> Self {
        let before = self.end();
        self.ends.extend(next.ends.iter().map(|end| before.saturating_add(*end)));
        self.found.extend(next.found);
        self
    }
}
