//! What buildah was asked to pull its cache from, and never pulled anything from.
//!
//! A helper of two rules. buildah prints `Cache pulled from remote …` for a layer that it found and
//! nothing for one that it did not (`imagebuildah/stage_executor.go`), so the repository is on the
//! command line alone.

use super::backend::cost_of;
use super::past::{Past, header};
use super::remedy::reference;
use super::{RuleMeta, Study};
use crate::finding::{Confidence, Evidence, Finding, Fix, Proof, not_ruled_out};
use crate::model::{Build, Command, Dialect, Run, Tool};

/// Runs of one build that all ask for a repository and find nothing there.
pub(super) struct Unpulled<'a> {
    /// The repository.
    pub(super) name: &'a str,
    /// The one that is written instead; `None` where none is.
    pub(super) written: Option<&'a str>,
    runs: Vec<(&'a Run, &'a Build, &'a Command)>,
}

/// What a rule says of them.
pub(super) struct ImageWords {
    pub(super) title: String,
    pub(super) cause: &'static str,
    pub(super) confidence: Confidence,
}

/// The repository that every run of a series asks for; `None` where one of them found something, or
/// somebody whose log is given writes it.
pub(super) fn of<'a>(past: &Past<'a>) -> Option<Unpulled<'a>> {
    let runs: Vec<_> = (0..past.len()).map(|i| in_vain(past, i)).collect::<Option<_>>()?;
    let [_, .., (_, _, last)] = runs.as_slice() else { return None };
    let name = last.cache_from.first()?.get("ref")?;
    let same =
        |command: &Command| command.cache_from.iter().all(|spec| spec.get("ref") == Some(name));
    let everybody = past.study.runs.iter().flat_map(|run| &run.commands);
    let mut written =
        everybody.flat_map(|command| &command.cache_to).filter_map(|spec| spec.get("ref"));
    if !runs.iter().all(|(_, _, command)| same(command))
        || written.any(|to| reference::may_be(to, name))
    {
        return None;
    }
    let written = last.cache_to.first().and_then(|spec| spec.get("ref"));
    Some(Unpulled { name, written, runs })
}

fn in_vain<'a>(past: &Past<'a>, i: usize) -> Option<(&'a Run, &'a Build, &'a Command)> {
    let (run, build) = past.get(i)?;
    let command =
        past.commands(i).iter().find(|c| c.tool == Tool::Buildah && !c.cache_from.is_empty())?;
    // Without layers there is no cache at all; podman has them on.
    let layers = command.layers.unwrap_or_else(|| command.is_podman()) && !command.no_cache;
    let cold = build.hits() == 0 && build.imports.is_empty() && build.total() > 0;
    let whole = build.dialect == Dialect::Buildah && build.succeeded();
    (layers && cold && whole).then_some((run, build, command))
}

/// One finding for all of the runs.
pub(super) fn finding(meta: &RuleMeta, found: &Unpulled, words: ImageWords) -> Option<Finding> {
    let to = found.written.unwrap_or(found.name);
    Some(Finding {
        rule: meta.id,
        severity: meta.severity,
        confidence: words.confidence,
        title: words.title,
        cause: words.cause.to_owned(),
        evidence: Proof::from_lines(found.runs.iter().take(4).flat_map(lines).collect())?,
        fix: Fix {
            summary: format!("name one repository in `--cache-from` and `--cache-to`: {to}"),
            steps: vec![
                "Each layer has a tag of its own there, so the repository can serve several images \
                    and branches."
                    .to_owned(),
                "Jobs that may only read leave `--cache-to` out, as long as another job writes the \
                    same repository."
                    .to_owned(),
            ],
            snippet: Some(format!("buildah build --layers --cache-from {to} --cache-to {to} …")),
            ..Fix::default()
        },
        impact: cost_of(found.runs.iter().skip(1).map(|(_, build, _)| *build)),
        rules_out: vec![not_ruled_out(format!(
            "a job whose log is not given may write {} (then it holds no layer of these builds)",
            found.name
        ))],
        subject: found.name.to_owned(),
    })
}

fn lines((run, build, command): &(&Run, &Build, &Command)) -> Vec<Evidence> {
    let asked = Study::quote(run, command.line_with("--cache-from"), "asks for the repository");
    let step =
        build.decided().next().map(|step| header(run, step, "ran: nothing was pulled for it"));
    std::iter::once(asked).chain(step).collect()
}
