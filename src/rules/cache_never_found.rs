//! A cache that every run stores and asks for, of a back end that does not say that there is none.

mod rivals;

use rivals::Rivals;

use super::alike;
use super::backend::cost_of;
use super::cache_ref_shared::scope;
use super::{Cause, Rule, RuleMeta, Study};
use crate::finding::{
    Alternative, Confidence, Evidence, Finding, Fix, LogPlace, Proof, Severity, not_ruled_out,
    to_decide,
};
use crate::model::{Build, CacheKind, Found, Run, Step, Transfer};

pub(super) struct CacheNeverFound;

static META: RuleMeta = RuleMeta {
    id: "cache-never-found",
    title: "a cache is stored and imported in every run, and nothing ever comes from it",
    group: "No cache in use",
    severity: Severity::Warning,
    what: "Runs import and export a GitHub, S3 or Azure cache without an error, and no step of any \
        run comes from it, not even those that nothing can have changed.",
    why: "BuildKit prints the same whether the index exists or not. An import of a scope or name \
        that nobody writes looks like a cache that works.",
    fix: "Name the same `scope=` (gha) or `bucket=`, `prefix=` and `name=` (s3) in the import and \
        in the export.",
    rules_out: "A run with a step from the cache; a changed base image; `--no-cache`; runs of \
        several branches, which GitHub keeps apart. Where the command lines name two scopes, \
        `cache-ref-mismatch` is reported.",
    limits: "It cannot tell a wrong name from an index that was evicted before the next run.",
    example: include_str!("examples/cache-never-found.txt"),
    references: &[
        "https://docs.docker.com/build/cache/backends/gha/#scope",
        "https://docs.docker.com/build/cache/backends/s3/",
        "moby/buildkit cache/remotecache/gha/gha.go",
    ],
    since: "0.1.0",
};

impl Rule for CacheNeverFound {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn gives_way(&self) -> &'static [Cause] {
        &[
            Cause::Rule("cache-ref-shared"),
            Cause::Rule("cache-ref-mismatch"),
            Cause::Rule("cache-lost"),
            Cause::Rule("min-mode-multi-stage"),
            Cause::Rule("build-option-changed"),
            Cause::Rule("volatile-build-arg"),
        ]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let groups: Vec<_> = alike::groups(study).collect();
        let rivals = Rivals::of(study, &groups);
        groups.iter().enumerate().filter_map(|(at, group)| finding(group, &rivals, at)).collect()
    }
}

fn called(kind: CacheKind) -> &'static str {
    match kind {
        CacheKind::Gha => "GitHub's cache",
        CacheKind::S3 => "the cache in S3",
        _ => "the cache in Azure's storage",
    }
}

/// A run that asked for what the one before it stored, and executed a step that was stored.
struct Vain<'a> {
    run: &'a Run,
    build: &'a Build,
    import: &'a Transfer,
    step: &'a Step,
}

fn finding(group: &[(&Run, &Build)], rivals: &Rivals, at: usize) -> Option<Finding> {
    let kind = silent(group.last()?.1)?.kind;
    let branch = |(run, _): &(&Run, &Build)| run.branch.clone();
    let one_branch = group.windows(2).all(|pair| matches!(pair, [a, b] if branch(a) == branch(b)));
    if group.iter().any(|(run, build)| served(run, build)) || !one_branch {
        return None;
    }
    let vain: Vec<Vain> = group.windows(2).filter_map(|pair| vain(pair, kind)).collect();
    let (last, export) = (vain.last()?, stored(group.last()?.1, kind));
    if vain.len() + 1 < group.len() {
        return None;
    }
    let rival = rivals.beside(group.last()?.1, at);
    let other = rival.map(|(run, import)| {
        Study::quote(run, &import.header, "a different build reads the same, and exports too")
    });
    let shown = vain.iter().rev().take(3).rev().flat_map(lines);
    let lines = shown.chain(export.map(|e| of_export(last.run, e))).chain(other);
    Some(Finding {
        rule: META.id,
        severity: META.severity,
        confidence: if silent(group.last()?.1)?.found() == Found::No {
            Confidence::Likely
        } else {
            Confidence::Suspected
        },
        title: format!(
            "{} is stored and imported in every run, and no step ever comes from it",
            called(kind)
        ),
        cause: cause(kind, rival.is_some()),
        evidence: Proof::from_lines(lines.collect())?
            .seen_in(vain.iter().map(|one| LogPlace::of(one.run, one.build))),
        fix: match rival {
            None => fix(kind),
            Some(_) => {
                Fix { summary: format!("give each build a {} of its own", key(kind)), ..fix(kind) }
            }
        },
        impact: cost_of(vain.iter().map(|v| v.build)),
        rules_out: rules_out(kind, rival.is_some()),
        subject: kind.name().to_owned(),
    })
}

