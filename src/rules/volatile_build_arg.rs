//! A build argument with another value in each run reruns steps that do not need it.

mod advice;
mod asked;
mod clues;
mod configured;
mod culprit;
mod declared;
mod epoch;
mod epoch_written;
mod given;
mod order;
mod platform;
mod token;

use clues::Sign;
use culprit::Above;
pub(super) use culprit::Culprit;

use super::past::{self, Past};
use super::planned;
use super::recurring::{Spot, spots};
use super::{Cause, Effect, Rule, RuleMeta, Study};
use crate::finding::{Confidence, Evidence, Finding, Impact, Proof, Severity};

pub(super) struct VolatileBuildArg;

static META: RuleMeta = RuleMeta {
    id: "volatile-build-arg",
    title: "a build argument changes in every run, above steps that do not need it",
    group: "The Dockerfile and its inputs",
    severity: Severity::Warning,
    what: "In nearly every run the cache breaks at one RUN although everything before it came from \
        the cache: the text of the step differs in a value, or it is the same and nothing but an \
        ARG or ENV can have changed it. Without a log: a Dockerfile that declares an argument of \
        one commit or run (`GIT_SHA`) above an installation; one that is given the token of the \
        job (`$CI_JOB_TOKEN`); one that is built with a `SOURCE_DATE_EPOCH` that is no constant; as a note, the target platform, declared above an installation in a \
        stage that runs on the builder's own platform.",
    why: "The values of all ARG and ENV in scope are part of what a RUN depends on, even if the \
        command does not use them. A commit id or a date declared at the top of a stage makes \
        every RUN below it run again.",
    fix: "Declare the ARG right before the instruction that needs it, at the end of the stage \
        where that is a LABEL or ENV; keep long commands out of the step that prints it. A token \
        goes into a secret mount, which is no part of the key.",
    rules_out: "COPY and WORKDIR (an ARG reaches them only through their text), RUN with a bind \
        mount (it reads files), a text that changed once (dockerfile-edited), steps before which \
        something else broke the chain, a changed base image, `--no-cache` and `--no-cache-filter` \
        where the command line shows them. If the command lines give the same arguments in each \
        run, what is left is an ENV that the job writes into the Dockerfile. With the Dockerfile \
        at hand a RUN without any ARG or ENV above it is left alone; a Dockerfile without a log is \
        judged by names that can only be of one commit or run (`GIT_SHA`, `BUILD_DATE`), declared \
        above an installation.",
    limits: "An argument that the step does not name leaves no trace in a log: then the command \
        lines decide which it is, or a list of candidates is all there is.",
    example: include_str!("examples/volatile-build-arg.txt"),
    references: &[
        "https://docs.docker.com/build/cache/invalidation/#build-arguments",
        "https://docs.docker.com/reference/dockerfile/#impact-on-build-caching",
    ],
    since: "0.1.0",
};

impl Rule for VolatileBuildArg {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn gives_way(&self) -> &'static [Cause] {
        &[
            Cause::Rule("ci-cache-frozen"),
            Cause::Rule("cache-ref-shared"),
            Cause::Rule("bake-shared-steps-miss"),
            // What no run stored is found by none.
            Cause::Rule("failed-before-cache-export"),
        ]
    }

    fn judges_files(&self) -> bool {
        true
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let seen = past::judge(study, finding);
        // What the newest stretch shows is told as well.
        let reported = |past: &Past| {
            finding(past).is_some()
                || past.newest().is_some_and(|lately| finding(&lately).is_some())
        };
        let written = [
            configured::findings(study),
            platform::findings(study),
            token::findings(study),
            epoch_written::findings(study),
        ];
        let written = written.into_iter().flatten().collect();
        seen.into_iter().chain(planned::ordered(study, written, reported)).collect()
    }
}

/// The spots of a series that a changing value explains.
pub(super) fn culprits<'a>(past: &Past<'a>) -> Vec<Culprit<'a>> {
    spots(past).into_iter().filter_map(|spot| culprit::of(past, spot)).collect()
}

/// What recurs at a step, else what the command lines show of single runs.
fn finding(past: &Past) -> Option<Finding> {
    recurring(past).or_else(|| given::finding(past, &META)).or_else(|| epoch::finding(past, &META))
}

