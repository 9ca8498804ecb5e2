//! Images are loaded for a builder that does not look at them.

mod loaded;
mod written;

use super::past::{cost, header};
use super::remedy::{self, Site, reference};
use super::{Rule, RuleMeta, Study};
use crate::finding::{
    Alternative, Confidence, Finding, Fix, Proof, Severity, not_ruled_out, ruled_out, to_decide,
};
use crate::model::{Build, CacheOperation, CacheOutcome, Dialect, Quote, Run, Text};

pub(super) struct CiDockerCacheUnusedByBuildkit;

static META: RuleMeta = RuleMeta {
    id: "ci-docker-cache-unused-by-buildkit",
    title: "images are restored for BuildKit, which does not use them",
    group: "The cache at the CI's teardown",
    severity: Severity::Warning,
    what: "Before a build the CI restores images (Bitbucket's docker cache, `docker load`), \
        BuildKit builds without `--cache-from`, and no step comes from a cache. Without a log: a \
        step of a pipelines file that restores the docker cache and builds without \
        `--cache-from`.",
    why: "The classic builder looked for its steps among the images of the daemon. BuildKit does \
        not: it has a cache of its own, and it uses an image only if `--cache-from` names it and \
        it was built with inline cache metadata. Loading and saving the images costs time in each \
        run and gains nothing.",
    fix: "Remove the docker cache and use a registry cache, one reference per image.",
    rules_out: "The classic builder; a build that names the image in `--cache-from`; images loaded \
        as a base image or for another purpose; steps that come from a cache.",
    limits: "Only the first build of a log is judged, as later ones find what it left in the \
        builder. `docker load` is recognised by the image's name; if the image has none, the log \
        does not show what it is: then it is suspected, provided the CI restored a cache and the \
        build has no name either.",
    example: include_str!("examples/ci-docker-cache-unused-by-buildkit.txt"),
    references: &[
        "https://support.atlassian.com/bitbucket-cloud/docs/cache-dependencies/",
        "https://jira.atlassian.com/browse/BCLOUD-22592",
        "https://docs.docker.com/build/cache/backends/inline/",
    ],
    since: "0.1.0",
};

impl Rule for CiDockerCacheUnusedByBuildkit {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let seen = study.runs.iter().filter_map(|run| finding(study, run));
        seen.chain(written::findings(study)).collect()
    }
}

fn finding(study: &Study, run: &Run) -> Option<Finding> {
    let build = run.builds.first().filter(|build| ignores_images(run, build))?;
    let (restored, named) = match restored(run, build) {
        Some(quote) => (quote, true),
        None => (nameless(run, build)?, false),
    };
    let separate = build.driver.as_deref().is_some_and(|driver| driver != "docker");
    let site = Site::of(study, run, build);
    let mut lines = vec![Study::quote(run, restored, "images are restored")];
    lines.extend(
        build
            .decided()
            .take(2)
            .map(|step| header(run, step, "BuildKit executes the step all the same")),
    );
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: match (named, separate) {
            (false, _) => Confidence::Suspected,
            (true, true) => Confidence::Proven,
            (true, false) => Confidence::Likely,
        },
        title: "images are restored before the build, and BuildKit does not use them".to_owned(),
        cause: "BuildKit takes nothing from images of the daemon unless `--cache-from` names one \
            that was built with inline cache metadata. The time to restore and to save the images \
            is lost in every run."
            .to_owned(),
        evidence: Proof::from_lines(lines)?,
        fix: fix(&site),
        impact: cost(&build.steps, 1),
        rules_out: rules_out(separate, named),
        subject: site.image,
    })
}

/// `BuildKit`, no image named as a cache, and nothing came from one.
fn ignores_images(run: &Run, build: &Build) -> bool {
    let buildkit = matches!(
        build.dialect,
        Dialect::BuildkitPlain | Dialect::BuildkitRawjson | Dialect::BuildkitTty
    );
    let named = run.commands_of(build).iter().any(|c| !c.cache_from.is_empty() || c.no_cache);
    buildkit && build.imports.is_empty() && !named && build.hits() == 0 && build.total() > 0
}

/// The line that shows it: an image of the same name as the one built, loaded before the build; or
/// Bitbucket's docker cache, which is a `docker save` of all images.
fn restored<'a>(run: &'a Run, build: &Build) -> Option<&'a Quote> {
    let saved = run.ci_caches.iter().find(|cache| {
        let hit = cache.operation == CacheOperation::Restore && cache.outcome == CacheOutcome::Hit;
        hit && cache.name.ends_with(": docker.tar") && cache.quote.line < build.line
    });
    let names = run.commands_of(build).iter().flat_map(|c| &c.tags).chain(&build.images);
    let names: Vec<&Text> = names.collect();
    let loaded = run.loads.iter().find(|load| {
        let based = build.bases.iter().any(|b| reference::same(&b.image, &load.image));
        let same = names.iter().any(|name| reference::same_repository(name, &load.image));
        load.quote.line < build.line && !based && same
    });
    saved.map(|cache| &cache.quote).or_else(|| loaded.map(|load| &load.quote))
}

/// `Loaded image ID: sha256:…` before a build that gives its image no name either: most likely the
/// image of the build before. Other commands of the job may use it by its digest.
fn nameless<'a>(run: &'a Run, build: &Build) -> Option<&'a Quote> {
    let tagged =
        run.commands_of(build).iter().any(|c| !c.tags.is_empty()) || !build.images.is_empty();
    let load = run
        .loads
        .iter()
        .find(|load| load.quote.line < build.line && load.image.starts_with("sha256:"))?;
    (!tagged).then_some(&load.quote)
}

fn fix(site: &Site) -> Fix {
    let registry = remedy::registry_max(site);
    let mut steps = vec![
        "Remove the docker cache, or the `docker load` and `docker save`, from the job.".to_owned(),
    ];
    steps.extend(registry.steps);
    Fix { summary: "replace the image cache with a registry cache".to_owned(), steps, ..registry }
}

fn rules_out(separate: bool, named: bool) -> Vec<Alternative> {
    if !named {
        return vec![
            not_ruled_out(
                "an image that the job runs, not the one it builds (what is loaded has no name)",
            ),
            to_decide("run `docker image ls` after the load: it shows what the image is"),
        ];
    }
    if separate {
        return vec![ruled_out(
            "a builder that sees the daemon's images (it runs in a container of its own)",
        )];
    }
    vec![not_ruled_out(
        "a base image or Dockerfile that changed before this run (it leaves the same lines; but \
            BuildKit was given no cache that it could have used)",
    )]
}
