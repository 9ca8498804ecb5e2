//! buildah stores the step of an ARG in a cache repository and never looks one up there.

use super::past::{Past, cost, header};
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{Confidence, Evidence, Finding, Fix, Proof, Severity, ruled_out};
use crate::model::{Build, Dialect, Outcome, Quote, Run, Step};

pub(super) struct BuildahCacheEndsAtArg;

static META: RuleMeta = RuleMeta {
    id: "buildah-cache-ends-at-arg",
    title: "buildah finds nothing below an ARG in its cache repository",
    group: "No cache in use",
    severity: Severity::Warning,
    what: "buildah or podman builds with `--cache-from` and `--cache-to`. The steps above an ARG \
        are pulled from the repository, the ARG itself and everything below it are built and \
        pushed again in every run.",
    why: "buildah 1.28 pushes the step of an ARG but never looks one up in the repository, whatever \
        its value; 1.39 does. The keys of the steps below contain the time at which the ARG's step was created, \
        so no other machine finds any of them.",
    fix: "Use a newer buildah (1.39.3 finds them, and podman 5.4.2), or declare the ARG as late as \
        possible, right before the step that uses it, or replace it by an ENV or a copied file.",
    rules_out: "An ARG that came from the cache in these runs; ARG lines whose text changed; runs \
        in which no step was pulled; a single run. The value is not the cause: it is not part of \
        an ARG's key.",
    limits: "A log does not show whether this version of buildah looks ARG steps up.",
    example: include_str!("examples/buildah-cache-ends-at-arg.txt"),
    references: &[
        "https://github.com/containers/buildah/blob/v1.28.2/imagebuildah/stage_executor.go",
    ],
    since: "0.1.0",
};

impl Rule for BuildahCacheEndsAtArg {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        Past::all(study).filter_map(|past| finding(&past)).collect()
    }
}

/// The ARG at which the pulled steps of a run end.
struct Ended<'a> {
    run: &'a Run,
    build: &'a Build,
    above: &'a Step,
    argument: &'a Step,
    pushed: &'a Quote,
}

fn finding(past: &Past) -> Option<Finding> {
    let all: Vec<Ended> = (0..past.len()).filter_map(|i| ended(past, i)).collect();
    let last = all.last()?;
    let same = |e: &&Ended| {
        e.argument.text == last.argument.text && e.argument.stage == last.argument.stage
    };
    let again: Vec<&Ended> = all.iter().filter(same).collect();
    // The run that stored it first, or another one at which the repository ended.
    let stored = (0..past.len())
        .filter(|&i| past.builds.get(i).is_some_and(|b| pushes(b, last.argument)))
        .count();
    if stored < 2 {
        return None;
    }
    let argument = &last.argument.text;
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: Confidence::Likely,
        title: format!(
            "the remote cache ends at `{argument}`: this buildah does not look an ARG up there"
        ),
        cause: format!(
            "The steps above `{argument}` are pulled from the cache repository. The ARG itself is \
                pushed in each of these runs and found in none. The keys of the steps below \
                contain the time at which it was created, so they run on every machine, changed or \
                not."
        ),
        evidence: Proof::from_lines(
            again.iter().rev().take(2).rev().flat_map(|e| lines(e)).collect(),
        )?,
        fix: fix(argument),
        impact: cost(again.iter().flat_map(|e| below(e)), again.len()),
        rules_out: vec![
            ruled_out(
                "a different value of the argument (an ARG's key holds its name, not its value)",
            ),
            ruled_out("a repository that cannot be read (the steps above came from it)"),
        ],
        subject: format!("{}:{argument}", last.argument.stage),
    })
}

fn ended<'a>(past: &Past<'a>, i: usize) -> Option<Ended<'a>> {
    let (run, build) = past.get(i).filter(|(_, b)| b.dialect == Dialect::Buildah)?;
    let (at, argument) = build
        .steps
        .iter()
        .enumerate()
        .find(|(_, s)| is_argument(s) && s.outcome == Outcome::Miss)?;
    let pushed = build.pushed.iter().find(|(step, _)| *step == at).map(|(_, quote)| quote)?;
    let mut before =
        build.steps.iter().filter(|s| s.stage == argument.stage && s.position < argument.position);
    let above = before.clone().next_back().filter(|s| s.fetched.is_some())?;
    let hit = before.all(|s| s.outcome == Outcome::Hit);
    hit.then_some(Ended { run, build, above, argument, pushed })
}

