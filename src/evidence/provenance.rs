//! Attestations of how an image was made: base images, arguments, and with `mode=max` the
//! definition of each step.
//!
//! SLSA 0.2 and 1, as a predicate, inside a statement, as `docker buildx imagetools inspect` prints
//! them, and in the metadata file of a build. Source: `moby/buildkit`
//! `solver/llbsolver/provenance/types`, `docs/attestations/slsa-definitions.md`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use foldhash::HashMap;
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::cacheconfig::{CacheConfig, CacheRecord, Defined, Link};
use super::layers::Chain;
use super::llb::Operation;
use super::record::{arguments, last_part};
use super::{Given, Kind, Page, What, formula};
use crate::model::{Digest, EvidenceKind, NoCache, Quote};

/// A predicate or statement.
pub(super) struct Provenance;

/// `--metadata-file`.
pub(super) struct Metadata;

/// What is read of an attestation.
#[derive(Clone, Debug, Default)]
pub(super) struct Attested {
    /// The last part of the build's reference.
    pub(super) reference: Option<String>,
    pub(super) started: Option<DateTime<Utc>>,
    /// `None` where it does not hold what was asked for.
    pub(super) given: Option<Given>,
    /// What was to be run without a cache.
    pub(super) no_cache: NoCache,
    /// Digests of base images.
    pub(super) bases: Vec<Digest>,
    /// Its steps, as records without contents.
    pub(super) definition: Option<CacheConfig>,
    /// Name and text of the Dockerfile.
    pub(super) dockerfile: Option<(String, String)>,
    /// The manifest of the cache that the build wrote.
    pub(super) cache: Option<Digest>,
}

#[derive(Deserialize)]
struct Statement<'a> {
    #[serde(borrow)]
    predicate: Predicate<'a>,
}

