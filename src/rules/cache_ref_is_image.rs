//! The cache and the image are pushed to one reference: whichever comes second replaces the other.

mod repair;

use super::planned::{self, Words};
use super::remedy::{At, Site, reference};
use super::{Effect, Rule, RuleMeta, Study};
use crate::config::pattern::tells_nothing;
use crate::finding::{
    Confidence, Evidence, Finding, Impact, LogPlace, Proof, Severity, not_ruled_out,
};
use crate::model::{Build, CacheKind, Command, Run, Text, Tool};

pub(super) struct CacheRefIsImage;

static META: RuleMeta = RuleMeta {
    id: "cache-ref-is-image",
    title: "the cache and the image are pushed to one reference",
    group: "No cache in use",
    severity: Severity::Error,
    what: "A command line, or the configuration, pushes the image to the same reference that \
        `--cache-to type=registry,ref=…` writes.",
    why: "A registry keeps one thing per tag. The image and its cache replace each other: whoever \
        pulls the image gets a cache instead, or the next build imports an image that holds no \
        cache.",
    fix: "Keep the cache under a tag of its own.",
    rules_out: "Inline caches, which are part of the image; other tags of the same repository; \
        images that are not pushed; kaniko and buildah, which keep the steps of a cache under tags \
        of their own; variables whose value is not known.",
    limits: "An image that a later command pushes is seen only in the configuration.",
    example: include_str!("examples/cache-ref-is-image.txt"),
    references: &[
        "https://docs.docker.com/build/cache/backends/registry/",
        "moby/buildkit solver/llbsolver/solver.go",
    ],
    since: "0.1.0",
};

impl Rule for CacheRefIsImage {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let mut groups: Vec<(String, Vec<SharingBuild>)> = Vec::new();
        for seen in study.runs.iter().flat_map(seen) {
            match groups.iter_mut().find(|(name, _)| *name == seen.name) {
                Some((_, all)) => all.push(seen),
                None => groups.push((seen.name.clone(), vec![seen])),
            }
        }
        let shown = groups.iter().filter_map(|(name, all)| finding(study, name, all)).collect();
        planned::with_undecided(study, shown, |past| past.all_commands().next().is_some(), written)
    }
}

/// One build that does so.
struct SharingBuild<'a> {
    name: String,
    run: &'a Run,
    build: &'a Build,
    command: &'a Command,
}

fn seen(run: &Run) -> impl Iterator<Item = SharingBuild<'_>> {
    run.builds.iter().filter_map(move |build| {
        let mut own = run.commands_of(build).iter().filter(|command| command.push);
        let (command, name) =
            own.find_map(|command| Some((command, shared(command, &command.tags)?)))?;
        Some(SharingBuild { name: name.to_owned(), run, build, command })
    })
}

/// The reference of an exported cache that is also a name under which the image is pushed.
fn shared<'a>(command: &'a Command, pushed: &[Text]) -> Option<&'a str> {
    if matches!(command.tool, Tool::Kaniko | Tool::Buildah) {
        return None;
    }
    let exports = command.cache_to.iter().filter(|spec| spec.kind() == CacheKind::Registry);
    let mut names = exports.filter_map(|spec| spec.get("ref"));
    names.find(|name| pushed.iter().any(|tag| is_one(name, tag)))
}

/// A bare variable may hold a tag, so that only the same words are the same name.
fn is_one(cache: &str, image: &str) -> bool {
    cache == image
        || (!tells_nothing(cache) && !tells_nothing(image) && reference::same(cache, image))
}

fn finding(study: &Study, name: &str, all: &[SharingBuild]) -> Option<Finding> {
    let last = all.last()?;
    let stored = |seen: &SharingBuild| {
        seen.build.exports.iter().any(|e| e.ok() && e.kind == CacheKind::Registry)
    };
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: if all.iter().any(stored) { Confidence::Proven } else { Confidence::Likely },
        title: title(name),
        cause: cause(name),
        evidence: Proof::from_lines(all.iter().take(3).flat_map(lines).collect())?
            .seen_in(all.iter().map(|seen| LogPlace::of(seen.run, seen.build))),
        fix: repair::fix(name, Site::of(study, last.run, last.build)),
        impact: Impact { runs: all.len(), ..Impact::default() },
        rules_out: Vec::new(),
        subject: name.to_owned(),
    })
}

fn lines(seen: &SharingBuild) -> Vec<Evidence> {
    let quote = |quote, shows: &str| Study::quote(seen.run, quote, shows);
    let named = seen.command.more.iter().filter(|line| line.text.contains(&seen.name));
    let mut lines = vec![quote(&seen.command.quote, "pushes the image and exports a cache")];
    lines.extend(named.take(2).map(|line| quote(line, "under this name")));
    let export = seen.build.exports.iter().find(|e| e.kind == CacheKind::Registry);
    lines.extend(export.map(|e| quote(&e.header, "the cache is exported")));
    lines
}

/// The same of a place, where a later command may push.
fn shared_in(at: At<'_>) -> Option<&str> {
    let command = &at.place.command;
    let own: &[Text] = if command.push { &command.tags } else { &[] };
    let later: Vec<Text> = at.place.images.pushed.iter().map(|name| name.as_str().into()).collect();
    shared(command, own).or_else(|| shared(command, &later))
}

fn written(at: At) -> Option<Finding> {
    let name = shared_in(at)?;
    let words = Words {
        title: title(name),
        cause: cause(name),
        fix: repair::fix(name, Site::written(at)),
        rules_out: vec![not_ruled_out("which of the two is there now (no log was given)")],
        subject: name.to_owned(),
    };
    planned::finding(&META, META.severity, at.evidence("pushes both").into_iter().collect(), words)
}

fn title(name: &str) -> String {
    format!("the image and its cache are pushed to one reference, {name}")
}

fn cause(name: &str) -> String {
    format!(
        "A registry keeps one thing per tag. The image and its cache both go to {name}, and \
            whichever is pushed last replaces the other: either whoever pulls the image gets a \
            cache, or the next build imports an image that holds no cache. Docker's documentation \
            asks for a separate reference."
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{made, of};
    use super::*;

    fn found(command: &str) -> Vec<Finding> {
        CacheRefIsImage.check(&of(vec![
            made().command(command).export(CacheKind::Registry, None).miss("RUN a"),
        ]))
    }

    #[test]
    fn fires_where_both_go_to_one_name() {
        for tag in ["team/app:1", "docker.io/team/app:1"] {
            let command = format!(
                "docker buildx build --push -t {tag} --cache-to type=registry,ref=team/app:1 ."
            );
            let all = found(&command);
            assert_eq!((all.len(), all[0].confidence), (1, Confidence::Proven), "{command}");
            assert!(all[0].fix.summary.ends_with("team/app:buildcache"));
        }
        assert_eq!(
            found("docker buildx build --push -t $APP --cache-to type=registry,ref=$APP .").len(),
            1
        );
    }

    #[test]
    fn leaves_other_names_inline_caches_and_images_that_stay() {
        for command in [
            "docker buildx build --push -t team/app:1 --cache-to \
                type=registry,ref=team/app:buildcache .",
            "docker buildx build --push -t team/app --cache-to type=inline .",
            "docker buildx build --load -t team/app:1 --cache-to type=registry,ref=team/app:1 .",
            "docker buildx build --push -t $APP:latest --cache-to type=registry,ref=$APP .",
            "docker buildx build --push -t team/app:1 --cache-to type=local,dest=team/app:1 .",
        ] {
            assert!(found(command).is_empty(), "{command}");
        }
    }
}
