//! A cache that is written to one reference and looked for under another.

mod isolated;
mod of_branch;
mod scopes;
pub(super) mod written;

use super::absent_refs::{AbsentLook, absent, written};
use super::backend::cost_of;
use super::image_names::may_be_named;
use super::past::Past;
use super::planned;
use super::remedy::{self, At, Site, reference};
use super::{Effect, Rule, RuleMeta, Study, unpulled};
use crate::config::pattern::fits;
use crate::finding::{
    Confidence, Evidence, Finding, Fix, Impact, Proof, Severity, not_ruled_out, to_decide,
};
use crate::model::{CacheKind, CacheSpec, Quote, Text, Transfer};

pub(super) struct CacheRefMismatch;

static META: RuleMeta = RuleMeta {
    id: "cache-ref-mismatch",
    title: "the cache is written to one reference and imported from another",
    group: "No cache in use",
    severity: Severity::Error,
    what: "A run exports its cache without error, and the next run of the same build still gets \
        `not found` for the reference it imports; or its command line names one `scope=` (gha) or \
        `name=` (s3, azblob) in the import and another in the export, and nothing comes from the \
        cache. A note where it is one run whose command line names two references. Without a log: \
        an import and an export with two names, a name that holds the commit or the run, a GitHub \
        cache that only runs of tags, or of pull requests, write; a note where the name holds the \
        branch and no other cache is imported.",
    why: "Both sides work, on different references: each run stores a cache that nobody reads.",
    fix: "Use the same reference, scope or name in `--cache-from` and `--cache-to`.",
    rules_out: "A first run without its command line, a refused export, a list of references of \
        which another one is found, and command lines that name the same reference on both sides \
        (then the registry lost it).",
    limits: "BuildKit does not print where an export goes; without the command line the mismatch \
        follows from `not found` after an export that went well.",
    example: include_str!("examples/cache-ref-mismatch.txt"),
    references: &[
        "https://docs.docker.com/build/cache/backends/registry/",
        "https://docs.docker.com/build/cache/backends/gha/",
    ],
    since: "0.1.0",
};

impl Rule for CacheRefMismatch {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        let absent = study.series.iter().flat_map(|series| absent(study, series));
        let references = absent.filter_map(|(name, looks)| finding(study, name, &looks));
        let seen: Vec<Finding> =
            references.chain(scopes::findings(study)).chain(repositories(study)).collect();
        // A cache that is found is the one that was written.
        let found = |past: &Past| {
            (1..past.len())
                .any(|i| past.imported(i) && past.builds.get(i).is_some_and(|b| b.hits() > 0))
        };
        let reported = |past: &Past| {
            past.last().is_some_and(|(run, _)| {
                seen.iter().any(|f| f.evidence.iter().any(|e| e.source == run.source))
            })
        };
        let decides = |past: &Past| found(past) || reported(past);
        let written = written::findings(study);
        planned::with_undecided(study, seen.clone(), decides, written)
    }
}

/// buildah, which names both on its command line and prints nothing of a layer that it does not
/// find.
fn repositories(study: &Study) -> impl Iterator<Item = Finding> {
    Past::all(study).filter_map(|past| {
        let found = unpulled::of(&past)?;
        let title =
            format!("the cache is written to {} and imported from {}", found.written?, found.name);
        let cause = "Each run pushes its layers to one repository and asks another one for them.";
        unpulled::finding(
            &META,
            &found,
            unpulled::ImageWords { title, cause, confidence: Confidence::Proven },
        )
    })
}

/// The line that shows the cache being stored.
fn stored<'a>(look: &AbsentLook<'a>) -> Option<&'a Quote> {
    if !look.build.succeeded() {
        return None;
    }
    let exported =
        |e: &&Transfer| e.ok() && matches!(e.kind, CacheKind::Registry | CacheKind::Inline);
    let line = |e: &'a Transfer| e.verdict.as_ref().unwrap_or(&e.header);
    look.build.exports.iter().find(exported).map(line).or(look.build.inline.as_ref())
}

