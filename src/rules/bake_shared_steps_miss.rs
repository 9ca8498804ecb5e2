//! Targets of one bake share their first steps, and one of them misses what its own cache holds.

use std::collections::{BTreeMap, BTreeSet};

use super::past::{Past, cost, end, header, verdict};
use super::{Cause, Rule, RuleMeta, Study};
use crate::finding::{
    Alternative, Confidence, Evidence, Finding, Fix, Proof, Severity, not_ruled_out, ruled_out,
    to_decide,
};
use crate::model::{Build, Outcome, Run, Step, StepKind, Tool};
use crate::series::Because;

pub(super) struct BakeSharedStepsMiss;

static META: RuleMeta = RuleMeta {
    id: "bake-shared-steps-miss",
    title: "targets that are built together miss what their own caches hold",
    group: "Hits only every second run",
    severity: Severity::Warning,
    what: "Targets of one bake, or services of one `docker compose build`, have their first steps \
        in common. These come from the cache, and the next step, at which a target goes its own \
        way, runs again although its text is the same and an earlier run had stored it: now of one \
        target, now of another.",
    why: "BuildKit builds the common steps once for all targets. What lies above such a step is \
        looked up in the cache that was imported for the target which came first; for the others \
        their own cache is not asked there (docker/buildx issues 414 and 3878). Which one comes \
        first is chance.",
    fix: "Build the targets one after the other, each with a command of its own.",
    rules_out: "Changed files (the steps above came from the cache, and the one that ran reads \
        none), another base image, an import that failed, and targets that write one reference \
        (cache-ref-shared).",
    limits: "Where the targets part at a COPY, or at the first step above their base image, \
        nothing is said. One run is not enough.",
    example: include_str!("examples/bake-shared-steps-miss.txt"),
    references: &[
        "https://github.com/docker/buildx/issues/3878",
        "https://github.com/docker/buildx/issues/414",
    ],
    since: "0.1.0",
};

impl Rule for BakeSharedStepsMiss {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn gives_way(&self) -> &'static [Cause] {
        &[Cause::Rule("cache-ref-shared"), Cause::Rule("inline-cache-lost-every-second-run")]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let all: Vec<Past> = Past::all(study).collect();
        let mut bakes: BTreeMap<Vec<&str>, Vec<Victim>> = BTreeMap::new();
        for past in &all {
            for victim in (1..past.len()).filter_map(|i| victim(past, i)) {
                bakes.entry(victim.targets.clone()).or_default().push(victim);
            }
        }
        bakes.into_iter().filter_map(|(targets, victims)| finding(&targets, &victims)).collect()
    }
}

/// A build that missed its own step right above those that it shares.
struct Victim<'a, 'p> {
    past: &'p Past<'a>,
    at: usize,
    run: &'a Run,
    build: &'a Build,
    /// The last step that it shares.
    shared: &'a Step,
    step: &'a Step,
    /// Of the bake.
    targets: Vec<&'a str>,
}

fn victim<'a, 'p>(past: &'p Past<'a>, at: usize) -> Option<Victim<'a, 'p>> {
    let (run, build) = past.get(at)?;
    let mates = run.together(build);
    if mates.len() < 2 || !past.imported(at) || past.asked_for_no_cache(at) {
        return None;
    }
    let step = stored_and_missed(past, at)?;
    let shared = build.steps.iter().find(|s| {
        s.position + 1 == step.position
            && s.is_of(&step.stage, &step.platform)
            && s.outcome == Outcome::Hit
    })?;
    let parts = |other: &Build| has(other, shared) && !has(other, step);
    let mut others = mates.iter().filter(|other| !std::ptr::eq(*other, build));
    if !others.any(parts) {
        return None;
    }
    let targets: BTreeSet<&str> = mates.iter().filter_map(|mate| mate.target.as_deref()).collect();
    Some(Victim { past, at, run, build, shared, step, targets: targets.into_iter().collect() })
}

/// A RUN that no file reaches, and that ran though a build since it was last seen stored a cache.
fn stored_and_missed<'a>(past: &Past<'a>, at: usize) -> Option<&'a Step> {
    let missed = past.misses(at).find(|miss| {
        let open = matches!(miss.because, Because::Unknown | Because::RecordLost);
        open && miss.step.instruction == "RUN" && !miss.step.operation().reads_context()
    })?;
    let before = past.index_of(missed.before?.0)?;
    (before..at).any(|i| past.stored(i)).then_some(missed.step)
}

/// The build has the step, which may be printed under the name of another one.
fn has(build: &Build, step: &Step) -> bool {
    build.steps.iter().any(|own| is_one(own, step))
}

