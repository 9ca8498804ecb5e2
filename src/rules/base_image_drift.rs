//! A tag names another base image than in the run before.

mod doubt;
mod renamed;
mod written;

use super::build_args::{self, Argument};
use super::dockerfile_at::{self, DockerfileAt, with_changes};
use super::instruction::brief;
use super::past::{self, Past, cost, header};
use super::recurring::{same_stage, standing};
use super::{Rule, RuleMeta, Study};
use crate::config::Change;
use crate::finding::{
    Alternative, Confidence, Evidence, Finding, Fix, Impact, Proof, Severity, not_ruled_out,
    ruled_out,
};
use crate::model::{Base, Build, Dialect, Outcome, Step};
use crate::series::{Because, KeyPart, Miss, chain};

pub(super) struct BaseImageDrift;

static META: RuleMeta = RuleMeta {
    id: "base-image-drift",
    title: "the tag of a base image moves between runs",
    group: "The Dockerfile and its inputs",
    severity: Severity::Warning,
    what: "FROM names the same tag as in the run before, its digest changed (with the classic \
        builder, the image id), and the steps built on it ran: from the first step of the stage on \
        or, if only the image's config changed, from the first RUN or WORKDIR that depends on it. \
        Or a step that copies files from such an image ran (`COPY --from=composer:2`). Or FROM \
        names a different tag of one repository in each of three or more runs. Without a log, as a \
        note: a build with `--pull` on an image without a version.",
    why: "Every step of a stage depends on its base image. Whenever the tag is pushed again, the \
        whole stage runs again.",
    fix: "Pin the digest in FROM and let Renovate or Dependabot update it, so that rebuilds come \
        with a commit.",
    rules_out: "A FROM that names a digest (only a commit changes it), a different tag or image in \
        some run, a stage that came from the cache anyway, `COPY --link`, which does not depend on \
        the base, an image that the same log builds. With the classic builder, images that come \
        back in turns are told as different copies, and a FROM whose variable the log does not \
        show as a note. It is a warning if it happens more than once, or once in at most five \
        runs and not before the last two, else a note: base images have to be updated.",
    limits: "The builder prints FROM only if it needs the image, and BuildKit prints no digest for \
        a local image: drift is not seen then. The log does not say what changed inside the image.",
    example: include_str!("examples/base-image-drift.txt"),
    references: &[
        "https://docs.docker.com/build/building/best-practices/#pin-base-image-versions",
        "https://docs.docker.com/build/cache/invalidation/",
    ],
    since: "0.1.0",
};

impl Rule for BaseImageDrift {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        past::judge(study, findings).into_iter().chain(written::findings(study)).collect()
    }
}

/// A stage that was rebuilt because its base moved.
struct Drift<'a> {
    at: usize,
    before: (usize, &'a Base),
    now: &'a Base,
    /// The first step that ran, and those after it in its stage.
    rebuilt: Vec<&'a Step>,
    how: How,
}

/// What a stage has of the image that moved.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// It stands on its layers.
    Layers,
    /// Steps above the first that ran came from the cache: the layers are the same, the config is
    /// not.
    Config,
    /// The step takes files from it.
    Files,
}

fn findings(past: &Past) -> Vec<Finding> {
    let drifts: Vec<Drift> = (1..past.len()).flat_map(|i| drifts(past, i)).collect();
    let mut images: Vec<&str> = drifts.iter().map(|d| d.now.image.as_str()).collect();
    images.sort_unstable();
    images.dedup();
    let moved = images.into_iter().filter_map(|image| finding(past, &drifts, image));
    moved.chain(renamed::finding(past)).collect()
}

fn drifts<'a>(past: &Past<'a>, i: usize) -> Vec<Drift<'a>> {
    let Some((_, build)) = past.get(i) else { return Vec::new() };
    let mut drifts = Vec::new();
    for miss in past.misses(i) {
        if miss.because == Because::BaseChanged {
            drifts.extend(drift(past, i, build, miss.step));
        } else if miss.differs.contains(&KeyPart::Stage) {
            drifts.extend(drift_of_source(past, i, build, &miss));
        }
    }
    drifts
}

