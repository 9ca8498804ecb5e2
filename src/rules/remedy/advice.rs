//! The fixes themselves: what to do, in which order, at what cost.
//!
//! Facts with versions are from `BuildKit`'s and Docker's sources; the settings are written by
//! `snippet`.

use super::builder::CREATE;
use super::snippet;
use super::{At, Form, PLACEHOLDER, Site, gha, patch, plain, reference};
use crate::config::bitbucket::DOCKER_IMAGE;
use crate::config::{CacheSettings, Change, Side};
use crate::finding::Fix;
use crate::model::{CacheKind, CacheSpec};

/// `image-manifest=true` is what ECR and others ask for and the default only since `BuildKit` 0.21.
pub(in crate::rules) const ATTRIBUTES: &str =
    "mode=max,image-manifest=true,oci-mediatypes=true,compression=zstd";

/// A cache of every stage in a directory: what is exported into one there is grows without end.
const LOCAL: &str =
    "--cache-from type=local,src=cache --cache-to type=local,dest=cache-new,mode=max";
const MOVED: &str = "rm -rf cache && mv cache-new cache";

/// What `mode=max` costs.
const GROWS: &str =
    "the cache holds every stage and grows; each export takes time and registry space";

/// What a builder costs that is made in the job.
pub(in crate::rules) const COLD: &str =
    "a builder created in each job starts empty: it pulls base images and cached layers each time";

/// What a Bitbucket step has to have for buildx.
#[must_use]
pub fn bitbucket_runtime() -> String {
    format!(
        "`docker buildx` needs `runtime: cloud: version: \"3\"`. That runtime no longer puts a \
            docker client into the step: use an image that has one with buildx, such as \
            {DOCKER_IMAGE}."
    )
}

/// Every stage in a registry cache, written by a builder that can.
#[must_use]
pub fn registry_max(site: &Site) -> Fix {
    if let Some(fix) = plain::registry(site).or_else(|| gha::store(site)) {
        return fix;
    }
    let settings = max_settings(site, CacheSettings::default());
    let make = settings.builder.then(|| match site.form {
        Form::BuildPushAction => "Add docker/setup-buildx-action: it creates a docker-container \
            builder, since the default docker driver cannot export a registry cache."
            .to_owned(),
        Form::ComposePlugin => "Move to version 5.5.0 of the plugin or newer and let it create a \
            docker-container builder (`builder:`): the default docker driver cannot export a \
            registry cache."
            .to_owned(),
        _ if site.at.is_some_and(|at| at.place.machine.passed_over.is_some()) => {
            "Build with `docker buildx build`: `docker build` does not use the builder of the job, \
                and the default docker driver cannot export a registry cache."
                .to_owned()
        }
        _ => format!(
            "Create a docker-container builder in the job (`{CREATE}`): the default docker driver \
                cannot export a registry cache."
        ),
    });
    let mut steps: Vec<String> = make.into_iter().collect();
    steps.extend((settings.builder && site.ci == Some("bitbucket")).then(bitbucket_runtime));
    steps.push(format!(
        "Export every stage to {} with mode=max and import the same reference.",
        site.cache
    ));
    steps.extend(site.form.eq(&Form::DockerBuild).then(|| {
        "The image is then in the builder, not in dockerd: --push it, or --load it if later \
            commands use it."
            .to_owned()
    }));
    steps.extend(site.is_kept_in_a_file().then(|| {
        format!(
            "Without a registry: keep a directory in the CI's cache in place of the image's file \
                (`{LOCAL}`), and put the new one in its place after the build: `{MOVED}`."
        )
    }));
    let fix = Fix {
        summary:
            "store every stage in a registry cache (mode=max), with a builder that can write it"
                .to_owned(),
        steps,
        snippet: Some(snippet::write(site, &settings)),
        cost: if settings.builder { format!("{GROWS}; {COLD}") } else { GROWS.to_owned() },
        ..Fix::default()
    };
    noted(patch::with_caches(fix, site, max_settings), site)
}

/// The registry cache in place of the export there is; imports stay, so that what was written until
/// now is used until the new cache is filled.
fn max_settings(site: &Site, now: CacheSettings) -> CacheSettings {
    let own = import(&site.cache);
    let builder = !site.capable && site.form != Form::Buildctl;
    let stays = |name: &&String| {
        !reference::same(name, &site.cache) && (!builder || site.is_in_a_registry(name))
    };
    let others = site.imports.iter().filter(stays).map(|name| import(name));
    let backends =
        now.from.into_iter().filter(|raw| CacheSpec::parse(raw).kind() != CacheKind::Registry);
    CacheSettings {
        from: std::iter::once(own).chain(others).chain(backends).collect(),
        to: Some(format!("type=registry,ref={},{ATTRIBUTES}", site.cache)),
        inline: false,
        builder,
    }
}

