//! Of several images in `--cache-from` the classic builder keeps to the first that has the first
//! step.

use super::instruction::brief;
use super::legacy;
use super::past::Past;
use super::recurring::Spot;
use super::remedy::command_line;
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{
    Confidence, Evidence, Finding, Fix, Proof, Severity, not_ruled_out, to_decide,
};
use crate::model::Command;

pub(super) struct LegacyCacheFromOrder;

static META: RuleMeta = RuleMeta {
    id: "legacy-cache-from-order",
    title: "of several images in `--cache-from` only one is used, and not the one that fits best",
    group: "No cache in use",
    severity: Severity::Warning,
    what: "The classic builder is called with two or more images in `--cache-from`, finds the \
        first steps in one of them, and runs the same step and all below it in every run.",
    why: "The classic builder goes through the list for the first step only. It stays with the \
        first image that has it and silently drops the others, even if they hold more.",
    fix: "Put the image that fits best first (the branch's before the default branch's), or build \
        with BuildKit, which looks in all of them for every step.",
    rules_out: "Runs in which every step came from the cache; steps with an ARG in scope whose \
        value changes; one image alone; BuildKit.",
    limits: "Whether a later image holds the step is not in the log; `docker history --no-trunc` \
        of each shows it.",
    example: include_str!("examples/legacy-cache-from-order.txt"),
    references: &[
        "https://docs.docker.com/reference/cli/docker/image/build/#cache-from",
        "https://github.com/moby/moby/blob/v25.0.0/image/cache/cache.go",
    ],
    since: "0.1.0",
};

impl Rule for LegacyCacheFromOrder {
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

fn finding(past: &Past) -> Option<Finding> {
    let spot = legacy::always_rerun(past, |spot| legacy::is_fixed(past, spot))?;
    let from =
        legacy::cache_from(past, *spot.broken.last()?).filter(|from| from.images.len() > 1)?;
    let step = spot.last()?;
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: Confidence::Suspected,
        title: format!(
            "{} images in --cache-from, and only one of them is used: `{}` runs again {}",
            from.images.len(),
            brief(&step.text),
            spot.often(past)
        ),
        cause: format!(
            "The classic builder stays with the first image of the list that has the first step, \
                and drops the others. It found the steps above and never `{}`; it does not look \
                whether another of {} holds it.",
            brief(&step.text),
            from.images.join(", ")
        ),
        evidence: Proof::from_lines(lines(past, &spot, from.command))?,
        fix: fix(from.command, &from.images),
        impact: spot.impact(past),
        rules_out: vec![
            not_ruled_out("no image that holds the step"),
            to_decide("run `docker history --no-trunc` on each image"),
            to_decide("if none holds it, rebuild and push one of them: no run stores a newer one"),
        ],
        subject: from.images.join(" "),
    })
}

fn lines(past: &Past, spot: &Spot, command: &Command) -> Vec<Evidence> {
    let run = spot.broken.last().and_then(|&i| past.get(i)).map(|(run, _)| run);
    let asked =
        run.map(|run| Study::quote(run, &command.quote, "several images, of which one is used"));
    asked
        .into_iter()
        .chain(spot.lines(past, "ran: the image that is used does not hold it"))
        .collect()
}

fn fix(command: &Command, images: &[&str]) -> Fix {
    let order: Vec<String> =
        images.iter().rev().map(|image| format!("--cache-from {image}")).collect();
    Fix {
        summary: "put the image that fits best first in --cache-from".to_owned(),
        steps: vec![
            "The most specific image comes first: the branch's, then the default branch's."
                .to_owned(),
            "BuildKit (DOCKER_BUILDKIT=1) looks in all images for every step, in any order; they \
                have to be built with BUILDKIT_INLINE_CACHE=1."
                .to_owned(),
        ],
        snippet: Some(format!(
            "# instead of: {}\ndocker build {} …",
            command_line(command),
            order.join(
                " \
            "
            )
        )),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, made, of};
    use super::*;
    use crate::model::Dialect;

    fn run(command: &str) -> Made {
        made()
            .with(|b| b.dialect = Dialect::Classic)
            .command(command)
            .from("node:20", "aa")
            .hit("RUN a")
    }

    const TWO: &str = "docker build --cache-from main:1 --cache-from branch:1 -t app .";

    #[test]
    fn leaves_one_image_all_hits_and_other_builders() {
        let one = || run("docker build --cache-from main:1 .").miss("RUN b");
        assert!(LegacyCacheFromOrder.check(&of(vec![one(), one()])).is_empty());
        let warm = || run(TWO).hit("RUN b");
        assert!(LegacyCacheFromOrder.check(&of(vec![warm(), warm()])).is_empty());
        let buildkit = || run(TWO).miss("RUN b").with(|b| b.dialect = Dialect::BuildkitPlain);
        assert!(LegacyCacheFromOrder.check(&of(vec![buildkit(), buildkit()])).is_empty());
    }
}
