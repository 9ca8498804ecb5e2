//! The classic builder is given an image as cache that dockerd does not have.

mod fetched;
mod refused;

use super::past::{self, Past, cost, header};
use super::remedy::{command_line, reference};
use super::{Effect, Rule, RuleMeta, Study};
use crate::finding::{
    Confidence, Evidence, Finding, Fix, Impact, Proof, Severity, not_ruled_out, ruled_out,
};
use crate::model::{Command, Dialect, NamedImage, Text};

pub(super) struct LegacyCacheFromNotPulled;

static META: RuleMeta = RuleMeta {
    id: "legacy-cache-from-not-pulled",
    title: "`--cache-from` names an image that dockerd does not have",
    group: "No cache in use",
    severity: Severity::Warning,
    what: "The classic builder is called with `--cache-from IMAGE`, no line shows that image being \
        pulled before, or the pull fails, and every step runs in every run.",
    why: "The classic builder looks for the image only in the daemon and prints nothing if it is \
        missing. On a new agent it always is.",
    fix: "`docker pull IMAGE || true` before the build, or BuildKit, which reads the image in the \
        registry. If the pull fails, fix that: push the image, or log in.",
    rules_out: "A pull before the build, steps that came from the cache, a changed base image, \
        `--no-cache`, BuildKit. One run alone proves nothing: the image may not exist yet.",
    limits: "A pull that another step of the job made, and whose output is not in the log, is not \
        seen.",
    example: include_str!("examples/legacy-cache-from-not-pulled.txt"),
    references: &["https://docs.docker.com/reference/cli/docker/image/build/#cache-from"],
    since: "0.1.0",
};

impl Rule for LegacyCacheFromNotPulled {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        past::judge(study, finding)
    }
}

/// A run that could not find the image: which one, and the command that names it.
struct Blind<'a> {
    at: usize,
    command: &'a Command,
    image: String,
    /// The pull that failed.
    tried: Option<&'a NamedImage>,
}

fn finding(past: &Past) -> Option<Finding> {
    let blind: Vec<Blind> = (0..past.len()).filter_map(|i| blind(past, i)).collect();
    if let ([one], 1) = (blind.as_slice(), past.len()) {
        return single_run(past, one);
    }
    let unexplained = blind.iter().any(|b| !past.losses(b.at).is_empty());
    let warm = past.builds.iter().any(|b| b.hits() > 0);
    if blind.len() < 2 || warm || !(unexplained || blind_on_one_machine(past, &blind)) {
        return None;
    }
    let last = blind.last()?;
    let later = blind.iter().skip(1).filter_map(|b| past.builds.get(b.at));
    let words = words(last, " in any of these runs", " in each of these runs");
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        // A COPY that stands first may bring other files each time.
        confidence: if unexplained { Confidence::Likely } else { Confidence::Suspected },
        title: words.title,
        cause: format!(
            "{} With this option the builder does not use its own cache either.",
            words.cause
        ),
        evidence: Proof::from_lines(
            blind.iter().rev().take(3).rev().flat_map(|b| lines(past, b)).collect(),
        )?
        .seen_in(past.places(blind.iter().map(|one| one.at))),
        fix: words.fix,
        impact: cost(later.flat_map(|b| &b.steps), blind.len() - 1),
        rules_out: vec![
            if unexplained {
                ruled_out(
                    "changed sources (steps that read no files ran again on the same base image)",
                )
            } else {
                not_ruled_out(
                    "changed sources, where the first step copies files (but no step was found in \
                        any of these runs, on the same base image)",
                )
            },
            ruled_out(if last.tried.is_some() {
                "an image that was there already (some step would have been found)"
            } else {
                "a pull that the log does not show (it would have led to hits)"
            }),
        ],
        subject: last.image.clone(),
    })
}

struct PullWords {
    title: String,
    cause: String,
    fix: Fix,
}

/// Why the image is not there.
fn words(blind: &Blind, never: &str, always: &str) -> PullWords {
    let image = &blind.image;
    let title = |why: &str| format!("--cache-from {image} finds nothing: {why}");
    if let Some(why) = blind.tried.map(refused::why) {
        return PullWords {
            title: title(refused::title(why)),
            cause: refused::cause(why, image, always),
            fix: refused::fix(why, blind),
        };
    }
    PullWords {
        title: title("the image is not pulled first"),
        cause: format!(
            "The classic builder takes its cache from images that dockerd has. {image} is not \
                fetched before the build{never}, so `--cache-from` is silently ignored and every \
                step runs."
        ),
        fix: fix(blind),
    }
}

/// One run on a machine that does not even have the base image: it cannot have the image of the
/// cache either.
fn single_run(past: &Past, blind: &Blind) -> Option<Finding> {
    let (run, build) = past.get(blind.at)?;
    let pulled = build.bases.iter().find_map(|base| base.pulled.as_ref())?;
    let mut evidence = lines(past, blind);
    evidence.push(Study::quote(run, pulled, "the machine does not even have the base image"));
    let words = words(blind, "", "");
    Some(Finding {
        rule: META.id,
        severity: Severity::Note,
        confidence: Confidence::Likely,
        title: words.title,
        cause: words.cause,
        evidence: Proof::from_lines(evidence)?,
        fix: words.fix,
        impact: Impact::default(),
        rules_out: vec![not_ruled_out("a first run, before the image was ever pushed")],
        subject: blind.image.clone(),
    })
}

