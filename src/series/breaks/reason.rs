//! The reason of one break.

use std::collections::BTreeSet;

use super::{Because, Found};
use crate::model::{Build, Outcome, Run, Step, StepKind, Transfer};
use crate::series::Confidence;
use crate::series::chain::{self, Input, Stage};

/// A series, and what all of its builds together show.
pub(super) struct Past<'b, 'a> {
    members: &'b [(&'a Run, &'a Build)],
    /// Build stages that the cache does hold.
    stored: BTreeSet<(&'a str, &'a str)>,
}

impl<'b, 'a> Past<'b, 'a> {
    pub(super) fn of(members: &'b [(&'a Run, &'a Build)]) -> Self {
        let stored = chain::stored_stages(members.iter().map(|(_, build)| *build));
        Self { members, stored }
    }

    /// Where the chain of a build broke: nowhere that is known, where lines of another build are between its own.
    pub(super) fn breaks(&self, i: usize) -> Vec<Found> {
        let Some((_, build)) = self.members.get(i).filter(|(_, build)| !build.tangled) else { return Vec::new() };
        let stages = chain::stages(build);
        let first = stages.iter().filter_map(|stage| Some((stage, broken(stage)?)));
        let own = first.filter(|(stage, step)| {
            let exact = chain::follows_input(build, step);
            !exact.unwrap_or_else(|| follows(build, &stages, stage, step))
        });
        own.filter_map(|(stage, step)| self.explain(i, build, stage, step)).collect()
    }

    fn explain(&self, i: usize, build: &Build, stage: &Stage, step: &Step) -> Option<Found> {
        let at = build.steps.iter().position(|other| std::ptr::eq(other, step))?;
        let (because, confidence) = reason(self, i, build, stage, step);
        Some(Found { step: u32::try_from(at).ok()?, because, confidence })
    }

    /// The builds before one that tell something of it, and which they are.
    fn before(&self, i: usize) -> impl DoubleEndedIterator<Item = (usize, &'a Build)> {
        let earlier = self.members.iter().enumerate().take(i);
        earlier.map(|(at, (_, build))| (at, *build)).filter(|(_, build)| !build.tangled)
    }
}

/// The first step that ran.
fn broken<'a>(stage: &Stage<'a>) -> Option<&'a Step> {
    stage.steps.iter().copied().find(|s| s.outcome != Outcome::Hit).filter(|s| s.outcome == Outcome::Miss)
}

/// It ran because another stage did, as far as texts tell.
fn follows(build: &Build, stages: &[Stage], stage: &Stage, step: &Step) -> bool {
    let ran = |name: &str| stages.iter().any(|s| s.name == name && broken(s).is_some());
    let copies = stages.iter().any(|s| chain::reads(build, step, s.name) && broken(s).is_some());
    let first = stage.steps.first().is_some_and(|s| s.position == step.position);
    let built_on = stage.base.is_none() && first && stages.iter().any(|s| s.base.is_some() && ran(s.name));
    copies || built_on
}

fn reason(past: &Past, i: usize, build: &Build, stage: &Stage, step: &Step) -> (Because, Confidence) {
    use Confidence::{Likely, Proven, Suspected};
    if let Some(confidence) = disabled(past, i, step) {
        return (Because::CacheDisabled, confidence);
    }
    let mut earlier = past.before(i).rev();
    let Some((at, before)) = earlier.find(|(_, other)| of_stage(other, stage).next().is_some()) else {
        return (Because::FirstRun, Proven);
    };
    if base_changed(past, i, stage) {
        return (Because::BaseChanged, Proven);
    }
    if !of_stage(before, stage).any(|s| s.text == step.text) {
        return (Because::InstructionChanged, Proven);
    }
    if step.key.is_some() {
        return by_key(past, i, build, stage, step);
    }
    let first = stage.steps.first().is_some_and(|s| std::ptr::eq(*s, step));
    let kept = build.imported() || chain::is_kept(past.before(i).map(|(_, other)| other), build);
    match (kept, build.imports.is_empty()) {
        // Changed files explain it as well, unless the builder is shown to be empty.
        (false, true) if chain::input(step) == Input::Files && !chain::begins_empty(build) => {
            return (Because::Unknown, Suspected);
        }
        (false, true) => return (Because::NotImported, Likely),
        (false, false) => return (Because::ImportFailed, Likely),
        (true, _) => {}
    }
    if let Some(confidence) = unstored(past, build, stage).filter(|_| first) {
        return (Because::NotStored, confidence);
    }
    match chain::input(step) {
        Input::Files => (Because::InputsChanged, Likely),
        Input::Values if given(past, i) != given(past, at) => (Because::Unknown, Suspected),
        Input::None | Input::Values if first => (Because::RecordLost, Likely),
        Input::None => (Because::RecordLost, Suspected),
        Input::Values | Input::Stage => (Because::Unknown, Suspected),
    }
}