/// The step copies from an image that moved.
fn drift_of_source<'a>(
    past: &Past<'a>,
    i: usize,
    build: &'a Build,
    miss: &Miss<'a>,
) -> Option<Drift<'a>> {
    let before = past.index_of(miss.before?.0)?;
    let earlier = past.builds.get(before)?;
    let mut moved = chain::moved_sources(miss.step, earlier, build);
    let (then, now) = moved.find(|(then, now)| !then.pinned && !now.pinned)?;
    let below = same_stage(build, miss.step).filter(|s| s.position >= miss.step.position);
    Some(Drift { at: i, before: (before, then), now, rebuilt: below.collect(), how: How::Files })
}

fn drift<'a>(past: &Past<'a>, i: usize, build: &'a Build, step: &'a Step) -> Option<Drift<'a>> {
    let now = build.base_of(&step.stage, &step.platform)?;
    // The run just before may have met the same move, on a machine that the log does not name.
    let another = |j: usize| {
        let base = base_before(past.builds.get(j)?, step, now)?;
        ((&base.digest, &base.id) != (&now.digest, &now.id)).then_some((j, base))
    };
    let before = past.back_from(i).find_map(another)?;
    if before.1.image != now.image || now.pinned || before.1.pinned {
        return None;
    }
    if doubt::is_explained(past.get(i)?, past.get(before.0)?, now) {
        return None;
    }
    let stage = same_stage(build, step);
    let (above, rebuilt): (Vec<_>, Vec<_>) = stage.partition(|s| s.position < step.position);
    let config = above.iter().any(|s| s.outcome == Outcome::Hit && !s.operation().is_link());
    let rebuilt = rebuilt.into_iter().filter(|s| !s.operation().is_link()).collect();
    let how = if config { How::Config } else { How::Layers };
    Some(Drift { at: i, before, now, rebuilt, how })
}

/// The base that the stage had in an earlier build. One FROM is printed for all stages on an image,
/// not for the same one in each build.
fn base_before<'a>(build: &'a Build, step: &Step, now: &Base) -> Option<&'a Base> {
    let same = |base: &&Base| base.image == now.image && base.platform == now.platform;
    let own = build.base_of(&step.stage, &step.platform);
    own.or_else(|| build.bases.iter().find(same))
}

fn finding(past: &Past, drifts: &[Drift], image: &str) -> Option<Finding> {
    let drifts: Vec<&Drift> = drifts.iter().filter(|d| d.now.image == image).collect();
    let last = drifts.last()?;
    let mut runs: Vec<usize> = drifts.iter().map(|d| d.at).collect();
    runs.dedup();
    // One update that the runs since have in their cache is how it should be.
    let moves = moves(&drifts);
    let since = past.len() - 1 - last.at;
    let all = past.study.series.get(past.at).map_or(past.len(), |series| series.builds.len());
    let passed = moves == 1 && (since > 1 || since == 1 && all > 4);
    let often = moves > 1 || (!passed && runs.len() * 4 >= all - 1);
    let name = short(image);
    let by_tag = drifts.iter().any(|drift| shows_tag(past, drift));
    // Something else that the step depends on may have changed with the files.
    let argument = match last.how {
        How::Config => build_args::changing(past, &[last.at]).into_iter().next(),
        How::Layers | How::Files => None,
    };
    let sure = by_tag && last.how != How::Files && argument.is_none();
    let file = past.get(last.at).and_then(|(run, build)| dockerfile_at::of(past.study, run, build));
    let mut evidence = lines(past, &drifts);
    evidence.extend(file.iter().flat_map(|file| named(file, image)));
    let found = Finding {
        rule: META.id,
        severity: if often { META.severity } else { Severity::Note },
        confidence: if sure { Confidence::Proven } else { Confidence::Likely },
        title: format!(
            "the {} {name} changed under its tag {}",
            if last.how == How::Files { "image" } else { "base image" },
            times(moves, runs.len(), past.len())
        ),
        cause: cause(name, last),
        evidence: Proof::from_lines(evidence)?
            .seen_in(past.places(drifts.iter().map(|drift| drift.at))),
        fix: match last.now.digest.as_deref() {
            Some(digest) => pinned(fix(name, digest, last), file.as_ref(), image, digest),
            None if past.builds.get(last.at)?.dialect == Dialect::Buildah => fix_pulled(name),
            None => fix_local(name),
        },
        impact: impact(past, &drifts, runs.len()),
        rules_out: alternatives(by_tag, argument.as_ref()),
        subject: past.subject(image),
    };
    Some(doubt::told(past, &drifts, name, found))
}