/// The same for all of these builds of one file.
pub(in crate::rules) fn together(fix: Fix, places: &[At]) -> Fix {
    patch::together(fix, places, |at| {
        let site = Site::written(at);
        let now = CacheSettings::default();
        let settings = gha::settings_of(&site).unwrap_or_else(|| max_settings(&site, now));
        let named =
            settings.from.iter().chain(&settings.to).all(|spec| !spec.contains(PLACEHOLDER));
        let stores = |raw: &String| CacheSpec::parse(raw).kind() == CacheKind::Registry;
        let out = settings.to.as_ref().is_some_and(stores) && patch::kept_out(at).is_some();
        if !named || out || plain::registry(&site).is_some() {
            return Vec::new();
        }
        vec![Change::Caches { place: at.index, settings }]
    })
}

/// The cache there is, with every stage in it.
#[must_use]
pub fn max_mode(site: &Site) -> Fix {
    if let Some(fix) = held_max(site) {
        return fix;
    }
    let export = match &site.export {
        Some(export) if plain::registry(site).is_none() => export,
        _ => return registry_max(site),
    };
    // What is pasted in the place of a command has its imports too.
    let from = site.at.map(|at| patch::kept(&at.place.command).from).unwrap_or_default();
    let settings = CacheSettings { from, to: Some(with_max(export)), ..CacheSettings::default() };
    let fix = Fix {
        summary: "export every stage: mode=max".to_owned(),
        steps: vec![
            "Write `mode=max` into the export; `min` is the default and is never printed."
                .to_owned(),
        ],
        snippet: Some(snippet::write(site, &settings)),
        cost: GROWS.to_owned(),
        ..Fix::default()
    };
    let Some((at, last)) = site.at.and_then(|at| Some((at, Site::written(at).export?))) else {
        return fix;
    };
    let mut olds = min_exports(at);
    if olds.is_empty() {
        olds.push(last);
    }
    let specs: Vec<CacheSpec> = olds.iter().map(|old| CacheSpec::parse(old)).collect();
    if let Some(held) = specs.iter().find(|spec| patch::is_variable(spec)) {
        return patch::refused(fix, at, &format!("the option comes from `{}`", held.raw));
    }
    if specs.iter().any(patch::has_blanks) {
        return patch::refused(fix, at, "the space behind the comma has to go first");
    }
    let change = |old: String| {
        let new = with_max(&old);
        Change::Spec { place: at.index, side: Side::To, old, new }
    };
    patch::with_all(fix, &[at], &olds.into_iter().map(change).collect::<Vec<_>>())
}

/// The exports of a build that do not name the mode: an expression may choose one of several.
fn min_exports(at: At) -> Vec<String> {
    let mut olds: Vec<String> = Vec::new();
    for spec in &at.place.command.cache_to {
        let min = spec.kind() != CacheKind::Inline && spec.get("mode") != Some("max");
        if min && !olds.contains(&spec.raw) {
            olds.push(spec.raw.clone());
        }
    }
    olds
}

/// The whole option stands where the file sets a variable.
fn held_max(site: &Site) -> Option<Fix> {
    let at = site.at?;
    let mut exports = at.place.command.cache_to.iter();
    let spec = exports.find(|spec| spec.kind() != CacheKind::Inline && patch::is_variable(spec))?;
    let held = at.place.expanded(&spec.raw);
    if !held.starts_with("type=") {
        return None;
    }
    let fix = Fix {
        summary: "export every stage: mode=max".to_owned(),
        steps: vec![format!(
            "Write `{}` where the file sets `{}`; it is `{held}` now.",
            with_max(&held),
            spec.raw
        )],
        cost: GROWS.to_owned(),
        ..Fix::default()
    };
    Some(patch::refused(fix, at, &format!("the option comes from `{}`", spec.raw)))
}

/// `type=gha,mode=min` is `type=gha,mode=max`; a misspelt mode silently means min.
fn with_max(raw: &str) -> String {
    let spec = CacheSpec::parse(raw);
    let attributes =
        spec.attributes.iter().filter(|(key, _)| !key.trim().eq_ignore_ascii_case("mode"));
    let parts =
        attributes.map(|(key, value)| format!("{key}={value}")).chain(spec.loose.iter().cloned());
    parts.chain(std::iter::once("mode=max".to_owned())).collect::<Vec<_>>().join(",")
}

