//! An image is imported as a cache, but it was built without cache metadata.

mod elsewhere;
mod pulled;

use super::lost_by::{LostBy, OwnImage};
use super::past::{self, Loss, Past, cost, end, graphdriver, header, plural};
use super::planned::{self, Lost};
use super::remedy::{self, At, Site};
use super::unstored_stage;
use super::{Cause, Effect, Rule, RuleMeta, Study};
use crate::finding::{
    Alternative, Confidence, Evidence, Finding, Fix, Impact, Proof, Severity, not_ruled_out,
    ruled_out, to_decide,
};
use crate::model::{Build, CacheKind, Dialect, Outcome, Run, Transfer};

pub(super) struct ImageWithoutInlineCache;

static META: RuleMeta = RuleMeta {
    id: "image-without-inline-cache",
    title: "the image that is imported as a cache holds no cache",
    group: "Multi-stage and inline",
    severity: Severity::Error,
    what: "A build imports its own image as a cache without error, no step ever comes from it, and \
        no run prints that an inline cache is written; for a single run a warning. Without a log: \
        a build in the configuration that imports the image it makes, under any name it is pushed \
        by, and asks for no inline cache.",
    why: "BuildKit uses an image as a cache only if the image was built with inline cache \
        metadata. Without it the import succeeds, prints nothing, and every build is cold.",
    fix: "Build the image with `--build-arg BUILDKIT_INLINE_CACHE=1` or `--cache-to type=inline` \
        (single stage), or use a registry cache with mode=max (several stages).",
    rules_out: "Runs that export a cache elsewhere, changed base images and instructions, \
        `--no-cache`, and the engine that writes empty inline caches (inline-cache-never-exported \
        prints that it does). Without a log: tools that may take the classic builder, which uses \
        any image that was pulled (docker before 23, version 4 of Buildkite's docker-compose \
        plugin without `cli-version: 2`).",
    limits: "That inline metadata is missing is not printed: it follows from imports that never \
        bring a hit while no run writes any. Where the final stage begins with a copy out of \
        another one, and another job writes the image, it is a note; so it is without a log where \
        the Dockerfile runs nothing.",
    example: include_str!("examples/image-without-inline-cache.txt"),
    references: &["https://docs.docker.com/build/cache/backends/inline/"],
    since: "0.1.0",
};

impl Rule for ImageWithoutInlineCache {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn gives_way(&self) -> &'static [Cause] {
        &[Cause::Rule("cache-ref-is-image")]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let seen: Vec<Finding> = past::judge(study, finding);
        planned::with_undecided(study, seen, decides, |at| written(study, at))
    }
}

/// The image is a cache, or was looked for and not found.
fn decides(past: &Past) -> bool {
    let used = (1..past.len())
        .any(|i| past.imported(i) && past.builds.get(i).is_some_and(|b| b.hits() > 0));
    let classic = past.builds.iter().all(|build| build.dialect == Dialect::Classic);
    used || classic
        || past.builds.iter().any(|b| b.inline.is_some() || !b.exports.is_empty())
        || finding(past).is_some()
}

/// What no run wrote, or none since one that did: the run after that one still finds it.
fn finding(past: &Past) -> Option<Finding> {
    match past.builds.iter().rposition(|build| writes_inline(build)) {
        Some(last) => {
            past.since(last + 2).filter(|later| later.len() > 1).and_then(|l| without_hits(&l))
        }
        None => without_hits(past),
    }
}

fn writes_inline(build: &Build) -> bool {
    build.inline.is_some() || build.exports.iter().any(|export| export.kind == CacheKind::Inline)
}

