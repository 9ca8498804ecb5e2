//! What else changed at the time of a change, in words. Everything that comes from a log is escaped
//! here.

use crate::render::escape;
use crate::trend::{Change, Difference, Trend, What};

/// What stands above the lines; the run before counts where it got better, see
/// [`Change::compared`].
pub(super) fn heading(change: &Change) -> &'static str {
    if change.better {
        "then, or in the run before (not necessarily the cause)"
    } else {
        "at the same time (not necessarily the cause)"
    }
}

/// What changed; nothing is said to have changed where nothing that is recorded did.
pub(super) fn lines(trend: &Trend, change: &Change) -> Vec<String> {
    let none = change.differences.is_empty().then(|| "nothing that the logs record".to_owned());
    let all = change.differences.iter().map(difference).chain(none);
    all.chain(commits(trend, change)).collect()
}

/// `--cache-to: type=inline → none`
fn difference(difference: &Difference) -> String {
    let value = |value: &Option<String>| match value {
        Some(text) => escape::shorten(&escape::line(short_digest(text)), LONGEST),
        None => difference.what.absent().to_owned(),
    };
    let (before, after) = (value(&difference.before), value(&difference.after));
    match (difference.what, &difference.before, &difference.after) {
        (What::Instruction, None, Some(_)) => return format!("new step: {after}"),
        (What::Instruction, Some(_), None) => return format!("removed step: {before}"),
        _ => {}
    }
    let name = difference.what.label();
    let of = escape::shorten(&escape::line(&difference.of), LONGEST);
    let name = match difference.what {
        What::Behind => format!("{of} {name}"),
        What::Instruction => name.to_owned(),
        _ if of.is_empty() => name.to_owned(),
        _ => format!("{name} {of}"),
    };
    let unsteady = |is: bool, when: &str| {
        if is { format!(" (varied from run to run {when})") } else { String::new() }
    };
    let (was, is) =
        (unsteady(difference.varied_before, "before"), unsteady(difference.varies_since, "since"));
    format!("{name}: {before}{was} → {after}{is}")
}

/// `sha256:7f835ef0ea69`: as much as people compare.
fn short_digest(text: &str) -> &str {
    let is_digest = text.len() == 71 && text.starts_with("sha256:");
    if is_digest { text.get(..19).unwrap_or(text) } else { text }
}

/// Letters of one value.
const LONGEST: usize = 160;

/// The commits on either side, where both are known.
fn commits(trend: &Trend, change: &Change) -> Option<String> {
    let commit = |at: usize| trend.members.get(at)?.run.commit.as_deref().map(short);
    let (before, after) = (commit(change.compared.0)?, commit(change.compared.1)?);
    Some(if before == after {
        format!("commit: {after}, the same")
    } else {
        format!("commit: {before} → {after}")
    })
}

/// The letters of a commit that people use.
pub(super) fn short(commit: &str) -> String {
    let hex = commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
    let kept = if hex { commit.get(..12).unwrap_or(commit) } else { commit };
    escape::line(kept)
}
