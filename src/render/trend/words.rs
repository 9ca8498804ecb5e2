//! What the formats for people say in the same words.
//!
//! Everything that comes from a log is escaped here.

use crate::model::Build;
use crate::render::escape;
use crate::render::units::count;
use crate::trend::{Change, Difference, Member, Trend, What};

/// `run 4711 (2026-03-04)`; where nobody told the run its time is its name.
pub(super) fn run(member: &Member) -> String {
    let Some(earlier) = &member.run.earlier else { return escape::line(&member.run.label) };
    let time = member.run.started.unwrap_or(earlier.recorded).format("%Y-%m-%d").to_string();
    let name = escape::line(&earlier.name);
    if name.starts_with(&time) { name } else { format!("{name} ({time})") }
}

/// `broke at run 12 (2026-03-04)`
pub(super) fn when(trend: &Trend, change: &Change) -> String {
    let first = trend.members.get(change.between.1).map(run).unwrap_or_default();
    let verb = if change.better { "better since" } else { "broke at" };
    format!("{verb} {first}")
}

/// What became of the steps of a change.
pub(super) fn steps(trend: &Trend, change: &Change) -> String {
    let all = trend.steps.iter().filter(|step| step.total > 0).count();
    let number = format!("{} of {}", change.steps.len(), count(all, "step"));
    if change.better {
        format!("{number} mostly from the cache since, executed before")
    } else {
        format!("{number} mostly executed since, from the cache before")
    }
}

/// Steps that take turns: that is a pattern of its own.
pub(super) fn turns(trend: &Trend) -> Option<String> {
    let number = trend.steps.iter().filter(|step| step.in_turns).count();
    (number > 0).then(|| format!("takes turns: {} in one run from the cache, in the next not", count(number, "step")))
}

/// `--cache-to: type=inline → none`
fn difference(difference: &Difference) -> String {
    let value = |value: &Option<String>| match value {
        Some(text) => escape::shorten(&escape::line(short_digest(text)), LONGEST),
        None => absent(difference.what).to_owned(),
    };
    let (before, after) = (value(&difference.before), value(&difference.after));
    match (difference.what, &difference.before, &difference.after) {
        (What::Instruction, None, Some(_)) => return format!("step that is new: {after}"),
        (What::Instruction, Some(_), None) => return format!("step that is gone: {before}"),
        _ => {}
    }
    let name = what(difference.what);
    let of = escape::shorten(&escape::line(&difference.of), LONGEST);
    let name = match difference.what {
        What::Behind => format!("{of} {name}"),
        What::Instruction => name.to_owned(),
        _ if of.is_empty() => name.to_owned(),
        _ => format!("{name} {of}"),
    };
    let unsteady = |is: bool, when: &str| if is { format!(" (another from run to run {when})") } else { String::new() };
    let (was, is) = (unsteady(difference.varied_before, "before"), unsteady(difference.varies_since, "since"));
    format!("{name}: {before}{was} → {after}{is}")
}

/// `sha256:7f835ef0ea69`: as much as people compare.
fn short_digest(text: &str) -> &str {
    let is_digest = text.len() == 71 && text.starts_with("sha256:");
    if is_digest { text.get(..19).unwrap_or(text) } else { text }
}

/// Letters of one value.
const LONGEST: usize = 160;

fn absent(what: What) -> &'static str {
    match what {
        What::Behind => "the first step of its stage",
        What::NewBuilder => "not made in the run",
        What::Platforms => "not told",
        What::BuildArg => "not given",
        _ => "none",
    }
}

fn what(what: What) -> &'static str {
    match what {
        What::Tool => "built by",
        What::Builder | What::NewBuilder => "builder",
        What::Driver => "driver of the builder",
        What::Engine => "image store",
        What::CacheFrom => "--cache-from",
        What::CacheTo => "--cache-to",
        What::CacheOff => "cache turned off",
        What::Imports => "caches that are imported",
        What::Import => "import of",
        What::Exports => "caches that are exported",
        What::Export => "export of",
        What::CiCache => "cache of the CI,",
        What::BaseImage => "base image",
        What::BaseDigest => "digest of",
        What::Instruction => "step",
        What::Behind => "stands behind",
        What::BuildArg => "build argument",
        What::Platforms => "platforms",
        What::Target => "--target",
        What::File => "--file",
        What::Pull => "--pull",
        What::Plugin => "version of the plugin",
        What::Ci => "CI",
    }
}

/// What changed at the same time, which need not be why; nothing is said to have changed where nothing that is recorded did.
pub(super) fn then(trend: &Trend, change: &Change) -> Vec<String> {
    let mut lines: Vec<String> = change.differences.iter().map(difference).collect();
    if lines.is_empty() {
        lines.push(format!("nothing that is recorded changed {}", at_the_time(change)));
    } else {
        lines.insert(0, format!("{} (it need not be why):", at_the_time(change)));
    }
    lines.extend(commits(trend, change));
    lines
}

fn at_the_time(change: &Change) -> &'static str {
    if change.better { "then, or in the run before" } else { "at the same time" }
}

/// The commits on either side, where both are known.
fn commits(trend: &Trend, change: &Change) -> Option<String> {
    let commit = |at: usize| trend.members.get(at)?.run.commit.as_deref().map(short);
    let (before, after) = (commit(change.compared.0)?, commit(change.compared.1)?);
    Some(if before == after { format!("commit: {after}, the same") } else { format!("commit: {before} → {after}") })
}

/// The letters of a commit that people use.
fn short(commit: &str) -> String {
    let hex = commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
    let kept = if hex { commit.get(..12).unwrap_or(commit) } else { commit };
    escape::line(kept)
}

/// `12 runs, 3 of them not counted: they did not end well`
pub(super) fn runs(trend: &Trend) -> String {
    let all = trend.members.len();
    let left = all - trend.whole.runs;
    let left = if left == 0 { String::new() } else { format!(", {left} of them not counted: they did not end well") };
    format!("{}{left}", count(all, "run"))
}

/// The builds, for their marks.
pub(super) fn builds<'a>(trend: &'a Trend) -> impl Iterator<Item = &'a Build> {
    trend.members.iter().map(|member| member.build)
}