fn without_hits(past: &Past) -> Option<Finding> {
    let writes_none = past.builds.iter().all(|b| b.inline.is_none() && b.exports.is_empty());
    let asked = past.all_commands().any(|c| c.inline() || !c.cache_to.is_empty() || c.no_cache);
    let hits = (0..past.len()).any(|i| past.builds.get(i).is_some_and(|b| b.hits() > 0));
    // Of a log that is cut the lines about the inline cache may be what is missing.
    if !writes_none || asked || hits || !past.is_whole() {
        return None;
    }
    if past.len() == 1 {
        return newest(past);
    }
    let missed: Vec<usize> = (1..past.len())
        .filter(|&i| from_registry(past, i) && !losses(past, i).is_empty())
        .collect();
    if missed.is_empty() {
        return newest(past);
    }
    let newest = past.len().checked_sub(1)?;
    let (run, build) = past.last()?;
    let site = Site::of(past.study, run, build);
    let reference = site.imports.first().cloned().unwrap_or_else(|| site.image.clone());
    if was_a_cache(past, &reference) {
        return None;
    }
    let own =
        past.builds.iter().any(|b| b.images.iter().any(|i| remedy::reference::same(i, &reference)));
    let again = plural(missed.len(), "run", "runs");
    // An inline cache holds no inner stages: one that another job writes would bring no hit either.
    let inner = missed.iter().all(|&i| past.final_losses(i).is_empty());
    let likely = own || (missed.len() > 1 && !inner);
    Some(Finding {
        rule: META.id,
        severity: if inner && !own { Severity::Note } else { META.severity },
        confidence: if likely { Confidence::Likely } else { Confidence::Suspected },
        title: format!("{reference} is imported as a cache but holds none: no hit in {again}"),
        cause: "The import finds the image and reports no error, but an image is a cache only if \
            it was built with inline cache metadata, and none of these runs writes any."
            .to_owned(),
        evidence: Proof::from_lines(lines(past, &missed))?
            .seen_in(past.places(missed.iter().copied())),
        fix: if inner || loses_inline_cache(run, build, &past.imports(newest)) {
            remedy::registry_max(&site)
        } else {
            remedy::inline_args(&site)
        },
        impact: cost(
            missed.iter().filter_map(|&i| past.builds.get(i)).flat_map(|b| &b.steps),
            missed.len(),
        ),
        rules_out: rules_out(own),
        subject: reference,
    })
}

/// An earlier run of the series took steps from it, and none wrote what it held then: another job
/// replaced it.
fn was_a_cache(past: &Past, reference: &str) -> bool {
    let Some(whole) = past.whole() else { return false };
    if whole.builds.iter().any(|build| writes_inline(build)) {
        return false;
    }
    let reads = |i: usize| {
        let mut imports = whole.imports(i).into_iter().filter(|import| import.ok());
        imports.any(|import| {
            let name = import.reference.as_deref();
            name.is_some_and(|name| remedy::reference::same(name, reference))
        })
    };
    (0..whole.len()).any(|i| whole.builds.get(i).is_some_and(|b| b.hits() > 0) && reads(i))
}

/// One run that imports the image it builds anew: whatever made its steps run, the next one finds
/// no cache either.
fn newest(past: &Past) -> Option<Finding> {
    let at = past.len().checked_sub(1)?;
    let (run, build) = past.last()?;
    if !build.succeeded() || !is_buildkit(build) {
        return None;
    }
    let import = past.imports(at).into_iter().find(|import| is_of_own_image(import, build))?;
    let name = import.reference.as_deref()?;
    let ran = build.decided().next().filter(|step| step.outcome == Outcome::Miss)?;
    let site = Site::of(past.study, run, build);
    let asked =
        past.commands(at).first().map(|c| Study::quote(run, &c.quote, "asks for no inline cache"));
    let seen = [
        Study::quote(run, &import.header, "the image is imported as a cache"),
        end(run, import, "without error"),
        header(run, ran, "ran"),
    ];
    Some(Finding {
        rule: META.id,
        severity: Severity::Warning,
        confidence: if asked.is_some() { Confidence::Likely } else { Confidence::Suspected },
        title: format!("{name} is imported as a cache, and this build rebuilds it without one"),
        cause: "An image is a cache only if it was built with inline cache metadata. This build \
            imports its own image, finds nothing in it, and writes none into the new one."
            .to_owned(),
        evidence: Proof::from_lines(asked.into_iter().chain(seen).collect())?,
        fix: if build.decided().any(|step| step.stage != ran.stage)
            || loses_inline_cache(run, build, &past.imports(at))
        {
            remedy::registry_max(&site)
        } else {
            remedy::inline_args(&site)
        },
        impact: Impact::default(),
        rules_out: vec![
            not_ruled_out(
                "a changed base image or source as the reason for these steps (the next \
                run has no cache all the same)",
            ),
            to_decide("give earlier logs"),
            not_ruled_out("another job that pushes this image with inline cache metadata"),
        ],
        subject: name.to_owned(),
    })
}

/// The engine has the image before it builds: what it takes from an inline cache there is lost.
fn loses_inline_cache(run: &Run, build: &Build, imports: &[&Transfer]) -> bool {
    graphdriver(build) && OwnImage::of(run, build, imports).is_some()
}

fn is_buildkit(build: &Build) -> bool {
    matches!(
        build.dialect,
        Dialect::BuildkitPlain | Dialect::BuildkitTty | Dialect::BuildkitRawjson
    )
}

fn is_of_own_image(import: &Transfer, build: &Build) -> bool {
    let name = import.reference.as_deref().unwrap_or_default();
    import.ok()
        && import.kind == CacheKind::Registry
        && build.images.iter().any(|image| remedy::reference::same(image, name))
}

