//! The classic builder takes its cache from the image, which has nothing of the build stages.

mod written;

use std::collections::BTreeSet;

use super::past::{self, Loss, Past, header, verdict};
use super::planned;
use super::remedy::{self, Site, reference};
use super::{Cause, Effect, Rule, RuleMeta, Study};
use crate::finding::{Alternative, Confidence, Evidence, Finding, Fix, Proof, Severity, ruled_out};
use crate::model::{Build, Dialect, NamedImage, Outcome, Run, Step};
use crate::series::chain::{self, Input, Stage};
use crate::series::{self, Given, standing};

pub(super) struct LegacyMultiStage;

static META: RuleMeta = RuleMeta {
    id: "legacy-multi-stage",
    title: "the pulled image has no layers of the build stages",
    group: "Multi-stage and inline",
    severity: Severity::Warning,
    what: "The classic builder runs a build stage from its first step on, although nothing it \
        depends on changed, while steps of the final stage come from the cache, or that stage begins \
        with a copy out of it and the image was pulled. Without a log: a build in the configuration \
        that pulls its own image and names no other in `--cache-from`, where the classic builder is \
        in use.",
    why: "With `--cache-from IMAGE` the classic builder looks in that image only, and an image \
        holds the layers of its final stage. The build stages run in every build.",
    fix: "Push an image of each build stage too and name all of them in `--cache-from`, or build \
        with BuildKit and a registry cache with mode=max.",
    rules_out: "Kept daemons, which have the build stage's layers themselves (their base image is \
        not fetched again); changed base images and instructions; stages that are partly cached in \
        some run; `--no-cache`.",
    limits: "A single log is enough only if its command names the one image of `--cache-from`. \
        Whether the build stage's image exists under a name of its own, ready to be pulled, is not \
        in the log.",
    example: include_str!("examples/legacy-multi-stage.txt"),
    references: &[
        "https://docs.docker.com/build/building/multi-stage/#differences-between-legacy-builder-and-buildkit",
        "https://github.com/moby/moby/blob/v25.0.0/image/cache/cache.go",
    ],
    since: "0.1.0",
};

impl Rule for LegacyMultiStage {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn gives_way(&self) -> &'static [Cause] {
        &[Cause::Rule("legacy-stage-pruned")]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let seen = past::judge(study, finding);
        let decides = |past: &Past| past.builds.iter().any(|b| b.dialect == Dialect::Classic);
        planned::with_undecided(study, seen, decides, |at| written::finding(study, at))
    }
}

/// A run in which build stages ran and the final one did not.
struct InnerRebuild<'a> {
    at: usize,
    losses: Vec<Loss<'a>>,
    used: Used<'a>,
}

/// What shows that the image was there to be used.
#[derive(Clone, Copy)]
enum Used<'a> {
    /// A step of the final stage came from it.
    Hit(&'a Step),
    /// It was fetched and named in `--cache-from`. The final stage begins with a copy out of a
    /// build stage, and so can have nothing from it.
    Fetched(Given<'a>),
}

impl<'a> Used<'a> {
    fn of(run: &'a Run, build: &'a Build) -> Option<Self> {
        let last = chain::final_stage(build)?;
        let mut steps = build.decided().filter(|step| step.stage == last);
        let first = steps.next()?;
        let hit = std::iter::once(first).chain(steps).find(|step| step.outcome == Outcome::Hit);
        if let Some(hit) = hit {
            return Some(Self::Hit(hit));
        }
        let given = series::given_image(run, build).filter(Given::is_own)?;
        let apart = standing::is_final_apart(build) && chain::input(first) == Input::Stage;
        let rebuilt = |stage: &Stage| {
            stage.name != last && chain::all_missed(stage) && chain::reads(build, first, stage.name)
        };
        let copies = apart && chain::stages(build).iter().any(rebuilt);
        copies.then_some(Self::Fetched(given))
    }

    fn line(self, run: &Run) -> Evidence {
        match self {
            Self::Hit(step) => verdict(run, step, "of the final stage came from the image"),
            Self::Fetched(given) => {
                Study::quote(run, &given.command.quote, "the one image that is the cache")
            }
        }
    }

    /// Where the command line is quoted already.
    fn alone(self, run: &Run) -> Evidence {
        match self {
            Self::Hit(step) => verdict(run, step, "came from the image"),
            Self::Fetched(given) => {
                Study::quote(run, &given.fetched.quote, "the image was there to be used")
            }
        }
    }

    fn rules_out(self) -> Alternative {
        ruled_out(match self {
            Self::Hit(_) => "image not pulled (the final stage came from it)",
            Self::Fetched(_) => "image not pulled (it was, before the build)",
        })
    }
}

fn finding(past: &Past) -> Option<Finding> {
    if past.builds.iter().all(|build| build.dialect != Dialect::Classic) {
        return None;
    }
    let stored = chain::stored_stages(past.builds.iter().copied());
    if let Some(found) = single_run(past) {
        return Some(found);
    }
    let seen: Vec<InnerRebuild> = (1..past.len()).filter_map(|i| seen(past, &stored, i)).collect();
    let last = seen.last()?;
    let (run, build) = past.get(last.at)?;
    let mut names: Vec<&str> =
        seen.iter().flat_map(|s| s.losses.iter().map(|l| l.stage.name)).collect();
    names.sort_unstable();
    names.dedup();
    let site = Site::of(past.study, run, build);
    let steps = seen.iter().flat_map(|s| &s.losses).flat_map(|l| l.stage.steps.iter().copied());
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: Confidence::Likely,
        title: format!(
            "stage `{}` is rebuilt from the start in {} of {} runs: the image it is \
            cached from holds the final stage only",
            names.join("`, `"),
            seen.len(),
            past.len()
        ),
        cause: format!(
            "The classic builder compares each step with the layers of the image it was given. \
            That image has the final stage's layers and none of the build stages', so those run in \
            full{}.",
            match last.used {
                Used::Hit(_) => " while the final stage is found",
                Used::Fetched(_) => ", and with them what the final stage copies from them",
            }
        ),
        evidence: Proof::from_lines(
            seen.iter().rev().take(2).rev().flat_map(|s| lines(past, s)).collect(),
        )?
        .seen_in(past.places(seen.iter().map(|one| one.at))),
        fix: fix(&site, &names),
        impact: super::past::cost(steps, seen.len()),
        rules_out: vec![
            ruled_out("base image changed (it is the same as in the run before)"),
            last.used.rules_out(),
        ],
        subject: site.image,
    })
}