fn cause(kind: CacheKind, rival: bool) -> String {
    let key = key(kind);
    let likely = if rival {
        format!(
            "Another build reads the same {key} and exports too. An export replaces what was there, \
                so most likely each replaces the other's."
        )
    } else {
        format!("Most likely the import uses a different {key} than the export.")
    };
    format!(
        "Steps that nothing can have changed run again, though the run before exported its cache. \
            {} {likely}",
        says(kind)
    )
}

fn rules_out(kind: CacheKind, rival: bool) -> Vec<Alternative> {
    let other = if rival {
        format!(
            "an export with a different {} than the import, or an index that was evicted",
            key(kind)
        )
    } else {
        "an index that was evicted or deleted between the runs".to_owned()
    };
    vec![
        not_ruled_out(other),
        to_decide(format!("list {}: they show under which name it is stored", listed(kind))),
    ]
}

fn says(kind: CacheKind) -> &'static str {
    match kind {
        CacheKind::Azblob => {
            "An import from Azure storage prints how many layers it found, and these found none."
        }
        _ => "An import of this kind ends in DONE whether or not it found anything.",
    }
}

fn ends(kind: CacheKind) -> &'static str {
    match kind {
        CacheKind::Azblob => "the import ends without `found N layers in cache`",
        _ => "the import ends, and does not say what it found",
    }
}

/// What a cache of this kind is looked for in.
fn listed(kind: CacheKind) -> &'static str {
    match kind {
        CacheKind::Gha => "the caches (gh cache list)",
        CacheKind::S3 => "the objects in the bucket",
        _ => "the objects in the container",
    }
}

/// The import that is not known to have found anything: the only one, so that no other served the
/// build.
pub(super) fn silent(build: &Build) -> Option<&Transfer> {
    let [import] = build.imports.as_slice() else { return None };
    let known = matches!(import.kind, CacheKind::Gha | CacheKind::S3 | CacheKind::Azblob);
    (known && import.ok() && import.found() != Found::Yes).then_some(import)
}

/// A step came from a cache, or none was to.
pub(super) fn served(run: &Run, build: &Build) -> bool {
    let asked = run.commands_of(build).iter().any(|c| c.no_cache || !c.no_cache_filter.is_empty());
    build.hits() > 0 || asked || build.tangled
}

fn vain<'a>(pair: &[(&'a Run, &'a Build)], kind: CacheKind) -> Option<Vain<'a>> {
    let [(before_run, before), (run, build)] = pair else { return None };
    let import = silent(build).filter(|import| import.kind == kind)?;
    stored(before, kind)?;
    let step = alike::unchanged(before, build)?;
    (!named_apart(before_run, before, run, build)).then_some(Vain { run, build, import, step })
}

fn stored(build: &Build, kind: CacheKind) -> Option<&Transfer> {
    build.exports.iter().find(|export| export.ok() && export.kind == kind)
}

/// The command lines show that one scope or name is written and another is read.
fn named_apart(before_run: &Run, before: &Build, run: &Run, build: &Build) -> bool {
    let written: Vec<_> =
        before_run.commands_of(before).iter().flat_map(|c| &c.cache_to).filter_map(scope).collect();
    let read: Vec<_> =
        run.commands_of(build).iter().flat_map(|c| &c.cache_from).filter_map(scope).collect();
    !written.is_empty() && !read.is_empty() && !read.iter().any(|name| written.contains(name))
}

