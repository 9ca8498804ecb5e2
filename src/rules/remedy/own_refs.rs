//! One cache reference for each build, where several write the same one now.
//!
//! In the configuration every specification of the shared cache gets the name of its build; a matrix
//! gets the variable of the leg, where the kind of file can write it.

use super::advice::{ATTRIBUTES, import};
use super::{At, PLACEHOLDER, Site, patch, reference, snippet};
use crate::config::{Change, Settings};
use crate::finding::Fix;
use crate::model::{CacheKind, CacheSpec};

/// One reference for each job or target that writes the same one now.
#[must_use]
pub fn own_refs(sites: &[Site]) -> Fix {
    let snippets = sites.iter().enumerate().map(|(n, site)| {
        let name = own_name(site).unwrap_or_else(|| format!("build {}", n + 1));
        let own = format!("{}-{}", site.cache, slug(&name));
        let settings = Settings {
            from: vec![import(&own)],
            to: Some(format!("type=registry,ref={own},{ATTRIBUTES}")),
            ..Settings::default()
        };
        format!("# {name}\n{}", snippet::write(site, &settings))
    });
    let fix = Fix {
        summary: "give each job and target a cache reference of its own".to_owned(),
        steps: vec![
            "A cache reference holds what the last writer stored and nothing else: write one reference per image, platform and branch.".to_owned(),
            "A build may import several references (its own and, say, the main branch's): BuildKit looks in all of them.".to_owned(),
        ],
        snippet: Some(snippets.collect::<Vec<_>>().join("\n\n")),
        cost: "one more tag in the registry for each".to_owned(),
        ..Fix::default()
    };
    own_caches(fix, &sites.iter().filter_map(|site| site.at).collect::<Vec<_>>())
}

/// Renames the caches of these places, each after its build; one edit for each file.
pub(in crate::rules) fn own_caches(mut fix: Fix, places: &[At]) -> Fix {
    let mut paths: Vec<&str> = places.iter().map(|at| at.config.path.as_str()).collect();
    paths.dedup();
    let naming = telling(places);
    for path in paths {
        let here: Vec<At> = places.iter().copied().filter(|at| at.config.path == path).collect();
        let changes: Vec<Change> = here.iter().flat_map(|at| renamed(*at, naming)).collect();
        fix = patch::with_all(fix, &here, &changes);
    }
    fix
}

fn renamed(at: At, naming: Naming) -> Vec<Change> {
    let command = &at.place.command;
    let Some(name) = naming(at) else { return Vec::new() };
    let specs = command.cache_to.iter().map(|s| (s, true)).chain(command.cache_from.iter().map(|s| (s, false)));
    let mut changes: Vec<Change> = Vec::new();
    for (spec, export) in specs {
        let new = own(at, spec, export, &name);
        let change = new.map(|new| Change::Spec { place: at.index, old: spec.raw.clone(), new });
        changes.extend(change.filter(|change| !changes.contains(change)));
    }
    changes
}

/// The specification with a name of its own; `None` where that cannot be written.
fn own(at: At, spec: &CacheSpec, export: bool, name: &str) -> Option<String> {
    let key = match spec.kind() {
        CacheKind::Registry => "ref",
        CacheKind::Gha => "scope",
        CacheKind::S3 | CacheKind::Azblob => "name",
        CacheKind::Local if export => "dest",
        CacheKind::Local => "src",
        CacheKind::Inline | CacheKind::Unknown => return None,
    };
    let legs: Option<Vec<String>> = at.place.legs.iter().map(|leg| at.config.kind.variable(leg)).collect();
    let legs = legs.filter(|legs| legs.is_empty() || key == "scope")?;
    let old = spec.get(key);
    let parts = old.into_iter().chain(std::iter::once(name)).chain(legs.iter().map(String::as_str));
    let value = parts.collect::<Vec<_>>().join("-");
    if !spec.raw.contains('=') {
        return Some(value);
    }
    let kept = |(k, v): &(String, String)| {
        let v = if k.trim().eq_ignore_ascii_case(key) { &value } else { v };
        format!("{k}={v}")
    };
    let mut written: Vec<String> = spec.attributes.iter().map(kept).chain(spec.loose.iter().cloned()).collect();
    written.extend(old.is_none().then(|| format!("{key}={value}")));
    Some(written.join(","))
}

/// How a place is named.
type Naming = fn(At) -> Option<String>;

/// The first way to name them that names no two alike: two jobs may build one image.
fn telling(places: &[At]) -> Naming {
    const WAYS: [Naming; 2] = [named_by_build, named_by_job];
    let tells = |naming: &&Naming| {
        let mut names: Vec<Option<String>> = places.iter().map(|at| naming(*at)).collect();
        names.sort();
        names.windows(2).all(|pair| pair.first() != pair.last())
    };
    WAYS.iter().find(tells).copied().unwrap_or(named_by_all)
}

/// The target, else the image, else the job.
fn named_by_build(at: At) -> Option<String> {
    let name = own_name(&Site::written(at)).filter(|name| !name.contains(['$', '%']));
    name.map(|name| slug(&name)).or_else(|| named_by_job(at))
}

fn named_by_job(at: At) -> Option<String> {
    let job = at.place.key.as_ref().unwrap_or(&at.place.job);
    (!job.is_empty()).then(|| slug(job))
}

/// The job, what it builds and for what.
fn named_by_all(at: At) -> Option<String> {
    let command = &at.place.command;
    let file = command.file.as_deref().and_then(|file| file.rsplit('/').next());
    let parts = [named_by_job(at), own_name(&Site::written(at)), command.target.clone(), file.map(str::to_owned)];
    let plain = parts.into_iter().flatten().filter(|part| !part.contains(['$', '%']));
    let name = plain.map(|part| slug(&part)).collect::<Vec<_>>().join("-");
    (!name.is_empty()).then_some(name)
}

/// The target, or the last part of the image's name.
fn own_name(site: &Site) -> Option<String> {
    let image = (site.image != PLACEHOLDER).then(|| reference::repository(&site.image));
    let last = image.and_then(|image| image.rsplit('/').next()).map(str::to_owned);
    site.target.clone().or(last)
}

/// A tag takes letters, digits, `_`, `.` and `-`.
fn slug(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect()
}
