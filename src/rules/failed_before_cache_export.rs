//! Builds that fail again and again before they store their cache.

mod stuck;

use super::backend::cost_of;
use super::{Rule, RuleMeta, Study};
use crate::finding::{
    Alternative, Confidence, Evidence, Finding, Fix, LogPlace, Proof, Severity, not_ruled_out,
    ruled_out,
};
use crate::model::{Build, BuildOutcome, CacheKind, Outcome, Run, Step};
use crate::series::Series;

pub(super) struct FailedBeforeCacheExport;

static META: RuleMeta = RuleMeta {
    id: "failed-before-cache-export",
    title: "the runs fail before they store their cache",
    group: "No cache in use",
    severity: Severity::Note,
    what: "Several runs in a row fail, are cancelled or stop at a step; each asks for a cache \
        export, none gets that far, and none finds a cache. Or all steps end, the export begins, \
        and the log of each run ends in it: BuildKit before 0.25 can hang there.",
    why: "BuildKit exports a cache at the very end of a build that succeeded. Until one does, \
        nothing is stored, and everything before the failing step runs again each time. The \
        failing step is not the cache's fault.",
    fix: "Fix the step. Until then build the part before it first, with an export of its own \
        (`--target`), or keep the builder.",
    rules_out: "Runs that export to the end; steps that come from a cache; a single failed run.",
    limits: "Whether a cache would be found later is not known.",
    example: include_str!("examples/failed-before-cache-export.txt"),
    references: &[
        "https://docs.docker.com/build/cache/backends/",
        "moby/buildkit solver/llbsolver/solver.go",
    ],
    since: "0.1.0",
};

impl Rule for FailedBeforeCacheExport {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let either = |series| finding(study, series).or_else(|| stuck::finding(study, series));
        study.series.iter().filter_map(either).collect()
    }
}

fn finding(study: &Study, series: &Series) -> Option<Finding> {
    let members: Vec<(&Run, &Build)> = study.members(series).collect();
    let failed = members.iter().rev().take_while(|(run, build)| fails_cold(run, build)).count();
    let stored = members
        .iter()
        .any(|(_, build)| build.exports.iter().any(|e| e.ok() && e.kind != CacheKind::Inline));
    if failed < 2 || stored {
        return None;
    }
    let cold = members.get(members.len().saturating_sub(failed)..)?;
    let (_, last) = cold.last()?;
    let step = last_step(last)?;
    let ended = match step.outcome {
        Outcome::Failed => "failed",
        Outcome::Canceled => "were cancelled",
        _ => "broke off",
    };
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: match step.outcome {
            Outcome::Failed | Outcome::Canceled => Confidence::Proven,
            _ => Confidence::Likely,
        },
        title: format!(
            "{failed} runs in a row {ended} before their cache export: no cache is stored"
        ),
        cause: format!(
            "A cache is exported at the end of a build that succeeded. {} ended at `{}`, so none \
                has stored anything, and everything before that step runs again each time.",
            if failed_alike(cold) { "Each of these runs" } else { "The last of these runs" },
            short(&step.text)
        ),
        evidence: Proof::from_lines(
            cold.iter().rev().take(4).rev().filter_map(|(run, build)| line(run, build)).collect(),
        )?
        .seen_in(cold.iter().map(|(run, build)| LogPlace::of(run, build))),
        fix: fix(step),
        impact: cost_of(cold.iter().skip(1).map(|(_, build)| *build)),
        rules_out: rules_out(step),
        subject: step.text.to_string(),
    })
}

fn rules_out(step: &Step) -> Vec<Alternative> {
    let slow = "runs that are too slow for the job's time limit without a cache";
    match step.outcome {
        Outcome::Failed => vec![ruled_out("the cache as the cause of the failing step")],
        Outcome::Canceled => vec![not_ruled_out(slow)],
        _ => vec![not_ruled_out(slow), not_ruled_out("truncated logs")],
    }
}

/// It failed at a step, would have stored a cache, and nothing came from one.
fn fails_cold(run: &Run, build: &Build) -> bool {
    let mut exports = run.commands_of(build).iter().flat_map(|c| &c.cache_to);
    let asks = exports.any(|spec| spec.kind() != CacheKind::Inline);
    asks && last_step(build).is_some() && build.hits() == 0 && build.total() > 0
}