/// `{"SLSA": {…}}`, or the same for each platform.
#[derive(Deserialize)]
struct Shown<'a> {
    #[serde(rename = "SLSA", borrow)]
    slsa: Predicate<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Predicate<'a> {
    // SLSA 1.
    #[serde(rename = "buildDefinition", borrow)]
    definition: Option<BuildDefinition<'a>>,
    #[serde(rename = "runDetails", borrow)]
    details: Option<Details<'a>>,
    // SLSA 0.2.
    materials: Vec<Dependency>,
    invocation: Option<Invocation>,
    #[serde(rename = "buildConfig", borrow)]
    config: Option<BuildConfig<'a>>,
    #[serde(borrow)]
    metadata: Option<RunMetadata<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BuildDefinition<'a> {
    #[serde(rename = "resolvedDependencies")]
    dependencies: Vec<Dependency>,
    #[serde(rename = "externalParameters")]
    external: External,
    #[serde(rename = "internalParameters", borrow)]
    internal: Internal<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct External {
    request: Option<Request>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Request {
    args: BTreeMap<String, String>,
}

impl Request {
    fn no_cache(&self) -> NoCache {
        NoCache::of(self.args.get("no-cache").map(String::as_str))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Internal<'a> {
    #[serde(rename = "buildConfig", borrow)]
    config: Option<BuildConfig<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Invocation {
    parameters: Option<Request>,
}

#[derive(Deserialize)]
struct Dependency {
    #[serde(default)]
    uri: String,
    #[serde(default)]
    digest: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BuildConfig<'a> {
    #[serde(rename = "llbDefinition", borrow)]
    steps: Vec<Step<'a>>,
    /// `"sha256:b594…": "step5"`: digests of vertices, as the status of the same build has them.
    #[serde(rename = "digestMapping")]
    vertices: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Step<'a> {
    id: String,
    #[serde(default)]
    inputs: Vec<String>,
    /// An [`Operation`], of which one takes as long to read as all else of the step.
    #[serde(borrow)]
    op: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Details<'a> {
    #[serde(borrow)]
    metadata: RunMetadata<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RunMetadata<'a> {
    #[serde(rename = "startedOn", alias = "buildStartedOn")]
    started: Option<DateTime<Utc>>,
    #[serde(borrow)]
    buildkit_metadata: Buildkit<'a>,
    #[serde(rename = "https://mobyproject.org/buildkit@v1#metadata", borrow)]
    buildkit: Buildkit<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Buildkit<'a> {
    source: Source,
    /// `"step4:0": [[{"digest": …}, …]]`.
    #[serde(borrow)]
    layers: Layers<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Source {
    infos: Vec<Info>,
}

#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    filename: String,
    #[serde(default)]
    language: String,
    #[serde(default)]
    data: String,
}

impl Kind for Provenance {
    fn name(&self) -> &'static str {
        "provenance"
    }

    fn evidence_kind(&self) -> EvidenceKind {
        EvidenceKind::Provenance
    }

    fn begins(&self, start: &[u8]) -> bool {
        const FIRST: [&str; 7] = [
            "buildDefinition",
            "predicateType",
            "buildType",
            "SLSA",
            "materials",
            "buildConfig",
            "invocation",
        ];
        FIRST.iter().any(|key| super::has_keys(start, &[key]))
    }

    fn read(&self, bytes: &[u8]) -> Option<Result<What, String>> {
        let known = super::has_keys(bytes, &["buildDefinition"])
            || super::has_keys(bytes, &["buildType", "invocation"]);
        let read = || Ok(What::Attested(Box::new(attested(predicate(bytes)?, bytes)?)));
        let is_metadata = !is_bare(bytes) && super::has_keys(bytes, &["buildx.build.ref"]);
        (known && !is_metadata).then(read)
    }

    fn page(&self) -> Option<Page> {
        Some(PROVENANCE)
    }
}

const PROVENANCE: Page = Page {
    name: "provenance with mode=max",
    proves: "the definition of each step: which argument, option, user or text differs; base \
        images; which layers were made anew",
    get: &[
        (
            "image in a registry",
            "docker buildx imagetools inspect registry.example.com/team/web:1.2 --format '{{json \
                .Provenance}}' > provenance-$RUN.json",
        ),
        ("build", "docker buildx build --provenance=mode=max"),
    ],
};

impl Kind for Metadata {
    fn name(&self) -> &'static str {
        "metadata file"
    }

    fn evidence_kind(&self) -> EvidenceKind {
        EvidenceKind::Metadata
    }

    fn begins(&self, start: &[u8]) -> bool {
        const FIRST: [&str; 4] = [
            "buildx.build.provenance",
            "buildx.build.ref",
            "containerimage.digest",
            "containerimage.config.digest",
        ];
        FIRST.iter().any(|key| super::has_keys(start, &[key]))
    }

    fn read(&self, bytes: &[u8]) -> Option<Result<What, String>> {
        self.begins(bytes)
            .then(|| metadata(bytes).map(|attested| What::Attested(Box::new(attested))))
    }

    fn page(&self) -> Option<Page> {
        Some(METADATA)
    }
}

const METADATA: Page = Page {
    name: "metadata file",
    proves: "names of arguments that differ, base images, and which cache the build wrote",
    get: &[
        ("build", "docker buildx build --metadata-file metadata-$RUN.json"),
        (
            "with every step",
            "BUILDX_METADATA_PROVENANCE=max docker buildx build --metadata-file metadata-$RUN.json",
        ),
    ],
};

/// The predicate alone, without the statement or the frame that a tool prints around it: it begins
/// with a key of its own.
fn is_bare(bytes: &[u8]) -> bool {
    const OWN: [&[u8]; 5] =
        [b"buildDefinition", b"runDetails", b"builder", b"buildType", b"invocation"];
    super::first_key(bytes).is_some_and(|key| OWN.contains(&key))
}

fn predicate(bytes: &[u8]) -> Result<Predicate<'_>, String> {
    if is_bare(bytes) {
        return super::json(bytes);
    }
    if super::has_keys(bytes, &["predicateType"])
        && let Ok(statement) = super::json::<Statement>(bytes)
    {
        return Ok(statement.predicate);
    }
    if super::has_keys(bytes, &["SLSA"]) {
        if let Ok(shown) = super::json::<Shown>(bytes) {
            return Ok(shown.slsa);
        }
        let platforms: BTreeMap<String, Shown> = super::json(bytes)?;
        return platforms
            .into_values()
            .next()
            .map(|shown| shown.slsa)
            .ok_or_else(|| "holds no platform".to_owned());
    }
    super::json(bytes)
}

fn metadata(bytes: &[u8]) -> Result<Attested, String> {
    #[derive(Deserialize)]
    struct WireProvenance<'a> {
        #[serde(rename = "buildx.build.provenance", default, borrow)]
        provenance: Predicate<'a>,
        #[serde(rename = "buildx.build.ref")]
        reference: Option<String>,
        #[serde(rename = "cache.manifest")]
        cache: Option<String>,
    }
    #[derive(Deserialize)]
    struct Manifest {
        digest: String,
    }
    let wire: WireProvenance = super::json(bytes)?;
    let manifest = wire.cache.and_then(|json| serde_json::from_str::<Manifest>(&json).ok());
    Ok(Attested {
        reference: wire.reference.as_deref().map(last_part),
        cache: manifest.and_then(|manifest| Digest::parse(&manifest.digest)),
        ..attested(wire.provenance, bytes)?
    })
}

