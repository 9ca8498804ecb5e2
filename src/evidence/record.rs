//! The record of a build in `BuildKit`'s history: its reference, arguments, cache imports, times.
//!
//! `docker buildx history export` puts it into an image layout as the configuration,
//! `buildctl debug histories` prints it inside an event, and `docker buildx history inspect` prints
//! the same facts under other names. Values of arguments are in clear in all of them; only their
//! digests are kept. Source: `moby/buildkit` `api/services/control/control.proto`
//! (`BuildHistoryRecord`), `docker/buildx` `commands/history/inspect.go`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{Given, Kind, Page, What, formula};
use crate::model::{Digest, EvidenceKind, NoCache, Part, Text};

/// As it is stored.
pub(super) struct Stored;

/// As it is shown.
pub(super) struct Inspected;

/// What is read of a record.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    /// The last part of the build's reference.
    pub(super) reference: String,
    pub(super) created: Option<DateTime<Utc>>,
    /// Digest of the status that belongs to it.
    pub(super) log: Option<Digest>,
    /// Digests of attestations.
    pub(super) attestations: Vec<Digest>,
    /// Names of arguments with digests of their values.
    pub(super) given: Given,
    /// What was to be run without a cache.
    pub(super) no_cache: NoCache,
    pub(super) target: Option<Text>,
    /// Digests of base images.
    pub(super) bases: Vec<Digest>,
    /// Its own error, where it failed.
    pub(super) error: Option<String>,
}

impl Kind for Stored {
    fn name(&self) -> &'static str {
        "build record"
    }

    fn evidence_kind(&self) -> EvidenceKind {
        EvidenceKind::DockerBuild
    }

    fn begins(&self, start: &[u8]) -> bool {
        super::has_keys(start, &["Ref", "FrontendAttrs"])
            || super::has_keys(start, &["type", "record", "Ref"])
    }

    fn read(&self, bytes: &[u8]) -> Option<Result<What, String>> {
        super::has_keys(bytes, &["Ref", "CreatedAt"]).then(|| stored(bytes).map(What::Record))
    }

    fn page(&self) -> Option<Page> {
        Some(PAGE)
    }
}

const PAGE: Page = Page {
    name: ".dockerbuild, the build record",
    proves: "all that the log shows, without its gaps; the Dockerfile, base images, and by name \
        every argument and option that differs",
    get: &[
        (
            "GitHub Actions",
            "gh run download RUN --pattern '*.dockerbuild': docker/build-push-action uploads it",
        ),
        (
            "GitLab",
            "docker buildx history export -o build.dockerbuild, and artifacts: {when: always, \
                paths: [build.dockerbuild]}",
        ),
        (
            "Buildkite",
            "docker buildx history export -o build.dockerbuild, and artifact_paths: \
                build.dockerbuild",
        ),
        ("elsewhere", "docker buildx history export -o build.dockerbuild"),
    ],
};

#[derive(Deserialize)]
struct Event {
    record: InspectedWire,
}

#[derive(Deserialize)]
struct InspectedWire {
    #[serde(rename = "Ref")]
    reference: String,
    #[serde(rename = "FrontendAttrs", default)]
    attributes: BTreeMap<String, String>,
    #[serde(rename = "CreatedAt")]
    created: Option<Time>,
    logs: Option<Descriptor>,
    #[serde(rename = "Result")]
    result: Option<Outcome>,
    error: Option<Failure>,
}

#[derive(Deserialize)]
struct Time {
    #[serde(default)]
    seconds: i64,
    #[serde(default)]
    nanos: u32,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
}

