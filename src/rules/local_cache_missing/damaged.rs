//! A directory that is there, and whose cache cannot be read: the client says why and goes on
//! without it.

use super::{META, directory, writes};
use crate::finding::{Confidence, Finding, Fix, LogPlace, Proof, Severity};
use crate::model::{Build, Quote, Run};
use crate::rules::Study;
use crate::rules::backend::cost_of;

/// Why it cannot be read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Damage {
    /// Another user made it.
    Denied,
    /// A file of it was deleted.
    Incomplete,
    /// It holds no cache under the tag that is asked for.
    Untagged,
}

/// `… not found due to err: mkdir DIR/ingest: permission denied` (containerd
/// `plugins/content/local`), `… skipped: digest sha256:… unavailable`, `… skipped: no digest found
/// for tag dev` (client/solve.go).
fn why(warning: &str) -> Option<Damage> {
    let warning = warning.trim_end().trim_end_matches('"');
    if warning.ends_with("permission denied") {
        return Some(Damage::Denied);
    }
    if tag(warning).is_some() {
        return Some(Damage::Untagged);
    }
    (warning.contains(": digest sha256:") && warning.ends_with("unavailable"))
        .then_some(Damage::Incomplete)
}

fn tag(warning: &str) -> Option<&str> {
    let (_, tag) = warning.split_once(" skipped: no digest found for tag ")?;
    Some(tag.trim_end().trim_end_matches('"'))
}

/// Whether the warning is about such a directory, and not about one that is missing.
pub(super) fn is_damaged(warning: &str) -> bool {
    why(warning).is_some()
}

/// One directory with the warnings about it.
struct Damaged<'a> {
    directory: &'a str,
    why: Damage,
    seen: Vec<(&'a Run, &'a Build, &'a Quote)>,
}

impl Damaged<'_> {
    /// The tag that is asked for; `latest` where none is.
    fn tag(&self) -> &str {
        self.seen.last().and_then(|(_, _, quote)| tag(&quote.text)).unwrap_or("latest")
    }
}

/// One finding a directory, over all runs.
pub(super) fn findings(study: &Study) -> Vec<Finding> {
    let mut all: Vec<Damaged> = Vec::new();
    for run in &study.runs {
        // Another cache of the list is well.
        for build in run.builds.iter().filter(|build| !build.imported()) {
            for quote in &build.warnings {
                let Some((directory, why)) = directory(&quote.text).zip(why(&quote.text)) else {
                    continue;
                };
                // The build that writes the tag first cannot find it.
                if why == Damage::Untagged && writes(build) {
                    continue;
                }
                let seen = (run, build, quote);
                match all.iter_mut().find(|one| one.directory == directory && one.why == why) {
                    Some(known) => known.seen.push(seen),
                    None => all.push(Damaged { directory, why, seen: vec![seen] }),
                }
            }
        }
    }
    all.iter().filter_map(finding).collect()
}

fn finding(damaged: &Damaged) -> Option<Finding> {
    let directory = damaged.directory;
    let (title, cause) = match damaged.why {
        Damage::Denied => (
            format!("the user who builds may not read the cache in {directory}"),
            "The client reads a local cache as the user who calls it, and creates a directory in \
                it first. Another user owns it: root, or the job of another container.",
        ),
        Damage::Incomplete => (
            format!("the cache in {directory} lacks a file, and none of it is read"),
            "Its index names a file that was deleted. The client then skips the whole import, even \
                what is still there.",
        ),
        Damage::Untagged => (
            format!("the cache in {directory} has no tag {}", damaged.tag()),
            "The directory is there, and its index names no cache under the tag that the import \
                asks for; none of it is read.",
        ),
    };
    let newest = damaged.seen.iter().rev().take(12).rev();
    let lines = newest.map(|(run, _, quote)| Study::quote(run, quote, "and the build goes on"));
    Some(Finding {
        rule: META.id,
        severity: Severity::Warning,
        confidence: Confidence::Proven,
        title,
        cause: cause.to_owned(),
        evidence: Proof::from_lines(lines.collect())?
            .seen_in(damaged.seen.iter().map(|(run, build, _)| LogPlace::of(run, build))),
        fix: fix(damaged),
        impact: cost_of(damaged.seen.iter().map(|(_, build, _)| *build)),
        rules_out: Vec::new(),
        subject: directory.to_owned(),
    })
}

fn fix(damaged: &Damaged) -> Fix {
    let directory = damaged.directory;
    match damaged.why {
        Damage::Denied => Fix {
            summary: format!("give {directory} to the user who builds"),
            steps: vec![
                "Build as the user who owns the directory, or give it to the one who builds; jobs \
                    in containers may have several."
                    .to_owned(),
            ],
            snippet: Some(format!("sudo chown -R \"$(id -u):$(id -g)\" {directory}")),
            ..Fix::default()
        },
        Damage::Untagged => Fix {
            summary: format!("export to {directory} under the tag that is imported"),
            steps: vec![
                "Name one tag in import and export, or none (`latest`); another job may have \
                    written the directory under its own."
                    .to_owned(),
            ],
            snippet: Some(format!(
                "docker buildx build --cache-from type=local,src={directory},tag={0} \\\n  \
                    --cache-to type=local,dest={directory},tag={0},mode=max .",
                damaged.tag()
            )),
            ..Fix::default()
        },
        Damage::Incomplete => Fix {
            summary: format!("delete {directory} as a whole, never single files of it"),
            steps: vec![
                "Delete the directory once: the next run exports a whole cache.".to_owned(),
                "Do not shrink it by the age of its files: export to a new directory and move that \
                    into the place of the old one; it then holds only what is used."
                    .to_owned(),
            ],
            snippet: Some(format!(
                "docker buildx build --cache-from type=local,src={directory} \\\n  --cache-to \
                    type=local,dest={directory}-new,mode=max .\nrm -rf {directory} && mv \
                    {directory}-new {directory}"
            )),
            ..Fix::default()
        },
    }
}