/// One cause, one finding, however many stages it reruns.
fn recurring(past: &Past) -> Option<Finding> {
    let all = culprits(past);
    let seconds = |c: &&Culprit| c.spot.impact(past).seconds;
    let worst = all.iter().max_by(|a, b| seconds(a).total_cmp(&seconds(b)))?;
    let step = worst.spot.last()?;
    let single = all.iter().all(|c| c.spot.broken.len() == 1);
    let sure = worst.confidence();
    let in_place = all.iter().all(|c| advice::is_of_this_step_alone(past, c));
    let argument = named(worst);
    let probably = if sure == Confidence::Suspected { "probably " } else { "" };
    let more = if all.len() > 1 { format!(" and {} more", all.len() - 1) } else { String::new() };
    Some(Finding {
        rule: META.id,
        severity: if in_place || (single && sure == Confidence::Suspected) {
            Severity::Note
        } else {
            META.severity
        },
        confidence: sure,
        title: format!(
            "`{}`{more} {} again {}: {probably}{argument} has a different value each time",
            super::instruction::brief(&step.text),
            if all.len() > 1 { "run" } else { "runs" },
            worst.spot.often(past)
        ),
        cause: cause(worst, &argument),
        evidence: Proof::from_lines(all.iter().flat_map(|c| lines(past, c)).collect())?
            .seen_in(all.iter().flat_map(|c| past.places(c.spot.broken.iter().copied()))),
        fix: advice::fix(past, worst),
        impact: impact(past, &all),
        rules_out: advice::rules_out(worst),
        subject: past.subject(
            &worst
                .names
                .first()
                .cloned()
                .unwrap_or_else(|| format!("{}:{}", step.stage, step.position)),
        ),
    })
}

/// The argument, as far as it is known. Command lines that show no changing one leave what is
/// written into the file.
fn named(culprit: &Culprit) -> String {
    match culprit.names.first() {
        Some(name) => format!("`{name}`"),
        None if culprit.stands_in_file() => match culprit.sign {
            Sign::Text => "its text".to_owned(),
            _ => "an ENV, or the default of an ARG, in the Dockerfile".to_owned(),
        },
        None => "a build argument".to_owned(),
    }
}

fn impact(past: &Past, all: &[Culprit]) -> Impact {
    all.iter().map(|c| c.spot.impact(past)).fold(Impact::default(), |sum, one| Impact {
        steps: sum.steps + one.steps,
        seconds: sum.seconds + one.seconds,
        runs: sum.runs.max(one.runs),
    })
}

fn cause(culprit: &Culprit, name: &str) -> String {
    match &culprit.sign {
        Sign::Text if culprit.stands_in_file() => format!(
            "The step differs from run to run in a value only: {}. No command line gives an \
                argument, so the value is written into the Dockerfile, or comes from an ENV there. \
                A step with a different text is a new step, so it and everything after it runs \
                again.",
            culprit.words.join(" → ")
        ),
        Sign::Text => format!(
            "The step is printed with its arguments filled in, and it differs from run to run in a \
                value only: {}. A step with a different text is a new step, so it and everything \
                after it runs again.",
            culprit.words.join(" → ")
        ),
        Sign::ValueAbove(text) => format!(
            "`{text}` is above the step, and the job writes a different value into the Dockerfile \
                for each run: {}. Everything below it runs again.",
            culprit.words.join(" → ")
        ),
        Sign::Metadata(text) => format!(
            "`{text}` has the same text in each run and was still not found in the cache: the \
                value it is given changed. Everything below it runs again."
        ),
        Sign::SameText if culprit.above != Above::Same => format!(
            "The step has the same text in each run, and kaniko looks for it under a different \
                key: the value of {name} is part of that key, used by the command or not."
        ),
        Sign::SameText if !culprit.has_text() => format!(
            "Everything before the step came from the cache, and the digest of its operation is a \
                different one each time: {name}, an ENV, USER or SHELL above it, an option of the \
                build, or its text, which a cache does not hold."
        ),
        Sign::SameText => format!(
            "Everything before the step came from the cache, its text is the same, and a RUN reads \
                no files: what is left is the value of an ARG or ENV in scope, {name}, used by the \
                command or not."
        ),
    }
}

fn lines(past: &Past, culprit: &Culprit) -> Vec<Evidence> {
    let says = match culprit.sign {
        _ if !culprit.has_text() => "ran: it is a different operation than before",
        Sign::Text => "ran: its text has a different value than before",
        Sign::Metadata(_) | Sign::ValueAbove(_) | Sign::SameText => {
            "ran, with the same text as before"
        }
    };
    let mut lines = culprit.declared.clone();
    lines.extend(culprit.spot.lines(past, says));
    lines.extend(culprit.given.iter().cloned());
    lines
}

/// The step a spot is about was found to be one of these.
pub(super) fn explains(culprits: &[Culprit], spot: &Spot) -> bool {
    let same = |c: &Culprit| c.spot.stage == spot.stage && c.spot.text == spot.text;
    culprits.iter().any(same)
}

#[cfg(test)]
mod tests;