/// Both logs show how the Dockerfile names the image: `[internal] load metadata for node:20` stands
/// at the beginning, where people cut logs.
fn shows_tag(past: &Past, drift: &Drift) -> bool {
    let whole = |at| past.builds.get(at).is_some_and(|build: &&Build| !build.headless);
    whole(drift.at) && whole(drift.before.0)
}

fn alternatives(by_tag: bool, argument: Option<&Argument>) -> Vec<Alternative> {
    let mut all = vec![match argument {
        Some(argument) => not_ruled_out(format!(
            "the build argument `{}`, which has another value in this run as well",
            argument.name
        )),
        None => ruled_out(
            "changed sources or arguments (not needed to explain it: the new image invalidates \
                these steps)",
        ),
    }];
    if !by_tag {
        all.push(not_ruled_out(
            "a digest in the Dockerfile that a commit moved (the logs lack the lines that show it)",
        ));
    }
    all
}

fn cause(name: &str, last: &Drift) -> String {
    let other = if last.now.digest.is_some() { "a different digest" } else { "a different image" };
    let moved = format!("FROM {name} names a tag, and the tag moved to {other} between the runs.");
    let Some(step) = last.rebuilt.first() else { return moved };
    if last.how == How::Files {
        return format!(
            "`{}` takes files from {name}, and this tag moved to {other} between the runs. The \
                files are part of its cache key: it and the steps below it ran.",
            brief(&step.text)
        );
    }
    if last.how == How::Config {
        return format!(
            "{moved} Its layers are the same, since the steps above `{}` came from the cache; the \
                environment or user in its config changed, and that invalidates this step and \
                those below it.",
            brief(&step.text)
        );
    }
    format!(
        "{moved} That invalidates `{}` and the steps below it; no cache can prevent it.",
        brief(&step.text)
    )
}

/// Lines of the Dockerfile that name the image by its tag.
fn named(file: &DockerfileAt, image: &str) -> Vec<Evidence> {
    let line = |line| dockerfile_at::line(file.config, line, "names the tag");
    file.on(image).filter_map(|stage| line(stage.line)).collect()
}

fn pinned(fix: Fix, file: Option<&DockerfileAt>, image: &str, digest: &str) -> Fix {
    let Some(file) = file else { return fix };
    let pin = |from| Change::PinBase { from, digest: digest.to_owned() };
    let changes: Vec<Change> = file.on(image).map(|stage| pin(stage.line)).collect();
    if changes.is_empty() { fix } else { with_changes(fix, file.config, Ok(changes)) }
}

/// How often the tag moved: each machine that keeps a cache of its own meets every move once.
fn moves(drifts: &[&Drift]) -> usize {
    let mut met: Vec<(usize, Option<&str>)> =
        drifts.iter().map(|drift| (drift.at, drift.now.digest.as_deref())).collect();
    met.dedup_by_key(|(at, _)| *at);
    met.dedup_by(|(_, now), (_, before)| now.is_some() && now == before);
    met.len()
}

fn times(moves: usize, met: usize, runs: usize) -> String {
    match moves {
        moves if moves == met => format!("in {met} of {runs} runs"),
        1 => format!("once: {met} of {runs} runs rebuilt for it"),
        _ => format!("{moves} times: {met} of {runs} runs rebuilt for it"),
    }
}

fn short(image: &str) -> &str {
    let image = image.strip_prefix("docker.io/").unwrap_or(image);
    image.strip_prefix("library/").unwrap_or(image)
}

fn impact(past: &Past, drifts: &[&Drift], runs: usize) -> Impact {
    let all = drifts.iter().flat_map(|drift| {
        let mut ran = drift.rebuilt.clone();
        if let Some((build, first)) = past.builds.get(drift.at).zip(drift.rebuilt.first()) {
            ran.extend(standing(build, first));
        }
        ran
    });
    cost(all, runs)
}

fn lines(past: &Past, drifts: &[&Drift]) -> Vec<Evidence> {
    let mut lines = Vec::new();
    for drift in drifts.iter().rev().take(3).rev() {
        let Some(((run, _), (before, _))) = past.get(drift.at).zip(past.get(drift.before.0)) else {
            continue;
        };
        lines.push(Study::quote(before, &drift.before.1.quote, &named_before(drift.before.1)));
        lines.push(Study::quote(run, &drift.now.quote, &names_now(drift.now)));
        let first = drift.rebuilt.first();
        lines.extend(first.map(|s| header(run, s, "this step and those below it ran")));
    }
    lines
}