/// The step at which it ended, before any export: it failed, or was stopped with the build, by a
/// newer run or the job's time limit (`#12 CANCELED`). A CI that kills the builder leaves it no
/// word: the step is the last thing that was printed.
fn last_step(build: &Build) -> Option<&Step> {
    let all = &build.steps;
    if build.failed_at_a_step() {
        return all.iter().find(|s| s.outcome == Outcome::Failed);
    }
    if !build.exports.is_empty() || build.tangled {
        return None;
    }
    match build.outcome {
        BuildOutcome::Failed => all.iter().find(|s| s.outcome == Outcome::Canceled),
        BuildOutcome::Unknown => all.last().filter(|s| s.outcome == Outcome::Unknown),
        _ => None,
    }
}

fn failed_alike(runs: &[(&Run, &Build)]) -> bool {
    let texts = || runs.iter().filter_map(|(_, build)| last_step(build)).map(|step| &step.text);
    texts().zip(texts().skip(1)).all(|(a, b)| a == b)
}

fn line(run: &Run, build: &Build) -> Option<Evidence> {
    let step = last_step(build)?;
    Some(Study::quote(
        run,
        step.verdict.as_ref().unwrap_or(&step.header),
        "the build ends here, before any cache export",
    ))
}

fn short(text: &str) -> String {
    const LONGEST: usize = 60;
    let line: String = text.chars().take(LONGEST).collect();
    if line.len() < text.len() { format!("{line}…") } else { line }
}

fn fix(step: &Step) -> Fix {
    let target = if step.stage.is_empty() { "STAGE" } else { step.stage.as_str() };
    let (which, ended) = match step.outcome {
        Outcome::Failed => ("failing step", "failed"),
        Outcome::Canceled => ("step that was cancelled", "cancelled"),
        _ => ("step that does not end", "stopped"),
    };
    let stopped = step.outcome != Outcome::Failed;
    let stops = "Find out who stops the runs: where it is the job's time limit, raise it until one \
        run got to its export; where a newer commit cancels the older run, let those of the main \
        branch end.";
    Fix {
        summary: format!("store what comes before the {which} with a build of its own"),
        steps: stopped.then(|| stops.to_owned()).into_iter().chain([
            format!(
                "Give the part before the {which} a stage of its own, and build that first, with \
                    the same `--cache-from` and `--cache-to`: its cache is stored whatever the \
                    rest does."
            ),
            format!(
                "So: `docker buildx build --target {target} --cache-from … --cache-to … .`, \
                where the stage ends before the {which}; then the whole build."
            ),
            format!("Or keep the builder from run to run: it keeps what a {ended} build has done."),
        ]).collect(),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, made, of};
    use super::*;

    const COMMAND: &str =
        "docker buildx build --cache-to type=registry,ref=r.example.com/a:c,mode=max .";

    fn fails() -> Made {
        let step = |b: &mut Build| b.steps.last_mut().unwrap().outcome = Outcome::Failed;
        made()
            .command(COMMAND)
            .absent("r.example.com/a:c")
            .miss("RUN get")
            .miss("RUN make")
            .with(step)
    }

    fn found(runs: Vec<Made>) -> usize {
        FailedBeforeCacheExport.check(&of(runs)).len()
    }

    #[test]
    fn fires_where_no_run_gets_to_its_export() {
        assert_eq!(found(vec![fails(), fails()]), 1);
    }

    #[test]
    fn leaves_single_failures_and_runs_that_store() {
        let stores = || {
            made()
                .command(COMMAND)
                .miss("RUN get")
                .miss("RUN make")
                .export(CacheKind::Registry, None)
        };
        assert_eq!(found(vec![fails()]), 0);
        assert_eq!(found(vec![stores(), fails(), fails()]), 0);
        assert_eq!(found(vec![fails(), fails(), stores()]), 0);
        let hit = || fails().with(|b| b.steps[0].outcome = Outcome::Hit);
        assert_eq!(found(vec![hit(), hit()]), 0);
    }
}
