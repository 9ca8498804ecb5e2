//! A reference that an earlier run imported or wrote is not there any more.

use foldhash::HashMap;

use crate::finding::{
    Confidence, Evidence, Finding, Fix, Proof, Severity, not_ruled_out, ruled_out,
};
use crate::model::{CacheKind, CacheSpec, Found, Outcome, Transfer};
use crate::rules::absent_refs::is_absent;
use crate::rules::past::{Past, cost, end};
use crate::rules::remedy::reference;
use crate::rules::{RuleMeta, Study};

/// A run that looked for a reference in vain, and the last one that had it.
struct GoneReference<'a> {
    at: usize,
    import: &'a Transfer,
    had: usize,
    /// The earlier run imported it; else it wrote it, as its command line says.
    read: bool,
}

/// Once it is a note: a clean-up, or a person.
pub(super) fn finding(past: &Past, meta: &RuleMeta) -> Option<Finding> {
    let gone = gone(past);
    let newest = gone.last()?;
    let name = newest.import.reference.as_deref()?;
    let runs = gone.len();
    let cold = gone.iter().filter_map(|one| past.builds.get(one.at)).flat_map(|b| &b.steps);
    Some(Finding {
        rule: meta.id,
        severity: if runs > 1 { meta.severity } else { Severity::Note },
        confidence: Confidence::Likely,
        title: format!(
            "{name} is gone in {runs} of {} runs, though earlier runs {} it",
            past.len(),
            if newest.read { "read" } else { "wrote" }
        ),
        cause: format!(
            "The registry answers that {name} is not found, and an earlier run had {} it. \
                Something deletes the tag between the runs: a retention policy, a garbage \
                collection, or a job that cleans up. Until a run writes it again, all steps run.",
            if newest.read { "imported" } else { "written" }
        ),
        evidence: Proof::from_lines(
            gone.iter().rev().take(3).rev().flat_map(|one| lines(past, one)).collect(),
        )?
        .seen_in(past.places(gone.iter().map(|one| one.at))),
        fix: fix(name),
        impact: cost(cold.filter(|step| step.outcome == Outcome::Miss), runs),
        rules_out: vec![
            ruled_out(format!(
                "a first run, or a new branch (an earlier run had {} the reference)",
                if newest.read { "found" } else { "written" }
            )),
            not_ruled_out(if newest.read {
                "runs in another order than the logs are given in"
            } else {
                "a registry that is started with each job and thrown away"
            }),
        ],
        subject: name.to_owned(),
    })
}

fn gone<'a>(past: &Past<'a>) -> Vec<GoneReference<'a>> {
    // The last run that read or wrote each reference, and whether it read it.
    let mut had: HashMap<(&str, &str), (usize, bool)> = HashMap::default();
    let mut gone = Vec::new();
    for at in 0..past.len() {
        if let Some((import, name)) = absent(past, at)
            && let Some(&(had, read)) = had.get(&reference::key(name))
        {
            gone.push(GoneReference { at, import, had, read });
        }
        had.extend(written(past, at).map(|name| (reference::key(name), (at, false))));
        let imports = past.imports(at).into_iter().filter(|import| import.ok());
        let names = imports.filter_map(|import| import.reference.as_deref());
        had.extend(names.map(|name| (reference::key(name), (at, true))));
    }
    gone
}

/// References that the command line exports to, where all exports of the run went well.
fn written<'a>(past: &Past<'a>, i: usize) -> impl Iterator<Item = &'a str> {
    let exported =
        |e: &Transfer| e.ok() && matches!(e.kind, CacheKind::Registry | CacheKind::Unknown);
    let build = past.builds.get(i).filter(|build| build.succeeded());
    let well = build.is_some_and(|b| !b.exports.is_empty() && b.exports.iter().all(exported));
    let commands = if well { past.commands(i) } else { &[] };
    let specs = commands.iter().flat_map(|command| &command.cache_to);
    let registry = |spec: &&CacheSpec| spec.kind() == CacheKind::Registry;
    specs.filter(registry).filter_map(|spec| spec.get("ref")).filter(|name| !name.contains('$'))
}

/// The only import of a cold run, which is not found.
fn absent<'a>(past: &Past<'a>, i: usize) -> Option<(&'a Transfer, &'a str)> {
    let (hits, total) = past.counts(i)?;
    let imports = past.imports(i);
    let &[import] = imports.as_slice() else { return None };
    let lost = import.kind == CacheKind::Registry && import.found() == Found::No;
    if !lost || hits > 0 || total == 0 || !is_not_found(import) {
        return None;
    }
    Some((import, import.reference.as_deref()?))
}

/// Not a refusal, not a registry that is down, and not a manifest that names a blob which is gone.
fn is_not_found(import: &Transfer) -> bool {
    let ends = |error: &str| error.trim_end().ends_with("not found");
    import.error.as_deref().is_some_and(ends) && is_absent(import)
}

fn lines(past: &Past, one: &GoneReference) -> Vec<Evidence> {
    let Some(((run, _), (before, earlier))) = past.get(one.at).zip(past.get(one.had)) else {
        return Vec::new();
    };
    let mut lines: Vec<Evidence> = Vec::new();
    if one.read {
        let read = past.imports(one.had).into_iter().find(|import| import.ok());
        lines.extend(read.map(|import| Study::quote(before, &import.header, "was found here")));
    } else {
        let asked = past.commands(one.had).iter().find(|command| !command.cache_to.is_empty());
        lines.extend(asked.map(|c| Study::quote(before, c.line_with("cache-to"), "writes it")));
        let export = earlier.exports.first();
        lines.extend(export.map(|e| end(before, e, "the export went well")));
    }
    lines.push(end(run, one.import, "the same reference is not found"));
    lines
}

fn fix(name: &str) -> Fix {
    Fix {
        summary: format!("keep {name} from being deleted"),
        steps: vec![
            "Exempt the cache's tag from the registry's retention (a rule by age or by number of \
                tags takes it with the images), or keep the cache in a repository without one."
                .to_owned(),
            "Check whether a job deletes tags or untagged manifests after a merge.".to_owned(),
        ],
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::CacheLost;
    use crate::finding::Severity;
    use crate::rules::Rule;
    use crate::rules::testing::{Made, made, of};

    const NAME: &str = "r.example.com/a:c";

    fn cold() -> Made {
        made().from("node:20", "aa").absent(NAME).miss("WORKDIR /app").miss("RUN a")
    }

    fn warm() -> Made {
        made().from("node:20", "aa").import(NAME, None).hit("WORKDIR /app").hit("RUN a")
    }

    #[test]
    fn once_is_a_note_and_again_a_warning() {
        let severity = |runs| CacheLost.check(&of(runs)).first().map(|found| found.severity);
        assert_eq!(severity(vec![cold(), warm(), cold()]), Some(Severity::Note));
        let again = vec![cold(), warm(), cold(), warm(), cold()];
        assert_eq!(severity(again), Some(Severity::Warning));
    }

    #[test]
    fn leaves_first_runs_and_other_references() {
        assert!(CacheLost.check(&of(vec![cold(), cold(), warm()])).is_empty());
        let other = || made().absent("r.example.com/a:pr-7").miss("WORKDIR /app").miss("RUN a");
        assert!(CacheLost.check(&of(vec![cold(), warm(), other()])).is_empty());
    }
}