/// The image that holds the cache of the build, where no other was written.
fn inlined<'a>(look: &AbsentLook<'a>) -> Option<&'a str> {
    let own = |e: &Transfer| e.kind == CacheKind::Inline;
    let inline = look.build.inline.is_some() || look.build.exports.iter().any(own);
    if !inline || !look.build.exports.iter().all(own) {
        return None;
    }
    look.build.images.first().map(Text::as_str)
}

fn finding(study: &Study, name: &str, looks: &[AbsentLook]) -> Option<Finding> {
    if looks.iter().any(|look| may_write(look, name)) {
        return None;
    }
    // The builds after a stored cache that look for it and find nothing.
    let first = looks.iter().position(|look| stored(look).is_some())?;
    let missed = looks.get(first + 1..)?;
    let other = looks.iter().flat_map(|l| written(l.run)).next();
    let last = looks.last()?;
    // A tag of one run is nothing to import.
    let keeps = |image: &&str| missed.iter().all(|look| inlined(look) == Some(*image));
    let image = if other.is_none() { inlined(last).filter(keeps) } else { None };
    if missed.is_empty() {
        let [look] = looks else { return None };
        return single_run(study, name, other?, look);
    }
    let site = Site::of(study, last.run, last.build);
    // Configuration that is newer than the logs.
    let mended = other.and_then(|to| mended(&site, name, to));
    Some(Finding {
        rule: META.id,
        severity: if mended.is_some() { Severity::Note } else { META.severity },
        confidence: match (other, image) {
            (Some(_), _) => Confidence::Proven,
            (None, Some(_)) => Confidence::Likely,
            // A registry that deletes the tag between the runs looks the same.
            (None, None) => Confidence::Suspected,
        },
        title: match other.or(image) {
            Some(to) => format!("the cache is written to {to} and imported from {name}"),
            None => {
                format!("the cache is written, apparently not to {name}, where it is imported from")
            }
        },
        cause: "Each run stores a cache without error, and the next one does not find the \
            reference it imports."
            .to_owned(),
        evidence: Proof::from_lines(lines(looks, first))?,
        fix: match (mended, image) {
            (Some(fix), _) => fix,
            (None, Some(image)) => import_of(image, &site),
            (None, None) => fix(name, other, &site),
        },
        impact: cost_of(missed.iter().map(|l| l.build)),
        rules_out: match (other, image) {
            (Some(_), _) => Vec::new(),
            (None, Some(_)) => {
                vec![not_ruled_out(format!("another job that pushes the image as {name} later"))]
            }
            (None, None) => vec![
                not_ruled_out("a registry that deletes the reference between runs"),
                to_decide(
                    "look at the command line: it shows whether both sides name the same \
                    reference",
                ),
            ],
        },
        subject: name.to_owned(),
    })
}

/// As a cache, or as the image.
fn may_write(look: &AbsentLook, name: &str) -> bool {
    written(look.run).any(|to| reference::may_be(to, name))
        || may_be_named(look.run, look.build, name)
}

/// One run whose command line names two references: the next one looks for the first in vain,
/// unless somebody else writes it.
fn single_run(study: &Study, name: &str, other: &str, look: &AbsentLook) -> Option<Finding> {
    let command = look.run.commands_of(look.build).first()?;
    let mut read = look.build.imports.iter().filter_map(|import| import.reference.as_deref());
    if read.any(|read| reference::may_be(other, read)) {
        return None;
    }
    let asked = Study::quote(look.run, &command.quote, "names two references");
    Some(Finding {
        rule: META.id,
        severity: Severity::Note,
        confidence: Confidence::Suspected,
        title: format!("the cache is written to {other} and imported from {name}"),
        cause: "The build looks for its cache under one reference and stores it under another."
            .to_owned(),
        evidence: Proof::from_lines(
            std::iter::once(asked).chain(lines(std::slice::from_ref(look), 0)).collect(),
        )?,
        fix: fix(name, Some(other), &Site::of(study, look.run, look.build)),
        impact: Impact::default(),
        rules_out: vec![not_ruled_out(format!(
            "another job that writes {name} and has not run yet"
        ))],
        subject: name.to_owned(),
    })
}

