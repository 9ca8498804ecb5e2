//! A cache reference that is looked for in every run and written by none.

mod silent;

use super::absent_refs::{AbsentLook, absent, asks_to_write};
use super::backend::cost_of;
use super::past::Past;
use super::remedy::{self, Site, reference};
use super::{Effect, Rule, RuleMeta, Study, unpulled};
use crate::finding::{
    Confidence, Evidence, Finding, Fix, Impact, LogPlace, Proof, Severity, not_ruled_out, to_decide,
};
use crate::model::Build;

pub(super) struct CacheRefNeverWritten;

static META: RuleMeta = RuleMeta {
    id: "cache-ref-never-written",
    title: "the cache reference is never written",
    group: "No cache in use",
    severity: Severity::Warning,
    what: "Two or more runs import the same reference and get `not found`, although the runs \
        succeeded and none of them exports a cache; or three runs import their own image, which is \
        never there; or three runs import a cache of GitHub, S3 or Azure, store none, and no step \
        comes from it. A single run whose command line stores none is a note.",
    why: "`--cache-from` alone stores nothing. The error never fails a build, so each run is cold \
        and green.",
    fix: "Export to the same reference (`--cache-to`), or import the reference that another job \
        writes.",
    rules_out: "`not found` in a first run is normal, and so is a list of references of which \
        another one is found. A failed export is reported as such.",
    limits: "Another job, whose logs are not given, may write it; it did not do so between these \
        runs.",
    example: include_str!("examples/cache-ref-never-written.txt"),
    references: &["https://docs.docker.com/build/cache/backends/"],
    since: "0.1.0",
};

impl Rule for CacheRefNeverWritten {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let absent = study.series.iter().flat_map(|series| absent(study, series));
        absent
            .filter_map(|(name, looks)| finding(study, name, &looks))
            .chain(repositories(study))
            .chain(silent::findings(study))
            .collect()
    }
}

/// buildah, which prints nothing of a layer that it does not find.
fn repositories(study: &Study) -> impl Iterator<Item = Finding> {
    Past::all(study).filter_map(|past| {
        let found = unpulled::of(&past).filter(|found| found.written.is_none())?;
        let title = format!("{} is asked for a cache in every run and written by none", found.name);
        let cause = "`--cache-from` alone stores nothing. Nothing was ever pulled from the \
            repository, and no run pushes to it.";
        unpulled::finding(
            &META,
            &found,
            unpulled::ImageWords { title, cause, confidence: Confidence::Likely },
        )
    })
}

/// The image of the run is stored under this very name: it was pushed, or should have been.
fn stores_under(build: &Build, name: &str) -> bool {
    build.inline.is_some() || build.images.iter().any(|image| reference::may_be(image, name))
}

fn finding(study: &Study, name: &str, looks: &[AbsentLook]) -> Option<Finding> {
    let silent = |l: &AbsentLook| {
        l.build.exports.is_empty() && !stores_under(l.build, name) && !asks_to_write(l.run)
    };
    let (last, earlier) = looks.split_last()?;
    // A run that failed had no chance to store anything.
    if !looks.iter().all(silent) {
        return never_pushed(study, name, looks);
    }
    if earlier.is_empty() {
        return single_run(study, name, last);
    }
    if !earlier.iter().any(|l| l.build.succeeded()) {
        return None;
    }
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: Confidence::Likely,
        title: format!("{name} is imported in every run and written by none"),
        cause: "The runs import a cache from this reference, none of them exports one, and it is \
            not there."
            .to_owned(),
        evidence: Proof::from_lines(looks.iter().rev().take(12).rev().map(line).collect())?
            .seen_in(looks.iter().map(|look| LogPlace::of(look.run, look.build))),
        fix: fix(&Site::of(study, last.run, last.build)),
        impact: cost_of(looks.iter().skip(1).map(|l| l.build)),
        rules_out: vec![not_ruled_out(
            "another job that is meant to write it (it did not between these runs, or uses a \
                different name)",
        )],
        subject: name.to_owned(),
    })
}

/// The image of each run has this name, and no later run finds it: it stays on the machine that
/// built it.
fn never_pushed(study: &Study, name: &str, looks: &[AbsentLook]) -> Option<Finding> {
    let (last, earlier) = looks.split_last()?;
    let own = |l: &AbsentLook| l.build.images.iter().any(|image| reference::may_be(image, name));
    let stays = |l: &AbsentLook| !l.run.commands_of(l.build).iter().any(|command| command.push);
    let built = earlier.iter().filter(|l| l.build.succeeded()).count();
    if built < 2 || !looks.iter().all(|l| own(l) && stays(l) && l.build.exports.is_empty()) {
        return None;
    }
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: Confidence::Suspected,
        title: format!("{name} is built in every run, imported in the next, and never there"),
        cause: "The runs import their own image as a cache, and none of them finds the one that \
            an earlier run built: it is not pushed, or not under this name."
            .to_owned(),
        evidence: Proof::from_lines(looks.iter().rev().take(12).rev().map(line).collect())?
            .seen_in(looks.iter().map(|look| LogPlace::of(look.run, look.build))),
        fix: Fix {
            summary: format!("push {name}, or keep the cache under a name of its own"),
            ..fix(&Site::of(study, last.run, last.build))
        },
        impact: cost_of(looks.iter().skip(1).map(|l| l.build)),
        rules_out: vec![
            not_ruled_out("a push that fails, or something that deletes the tag between the runs"),
            to_decide("look in the registry whether the tag is there"),
        ],
        subject: name.to_owned(),
    })
}

fn line(look: &AbsentLook) -> Evidence {
    let end = look.import.verdict.as_ref().unwrap_or(&look.import.header);
    Study::quote(look.run, end, "the cache is not there")
}

/// One run whose command line is in its log: the next run finds nothing either, unless somebody
/// else stores it.
fn single_run(study: &Study, name: &str, look: &AbsentLook) -> Option<Finding> {
    if !look.build.succeeded() {
        return None;
    }
    let command = look.run.commands_of(look.build).first()?;
    let asked = Study::quote(look.run, &command.quote, "asks for a cache and stores none");
    Some(Finding {
        rule: META.id,
        severity: Severity::Note,
        confidence: Confidence::Suspected,
        title: format!("{name} is not there, and this build does not write it"),
        cause: "The build imports a cache that is not there, and stores none: the next run is as \
            cold as this one."
            .to_owned(),
        evidence: Proof::from_lines(vec![asked, line(look)])?,
        fix: fix(&Site::of(study, look.run, look.build)),
        impact: Impact::default(),
        rules_out: vec![not_ruled_out("another job that writes it and has not run yet")],
        subject: name.to_owned(),
    })
}

fn fix(site: &Site) -> Fix {
    let base = remedy::registry_max(site);
    Fix {
        summary: format!(
            "write the cache to {}, or import a reference that is written",
            site.cache
        ),
        steps: std::iter::once(
            "Export the cache in this job, or correct the reference if another job writes it."
                .to_owned(),
        )
        .chain(base.steps)
        .collect(),
        ..base
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{made, of};
    use super::*;

    #[test]
    fn leaves_first_runs_and_failed_runs() {
        let run = || made().absent("r.example.com/app:gone");
        assert!(CacheRefNeverWritten.check(&of(vec![run()])).is_empty());
        assert!(
            CacheRefNeverWritten
                .check(&of(vec![run().error("ERROR: failed to solve: x"), run()]))
                .is_empty()
        );
        assert!(
            CacheRefNeverWritten
                .check(&of(vec![run(), made().import("r.example.com/app:gone", None)]))
                .is_empty()
        );
    }
}