/// Both are one vertex, which may be printed under the names of several targets.
fn is_one(a: &Step, b: &Step) -> bool {
    let line = |step: &Step| step.verdict.as_ref().map(|quote| quote.line);
    a.header.line == b.header.line || (line(a).is_some() && line(a) == line(b))
}

fn finding(targets: &[&str], victims: &[Victim]) -> Option<Finding> {
    let newest = victims.iter().max_by_key(|v| (v.past.refs.get(v.at).map(|at| at.run), v.at))?;
    if victims.len() < 2 {
        return None;
    }
    let held = victims.iter().any(Victim::is_found_in_other_runs);
    let often = victims.iter().map(|v| v.past.refs.get(v.at).map(|at| at.run));
    let runs = often.collect::<BTreeSet<_>>().len();
    let ran: Vec<&Step> = victims.iter().flat_map(Victim::ran).collect();
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: if held { Confidence::Likely } else { Confidence::Suspected },
        title: format!(
            "`{}` of {} runs again: targets that are built together miss what their caches hold",
            newest.step.text,
            newest.build.target.as_deref().unwrap_or_default()
        ),
        cause: format!(
            "{} are built together and share their steps up to `{}`. BuildKit builds these once, \
                and looks what comes next up in the cache of one of the targets alone: in {runs} \
                {} a step ran though its own target's cache was imported and {} it.",
            targets.join(" and "),
            newest.shared.text,
            if runs == 1 { "run" } else { "runs" },
            if held { "held" } else { "should hold" },
        ),
        evidence: Proof::from_lines(
            victims.iter().rev().take(3).flat_map(Victim::lines).collect(),
        )?
        .seen_in(victims.iter().flat_map(|v| v.past.places([v.at]))),
        fix: fix(targets, newest),
        impact: cost(ran, runs),
        rules_out: rules_out(held),
        subject: targets.join(", "),
    })
}

impl Victim<'_, '_> {
    /// Another run of the target had the step from the cache: no argument is another one each time.
    fn is_found_in_other_runs(&self) -> bool {
        let same = |s: &Step| {
            s.text == self.step.text
                && s.is_of(&self.step.stage, &self.step.platform)
                && s.outcome == Outcome::Hit
        };
        self.past.builds.iter().any(|build| build.steps.iter().any(same))
    }

    /// The step, and those above it up to one that takes files in, which may have changed.
    fn ran(&self) -> Vec<&Step> {
        let own = self.build.steps.iter().filter(|s| s.kind == StepKind::Counted);
        let mut above: Vec<&Step> = own
            .filter(|s| s.is_of(&self.step.stage, &self.step.platform))
            .filter(|s| s.position >= self.step.position)
            .collect();
        above.sort_by_key(|s| s.position);
        above.into_iter().take_while(|s| !s.operation().reads_context()).collect()
    }

    fn lines(&self) -> Vec<Evidence> {
        let mut lines = Vec::new();
        let import = self.past.imports(self.at).into_iter().find(|import| import.ok());
        lines.extend(import.map(|import| end(self.run, import, "its cache is imported")));
        lines.push(verdict(self.run, self.shared, "is a step of several targets: it was found"));
        lines.push(header(self.run, self.step, "ran, with the same text as before"));
        lines
    }
}

fn fix(targets: &[&str], victim: &Victim) -> Fix {
    let commands = victim.past.commands(victim.at);
    let compose = commands.iter().any(|command| command.tool == Tool::Compose);
    let snippet = match (commands, compose) {
        // Both print the same log.
        ([], _) => format!(
            "# bake\n{}\n# or Docker Compose\n{}",
            calls("docker buildx bake", targets),
            calls("docker compose build", targets)
        ),
        (_, true) => calls("docker compose build", targets),
        (_, false) => calls("docker buildx bake", targets),
    };
    Fix {
        summary: "build the targets one after the other".to_owned(),
        steps: vec![
            "Give each target a command of its own, with the options of the one that builds them \
                together: the steps they share come from the builder's own cache in the second."
                .to_owned(),
        ],
        snippet: Some(snippet),
        cost: "the targets are no longer built side by side".to_owned(),
        ..Fix::default()
    }
}

/// One command for each target.
fn calls(command: &str, targets: &[&str]) -> String {
    let calls: Vec<String> = targets.iter().map(|target| format!("{command} {target}")).collect();
    calls.join("\n")
}

fn rules_out(held: bool) -> Vec<Alternative> {
    let mut said = vec![ruled_out(
        "changed files (the steps above came from the cache, and the one that ran reads none)",
    )];
    if held {
        said.push(ruled_out(
            "a build argument that is different in every run (other runs found the step)",
        ));
    } else {
        said.push(not_ruled_out("a build argument of this target that is different in every run"));
    }
    said.push(to_decide("build one target alone, twice, on an empty builder: is the step found?"));
    said
}