fn lines(looks: &[AbsentLook], first: usize) -> Vec<Evidence> {
    let pair = |look: &AbsentLook| {
        let export = stored(look).map(|line| Study::quote(look.run, line, "the cache is stored"));
        let import = look.import.verdict.as_ref().unwrap_or(&look.import.header);
        [Some(Study::quote(look.run, import, "the cache is not there")), export]
    };
    looks.iter().skip(first).take(6).flat_map(pair).flatten().collect()
}

/// An inline cache is where its image is.
fn import_of(image: &str, site: &Site) -> Fix {
    let fix = remedy::add_import(&Site { cache: image.to_owned(), ..site.clone() });
    Fix { summary: format!("import {image}, the image that holds the inline cache"), ..fix }
}

fn fix(name: &str, other: Option<&str>, site: &Site) -> Fix {
    let cache = other.unwrap_or(name).to_owned();
    if let Some((at, from, to)) = site.at.and_then(|at| both(at, name, &cache)) {
        return written::one_name(at, from, to, CacheKind::Registry);
    }
    let site = Site { cache, imports: Vec::new(), ..site.clone() };
    Fix {
        summary: "use one reference for import and export".to_owned(),
        steps: vec![format!(
            "Name the same reference in the import and in the export: {}.",
            site.cache
        )],
        ..remedy::registry_max(&site)
    }
}

/// The configuration imports what it exports beside what these runs looked for.
fn mended(site: &Site, name: &str, cache: &str) -> Option<Fix> {
    let (at, _, to) = both(site.at?, name, cache)?;
    written::imports(at, to).then(|| Fix {
        summary: format!("nothing more: {} imports {cache} as well by now", at.config.path),
        steps: vec![
            format!("The logs are of runs before that: the next one finds {cache}."),
            format!("The import of {name} may go: nothing is there."),
        ],
        ..Fix::default()
    })
}

/// The import and the export as the configuration has them.
fn both<'a>(at: At<'a>, from: &str, to: &str) -> Option<(At<'a>, &'a CacheSpec, &'a CacheSpec)> {
    let command = &at.place.command;
    let named = |spec: &&CacheSpec, name: &str| {
        spec.get("ref")
            .is_some_and(|own| reference::same(&at.place.expanded(own), name) || fits(own, name))
    };
    let import = command.cache_from.iter().find(|spec| named(spec, from))?;
    let export = command.cache_to.iter().find(|spec| named(spec, to))?;
    Some((at, import, export))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{made, of};
    use super::*;

    #[test]
    fn fires_and_names_both_where_the_command_shows() {
        let run = || {
            made().absent("r.example.com/app:cache").export(CacheKind::Registry, None).miss("RUN a")
        };
        assert_eq!(
            CacheRefMismatch.check(&of(vec![run(), run()]))[0].confidence,
            Confidence::Suspected
        );
        let command = "docker buildx build --cache-from r.example.com/app:cache --cache-to \
            type=registry,ref=r.example.com/app:buildcache .";
        let found =
            CacheRefMismatch.check(&of(vec![run().command(command), run().command(command)]));
        assert_eq!(found[0].confidence, Confidence::Proven);
        assert!(found[0].title.contains(":buildcache"));
    }

    #[test]
    fn leaves_lost_references_and_refused_exports() {
        let command = "docker buildx build --cache-from r.example.com/app:c --cache-to \
            type=registry,ref=r.example.com/app:c .";
        let lost = || {
            made().absent("r.example.com/app:c").export(CacheKind::Registry, None).command(command)
        };
        assert!(CacheRefMismatch.check(&of(vec![lost(), lost()])).is_empty());
        let refused = || {
            made()
                .absent("r.example.com/app:c")
                .export(CacheKind::Registry, Some("error writing layer blob: denied"))
        };
        assert!(CacheRefMismatch.check(&of(vec![refused(), refused()])).is_empty());
    }
}