fn named_before(base: &Base) -> String {
    match (&base.digest, &base.id) {
        _ if base.is_unnamed() => "another image before".to_owned(),
        (None, Some(id)) => format!("the tag named image {id} before"),
        _ => "the tag named this digest before".to_owned(),
    }
}

fn names_now(base: &Base) -> String {
    match (&base.digest, &base.id) {
        _ if base.is_unnamed() => "stands on another image here".to_owned(),
        (None, Some(id)) => format!("the tag names image {id} here"),
        _ => "the tag names a different digest here".to_owned(),
    }
}

/// The classic builder prints no digest: the image may be one that no registry has.
fn fix_local(name: &str) -> Fix {
    Fix {
        summary: format!("keep {name} the same from run to run: pin it, or build it from a cache"),
        steps: vec![
            format!(
                "If the image is in a registry, name its digest in FROM (docker image inspect \
                    --format '{{{{index .RepoDigests 0}}}}' {name}), and let Renovate or \
                    Dependabot move it."
            ),
            "If the job builds or imports the image itself, give that build a cache (pull the \
                image of the last run and name it in --cache-from), or build it once and push it."
                .to_owned(),
        ],
        cost: "security fixes of the base image arrive only when you update it".to_owned(),
        ..Fix::default()
    }
}

/// buildah prints the id of an image that it pulls, and no digest.
fn fix_pulled(name: &str) -> Fix {
    Fix {
        summary: format!("pin {name} to a digest and let Renovate or Dependabot update it"),
        steps: vec![
            format!(
                "Name the digest in FROM: `skopeo inspect --format '{{{{.Digest}}}}' \
                    docker://{name}` prints it."
            ),
            "Let Renovate (`docker:pinDigests`) or Dependabot (package-ecosystem: docker) move it: \
                the rebuild then happens once, in the commit that updates the base."
                .to_owned(),
        ],
        cost: "security fixes of the base image arrive only when the digest is updated".to_owned(),
        ..Fix::default()
    }
}

fn fix(name: &str, digest: &str, last: &Drift) -> Fix {
    let (place, line) = match last.rebuilt.first() {
        Some(step) if last.now.stage.is_empty() && last.how == How::Files => {
            ("where the image is named", brief(&step.text))
        }
        _ => ("in FROM", format!("FROM {name}")),
    };
    let pinned = line.replacen(name, &format!("{name}@{digest}"), 1);
    Fix {
        summary: format!("pin {name} to a digest and let Renovate or Dependabot update it"),
        steps: vec![
            format!("Name the digest {place}. The tag in front of it is for readers only."),
            "Let Renovate (`docker:pinDigests`) or Dependabot (package-ecosystem: docker) move it: \
                the rebuild then happens once, in the commit that updates the base.".to_owned(),
        ],
        snippet: Some(format!("# before\n{line}\n# after\n{pinned}")),
        cost: "security fixes of the base image arrive only when the digest is updated".to_owned(),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, made, of};
    use super::*;

    fn run(digest: &str) -> Made {
        made().import("r.example.com/a:c", None).from("docker.io/library/node:20", digest)
    }

    #[test]
    fn one_update_in_many_runs_is_a_note() {
        let mut runs = vec![run("aa").miss("RUN a")];
        runs.extend((0..6).map(|_| run("aa").hit("RUN a")));
        runs.push(run("bb").miss("RUN a"));
        assert_eq!(BaseImageDrift.check(&of(runs))[0].severity, Severity::Note);
    }

    #[test]
    fn leaves_pinned_and_edited_images() {
        let pinned = |digest| run(digest).miss("RUN a").with(|b| b.bases[0].pinned = true);
        assert!(BaseImageDrift.check(&of(vec![pinned("aa"), pinned("bb")])).is_empty());
        let edited = made().from("docker.io/library/node:22", "bb").miss("RUN a");
        assert!(BaseImageDrift.check(&of(vec![run("aa").miss("RUN a"), edited])).is_empty());
        assert!(
            BaseImageDrift
                .check(&of(vec![run("aa").miss("RUN a"), run("aa").miss("RUN a")]))
                .is_empty()
        );
    }
}
