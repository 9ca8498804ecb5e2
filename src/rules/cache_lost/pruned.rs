//! The job prunes the builder's cache, and the next build runs what that deleted.

use crate::finding::{
    Alternative, Confidence, Evidence, Finding, Fix, Proof, Severity, not_ruled_out, ruled_out,
};
use crate::model::{Build, Dialect, Quote, Run, Step};
use crate::rules::instruction::brief;
use crate::rules::past::{Loss, Past, cost, header, verdict};
use crate::rules::recurring::{same_stage, standing};
use crate::rules::{RuleMeta, Study};

/// A stage that was built anew, and the prune before it.
struct Emptied<'a> {
    at: usize,
    loss: Loss<'a>,
    /// The log that has the prune.
    run: &'a Run,
    prune: &'a Quote,
}

impl Emptied<'_> {
    /// Other files rerun it, too.
    fn may_be_of_files(&self) -> bool {
        self.loss.step.operation().reads_context()
    }
}

pub(super) fn finding(past: &Past, meta: &RuleMeta) -> Option<Finding> {
    if !past.never_imports() {
        return None;
    }
    let emptied: Vec<Emptied> = (1..past.len()).filter_map(|i| emptied(past, i)).collect();
    let newest = emptied.last()?;
    let (_, build) = past.get(newest.at)?;
    let sure = |one: &Emptied| !one.may_be_of_files() && !one.loss.another_base;
    let told = emptied.iter().any(sure);
    let reruns = emptied.iter().flat_map(|one| reruns(past, one.at));
    Some(Finding {
        rule: meta.id,
        severity: if emptied.len() > 1 { meta.severity } else { Severity::Note },
        confidence: if told || emptied.len() > 2 {
            Confidence::Likely
        } else {
            Confidence::Suspected
        },
        title: format!(
            "{} of {} runs rebuild what {} had deleted from {}",
            emptied.len(),
            past.len(),
            if build.dialect.keeps_images() { "the job" } else { "a prune" },
            store(build)
        ),
        cause: cause(newest, build),
        evidence: Proof::from_events(
            emptied.iter().rev().take(3).rev().map(|one| lines(past, one)).collect(),
        )?
        .seen_in(past.places(emptied.iter().map(|one| one.at))),
        fix: if build.dialect.keeps_images() { fix_of_images(build.dialect) } else { fix() },
        impact: cost(reruns, emptied.len()),
        rules_out: rules_out(past, &emptied, told),
        subject: past.subject("prune"),
    })
}

fn emptied<'a>(past: &Past<'a>, i: usize) -> Option<Emptied<'a>> {
    let (_, build) = past.get(i)?;
    let own =
        build.booted.is_none() && (build.dialect.counts_from() || build.dialect.keeps_images());
    if !own || past.asked_for_no_cache(i) {
        return None;
    }
    all_losses(past, i).into_iter().find_map(|loss| {
        let (run, prune) = prune_between(past, loss.seen, i)?;
        Some(Emptied { at: i, loss, run, prune })
    })
}

/// Steps whose record is gone, first those that read no files. Of an image that the machine has the
/// 20.10 engine prints no digest.
fn all_losses<'a>(past: &Past<'a>, i: usize) -> Vec<Loss<'a>> {
    past.losses_on_any_base(i).into_iter().chain(past.lost_copies(i)).collect()
}

/// What ran in the stages that were lost, and in those that stand on them or begin as they do.
fn reruns<'a>(past: &Past<'a>, i: usize) -> Vec<&'a Step> {
    let Some((_, build)) = past.get(i) else { return Vec::new() };
    let losses = all_losses(past, i);
    let steps = losses.iter().map(|loss| loss.step);
    steps.flat_map(|step| same_stage(build, step).chain(standing(build, step))).collect()
}

/// The last prune behind one build and before another.
fn prune_between<'a>(past: &Past<'a>, seen: usize, i: usize) -> Option<(&'a Run, &'a Quote)> {
    let ((first, stored), (last, build)) = past.get(seen).zip(past.get(i))?;
    (seen..=i).rev().find_map(|j| {
        let (run, _) = past.get(j)?;
        let behind = |line: u64| !std::ptr::eq(run, first) || line > stored.line;
        let before = |line: u64| !std::ptr::eq(run, last) || line < build.line;
        let mut prunes = run.prunes.iter().rev();
        let prune = prunes.find(|prune| behind(prune.line) && before(prune.line))?;
        Some((run, prune))
    })
}

/// Where the builder looks its steps up.
fn store(build: &Build) -> &'static str {
    if build.dialect.keeps_images() { "the machine's images" } else { "the builder's cache" }
}

