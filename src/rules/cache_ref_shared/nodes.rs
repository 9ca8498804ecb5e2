//! A builder of several nodes, one for each platform: every node exports the cache of its own
//! platform, and all of them to the one reference that the command names (`docker/buildx` issue
//! 1044).

use std::collections::BTreeSet;

use foldhash::HashSet;

use super::{META, Past, name};
use crate::finding::{Confidence, Evidence, Finding, Fix, Proof, Severity, ruled_out};
use crate::model::{Build, CacheKind, Command, Outcome, Run, Step, Transfer};
use crate::rules::Study;
use crate::rules::past::{cost, header};
use crate::rules::remedy::{ATTRIBUTES, reference};

/// One build of several nodes.
struct Built<'a> {
    run: &'a Run,
    build: &'a Build,
    command: &'a Command,
    cache: String,
    exports: Vec<&'a Transfer>,
    platforms: BTreeSet<&'a str>,
}

/// One finding a series, about its newest run.
pub(super) fn finding(past: &Past) -> Option<Finding> {
    let newest = past.last()?;
    let built = built(past.len().checked_sub(1)?, past, newest)?;
    let lost = lost(built.build);
    Some(Finding {
        rule: META.id,
        severity: if lost.is_empty() { Severity::Warning } else { Severity::Error },
        confidence: Confidence::Likely,
        title: format!(
            "the nodes of one builder all write their caches to {}, and the last one stays",
            built.cache
        ),
        cause: format!(
            "The builder has a node for each platform ({}), and each node exports the cache of its \
                own platform. All of them write to {}: an export replaces what was there, so the \
                next run finds one platform's cache and builds the others anew, unless the nodes \
                keep their own.",
            built.platforms.iter().copied().collect::<Vec<_>>().join(", "),
            built.cache
        ),
        evidence: Proof::from_lines(lines(&built, lost.first().copied()))?
            .seen_in(past.places([past.len() - 1])),
        fix: fix(&built),
        impact: cost(lost.iter().copied(), usize::from(!lost.is_empty())),
        rules_out: vec![ruled_out(
            "one node for all platforms (it exports once; here there are as many exports as \
                platforms)",
        )],
        subject: built.cache.clone(),
    })
}

/// The command names one cache to write, and the log shows as many exports as platforms.
fn built<'a>(at: usize, past: &Past<'a>, (run, build): (&'a Run, &'a Build)) -> Option<Built<'a>> {
    if build.target.is_some() || run.together(build).len() > 1 {
        return None;
    }
    let writing = |command: &&Command| !command.cache_to.is_empty();
    let command = past.commands(at).iter().rfind(writing)?;
    let [spec] = command.cache_to.iter().as_slice() else { return None };
    let registry = spec.get("ref").filter(|_| spec.kind() == CacheKind::Registry);
    let cache = registry.map(str::to_owned).or_else(|| name::scope(spec))?;
    let exports: Vec<&Transfer> = build.exports.iter().filter(|e| e.ok()).collect();
    let platforms: BTreeSet<&str> = build
        .steps
        .iter()
        .map(|step| step.what.platform.as_str())
        .filter(|platform| !platform.is_empty())
        .collect();
    let one_kind = exports.iter().all(|export| export.kind == spec.kind());
    let each = exports.len() > 1 && exports.len() == platforms.len() && one_kind;
    (each && !cache.contains('$')).then_some(Built {
        run,
        build,
        command,
        cache,
        exports,
        platforms,
    })
}

/// Steps that ran, and that another platform had in the cache.
fn lost(build: &Build) -> Vec<&Step> {
    let of = |outcome| build.steps.iter().filter(move |step| step.outcome == outcome);
    let hits: HashSet<(&str, &str)> =
        of(Outcome::Hit).map(|step| (step.what.stage.as_str(), step.what.text.as_str())).collect();
    let hit = |step: &&Step| hits.contains(&(step.what.stage.as_str(), step.what.text.as_str()));
    of(Outcome::Miss).filter(hit).collect()
}

fn lines(built: &Built, lost: Option<&Step>) -> Vec<Evidence> {
    let asked = Study::quote(built.run, &built.command.quote, "names one cache for all platforms");
    let exports = built.exports.iter().take(4);
    let exports = exports.map(|e| Study::quote(built.run, &e.header, "a node writes its cache"));
    let lost = lost.map(|step| header(built.run, step, "ran; another platform had it cached"));
    std::iter::once(asked).chain(exports).chain(lost).collect()
}

/// `amd64` of `linux/amd64`, `arm-v7` of `linux/arm/v7`.
fn short(platform: &str) -> String {
    platform.split_once('/').map_or(platform, |(_, processor)| processor).replace('/', "-")
}

/// The build of one platform, with a cache of its own.
fn alone(built: &Built, platform: &str) -> String {
    let short = short(platform);
    let own = format!("{}-{short}", built.cache);
    let (from, to) = if name::is_scope(&own) {
        (own.clone(), format!("{own},mode=max"))
    } else {
        let from = format!("type=registry,ref={own}");
        (from.clone(), format!("{from},{ATTRIBUTES}"))
    };
    format!(
        "docker buildx build --platform {platform} --tag IMAGE:TAG-{short} --push \\\n  \
            --cache-from {from} \\\n  --cache-to {to} ."
    )
}

fn fix(built: &Built) -> Fix {
    let tags = built.platforms.iter().map(|platform| format!("IMAGE:TAG-{}", short(platform)));
    let merge = format!(
        "docker buildx imagetools create --tag IMAGE:TAG {}",
        tags.collect::<Vec<_>>().join(" ")
    );
    let builds = built.platforms.iter().map(|platform| alone(built, platform));
    let host = reference::host(&built.cache);
    let place = if name::is_scope(&built.cache) { "the cache" } else { host };
    Fix {
        summary: "build each platform by itself, with a cache reference of its own".to_owned(),
        steps: vec![
            "One build for each platform, on the same builder or in a job of its own, and at the \
                end `imagetools create` joins them under one tag."
                .to_owned(),
            format!(
                "Or keep one build and let the nodes keep their own caches (machines or volumes \
                    that stay): then {place} needs no cache of them."
            ),
        ],
        snippet: Some(builds.chain([merge]).collect::<Vec<_>>().join("\n")),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn platforms_have_names_of_their_own() {
        let names = ["linux/amd64", "linux/arm64", "linux/arm/v6", "linux/arm/v7"].map(short);
        assert_eq!(names, ["amd64", "arm64", "arm-v6", "arm-v7"]);
    }
}