fn attested(predicate: Predicate, bytes: &[u8]) -> Result<Attested, String> {
    let Predicate { definition, details, materials, invocation, config, metadata } = predicate;
    let definition = definition.unwrap_or_default();
    let run = details.map(|details| details.metadata).or(metadata).unwrap_or_default();
    let request =
        invocation.map_or(definition.external.request, |invocation| invocation.parameters);
    let dependencies = if materials.is_empty() { definition.dependencies } else { materials };
    let images = dependencies.iter().filter(|dependency| dependency.uri.starts_with("pkg:docker/"));
    let digest = |dependency: &Dependency| {
        Digest::parse(&format!("sha256:{}", dependency.digest.get("sha256")?))
    };
    let config = config.or(definition.internal.config);
    let (v1, v0) = (run.buildkit_metadata, run.buildkit);
    let layers = if v1.layers.is_empty() { v0.layers } else { v1.layers };
    let infos = v1.source.infos.into_iter().chain(v0.source.infos);
    let config = config.filter(|config| !config.steps.is_empty());
    Ok(Attested {
        started: run.started,
        no_cache: request.as_ref().map_or(NoCache::Untold, Request::no_cache),
        given: request.map(|request| {
            arguments(request.args.iter().map(|(name, value)| (name.as_str(), value.as_str())))
        }),
        bases: images.filter_map(digest).collect(),
        definition: config.map(|config| defined(config, &layers, bytes)).transpose()?,
        dockerfile: infos.into_iter().find_map(dockerfile),
        ..Attested::default()
    })
}

fn dockerfile(info: Info) -> Option<(String, String)> {
    let text = String::from_utf8(BASE64_STANDARD.decode(info.data).ok()?).ok()?;
    (info.language == "Dockerfile").then_some((info.filename, text))
}

/// The steps of a definition as records of a cache: what is in their keys, but for contents.
fn defined(config: BuildConfig, layers: &Layers, bytes: &[u8]) -> Result<CacheConfig, String> {
    let places = config.steps.iter().zip(0..).map(|(step, at)| (step.id.clone(), at)).collect();
    let vertices = config.vertices.into_iter().map(|(vertex, step)| (step, vertex)).collect();
    let known = Known { places, vertices, layers, lines: lines(bytes) };
    let records: Result<Vec<CacheRecord>, serde_json::Error> =
        config.steps.into_par_iter().map(|step| known.record(step)).collect();
    let records = records.map_err(|e| super::misread(&e))?;
    Ok(CacheConfig { records, defined: true, ..CacheConfig::default() })
}

type Layers<'a> = HashMap<String, Vec<Chain<'a>>>;

/// What an attestation says of its steps outside of them, by their names.
struct Known<'a> {
    places: HashMap<String, usize>,
    vertices: HashMap<String, String>,
    layers: &'a Layers<'a>,
    lines: HashMap<&'a str, u64>,
}

impl Known<'_> {
    fn record(&self, Step { id, inputs, op }: Step) -> Result<CacheRecord, serde_json::Error> {
        let op = op.map_or(Ok(Operation::default()), |op| serde_json::from_str(op.get()))?;
        let inputs = if op.is_step { inputs.as_slice() } else { &[] };
        let chain = self.layers.get(&format!("{id}:0")).and_then(|chains| chains.first());
        let own = chain.and_then(|chain| if op.is_step { chain.own() } else { chain.all() });
        let line = self.lines.get(id.as_str());
        Ok(CacheRecord {
            digest: op.record,
            quote: line.map(|line| Quote::new(*line, id.as_bytes())).unwrap_or_default(),
            inputs: inputs.iter().zip(0..).map(|(input, n)| self.links(&op, n, input)).collect(),
            defined: Some(Box::new(Defined {
                layer: own,
                vertex: self.vertices.get(&id).and_then(|vertex| Digest::parse(vertex)),
                text: op.command,
                runs: op.runs,
                merges: op.merges,
                fields: op.fields,
            })),
            ..CacheRecord::default()
        })
    }

    /// The step that an input comes from, `step3:0`. A command has its root as the first one.
    fn links(&self, op: &Operation, n: usize, input: &str) -> Vec<Link> {
        let id = input.split_once(':').map_or(input, |(id, _)| id);
        let selector = (op.runs && n == 0).then(|| formula::selector("/"));
        self.places.get(id).map(|at| Link { record: *at, selector }).into_iter().collect()
    }
}

/// Where the file names each step: `"id": "step4"`.
fn lines(bytes: &[u8]) -> HashMap<&str, u64> {
    let mut found = HashMap::default();
    let (mut line, mut at) = (1, 0);
    for start in memchr::memmem::find_iter(bytes, "\"id\":") {
        line += bytes
            .get(at..start)
            .map_or(0, |between| memchr::memchr_iter(b'\n', between).count() as u64);
        at = start;
        let behind = bytes.get(start + 5..).unwrap_or_default().trim_ascii_start();
        let name =
            behind.strip_prefix(b"\"").and_then(|name| name.split(|byte| *byte == b'"').next());
        let Some(name) =
            name.filter(|name| name.len() < 32).and_then(|name| std::str::from_utf8(name).ok())
        else {
            continue;
        };
        found.entry(name).or_insert(line);
    }
    found
}
