//! The image that the classic builder is given as its cache does not hold a step, and no run renews
//! it.

use super::instruction::brief;
use super::legacy::{self, CacheFrom};
use super::past::Past;
use super::recurring::Spot;
use super::remedy::command_line;
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{
    Confidence, Evidence, Finding, Fix, Proof, Severity, not_ruled_out, ruled_out, to_decide,
};

pub(super) struct LegacyCacheImageStale;

static META: RuleMeta = RuleMeta {
    id: "legacy-cache-image-stale",
    title: "the image given as the cache lacks a step, and no run updates it",
    group: "No cache in use",
    severity: Severity::Note,
    what: "The classic builder is called with `--cache-from IMAGE`. Steps come from that image up \
        to the same one in every run; that one and all below it run, with the same text, though \
        nothing that differs from run to run can have changed it: a RUN without an ARG above it, \
        or a COPY in runs of one commit.",
    why: "The classic builder compares the text of each step, and the checksum of copied files, \
        with the history of the image it is given, never with the run before. What the image does \
        not hold runs in every build until somebody writes a newer image under that name.",
    fix: "Write the image of this build under the name that `--cache-from` reads (on the default \
        branch, say), made by the same builder with the same proxy settings.",
    rules_out: "Steps with an ARG in scope whose value changes (volatile-build-arg); a step that \
        comes from the image in some run; runs that write the image themselves and find the step \
        in the next one; another base image; several images in `--cache-from` \
        (legacy-cache-from-order); `--no-cache`.",
    limits: "Why the image does not hold the step is not in the log: an older Dockerfile, other \
        files, a proxy that was given when it was built (`docker history --no-trunc` then shows \
        `|0 /bin/sh -c`), or another tool that made it.",
    example: include_str!("examples/legacy-cache-image-stale.txt"),
    references: &[
        "https://docs.docker.com/reference/cli/docker/image/build/#cache-from",
        "https://github.com/moby/moby/blob/v25.0.0/image/cache/cache.go",
    ],
    since: "0.1.0",
};

impl Rule for LegacyCacheImageStale {
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
    let last = *spot.broken.last()?;
    let from = legacy::cache_from(past, last).filter(|from| from.images.len() == 1)?;
    let (image, step) = (from.images.first()?, spot.last()?);
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: Confidence::Likely,
        title: format!(
            "--cache-from {image} does not hold `{}`, and no run updates it",
            brief(&step.text)
        ),
        cause: format!(
            "Every run takes the steps above from {image} and runs `{}` and what is below it: the \
                image was made without this step. The classic builder compares with the image \
                only, never with the run before, so this goes on until {image} is pushed again.",
            brief(&step.text)
        ),
        evidence: Proof::from_lines(lines(past, &spot, &from))?
            .seen_in(past.places(spot.broken.iter().copied())),
        fix: fix(&from, image),
        impact: spot.impact(past),
        rules_out: vec![
            ruled_out("a build argument (none that is declared above the step changes)"),
            not_ruled_out(
                "an older Dockerfile or other files, another tool that made the image, or a proxy \
                    given on one side only",
            ),
            to_decide(
                "run `docker history --no-trunc` on the image: it shows why it lacks the step",
            ),
        ],
        subject: (*image).to_owned(),
    })
}

fn lines(past: &Past, spot: &Spot, from: &CacheFrom) -> Vec<Evidence> {
    let run = spot.broken.last().and_then(|&i| past.get(i)).map(|(run, _)| run);
    let asked = run.map(|run| {
        Study::quote(run, &from.command.quote, "the image is the only cache of this build")
    });
    asked.into_iter().chain(spot.lines(past, "ran: the image does not hold it")).collect()
}

fn fix(from: &CacheFrom, image: &str) -> Fix {
    Fix {
        summary: format!("rebuild and push {image} from a build that succeeded"),
        steps: vec![
            format!(
                "Tag the image that is built as {image} too, and push or save it where the \
                next run takes it from."
            ),
            "Build it with the builder and the proxy settings that the CI uses: the classic \
                builder compares texts, and a proxy given as a build argument is part of them."
                .to_owned(),
        ],
        snippet: Some(format!(
            "{}\ndocker tag IMAGE {image}\ndocker push {image}",
            command_line(from.command)
        )),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, made, of};
    use super::*;
    use crate::model::Dialect;

    const FROM: &str = "docker build --cache-from r.example.com/a:base -t app .";

    fn run(command: &str) -> Made {
        made().with(|b| b.dialect = Dialect::Classic).command(command).from("node:20", "aa")
    }

    fn stale() -> Made {
        run(FROM).hit("COPY a /a").miss("RUN make")
    }

    #[test]
    fn leaves_renewed_images_arguments_and_other_builders() {
        let renewed = || run(FROM).hit("COPY a /a").hit("RUN make");
        assert!(LegacyCacheImageStale.check(&of(vec![stale(), renewed(), renewed()])).is_empty());
        let own = || run("docker build -t app .").hit("COPY a /a").miss("RUN make");
        assert!(LegacyCacheImageStale.check(&of(vec![own(), own()])).is_empty());
        let buildkit = || stale().with(|b| b.dialect = Dialect::BuildkitPlain);
        assert!(LegacyCacheImageStale.check(&of(vec![buildkit(), buildkit()])).is_empty());
        let two = || {
            run("docker build --cache-from a:1 --cache-from b:1 .")
                .hit("COPY a /a")
                .miss("RUN make")
        };
        assert!(LegacyCacheImageStale.check(&of(vec![two(), two()])).is_empty());
    }
}
