//! Steps that ran because the command lines of two runs differ: in a build argument, in an option.

use super::Study;
use super::past::{Past, cost, header};
use super::recurring::same_stage;
use crate::finding::{Confidence, Evidence, Impact, Proof};
use crate::model::{Command, Outcome, Step};
use crate::series::{Because, Miss, chain};

/// A step that ran because of what its command line gives, in one run.
pub(super) struct Rerun<'a> {
    pub(super) at: usize,
    before: Option<usize>,
    pub(super) step: &'a Step,
    pub(super) confidence: Confidence,
    pub(super) because: Because,
}

/// What two command lines differ in.
pub(super) struct Given<'a> {
    /// As the command line has it: `GIT_SHA`, `add-host`.
    pub(super) name: &'a str,
    /// As it is told: `GIT_SHA`, `--add-host`.
    pub(super) shown: &'a str,
    /// Whether a command line has it.
    pub(super) gives: fn(&Command, &str) -> bool,
}

/// The steps that ran for one thing, oldest first; `is_for` tells whether a miss has it as a cause.
pub(super) fn reruns<'a>(past: &Past<'a>, is_for: impl Fn(&Miss) -> bool) -> Vec<Rerun<'a>> {
    let mut reruns = Vec::new();
    for at in 0..past.len() {
        for miss in past.misses(at).filter(&is_for) {
            let before = held_against(past, &miss).or_else(|| past.previous(at));
            let (confidence, because) = (miss.confidence, miss.because);
            reruns.push(Rerun { at, before, step: miss.step, confidence, because });
        }
    }
    reruns
}

/// The build whose result was there to be found, where it has the step; else the one that had the
/// step last.
fn held_against(past: &Past, miss: &Miss) -> Option<usize> {
    let has_it = |i: &usize| {
        let build = past.get(*i).map(|(_, build)| build);
        build.is_some_and(|b| b.steps.iter().any(|step| chain::is_same_step(step, miss.step)))
    };
    let found = miss.against.and_then(|place| past.index_of(place)).filter(has_it);
    found.or_else(|| past.index_of(miss.before?.0))
}

/// What else the two builds of a rerun differ in, where something does.
pub(super) fn edited(past: &Past, rerun: &Rerun) -> bool {
    let dockerfile = |i: usize| past.builds.get(i).map(|build| &build.dockerfile);
    let both = rerun.before.and_then(dockerfile).zip(dockerfile(rerun.at));
    both.is_some_and(|(before, now)| chain::is_other_size(before, now))
}

/// In how many runs they ran.
pub(super) fn runs(reruns: &[Rerun]) -> usize {
    reruns.chunk_by(|a, b| a.at == b.at).count()
}

/// The runs since the last one were spared in some way, and the step came from the cache in two or
/// more of them, the newest that was to make it among these.
pub(super) fn is_mended(past: &Past, last: &Rerun, spared: impl Fn(usize) -> bool) -> bool {
    const SURE: usize = 2;
    let outcome = |i: usize| {
        let steps = past.builds.get(i).map_or(&[][..], |build| &build.steps);
        steps.iter().find(|s| chain::is_same_step(s, last.step)).map(|step| step.outcome)
    };
    // Where the chain broke above the step, the run says nothing of it.
    let told = |i: &usize| {
        let ran = outcome(*i) == Some(Outcome::Miss);
        let here = past.misses(*i).any(|miss| chain::is_same_step(miss.step, last.step));
        outcome(*i) == Some(Outcome::Hit) || ran && here
    };
    let since: Vec<usize> = (last.at + 1..past.len()).collect();
    let hit = |i: &&usize| outcome(**i) == Some(Outcome::Hit);
    since.iter().copied().all(spared)
        && since.iter().filter(hit).count() >= SURE
        && since.iter().rfind(|i| told(i)).is_some_and(|i| hit(&i))
}

/// They, and the steps below them.
pub(super) fn impact(past: &Past, reruns: &[Rerun]) -> Impact {
    let steps = reruns.iter().filter_map(|rerun| {
        let (_, build) = past.get(rerun.at)?;
        Some(same_stage(build, rerun.step).filter(|step| step.position >= rerun.step.position))
    });
    cost(steps.flatten(), runs(reruns))
}

/// The command lines of the newest three, and what ran. Those that are held against one run, whose
/// cache they all read, are told by the newest of them.
pub(super) fn proof(past: &Past, reruns: &[Rerun], given: &Given) -> Option<Proof> {
    let last = reruns.last()?;
    let told = |one: &&Rerun| one.at == last.at || one.before != last.before;
    let told: Vec<&Rerun> = reruns.iter().filter(told).collect();
    let newest = told.iter().rev().take(3).rev();
    let lines = newest.flat_map(|rerun| lines(past, rerun, given));
    let places = past.places(reruns.iter().map(|rerun| rerun.at));
    Some(Proof::from_lines(lines.collect())?.seen_in(places))
}

/// Both command lines, and the step.
fn lines(past: &Past, rerun: &Rerun, given: &Given) -> Vec<Evidence> {
    let Given { name, shown, gives } = given;
    let mut lines = Vec::new();
    let other = match rerun.before {
        before if before == past.previous(rerun.at) => "the run before",
        _ => "the run that stored the cache",
    };
    for (at, whose) in [(rerun.before, other), (Some(rerun.at), "this run")] {
        let Some(at) = at else { continue };
        let Some((run, _)) = past.get(at) else { continue };
        let commands = past.commands(at);
        let with = commands.iter().find(|command| gives(command, name));
        let Some(command) = with.or_else(|| commands.last()) else { continue };
        let does = if with.is_some() { "gives" } else { "does not give" };
        lines.push(Study::quote(
            run,
            command.line_with(name),
            &format!("{whose} {does} `{shown}`"),
        ));
    }
    let run = past.get(rerun.at).map(|(run, _)| run);
    lines.extend(run.map(|run| header(run, rerun.step, "ran")));
    lines
}

/// `docker build $CACHE -t $IMAGE .`: a word that a shell fills in, and that no option takes; but one
/// that the log shows being set.
pub(super) fn may_hold_options(command: &Command) -> bool {
    let is_set = |word: &str| {
        let name = word.trim_matches(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let name = name.strip_suffix("[@").unwrap_or(name);
        command.more.iter().any(|line| {
            let behind = line.text.split_once(name).map(|(_, behind)| behind);
            behind.is_some_and(|behind| behind.starts_with('=') || behind.starts_with("+="))
        })
    };
    let verb = |word: &&str| {
        let word = word.trim_matches(['"', '\'']);
        matches!(word, "build" | "bud") || word.ends_with("executor")
    };
    let mut words = command.quote.text.split_ascii_whitespace().skip_while(|word| !verb(word));
    let mut before = "";
    words.any(|word| {
        let loose = word.starts_with(['$', '"']) && word.contains('$') && !before.starts_with('-');
        before = word;
        loose && !is_path(word) && !is_set(word)
    })
}

/// `$CI_PROJECT_DIR/web`, `"${ROOT}/"`: what begins a path is a folder.
fn is_path(word: &str) -> bool {
    let variable = |c: char| c.is_ascii_alphanumeric() || matches!(c, '$' | '_' | '{' | '}');
    let folder = word.trim_start_matches('"').split_once('/').map(|(folder, _)| folder);
    folder.is_some_and(|folder| folder.chars().all(variable))
}
