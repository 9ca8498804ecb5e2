//! A reusable workflow or an action that is called several times: its callers build different
//! things.

use crate::config::calls_of;
use crate::finding::Evidence;
use crate::rules::Study;
use crate::rules::remedy::At;

/// Calls of one file.
pub(super) struct InputCalls {
    called: String,
    /// The lines that call it.
    pub(super) lines: Vec<Evidence>,
}

impl InputCalls {
    /// `2 calls of ci/action.yml`; a call in a matrix is one line.
    pub(super) fn who(&self, article: &str) -> String {
        match self.lines.len() {
            count @ 2.. => format!("{count} calls of {}", self.called),
            _ => format!("{article} calls of {}", self.called),
        }
    }
}

/// Of builds of one file that its inputs alone tell apart; `None` where a matrix or a loop does, too.
pub(super) fn of(study: &Study, places: &[At]) -> Option<InputCalls> {
    let called = &places.first()?.config.path;
    let by_inputs = |at: &At| {
        let legs = &at.place.legs;
        !legs.is_empty() && legs.iter().all(|leg| leg.starts_with("inputs."))
    };
    if !places.iter().all(|at| at.config.path == *called && by_inputs(at)) {
        return None;
    }
    let mut lines = Vec::new();
    for config in &study.configs {
        let quotes = calls_of(config, called).into_iter().filter_map(|line| config.quote(line));
        lines.extend(quotes.map(|quote| Evidence::of(&config.path, &quote, "calls it")));
    }
    Some(InputCalls { called: called.clone(), lines })
}