fn blind<'a>(past: &Past<'a>, i: usize) -> Option<Blind<'a>> {
    let (run, build) = past.get(i).filter(|(_, b)| b.dialect == Dialect::Classic)?;
    let (hits, total) = past.counts(i)?;
    let command = past.commands(i).iter().find(|c| !c.cache_from.is_empty())?;
    let images: Vec<&str> = command.cache_from.iter().filter_map(|s| s.get("ref")).collect();
    // An image that was loaded without a name may be the one.
    let loaded = |p: &&NamedImage| {
        p.image.starts_with("sha256:")
            || images.iter().any(|name| reference::may_be(&p.image, name))
    };
    let pulled = |p: &&NamedImage| images.iter().any(|name| reference::may_be(&p.image, name));
    let before = |p: &&NamedImage| build.comes_behind(p.quote.line);
    let given = run.pulls.iter().filter(before).any(|p| pulled(&p))
        || run.loads.iter().filter(before).any(|p| loaded(&p));
    let given = given || fetched::is_there(run, build, command);
    if hits > 0 || total == 0 || given || past.asked_for_no_cache(i) {
        return None;
    }
    let image = images.first()?;
    let tried = refused::pull(run, image, |line| build.comes_behind(line));
    Some(Blind { at: i, command, image: (*image).to_owned(), tried })
}

/// Every run of three or more found nothing, on a base image that was there already and is the
/// same: a machine that keeps its images. An image that the build writes itself would be there too.
fn blind_on_one_machine(past: &Past, blind: &[Blind]) -> bool {
    let ids = |b: &Blind| {
        past.builds.get(b.at).map(|build| build.bases.iter().map(|base| base.id.clone()).collect())
    };
    let first: Option<Vec<Option<Text>>> = blind.first().and_then(ids);
    let known =
        first.as_ref().is_some_and(|ids| !ids.is_empty() && ids.iter().all(Option::is_some));
    let kept = |b: &Blind| {
        past.builds
            .get(b.at)
            .is_some_and(|build| build.bases.iter().all(|base| base.pulled.is_none()))
    };
    let own = |b: &Blind| b.command.tags.iter().any(|tag| reference::same(tag, &b.image));
    let alike = |b: &Blind| ids(b) == first && kept(b) && !own(b);
    known && blind.len() > 2 && blind.len() == past.len() && blind.iter().all(alike)
}

fn lines(past: &Past, blind: &Blind) -> Vec<Evidence> {
    let Some((run, build)) = past.get(blind.at) else { return Vec::new() };
    let mut lines: Vec<Evidence> = Vec::new();
    let asked = match blind.tried {
        Some(pull) => {
            lines.push(Study::quote(run, &pull.quote, "the pull before the build"));
            "the image is to be the cache"
        }
        None => "names the image as the cache; nothing pulls it first",
    };
    lines.push(Study::quote(run, &blind.command.quote, asked));
    lines.extend(build.decided().next().map(|s| header(run, s, "ran")));
    lines
}

fn fix(blind: &Blind) -> Fix {
    let text = command_line(blind.command);
    Fix {
        summary: format!("pull {} before the build", blind.image),
        steps: vec![
            format!(
                "Pull {} first; `|| true` because it is not there before the first push.",
                blind.image
            ),
            "On a machine that keeps its images, leave --cache-from out: the builder then uses its \
                own cache."
                .to_owned(),
            "The pulled image serves the final stage only: with several stages, push and pull an \
                image for each."
                .to_owned(),
            "BuildKit (DOCKER_BUILDKIT=1) reads the image in the registry without a pull, if it \
                was built with BUILDKIT_INLINE_CACHE=1."
                .to_owned(),
        ],
        snippet: Some(format!("docker pull {} || true\n{text}", blind.image)),
        cost: "the whole image is pulled in every run".to_owned(),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, made, study};
    use super::*;
    use crate::model::{Quote, Run};

    fn run(command: &str) -> Made {
        made()
            .with(|b| b.dialect = Dialect::Classic)
            .command(command)
            .from("node:20", "aa")
            .miss("WORKDIR /app")
            .miss("RUN a")
    }

    const FROM: &str =
        "docker build --cache-from r.example.com/a:latest -t r.example.com/a:latest .";

    fn check(runs: Vec<Run>) -> Vec<Finding> {
        LegacyCacheFromNotPulled.check(&study(runs))
    }

    #[test]
    fn leaves_pulled_images_and_other_builders() {
        let pull = NamedImage {
            image: "r.example.com/a:latest".into(),
            quote: Quote { line: 3, text: "Status: …".into() },
        };
        let pulled = || Run { pulls: [pull.clone()].into(), ..run(FROM).run() };
        assert!(check(vec![pulled(), pulled()]).is_empty());
        assert!(check(vec![run(FROM).run()]).is_empty());
        assert!(check(vec![run("docker build .").run(), run("docker build .").run()]).is_empty());
        let buildkit = || run(FROM).with(|b| b.dialect = Dialect::BuildkitPlain).run();
        assert!(check(vec![buildkit(), buildkit()]).is_empty());
        let warm = || {
            made().with(|b| b.dialect = Dialect::Classic).command(FROM).hit("WORKDIR /app").run()
        };
        assert!(check(vec![run(FROM).run(), warm()]).is_empty());
    }
}