fn lines(vain: &Vain) -> [Evidence; 2] {
    let import = vain.import.verdict.as_ref().unwrap_or(&vain.import.header);
    let ran = vain.step.verdict.as_ref().unwrap_or(&vain.step.header);
    [
        Study::quote(vain.run, import, ends(vain.import.kind)),
        Study::quote(vain.run, ran, "ran again, though nothing it depends on changed"),
    ]
}

fn of_export(run: &Run, export: &Transfer) -> Evidence {
    Study::quote(run, &export.header, "the cache is stored")
}

fn key(kind: CacheKind) -> &'static str {
    match kind {
        CacheKind::Gha => "scope",
        CacheKind::Azblob => "container, prefix or name",
        _ => "bucket, prefix or name",
    }
}

fn fix(kind: CacheKind) -> Fix {
    let (step, snippet) = match kind {
        CacheKind::Gha => (
            "Write the same `scope=` in `--cache-from` and in `--cache-to`; left out on both sides \
                it is `buildkit`.",
            "cache-from: type=gha,scope=IMAGE\ncache-to: type=gha,scope=IMAGE,mode=max",
        ),
        CacheKind::Azblob => (
            "Write the same `account_url=`, `container=`, `prefix=` and `name=` in `--cache-from` \
                and in `--cache-to`; `name` is `buildkit` where it is left out.",
            "--cache-from type=azblob,account_url=URL,name=IMAGE \\\n--cache-to \
                type=azblob,account_url=URL,name=IMAGE,mode=max",
        ),
        _ => (
            "Write the same `bucket=`, `prefix=`, `manifests_prefix=` and `name=` in \
                `--cache-from` and in `--cache-to`; `name` is `buildkit` where it is left out.",
            "--cache-from type=s3,region=REGION,bucket=BUCKET,name=IMAGE \\\n--cache-to \
                type=s3,region=REGION,bucket=BUCKET,name=IMAGE,mode=max",
        ),
    };
    Fix {
        summary: format!("check that import and export name the same {}", key(kind)),
        steps: vec![
            step.to_owned(),
            "Look at what is stored: `gh cache list` shows entries `index-SCOPE-…`, a bucket or \
                container holds PREFIX/manifests/NAME. If the name is right, it is evicted too \
                early."
                .to_owned(),
        ],
        snippet: Some(snippet.to_owned()),
        ..Fix::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, made, of};
    use super::*;

    fn run() -> Made {
        made()
            .import("gha:153", None)
            .from("docker.io/library/node:20", "0a")
            .miss("WORKDIR /app")
            .miss("COPY . .")
    }

    fn found(runs: Vec<Made>) -> usize {
        CacheNeverFound.check(&of(runs)).len()
    }

    #[test]
    fn fires_where_nothing_ever_comes_from_it() {
        let stores = || run().export(CacheKind::Gha, None);
        assert_eq!(found(vec![stores(), stores()]), 1);
        let same =
            "docker buildx build --cache-from type=gha,scope=web --cache-to type=gha,scope=web .";
        assert_eq!(found(vec![stores().command(same), stores().command(same)]), 1);
    }

    #[test]
    fn leaves_what_was_served_or_is_named_apart() {
        let stores = || run().export(CacheKind::Gha, None);
        assert_eq!(found(vec![stores()]), 0);
        assert_eq!(found(vec![run(), run()]), 0, "nothing is stored");
        assert_eq!(found(vec![stores(), stores().hit("RUN b")]), 0);
        let apart =
            "docker buildx build --cache-from type=gha,scope=a --cache-to type=gha,scope=b .";
        assert_eq!(found(vec![stores().command(apart), stores().command(apart)]), 0);
        let moved = run().with(|b| b.bases.clear()).from("docker.io/library/node:20", "0b");
        assert_eq!(found(vec![stores(), moved.export(CacheKind::Gha, None)]), 0);
    }
}
