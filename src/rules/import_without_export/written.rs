//! The configuration: a cache is imported, and nothing that was given writes it.

use super::META;
use crate::config::{Config, Side};
use crate::finding::{Finding, Fix, not_ruled_out};
use crate::model::{CacheKind, CacheSpec};
use crate::rules::Study;
use crate::rules::cache_ref_mismatch::written::one_name;
use crate::rules::cache_ref_shared::differ;
use crate::rules::planned::flow::{self, CacheName, CacheNames};
use crate::rules::planned::{self, Words};
use crate::rules::remedy::{self, At, Site, patch, reference};

/// One finding for each build.
pub(super) fn findings<'a>(study: &'a Study) -> impl Fn(At<'a>) -> Option<Finding> {
    let written = flow::all_written(study);
    let hides = flow::hides_an_export(study);
    move |at| if hides { None } else { finding(study, at, &written) }
}

fn finding(study: &Study, at: At, written: &CacheNames) -> Option<Finding> {
    let command = &at.place.command;
    let inline = command.inline();
    let exports = command.cache_to.iter().any(|spec| spec.kind() != CacheKind::Inline);
    if exports || !flow::is_buildkit(at) || inline && gives_names_later(study) {
        return None;
    }
    let all: Vec<CacheName> = flow::read(at).map(|(_, name)| name).collect();
    let unwritten = |name: &CacheName| !written.holds(name) && is_own(at, name);
    if all.len() != command.cache_from.len() || !all.iter().all(unwritten) {
        return None;
    }
    let (spec, name) = flow::read(at).next()?;
    let twin = stored_elsewhere(study, at, &name);
    let stored = twin.as_ref().map(|(_, stored)| {
        format!(" Another build of the same Dockerfile stores its cache in {}.", stored.shown())
    });
    let words = Words {
        title: format!("{} is imported, and nothing in this configuration writes it", name.shown()),
        cause: format!(
            "`{}` is looked for in each run. {}, and no other build of \
                these files writes that one: the import finds nothing, and each run on a new \
                machine starts cold. A gha cache that does not exist gives no error.{}",
            spec.raw,
            if inline {
                "The build writes its cache into its image, which is pushed under other names"
            } else {
                "The build exports no cache"
            },
            stored.unwrap_or_default()
        ),
        fix: match twin {
            Some((to, _)) if command.cache_from.len() == 1 => one_name(at, spec, to, name.kind),
            _ if inline => pushed_too(at, &name),
            _ => own_export(at),
        },
        rules_out: vec![not_ruled_out(
            "another repository or a file that was not given may write it",
        )],
        subject: name.text.clone(),
    };
    let line = at.evidence_of_spec(spec, Side::From, "is imported");
    planned::finding(&META, META.severity, line.into_iter().collect(), words)
}

/// Something gives images further names, which may be those that are imported: a job that releases
/// what another one built.
fn gives_names_later(study: &Study) -> bool {
    const COMMANDS: [&str; 8] = [
        "docker tag",
        "podman tag",
        "buildah tag",
        "imagetools",
        "crane ",
        "skopeo ",
        "regctl ",
        "oras ",
    ];
    let mut texts = study.configs.iter().map(Config::body);
    texts.any(|text| COMMANDS.iter().any(|command| text.contains(command)))
}

/// The cache is in the image: a tag that stays has to be pushed.
fn pushed_too(at: At, name: &CacheName) -> Fix {
    let fix = Fix {
        summary: format!("push the image as {} too", name.text),
        steps: vec![
            format!(
                "Give the image the tag {} beside its others, and push it: an inline cache is \
                    found under the names of its image only.",
                name.text
            ),
            "Or import a tag that every run pushes.".to_owned(),
        ],
        ..Fix::default()
    };
    patch::refused(fix, at, "which tags are pushed is your decision")
}

fn own_export(at: At) -> Fix {
    let base = remedy::registry_max(&Site::written(at));
    let first = "Export the cache in this build, or import one that another build writes.";
    Fix { steps: std::iter::once(first.to_owned()).chain(base.steps).collect(), ..base }
}

/// What another build of the same image exports, and under which name: runs of a pull request find
/// the caches of the branch that they go to.
fn stored_elsewhere<'a>(
    study: &'a Study,
    at: At,
    name: &CacheName,
) -> Option<(&'a CacheSpec, CacheName)> {
    let known = |at: At| planned::dockerfile(study, at).map(|file| &file.path);
    let same = |other: &At| {
        other.forge() == at.forge()
            && known(*other).is_some_and(|file| Some(file) == known(at))
            && other.place.refs.branches
            && !differ(study, at, *other)
    };
    let stays = |other: At<'a>| {
        let common = move |(_, stored): &(&CacheSpec, CacheName)| {
            other.place.is_common(&stored.text) && stored.changing().is_none()
        };
        flow::exported(other).filter(common)
    };
    let all = planned::places(study).filter(same).flat_map(stays);
    let mut found = all.filter(|(_, stored)| stored.kind == name.kind);
    let first = found.next()?;
    found.all(|(_, other)| other == first.1).then_some(first)
}

/// A cache of this repository: GitHub's are, and what stands beside the image that is built.
fn is_own(at: At, name: &CacheName) -> bool {
    let repository = reference::repository(&name.text);
    let own_tag = reference::tag(&name.text).is_some_and(|tag| tag != "latest");
    let beside = |image: &str| {
        let image = at.place.expanded(image);
        let below = repository.strip_prefix(reference::repository(&image));
        below.is_some_and(|rest| (rest.is_empty() && own_tag) || is_named_after_it(rest))
    };
    name.kind != CacheKind::Registry || at.place.names().any(beside)
}

/// `registry.example/web/cache`, `registry.example/web-cache` of the image `registry.example/web`.
fn is_named_after_it(rest: &str) -> bool {
    rest.starts_with(['/', '-', '_', '.']) && rest.contains("cache")
}