/// The configuration alone: the build's own image is its only cache, and nothing writes one into
/// it.
fn written(study: &Study, at: At) -> Option<Finding> {
    let command = &at.place.command;
    if command.inline() || !command.cache_to.is_empty() || at.place.machine.classic {
        return None;
    }
    let registry = command.cache_from.iter().filter(|spec| spec.kind() == CacheKind::Registry);
    let from: Vec<&str> = registry.filter_map(|spec| spec.get("ref")).collect();
    if from.len() != command.cache_from.len() {
        return None;
    }
    let name = from.into_iter().find(|name| writes(at, name))?.to_owned();
    // Both look through whole files.
    if planned::may_be_older(at) || elsewhere::may_ask(study, at) {
        return None;
    }
    let words = planned::Words {
        title: format!("{name} will be imported as a cache but hold none"),
        cause: "The build imports the image it makes itself. An image is a cache only if it was \
            built with inline cache metadata, and the build asks for none."
            .to_owned(),
        fix: match planned::inner(study, at) {
            // An inline cache would never hold the other stages.
            Some(_) => remedy::registry_max(&Site::written(at)),
            None => inline_everywhere(study, at, &name),
        },
        rules_out: vec![not_ruled_out(
            "the classic builder (DOCKER_BUILDKIT=0), which can use any pulled image (nothing in \
                the file asks for it)",
        )],
        subject: name,
    };
    let costs = planned::runs_something(study, at);
    let severity = if costs { META.severity } else { Severity::Note };
    let line = at.evidence("the image is the cache, without inline metadata");
    planned::finding(&META, severity, line.into_iter().collect(), words)
}

/// The build makes the image of this name.
fn writes(at: At, name: &str) -> bool {
    at.place.names().any(|tag| remedy::reference::same(tag, name))
}

/// For it and the other builds of its file that make the image.
fn inline_everywhere(study: &Study, at: At, name: &str) -> Fix {
    let fix = remedy::inline_args(&Site::written(at));
    let twin = |other: &At| {
        other.config.path == at.config.path && !other.place.command.inline() && writes(*other, name)
    };
    let mut twins: Vec<At> = planned::places(study).filter(twin).collect();
    twins.dedup_by_key(|twin| twin.index);
    let lost = Lost::of(study, at, name);
    if lost.is_none() && pulled::sometimes(at, name) {
        return remedy::registry_max(&Site::written(at));
    }
    if fix.edits.is_empty() || lost.is_none() && twins.len() < 2 {
        return fix;
    }
    let fix = remedy::inline_together(fix, &twins, name);
    match lost {
        None => fix,
        Some(Lost { by: LostBy::Pull, .. })
            if !fix.edits.is_empty() && remedy::unpulled(at, name).is_some() =>
        {
            fix
        }
        Some(_) => remedy::registry_max(&Site::written(at)),
    }
}

/// Losses of the final stage, which every cache stores; where that begins with a copy out of a
/// stage that ran, it cannot be found, and those of the other stages tell as much.
fn losses<'a>(past: &Past<'a>, i: usize) -> Vec<Loss<'a>> {
    let of_image = past.final_losses(i);
    if of_image.is_empty() && unstored_stage::begins_with_a_copy(past, i) {
        past.losses(i)
    } else {
        of_image
    }
}

/// An import of its own: what another target of the bake imports need not be a cache of this one.
fn from_registry(past: &Past, i: usize) -> bool {
    let imports = past.builds.get(i).map(|build| &build.imports);
    imports.into_iter().flatten().any(|t| t.ok() && t.kind == CacheKind::Registry)
}

fn rules_out(own: bool) -> Vec<Alternative> {
    let mut said = vec![
        ruled_out(
            "changed source (the first steps of the build ran too, and no change of the source can \
                reach them)",
        ),
        ruled_out("changed base image (its digest is the same in these runs)"),
    ];
    if !own {
        said.extend([
            not_ruled_out(
                "a build that writes an inline cache into that image (who writes the image is not \
                    in these logs)",
            ),
            to_decide("give the log of the build that writes it"),
        ]);
    }
    said
}

fn lines(past: &Past, missed: &[usize]) -> Vec<Evidence> {
    let mut lines = Vec::new();
    for &i in missed.iter().rev().take(2).rev() {
        let Some((run, build)) = past.get(i) else { continue };
        let import = past.imports(i).into_iter().find(|t| t.ok());
        lines.extend(
            import.map(|t| Study::quote(run, &t.header, "the image is imported as a cache")),
        );
        lines.extend(import.map(|t| end(run, t, "without error")));
        lines.extend(
            losses(past, i)
                .first()
                .map(|l| header(run, l.step, "ran again, though nothing it depends on changed")),
        );
        lines.extend(
            build.base_of("", "").map(|b| Study::quote(run, &b.quote, "same base image as before")),
        );
    }
    lines
}