fn is_argument(step: &Step) -> bool {
    step.instruction == "ARG"
}

/// The build pushed the step of this ARG.
fn pushes(build: &Build, argument: &Step) -> bool {
    let same = |step: &Step| step.stage == argument.stage && step.text == argument.text;
    build.pushed.iter().any(|(at, _)| build.steps.get(*at).is_some_and(same))
}

fn below<'a>(ended: &Ended<'a>) -> impl Iterator<Item = &'a Step> {
    let argument = ended.argument;
    ended.build.steps.iter().filter(|s| s.stage == argument.stage && s.position > argument.position)
}

fn lines(ended: &Ended) -> Vec<Evidence> {
    let fetched = ended.above.fetched.as_ref();
    let pulled = fetched.map(|quote| {
        Study::quote(ended.run, quote, &format!("`{}` is in the repository", ended.above.text))
    });
    let mut lines: Vec<Evidence> = pulled.into_iter().collect();
    lines.push(header(ended.run, ended.argument, "is not looked up there"));
    lines.push(Study::quote(ended.run, ended.pushed, "and is pushed again"));
    lines
}

fn fix(argument: &str) -> Fix {
    Fix {
        summary: format!("declare `{argument}` below the steps that do not need it"),
        steps: vec![
            "Move the ARG right before the step that uses it: the remote cache serves what is \
                above."
                .to_owned(),
            "Or use a newer buildah: 1.28.2 (podman 4.3.1) looks no ARG up, 1.39.3 (podman 5.4.2) \
                does. A value that changes in each commit still runs each RUN below it."
                .to_owned(),
            "If its value need not change from build to build, use an ENV instead: that is found \
                in the repository."
                .to_owned(),
            "On a machine that keeps its storage the local cache (`--layers`) finds the steps \
                below it too."
                .to_owned(),
        ],
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, made, of};
    use super::*;
    use crate::model::StepKind;

    /// The ARG is the second step; `pulled` tells whether the one above came from the repository.
    fn run(pulled: bool, argument: &str, hit: bool) -> Made {
        let build = made().from("a", "aa");
        let build = if pulled { build.hit("COPY a /") } else { build.miss("COPY a /") };
        let build = if hit { build.hit(argument) } else { build.miss(argument) };
        build.miss("RUN make").with(|b| {
            b.dialect = Dialect::Buildah;
            let line = || Quote { line: 500, text: "--> Pushing cache r/c:0a".into() };
            if let [copy, arg, ..] = b.steps.as_mut_slice() {
                copy.fetched = pulled.then(line);
                arg.kind = StepKind::Metadata;
            }
            b.pushed = if hit { Vec::new() } else { vec![(1, line())] }.into_iter().collect();
        })
    }

    fn check(runs: Vec<Made>) -> Vec<Finding> {
        BuildahCacheEndsAtArg.check(&of(runs))
    }

    #[test]
    fn fires_where_an_argument_is_pushed_again() {
        let found = check(vec![run(false, "ARG V", false), run(true, "ARG V", false)]);
        assert_eq!((found.len(), found[0].impact.steps), (1, 1));
    }

    #[test]
    fn leaves_first_runs_arguments_that_are_found_and_other_instructions() {
        assert!(check(vec![run(false, "ARG V", false), run(false, "ARG V", false)]).is_empty());
        assert!(check(vec![run(false, "ARG V", false), run(true, "ARG V", true)]).is_empty());
        assert!(check(vec![run(false, "ENV V=1", false), run(true, "ENV V=1", false)]).is_empty());
        assert!(check(vec![run(false, "ARG U", false), run(true, "ARG V", false)]).is_empty());
    }
}
