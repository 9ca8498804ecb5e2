//! Writes a corrected pipelines file: other caches for some steps, other build commands, other
//! runtime.
//!
//! Carries out what is asked and keeps all other text; what is right is for the rules. A file
//! that it cannot change safely is refused, with the reason.

pub(super) mod caches;
mod script;
pub(super) mod settings;

use crate::config::yaml::{Document, Route};

use super::{CacheDefinition, PipelineStep, Pipelines, Setting};
use crate::config::patch::Patch;

/// What to change in one step.
#[derive(Clone, Debug, Default)]
pub struct Correction {
    /// The step.
    pub route: Route,
    /// Cache it shall no longer name.
    pub cache: String,
    /// Cache it shall name in its place.
    pub instead: Option<String>,
    /// Image it shall run in and runtime version it shall ask for.
    pub setting: Setting,
    /// Script items with builds.
    pub builds: Vec<BuildChange>,
}

/// What to change in one item of a script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildChange {
    /// Index in the script.
    pub item: usize,
    /// The item as it is read.
    pub text: String,
    /// What stands in the place of each `docker build`, in order.
    pub verbs: Vec<String>,
    /// Items to insert before it.
    pub before: Vec<String>,
    /// Items to insert after it.
    pub after: Vec<String>,
}

/// The corrected text.
///
/// # Errors
/// Why the file cannot be changed safely, in words that complete "no patch:".
pub fn correct(
    text: &str,
    corrections: &[Correction],
    definitions: &[CacheDefinition],
) -> Result<String, String> {
    let doc = Document::new(text)?;
    let mut patch = Patch::default();
    for correction in corrections {
        caches::change(&doc, correction, &mut patch)?;
        script::change(&doc, correction, &mut patch)?;
        settings::change(&doc, &correction.route, &correction.setting, &mut patch)?;
    }
    caches::define(&doc, definitions, &mut patch)?;
    let new = patch
        .apply(text)
        .ok_or("steps that need different changes share the same lines by a YAML anchor")?;
    verify(text, &new, corrections)?;
    Ok(new)
}

/// Reads both files again: the steps are as asked for, and no other step changed.
fn verify(old: &str, new: &str, corrections: &[Correction]) -> Result<(), String> {
    let (old, new) = (Pipelines::parse(old)?, Pipelines::parse(new)?);
    if old.steps.len() != new.steps.len() {
        return Err("the file's structure does not allow it".into());
    }
    let corrected = |step: &PipelineStep| corrections.iter().find(|c| same(&c.route, &step.route));
    let known: Vec<&PipelineStep> = old.steps.iter().filter(|s| corrected(s).is_some()).collect();
    for (before, after) in old.steps.iter().zip(&new.steps) {
        let done = corrected(before).is_none_or(|c| {
            !after.uses(&c.cache) && c.instead.as_deref().is_none_or(|cache| after.uses(cache))
        });
        // The same anchored step used in another pipeline changes with it, and shall.
        let twin = known.iter().any(|s| s.script == before.script && s.name == before.name);
        if !done || !(twin || alike(before, after)) {
            return Err(format!(
                "step \"{}\" shares lines with the others by a YAML anchor",
                before.name
            ));
        }
    }
    Ok(())
}

fn alike(a: &PipelineStep, b: &PipelineStep) -> bool {
    let caches = |s: &PipelineStep| s.caches.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    a.script == b.script && caches(a) == caches(b) && a.image == b.image && a.runtime == b.runtime
}

fn same(a: &Route, b: &Route) -> bool {
    format!("{a:?}") == format!("{b:?}")
}