/// One log alone, whose command names one image: whatever changed, that image has nothing of the
/// build stages.
fn single_run(past: &Past) -> Option<Finding> {
    let (run, build) = past.only_run()?;
    if build.dialect != Dialect::Classic || past.asked_for_no_cache(0) {
        return None;
    }
    let command = past.commands(0).iter().find(|c| !c.cache_from.is_empty())?;
    let [spec] = command.cache_from.as_slice() else { return None };
    let last = chain::final_stage(build)?;
    let used = Used::of(run, build)?;
    let stages = chain::stages(build);
    let rerun: Vec<&Stage> =
        stages.iter().filter(|s| s.name != last && chain::all_missed(s)).collect();
    let first = rerun.first()?.steps.first()?;
    let names: Vec<&str> = rerun.iter().map(|stage| stage.name).collect();
    let image = spec.get("ref")?;
    let site = Site::of(past.study, run, build);
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: Confidence::Likely,
        title: format!(
            "stage `{}` is rebuilt from the start: {image} holds the final stage only",
            names.join("`, `")
        ),
        cause:
            "With `--cache-from` the classic builder compares each step with the layers of that \
                image and asks no other cache. The image has the final stage's layers and none of \
                the build stages', so those run in full in every build, whatever changed."
                .to_owned(),
        evidence: Proof::from_lines(vec![
            Study::quote(run, &command.quote, "the one image that is the cache"),
            header(run, first, "ran: the image has no layer of this stage"),
            used.alone(run),
        ])?,
        fix: fix(&site, &names),
        impact: past::cost(rerun.iter().flat_map(|stage| stage.steps.iter().copied()), 1),
        rules_out: vec![
            used.rules_out(),
            ruled_out("the daemon's own cache (it is not asked where `--cache-from` is given)"),
        ],
        subject: site.image,
    })
}

fn seen<'a>(
    past: &Past<'a>,
    stored: &BTreeSet<(&str, &str)>,
    i: usize,
) -> Option<InnerRebuild<'a>> {
    let (_, build) = past.get(i).filter(|(_, b)| b.dialect == Dialect::Classic)?;
    if past.asked_for_no_cache(i) {
        return None;
    }
    let last = chain::final_stage(build)?;
    let used = Used::of(past.runs.get(i)?, build)?;
    let inner = |stage: &Stage| {
        stage.name != last
            && !stored.contains(&(stage.name, stage.platform))
            && chain::all_missed(stage)
    };
    // A daemon that has the base image already may have the build stage's layers too: then
    // something else lost them, unless the option kept it from asking its own cache.
    let named = past.commands(i).iter().any(|command| !command.cache_from.is_empty());
    let blind = |stage: &Stage| named || stage.base.is_some_and(|b| b.pulled.is_some());
    let losses: Vec<Loss> =
        past.losses(i).into_iter().filter(|l| inner(&l.stage) && blind(&l.stage)).collect();
    (!losses.is_empty()).then_some(InnerRebuild { at: i, losses, used })
}

