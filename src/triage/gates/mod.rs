//! What a project asks of its builds, whatever the cause: shares and steps that must come from the
//! cache.
//!
//! A gate is passed where something was measured and all of it was good. One that measured nothing
//! is not passed: it would never fail again, and nobody would see.

mod hit_rate;
mod max_drop;
mod must_hit;

pub use max_drop::{Base, max_drop};
pub use must_hit::StepPattern;

use crate::rules::Study;

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Gates {
    /// Least share of steps from the cache, in per cent.
    pub min_hit_rate: Option<u8>,
    /// Steps that must come from the cache.
    pub must_hit: Vec<StepPattern>,
}

/// How one gate was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// `min-hit-rate`, `must-hit`, `max-drop`.
    pub name: &'static str,
    /// What was asked: `60`, `build: RUN npm ci`.
    pub asked: String,
    /// Something was measured, and all of it was good.
    pub passed: bool,
    /// Why nothing was measured; empty where something was.
    pub unmeasured: String,
    /// How each build fared that it looked at.
    pub builds: Vec<Judged>,
}

/// How one build fared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Name of the series.
    pub build: String,
    /// `None` where nothing could be measured.
    pub good: Option<bool>,
    /// What was measured, or why nothing was: goes on after the name of the build.
    pub says: String,
}

/// Answers all of them, in the order asked.
#[must_use]
pub fn gates(study: &Study, gates: &Gates) -> Vec<Gate> {
    let series = study.just_read();
    let rate = gates.min_hit_rate.map(|percent| hit_rate::gate(study, &series, percent));
    rate.into_iter()
        .chain(gates.must_hit.iter().map(|pattern| must_hit::gate(study, &series, pattern)))
        .collect()
}

impl Gate {
    fn of(name: &'static str, asked: String, builds: Vec<Judged>, unmeasured: String) -> Self {
        let measured = builds.iter().any(|build| build.good.is_some());
        let passed = measured && builds.iter().all(|build| build.good != Some(false));
        Self {
            name,
            asked,
            passed,
            unmeasured: if measured { String::new() } else { unmeasured },
            builds,
        }
    }
}