fn cause(newest: &Emptied, build: &Build) -> String {
    let step = brief(&newest.loss.step.text);
    let prune = if build.dialect.keeps_images() {
        "The job deletes images, and this builder keeps what it has built in those."
    } else {
        "A prune in the job deletes steps from the builder's cache."
    };
    let deleted = format!(
        "{prune} `{step}` has the same text and base image as when it was built before, and it ran \
            again, with those below it."
    );
    if build.hits() > 0 && !build.dialect.keeps_images() {
        return format!(
            "{deleted} Steps whose layers an image still uses stay, so it is the build stages that \
                are lost, with `docker builder prune` even without `--all`."
        );
    }
    deleted
}

fn lines(past: &Past, one: &Emptied) -> Vec<Evidence> {
    let Some(((run, build), (before, _))) = past.get(one.at).zip(past.get(one.loss.seen)) else {
        return Vec::new();
    };
    vec![
        Study::quote(one.run, one.prune, &format!("deletes it from {}", store(build))),
        header(run, one.loss.step, "ran again"),
        verdict(before, one.loss.before, "was built or found here"),
    ]
}

pub(super) fn fix() -> Fix {
    Fix {
        summary: "prune what is old, not what the next run needs".to_owned(),
        steps: vec![
            "Remove the prune from the job, or give it an age: then it deletes only what no build \
                has used for that long."
                .to_owned(),
            "If the disk is small, let the builder limit its cache itself (`builder.gc` in \
                daemon.json, `maxUsedSpace` in buildkitd.toml)."
                .to_owned(),
        ],
        snippet: Some(
            "docker image prune --force\ndocker builder prune --force --filter until=168h"
                .to_owned(),
        ),
        cost: "the cache takes more of the agent's disk".to_owned(),
        ..Fix::default()
    }
}

/// `docker image prune` without `--all` takes the images of build stages, which have no name.
fn fix_of_images(dialect: Dialect) -> Fix {
    let tool = if dialect == Dialect::Buildah { "podman" } else { "docker" };
    Fix {
        summary: "delete what is old, not what the next run needs".to_owned(),
        steps: vec![
            "Leave the image and those of its stages on the machine until the next run, or prune \
                with an age: that deletes only images that were made longer ago."
                .to_owned(),
        ],
        snippet: Some(format!("{tool} image prune --all --force --filter until=168h")),
        cost: "the images take more of the agent's disk".to_owned(),
        ..Fix::default()
    }
}

fn rules_out(past: &Past, emptied: &[Emptied], told: bool) -> Vec<Alternative> {
    let of_files = emptied.iter().any(Emptied::may_be_of_files);
    let files = match (told, of_files) {
        (true, _) => ruled_out(
            "changed sources, base image or instruction (the step reads no files and has the same \
                text and digest)",
        ),
        (false, true) => not_ruled_out(
            "files that changed in these commits as well (the copy has to run either way)",
        ),
        (false, false) => not_ruled_out("another base image (its digest is not printed)"),
    };
    std::iter::once(files).chain(super::another_agent(past)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::CacheLost;
    use crate::finding::Severity;
    use crate::model::{Build, Quote};
    use crate::rules::testing::{Made, made, of, study};
    use crate::rules::{Rule, Study};

    fn cold() -> Made {
        made().from("node:20", "aa").miss("WORKDIR /app").miss("COPY . .").miss("RUN a")
    }

    /// Runs of a build in line 9, with a prune in this line.
    fn pruned(builds: Vec<(Made, Option<u64>)>) -> Study {
        let place = |build: &mut Build| build.line = 9;
        let mut runs = Vec::new();
        for (made, line) in builds {
            let mut run = made.with(place).run();
            run.prunes = line
                .map(|line| Quote::new(line, b"$ docker builder prune -af"))
                .into_iter()
                .collect();
            runs.push(run);
        }
        study(runs)
    }

    #[test]
    fn fires_on_a_prune_before_or_behind_the_build() {
        for line in [1, 90] {
            let runs = pruned((0..3).map(|_| (cold(), Some(line))).collect());
            let found = CacheLost.check(&runs);
            assert_eq!((found.len(), found[0].severity), (1, Severity::Warning), "line {line}");
            assert_eq!(found[0].impact.steps, 6);
        }
    }

    #[test]
    fn leaves_runs_that_a_prune_does_not_explain() {
        let after_both = pruned(vec![(cold(), None), (cold(), Some(90))]);
        assert!(CacheLost.check(&after_both).is_empty());
        let drift = || made().from("node:20", "bb").miss("WORKDIR /app");
        let moved = pruned(vec![(cold(), Some(90)), (drift(), Some(90))]);
        assert!(CacheLost.check(&moved).is_empty());
        assert!(CacheLost.check(&of(vec![cold(), cold()])).is_empty());
    }
}