fn lines(past: &Past, seen: &InnerRebuild) -> Vec<Evidence> {
    let Some((run, build)) = past.get(seen.at) else { return Vec::new() };
    let ours = |p: &&NamedImage| {
        build.comes_behind(p.quote.line)
            && build.images.iter().any(|name| reference::same(name, &p.image))
    };
    let mut lines = Vec::new();
    lines.extend(
        run.pulls
            .iter()
            .find(ours)
            .map(|p| Study::quote(run, &p.quote, "the image is fetched to be the cache")),
    );
    for loss in &seen.losses {
        let base = build.base_of(loss.stage.name, loss.stage.platform);
        lines.extend(base.map(|b| Study::quote(run, &b.quote, "same base image as before")));
        lines.push(header(run, loss.step, "ran again, though nothing it depends on changed"));
    }
    lines.push(seen.used.line(run));
    lines
}

fn fix(site: &Site, stages: &[&str]) -> Fix {
    let refs: Vec<(String, &str)> = stages
        .iter()
        .map(|stage| (reference::with_tag(&site.image, &format!("cache-{stage}")), *stage))
        .collect();
    let mut lines: Vec<String> =
        refs.iter().map(|(name, _)| format!("docker pull {name} || true")).collect();
    lines.push(format!("docker pull {} || true", site.image));
    lines.extend(refs.iter().map(|(name, stage)| {
        format!(
            "docker build --target {stage} --cache-from {name} --tag {name} .\ndocker push {name}"
        )
    }));
    let from: Vec<String> = refs.iter().map(|(name, _)| format!("--cache-from {name}")).collect();
    lines.push(format!(
        "docker build {} --cache-from {} --tag {} .",
        from.join(" "),
        site.image,
        site.image
    ));
    let better = remedy::registry_max(site);
    Fix {
        summary: "store the build stages too: an image for each, or BuildKit with a registry cache"
            .to_owned(),
        steps: std::iter::once(
            "With the classic builder: push an image of each build stage and name all of them, in \
                this order, in `--cache-from`. A stage without a name gets one with `FROM … AS \
                NAME`."
                .to_owned(),
        )
        .chain(std::iter::once(
            "Better: BuildKit (DOCKER_BUILDKIT=1 or buildx) and the \
                settings at the end, which keep every stage in one reference."
                .to_owned(),
        ))
        .collect(),
        snippet: Some(format!(
            "# classic builder\n{}\n\n# or, with BuildKit\n{}",
            lines.join("\n"),
            better.snippet.unwrap_or_default()
        )),
        cost: "an image more to push and pull for each build stage; with mode=max the cache holds \
            every stage"
            .to_owned(),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, made, of};
    use super::*;

    fn run() -> Made {
        let build =
            made().with(|b| b.dialect = Dialect::Classic).stage("build").from("golang:1.22", "aa");
        let build = build
            .miss("WORKDIR /src")
            .miss("COPY . .")
            .miss("RUN go build")
            .stage("stage-1")
            .from("alpine:3.20", "bb");
        build.with(|b| b.bases.iter_mut().for_each(|base| base.pulled = Some(base.quote.clone())))
    }

    fn warm() -> Made {
        run().hit("RUN apk add tzdata").miss("COPY --from=build /out/app /app")
    }

    fn cold() -> Made {
        run().miss("RUN apk add tzdata").miss("COPY --from=build /out/app /app")
    }

    #[test]
    fn one_log_tells_it_where_one_image_is_named() {
        let asks = |line: &str| warm().command(line);
        let found = LegacyMultiStage.check(&of(vec![asks("docker build --cache-from r/a:1 .")]));
        assert_eq!((found.len(), found[0].impact.steps), (1, 3));
        for quiet in ["docker build --cache-from r/a:1 --cache-from r/a:build .", "docker build ."]
        {
            assert!(LegacyMultiStage.check(&of(vec![asks(quiet)])).is_empty(), "{quiet}");
        }
        let none = cold().command("docker build --cache-from r/a:1 .");
        assert!(LegacyMultiStage.check(&of(vec![none])).is_empty());
    }

    #[test]
    fn leaves_buildkit_kept_daemons_and_first_runs() {
        assert!(LegacyMultiStage.check(&of(vec![cold()])).is_empty());
        assert!(LegacyMultiStage.check(&of(vec![cold(), cold()])).is_empty());
        let buildkit = || warm().with(|b| b.dialect = Dialect::BuildkitPlain);
        assert!(LegacyMultiStage.check(&of(vec![buildkit(), buildkit()])).is_empty());
        let kept = || warm().with(|b| b.bases.iter_mut().for_each(|base| base.pulled = None));
        assert!(LegacyMultiStage.check(&of(vec![kept(), kept()])).is_empty());
    }
}