/// For the engine's inline cache bugs: a newer engine, or a cache that does not pass through it.
#[must_use]
pub fn engine_upgrade(site: &Site) -> Fix {
    let other = registry_max(&Site { capable: false, ..site.clone() });
    let steps = [
        "Upgrade the Docker Engine of the build host to 27.2 or newer, whose inline cache works: \
            20.10 to 26.1 lose it after a partly cached run (the fix, BuildKit pull request 4796, \
            never came to 25.x and 26.x), and 27.0.1 to 27.1.2 never store a usable one. Amazon \
            Linux 2023, the base of the Elastic CI Stack, still shipped 25.x in early 2026.",
        "Where the engine cannot be changed: build with a docker-container builder and a registry \
            cache, as below. That builder brings its own BuildKit.",
        "Or turn on the containerd image store of the engine (\"features\": \
            {\"containerd-snapshotter\": true} in daemon.json): the bug is in the older image \
            store only.",
        "What does not help is a newer buildx or docker client: the cache is written by the \
            engine. A `docker pull` before the build does harm: of an image that is on the machine \
            newer engines lose the cache, too.",
    ];
    let fix = Fix {
        summary:
            "use Docker Engine 27.2 or newer, or a docker-container builder with a registry cache"
                .to_owned(),
        steps: steps.into_iter().map(str::to_owned).collect(),
        snippet: other.snippet,
        edits: other.edits,
        places: other.places,
        cost: format!(
            "an engine upgrade costs nothing later; with the registry cache {}",
            other.cost
        ),
    };
    noted(fix, site)
}

/// Inline cache metadata has to be in the image before it can serve as a cache.
#[must_use]
pub fn inline_args(site: &Site) -> Fix {
    let from = site.imports.iter().map(|i| import(i)).collect();
    let settings = inline_settings(site, CacheSettings { from, ..CacheSettings::default() });
    let mut steps = vec![
        "Write the cache metadata into the image that is pushed; the first build after that still \
            runs cold."
            .to_owned(),
    ];
    steps.push(
        "Inline metadata covers the final stage only: with several stages use a registry cache \
            with mode=max instead."
            .to_owned(),
    );
    let fix = Fix {
        summary: "build the image with inline cache metadata".to_owned(),
        steps,
        snippet: Some(snippet::write(site, &settings)),
        cost: String::new(),
        ..Fix::default()
    };
    noted(patch::with_caches(fix, site, inline_settings), site)
}

/// The same for all of these builds of one file: one that writes the image without it undoes what
/// the others do. None of them pulls the image first, so that the cache is not lost.
pub(in crate::rules) fn inline_together(fix: Fix, places: &[At], image: &str) -> Fix {
    patch::together(fix, places, |at| {
        let settings = inline_settings(&Site::written(at), patch::kept(&at.place.command));
        let caches = Change::Caches { place: at.index, settings };
        std::iter::once(caches).chain(unpulled(at, image)).collect()
    })
}

/// The job does not pull the image before its build takes the inline cache from it.
pub(in crate::rules) fn unpulled(at: At, image: &str) -> Option<Change> {
    let pulls = at.place.pulls_of(image).next().is_some();
    pulls.then(|| Change::Unpull { place: at.index, image: image.to_owned() })
}

fn inline_settings(site: &Site, now: CacheSettings) -> CacheSettings {
    let by_export =
        matches!(site.form, Form::Buildx | Form::BuildPushAction | Form::Bake | Form::Compose);
    CacheSettings { to: by_export.then(|| "type=inline".to_owned()), inline: true, ..now }
}

/// Import what is stored.
#[must_use]
pub fn add_import(site: &Site) -> Fix {
    let settings = CacheSettings { from: vec![import(&site.cache)], ..CacheSettings::default() };
    let fix = Fix {
        summary: format!("import the cache from {}", site.cache),
        steps: vec![format!("Add an import of {} to the build.", site.cache)],
        snippet: Some(snippet::write(site, &settings)),
        cost: String::new(),
        ..Fix::default()
    };
    let fix = patch::with_caches(fix, site, |site, mut now| {
        now.from.push(import(&site.cache));
        now
    });
    noted(fix, site)
}

pub(super) fn import(name: &str) -> String {
    format!("type=registry,ref={name}")
}

/// Says what the placeholders in what is shown stand for.
fn noted(mut fix: Fix, site: &Site) -> Fix {
    let shown = fix.edits.is_empty()
        && fix.snippet.as_deref().is_some_and(|text| text.contains(PLACEHOLDER));
    let stands = match &site.unnamed {
        _ if site.image.starts_with(PLACEHOLDER) && site.at.is_none() => {
            "stands for the image's name: the log does not print it"
        }
        Some(_) => "stands for a repository of a registry that the job may write to",
        None => "stands for the image's name",
    };
    fix.steps.extend(shown.then(|| format!("{PLACEHOLDER} {stands}.")));
    fix
}
