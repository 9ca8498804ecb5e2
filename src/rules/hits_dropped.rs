//! Since some run fewer steps come from the cache than before, and no rule explains it.

use std::collections::HashSet;

use super::instruction::{brief, copies_few, installs};
use super::past::{Past, header, verdict};
use super::recurring::same_stage;
use super::{Cause, Rule, RuleMeta, Study};
use crate::finding::{Confidence, Evidence, Finding, Fix, Impact, Proof, Severity, ruled_out};
use crate::model::{Build, Outcome, Run, Step, elapsed};
use crate::series::chain::{self, Input};
use crate::series::recorded::{self, Difference, Said, What};
use crate::series::{Because, KeyPart, Miss};

pub(super) struct HitsDropped;

static META: RuleMeta = RuleMeta {
    id: "hits-dropped",
    title: "fewer steps come from the cache since a run, and no other rule says why",
    group: "Hits only every second run",
    severity: Severity::Warning,
    what: "A job got worse and stayed so: before, at least half of the steps came from the cache; \
        in every run since, fewer do, by at least a third of all steps.",
    why: "Whatever changed with that run costs time in every run since.",
    fix: "Look at what changed with the first of these runs: it is listed where the logs show it.",
    rules_out: "Everything with a rule of its own: if one of those explains the newest runs, this \
        rule reports nothing. Two worse runs do not count (five, where an installation runs again), \
        nor runs in which different steps break the cache, or edits and other base images. If steps now run because files \
        changed, runs in which no file changed are not counted.",
    limits: "It says when and what else changed then, not why. What the logs do not show \
        (versions, limits of the builder, retention of a registry) is not listed.",
    example: include_str!("examples/hits-dropped.txt"),
    references: &["https://docs.docker.com/build/cache/invalidation/"],
    since: "0.2.0",
};

impl Rule for HitsDropped {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn gives_way(&self) -> &'static [Cause] {
        &[Cause::Any]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        Past::all(study).filter_map(|whole| finding(&whole, &whole.newest()?)).collect()
    }
}

/// Two runs may each have a change of their own.
const LASTS: usize = 3;

/// Dependencies are updated in several commits in a row.
const LASTS_OF_UPDATES: usize = 6;

/// Steps from the cache, and all that count, in percent.
fn share(builds: &[&Build]) -> Option<usize> {
    let total: usize = builds.iter().map(|build| build.total()).sum();
    let hits: usize = builds.iter().map(|build| build.hits()).sum();
    (hits * 100).checked_div(total)
}

fn finding(whole: &Past, newest: &Past) -> Option<Finding> {
    let since = whole.len().checked_sub(newest.len())?;
    let lasts = if updates_dependencies(newest) { LASTS_OF_UPDATES } else { LASTS };
    if newest.len() < lasts || !breaks_alike(newest) {
        return None;
    }
    // The first run of a job has nothing to find.
    let mut earlier = whole.builds.get(1..since)?.to_vec();
    if follows_files(newest) {
        // A run in which no file changed tells nothing of how much a change reruns.
        earlier.retain(|build| build.hits() < build.total());
    }
    let before = share(&earlier)?;
    let now = share(newest.builds.get(1..)?)?;
    let worst = newest.builds.iter().skip(1).filter_map(|build| share(&[*build])).max()?;
    if before < 50 || worst + 33 > before {
        return None;
    }
    let run = newest.runs.first()?;
    let changes = recorded::differences(
        (0..since).rev().filter_map(|i| said(whole, i)),
        (0..newest.len()).filter_map(|i| said(newest, i)),
    );
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: Confidence::Suspected,
        title: format!(
            "worse since {}: {before} % → {now} % of the steps from the cache",
            run.label
        ),
        cause: cause(newest, &changes),
        evidence: Proof::from_lines(lines(whole, newest, since))?,
        fix: fix(run),
        impact: impact(newest),
        rules_out: vec![ruled_out("one worse run (every run since is worse)")],
        subject: whole.subject("hits"),
    })
}

fn fix(run: &Run) -> Fix {
    Fix {
        summary: format!("look at what changed with {}", run.label),
        steps: vec![
            "Compare the configuration, the command line and the Dockerfile of that run with \
                those of the run before."
                .to_owned(),
            "Give the Dockerfile and the configuration (`--config`), and logs that show the \
                command lines."
                .to_owned(),
        ],
        ..Fix::default()
    }
}

fn impact(newest: &Past) -> Impact {
    let decided = newest.builds.iter().flat_map(|build| build.decided());
    let ran: Vec<&Step> = decided.filter(|step| step.outcome == Outcome::Miss).collect();
    Impact { steps: ran.len(), seconds: elapsed(ran.iter().copied()), runs: newest.len() }
}