#[derive(Deserialize)]
struct Outcome {
    #[serde(rename = "Attestations", default)]
    attestations: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Failure {
    #[serde(default)]
    message: String,
}

fn stored(bytes: &[u8]) -> Result<Record, String> {
    let wire = super::json::<Event>(bytes).map(|event| event.record);
    let wire = wire.or_else(|_| super::json::<InspectedWire>(bytes))?;
    let digest = |descriptor: &Descriptor| Digest::parse(&descriptor.digest);
    Ok(Record {
        reference: last_part(&wire.reference),
        created: wire.created.and_then(|time| DateTime::from_timestamp(time.seconds, time.nanos)),
        log: wire.logs.as_ref().and_then(digest),
        attestations: wire
            .result
            .iter()
            .flat_map(|result| &result.attestations)
            .filter_map(digest)
            .collect(),
        given: arguments(
            wire.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())),
        ),
        no_cache: NoCache::of(wire.attributes.get("no-cache").map(String::as_str)),
        target: wire.attributes.get("target").map(|target| Text::new(target)),
        bases: Vec::new(),
        error: wire.error.map(|failure| failure.message).filter(|message| !message.is_empty()),
    })
}

/// The reference of the record, without builder and node in front of it:
/// `h/h0/00yfqrg0x2q1fnn150m4twdm6`.
pub(super) fn last_part(reference: &str) -> String {
    reference.rsplit('/').next().unwrap_or(reference).to_owned()
}

/// Build arguments among the attributes of a frontend: `build-arg:V`.
pub(super) fn arguments<'a>(attributes: impl Iterator<Item = (&'a str, &'a str)>) -> Given {
    let named =
        attributes.filter_map(|(name, value)| Some((name.strip_prefix("build-arg:")?, value)));
    named.map(|(name, value)| given(name, value)).collect()
}

/// An argument, its value beyond recognition.
pub(super) fn given(name: &str, value: &str) -> Part {
    // The name in the hash keeps equal values of two arguments apart.
    Part { name: Text::new(name), value: Some(formula::of_parts(&[name, "=", value])) }
}

impl Kind for Inspected {
    fn name(&self) -> &'static str {
        "build record as `docker buildx history inspect` prints it"
    }

    fn evidence_kind(&self) -> EvidenceKind {
        EvidenceKind::Inspect
    }

    fn begins(&self, start: &[u8]) -> bool {
        super::has_keys(start, &["Name", "Ref", "StartedAt"])
    }

    fn read(&self, bytes: &[u8]) -> Option<Result<What, String>> {
        super::has_keys(bytes, &["Ref", "StartedAt", "NumCachedSteps"])
            .then(|| inspected(bytes).map(What::Record))
    }

    fn page(&self) -> Option<Page> {
        Some(INSPECTED)
    }
}

const INSPECTED: Page = Page {
    name: "build record as it is shown",
    proves: "names of arguments that differ, base images",
    get: &[("build", "docker buildx history inspect --format json > record-$RUN.json")],
};

fn inspected(bytes: &[u8]) -> Result<Record, String> {
    #[derive(Deserialize)]
    struct Shown {
        #[serde(rename = "Ref")]
        reference: String,
        #[serde(rename = "StartedAt")]
        started: Option<DateTime<Utc>>,
        #[serde(rename = "BuildArgs", default)]
        arguments: Vec<Pair>,
        #[serde(rename = "Target")]
        target: Option<String>,
        #[serde(rename = "Materials", default)]
        materials: Vec<Material>,
        #[serde(rename = "Config", default)]
        config: Config,
    }
    /// Stages of `--no-cache-filter` are not shown.
    #[derive(Default, Deserialize)]
    struct Config {
        #[serde(rename = "NoCache", default)]
        no_cache: bool,
    }
    #[derive(Deserialize)]
    struct Material {
        #[serde(rename = "Digests", default)]
        digests: Vec<String>,
    }
    #[derive(Deserialize)]
    struct Pair {
        #[serde(rename = "Name")]
        name: String,
        #[serde(rename = "Value", default)]
        value: String,
    }
    let shown: Shown = super::json(bytes)?;
    let digests = shown.materials.iter().flat_map(|material| &material.digests);
    Ok(Record {
        reference: last_part(&shown.reference),
        bases: digests.filter_map(|digest| Digest::parse(digest)).collect(),
        created: shown.started,
        given: shown.arguments.iter().map(|pair| given(&pair.name, &pair.value)).collect(),
        no_cache: if shown.config.no_cache { NoCache::All } else { NoCache::Untold },
        target: shown.target.as_deref().map(Text::new),
        ..Record::default()
    })
}