/// Build arguments on the command lines of a build: whether a step takes one of them is not in its text.
fn given<'a>(past: &Past<'_, 'a>, i: usize) -> BTreeSet<&'a str> {
    let commands = past.members.get(i).map(|(run, build)| run.commands_of(build)).unwrap_or_default();
    commands.iter().flat_map(|command| &command.build_args).map(String::as_str).collect()
}

/// Whether the step had to run whatever the caches hold: the command line says so; or buildah prints
/// a layer for no step in any run.
fn disabled(past: &Past, i: usize, step: &Step) -> Option<Confidence> {
    let (run, build) = past.members.get(i)?;
    if run.commands_of(build).iter().any(|command| command.ignores_caches_of(step)) {
        return Some(Confidence::Proven);
    }
    let never = past.members.iter().all(|(_, b)| !chain::keeps_layers(b));
    (never && past.members.len() > 1 && chain::lacks_layers(build)).then_some(Confidence::Likely)
}

/// kaniko prints the hash of all that a step depends on: the same one again is a record that is
/// gone, or never was stored; another one is a changed input, ARG or base, and the log says not which.
fn by_key(past: &Past, i: usize, build: &Build, stage: &Stage, step: &Step) -> (Because, Confidence) {
    let earlier = || past.before(i).map(|(_, build)| build);
    let known = earlier().flat_map(|b| &b.steps).any(|s| s.key == step.key);
    let stored = earlier().flat_map(|b| &b.exports).any(Transfer::ok);
    let reads = |s: &&Step| s.stage == stage.name && matches!(s.instruction.as_str(), "COPY" | "ADD");
    let upto = |s: &&Step| s.position <= step.position;
    let since = stage.steps.iter().take_while(|s| s.outcome == Outcome::Hit).last().map_or(0, |s| s.position);
    match known {
        true if stored => (Because::RecordLost, Confidence::Proven),
        true => (Because::NotStored, Confidence::Likely),
        false if build.steps.iter().filter(upto).filter(reads).any(|s| s.position > since) => {
            (Because::InputsChanged, Confidence::Suspected)
        }
        false => (Because::Unknown, Confidence::Suspected),
    }
}

/// Counted steps of the stage in another build.
fn of_stage<'a>(build: &'a Build, stage: &Stage) -> impl Iterator<Item = &'a Step> {
    let counted = build.steps.iter().filter(|s| s.kind == StepKind::Counted);
    counted.filter(move |s| s.is_of(stage.name, stage.platform))
}

/// FROM is not printed in every build, so the last digest that was is compared.
fn base_changed(past: &Past, i: usize, stage: &Stage) -> bool {
    let before = past.before(i).rev().find_map(|(_, b)| b.base_of(stage.name, stage.platform));
    let digests = before.and_then(|b| b.digest.as_ref()).zip(stage.base.and_then(|b| b.digest.as_ref()));
    digests.is_some_and(|(a, b)| a != b)
}

/// A stage that is not the final one, and is rebuilt from its first step on in every build that
/// changes it: how sure it is that the cache does not store it. Sure where some other step comes from the
/// cache; where the final stage begins with a copy out of this one, none can.
fn unstored(past: &Past, build: &Build, stage: &Stage) -> Option<Confidence> {
    let last = chain::final_stage(build).filter(|last| *last != stage.name)?;
    if past.stored.contains(&(stage.name, stage.platform)) || !chain::all_missed(stage) {
        return None;
    }
    if build.hits() > 0 {
        return Some(Confidence::Likely);
    }
    let first = build.steps.iter().find(|step| step.kind == StepKind::Counted && step.stage == last);
    first.is_some_and(|step| chain::reads(build, step, stage.name)).then_some(Confidence::Suspected)
}