/// One step breaks the chain in every run after the first, and no edit of it or other base image is
/// the reason.
fn breaks_alike(newest: &Past) -> bool {
    let told = |because| matches!(because, Because::InstructionChanged | Because::BaseChanged);
    let broken = |i: usize| {
        let open = newest.misses(i).filter(|miss| !told(miss.because));
        open.map(|miss| (miss.step.stage.as_str(), miss.step.text.as_str())).collect::<HashSet<_>>()
    };
    let mut runs = (1..newest.len()).map(broken);
    let first = runs.next().unwrap_or_default();
    let common = runs.fold(first, |common, run| common.intersection(&run).copied().collect());
    !common.is_empty()
}

/// In every run the chain breaks at an installation, or at the few files that it reads.
fn updates_dependencies(newest: &Past) -> bool {
    let install = |step: &Step| step.instruction == "RUN" && installs(&step.text);
    let reads = |step: &Step, build: &Build| {
        let below = same_stage(build, step).filter(|s| s.position > step.position);
        let first = below.min_by_key(|s| s.position);
        copies_few(&step.text) && first.is_some_and(install)
    };
    (1..newest.len()).all(|i| {
        let build = newest.builds.get(i);
        newest.misses(i).any(|m| install(m.step) || build.is_some_and(|b| reads(m.step, b)))
    })
}

/// In every run the chain breaks at steps whose files changed, or may have, and nowhere else. An
/// import from a scope does not say whether it found anything.
fn follows_files(newest: &Past) -> bool {
    let files = |miss: Miss| {
        let reads = chain::input(miss.step) == Input::Files;
        let may_be = reads || miss.hidden.contains(&KeyPart::Files);
        let unsure = miss.confidence == Confidence::Suspected;
        miss.because == Because::InputsChanged || (unsure && may_be)
    };
    (1..newest.len()).all(|i| newest.misses(i).all(files))
}

fn said(past: &Past, i: usize) -> Option<Said> {
    let (run, build) = past.get(i).filter(|(_, build)| build.is_trusted())?;
    Some(recorded::said(run, build))
}

/// `driver of the builder: docker → docker-container`; `None` of a build argument, whose value may
/// be a secret.
fn sentence(change: &Difference) -> Option<String> {
    if change.what == What::BuildArg {
        return None;
    }
    let value =
        |value: &Option<String>| value.clone().unwrap_or_else(|| change.what.absent().to_owned());
    let name = [change.what.label(), &change.of].join(" ");
    Some(format!("{}: {} → {}", name.trim_end(), value(&change.before), value(&change.after)))
}

fn cause(newest: &Past, changes: &[Difference]) -> String {
    let first = newest.misses(1).next();
    let step = first.map_or_else(String::new, |miss| {
        format!("The first step that runs in these runs is `{}`. ", brief(&miss.step.text))
    });
    let changes: Vec<String> = changes.iter().filter_map(sentence).collect();
    if changes.is_empty() {
        return format!(
            "{step}No rule explains it, and nothing else that the logs show changed then."
        );
    }
    format!("{step}No rule explains it. Changed then: {}.", changes.join("; "))
}

/// A step that came from the cache before, and runs since.
fn lines(whole: &Past, newest: &Past, since: usize) -> Vec<Evidence> {
    let mut lines = Vec::new();
    // The newest run is the one that a rule with the cause quotes, whatever it quotes besides.
    for i in [1, newest.len() - 1] {
        let Some((run, build)) = newest.get(i) else { continue };
        let Some(miss) = newest.misses(i).next() else { continue };
        let earlier = (0..since).rev().find_map(|j| {
            let (run, build) = whole.get(j)?;
            let same = |s: &&Step| s.text == miss.step.text && s.outcome == Outcome::Hit;
            Some((run, build.decided().find(same)?))
        });
        if lines.is_empty() {
            lines.extend(
                earlier.map(|(run, step)| verdict(run, step, "came from the cache before")),
            );
        }
        if build.total() > 0 {
            lines.push(header(run, miss.step, "is the first step that runs since"));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, made, of};
    use super::*;

    fn good() -> Made {
        made().from("node:22", "aa").hit("WORKDIR /app").hit("RUN a").hit("RUN b").miss("COPY . .")
    }

    fn bad() -> Made {
        made()
            .from("node:22", "aa")
            .hit("WORKDIR /app")
            .miss("RUN a")
            .miss("RUN b")
            .miss("COPY . .")
    }

    #[test]
    fn tells_since_when() {
        let found = HitsDropped.check(&of(vec![good(), good(), good(), bad(), bad(), bad()]));
        let titles: Vec<&str> = found.iter().map(|f| f.title.as_str()).collect();
        assert_eq!(titles, ["worse since run-04: 75 % → 25 % of the steps from the cache"]);
    }

    #[test]
    fn leaves_single_runs_and_steady_jobs() {
        assert!(HitsDropped.check(&of(vec![good(), good(), good(), bad()])).is_empty());
        assert!(HitsDropped.check(&of(vec![good(), bad(), good(), bad()])).is_empty());
        assert!(HitsDropped.check(&of(vec![bad(), bad(), bad(), bad()])).is_empty());
    }
}
