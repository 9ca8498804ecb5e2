//! The fixes themselves: what to do, in which order, at what cost.
//!
//! Facts with versions are from `BuildKit`'s and Docker's sources; the settings are written by
//! `snippet`.

use super::snippet::{self, CREATE};
use super::{Form, Site, plain, reference};
use crate::config::Settings;
use crate::finding::Fix;

/// `image-manifest=true` is what ECR and others ask for and the default only since `BuildKit` 0.21.
const ATTRIBUTES: &str = "mode=max,image-manifest=true,oci-mediatypes=true,compression=zstd";

/// Every stage in a registry cache, written by a builder that can.
#[must_use]
pub fn registry_max(site: &Site) -> Fix {
    if let Some(fix) = plain::registry(site) {
        return fix;
    }
    let builder = !site.capable && site.form != Form::Buildctl;
    let mut from = vec![import(&site.cache)];
    // What was written until now stays readable until the new cache is filled.
    from.extend(site.imports.iter().filter(|i| !reference::same(i, &site.cache)).map(|i| import(i)));
    let to = Some(format!("type=registry,ref={},{ATTRIBUTES}", site.cache));
    let settings = Settings { from, to, inline: false, builder };
    let make = builder.then(|| match site.form {
        Form::BuildPushAction => "Add docker/setup-buildx-action: it makes a docker-container builder, the default docker driver cannot export a registry cache.".to_owned(),
        Form::ComposePlugin => "Move to version 5.5.0 of the plugin or newer and let it make a docker-container builder (`builder:`): the default docker driver cannot export a registry cache.".to_owned(),
        _ => format!("Make a docker-container builder in the job (`{CREATE}`): the default docker driver cannot export a registry cache."),
    });
    let mut steps: Vec<String> = make.into_iter().collect();
    steps.push(format!("Export every stage to {} with mode=max and import the same reference.", site.cache));
    steps.extend(site.form.eq(&Form::DockerBuild).then(|| {
        "The image then is in the builder, not in dockerd: --push it, or --load it where later commands use it."
            .to_owned()
    }));
    steps.extend(placeholder(site));
    Fix {
        summary: "store every stage in a registry cache (mode=max), with a builder that can write it".to_owned(),
        steps,
        snippet: Some(snippet::write(site, &settings)),
        cost: "the cache holds every stage and grows; each export takes time and registry space".to_owned(),
        ..Fix::default()
    }
}

/// For the engine's inline cache bugs: a newer engine, or a cache that does not pass through it.
#[must_use]
pub fn engine_upgrade(site: &Site) -> Fix {
    let other = registry_max(&Site { capable: false, ..site.clone() });
    let steps = [
        "Upgrade the Docker Engine of the build host to 27.2 or newer. No 25.x or 26.x release has the fix (BuildKit 0.14, pull request 4796), and 27.0.1 to 27.1.2 never store a usable inline cache. Amazon Linux 2023, the base of the Elastic CI Stack, still shipped 25.x in early 2026.",
        "Where the engine cannot be changed: build with a docker-container builder and a registry cache, as below. That builder brings its own BuildKit.",
        "Or turn on the containerd image store of the engine (\"features\": {\"containerd-snapshotter\": true} in daemon.json): the bug is in the older image store only.",
        "What does not help: `docker pull` before the build, and a newer buildx or docker client; the cache is written by the engine.",
    ];
    Fix {
        summary: "use Docker Engine 27.2 or newer, or a docker-container builder with a registry cache".to_owned(),
        steps: steps.into_iter().map(str::to_owned).chain(placeholder(site)).collect(),
        snippet: other.snippet,
        cost: format!("an engine upgrade costs nothing later; with the registry cache {}", other.cost),
        ..Fix::default()
    }
}

/// Inline cache metadata has to be in the image before it can serve as a cache.
#[must_use]
pub fn inline_args(site: &Site) -> Fix {
    let from = site.imports.iter().map(|i| import(i)).collect();
    let to = (site.form == Form::Buildx).then(|| "type=inline".to_owned());
    let settings = Settings { from, inline: to.is_none(), to, builder: false };
    let mut steps = vec![
        "Write the cache metadata into the image that is pushed; the first build after that still runs cold."
            .to_owned(),
    ];
    steps.push(
        "Inline metadata covers the final stage only: with several stages use a registry cache with mode=max instead."
            .to_owned(),
    );
    steps.extend(placeholder(site));
    Fix {
        summary: "build the image with inline cache metadata".to_owned(),
        steps,
        snippet: Some(snippet::write(site, &settings)),
        cost: String::new(),
        ..Fix::default()
    }
}

/// Import what is stored.
#[must_use]
pub fn add_import(site: &Site) -> Fix {
    let settings = Settings { from: vec![import(&site.cache)], ..Settings::default() };
    Fix {
        summary: format!("import the cache from {}", site.cache),
        steps: std::iter::once(format!("Add an import of {} to the build.", site.cache))
            .chain(placeholder(site))
            .collect(),
        snippet: Some(snippet::write(site, &settings)),
        cost: String::new(),
        ..Fix::default()
    }
}

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
    Fix {
        summary: "give each job and target a cache reference of its own".to_owned(),
        steps: vec![
            "A cache reference holds what the last writer stored and nothing else: write one reference per image, platform and branch.".to_owned(),
            "A build may import several references (its own and, say, the main branch's): BuildKit looks in all of them.".to_owned(),
        ],
        snippet: Some(snippets.collect::<Vec<_>>().join("\n\n")),
        cost: "one more tag in the registry for each".to_owned(),
        ..Fix::default()
    }
}

/// The target, or the last part of the image's name.
fn own_name(site: &Site) -> Option<String> {
    let image = (site.image != super::PLACEHOLDER).then(|| reference::repository(&site.image));
    let last = image.and_then(|image| image.rsplit('/').next()).map(str::to_owned);
    site.target.clone().or(last)
}

fn import(name: &str) -> String {
    format!("type=registry,ref={name}")
}

/// A tag takes letters, digits, `_`, `.` and `-`.
fn slug(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect()
}

fn placeholder(site: &Site) -> Option<String> {
    let missing = [&site.cache, &site.image].iter().any(|name| name.starts_with(super::PLACEHOLDER));
    missing.then(|| format!("{} stands for the image's name: the log does not print it.", super::PLACEHOLDER))
}
