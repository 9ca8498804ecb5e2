//! kaniko looks a layer up under one key and stores it under another.

use super::alike;
use super::backend::cost_of;
use super::{Rule, RuleMeta, Study};
use crate::finding::{
    Alternative, Confidence, Evidence, Finding, Fix, LogPlace, Proof, Severity, not_ruled_out,
    ruled_out, to_decide,
};
use crate::model::{Build, Dialect, Outcome, Run, Step};

pub(super) struct KanikoStoresUnderAnotherKey;

static META: RuleMeta = RuleMeta {
    id: "kaniko-stores-under-another-key",
    title: "kaniko stores layers under different keys than it looks up",
    group: "No cache in use",
    severity: Severity::Error,
    what: "In every run kaniko looks up the same key for a RUN, finds nothing, executes the \
        command and pushes the layer under a different key, also the same one in every run.",
    why: "What is stored is never what is looked up, so nothing is ever found, whatever changes or \
        does not. It is a bug of old executors.",
    fix: "Use a newer executor: the project is archived, and forks continue it.",
    rules_out: "Changed files or arguments: the key that is looked up would change with them. A \
        layer that is found in some run.",
    limits: "Which executor runs is not always printed.",
    example: include_str!("examples/kaniko-stores-under-another-key.txt"),
    references: &[
        "https://github.com/chainguard-forks/kaniko",
        "https://github.com/GoogleContainerTools/kaniko",
    ],
    since: "0.1.0",
};

impl Rule for KanikoStoresUnderAnotherKey {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        alike::groups(study).filter_map(|group| finding(&group)).collect()
    }
}

fn finding(group: &[(&Run, &Build)]) -> Option<Finding> {
    let (_, first) = group.first()?;
    if first.dialect != Dialect::Kaniko || group.len() < 2 && !never_stored(first) {
        return None;
    }
    let single = group.len() < 2;
    let always = |step: &&Step| {
        apart(step) && group.iter().all(|(_, build)| build.steps.iter().any(|s| same(s, step)))
    };
    let steps: Vec<&Step> = first.steps.iter().filter(always).collect();
    let step = steps.first()?;
    let (asked, stored_key) = (step.key.as_deref()?, step.stored_key()?);
    Some(Finding {
        rule: META.id,
        severity: if single { Severity::Warning } else { META.severity },
        confidence: if single { Confidence::Suspected } else { Confidence::Likely },
        title: if single {
            "kaniko looks a layer up under one key and stores it under another".to_owned()
        } else {
            "kaniko looks layers up under one key and stores them under another: none is ever found"
                .to_owned()
        },
        cause: cause(&step.text, group.len(), asked, stored_key),
        evidence: Proof::from_lines(
            group
                .iter()
                .rev()
                .take(3)
                .rev()
                .flat_map(|(run, build)| lines(run, build, step))
                .collect(),
        )?
        .seen_in(group.iter().map(|(run, build)| LogPlace::of(run, build))),
        fix: fix(),
        impact: cost_of(group.iter().skip(1).map(|(_, build)| *build)),
        rules_out: rules_out(single),
        subject: step.text.to_string(),
    })
}

fn cause(text: &str, runs: usize, asked: &str, stored: &str) -> String {
    let (asked, stored) = (start(asked), start(stored));
    if runs < 2 {
        return format!(
            "For `{text}` the run looks up the key {asked} and pushes the layer under a different \
                one, {stored}. The next run will look for the first and not find it."
        );
    }
    format!(
        "For `{text}` each of the {runs} runs looks up the key {asked} and pushes the layer under \
            another one, {stored}. Both are the same in every run, so nothing changed; the \
            executor does not find its own layers."
    )
}

fn rules_out(single: bool) -> Vec<Alternative> {
    if single {
        return vec![
            not_ruled_out("a command that changes what its own key is made of"),
            to_decide("give the log of the next run: does it look up the same key again?"),
        ];
    }
    vec![ruled_out("changed files or arguments (the key that is looked up would change with them)")]
}

/// Not one of the keys that a log looks up and does not find is among those that it stores: lines
/// of pushes may come late, and then stand below another step.
fn never_stored(build: &Build) -> bool {
    let stored: Vec<&str> =
        build.steps.iter().filter_map(|s| s.stored.as_ref()).map(|q| q.text.as_str()).collect();
    let missed = build.steps.iter().filter(|s| s.outcome == Outcome::Miss);
    let mut keys = missed.filter_map(|step| step.key.as_deref()).peekable();
    keys.peek().is_some() && keys.all(|key| !stored.iter().any(|text| text.contains(key)))
}

/// Missed under one key, and stored under another.
fn apart(step: &Step) -> bool {
    let other = |key: &str| step.stored.as_ref().is_some_and(|quote| !quote.text.contains(key));
    step.outcome == Outcome::Miss && step.key.as_deref().is_some_and(other)
}

fn same(step: &Step, other: &Step) -> bool {
    step.text == other.text
        && step.key == other.key
        && step.stored_as() == other.stored_as()
        && step.outcome == Outcome::Miss
}

/// Keys have 64 digits.
fn start(key: &str) -> String {
    if key.chars().count() > 20 {
        format!("{}…", key.chars().take(20).collect::<String>())
    } else {
        key.to_owned()
    }
}

fn lines(run: &Run, build: &Build, step: &Step) -> Vec<Evidence> {
    let Some(own) = build.steps.iter().find(|s| same(s, step)) else { return Vec::new() };
    let asked =
        own.verdict.as_ref().map(|quote| Study::quote(run, quote, "looked up, and not found"));
    let stored =
        own.stored.as_ref().map(|quote| Study::quote(run, quote, "and stored under another"));
    asked.into_iter().chain(stored).collect()
}

fn fix() -> Fix {
    Fix {
        summary: "use a newer kaniko executor".to_owned(),
        steps: vec![
            "Use a newer executor image; kaniko's own repository is archived since 2025, and forks \
                continue it (chainguard-forks/kaniko).".to_owned(),
            "Then look at two runs of one commit: `Using caching version of cmd` in the second \
                shows that it works.".to_owned(),
        ],
        ..Fix::default()
    }
}
