//! Makes [`Build`]s of a finished segment: sorts its vertices into steps, bases, imports, exports
//! and targets.

use std::collections::{BTreeMap, BTreeSet};

use super::buildkit::Segment;
use super::graph::Graph;
use super::instruction;
use super::vertex::{End, Export, Vertex};
use crate::model::{
    Base, Build, BuildOutcome, CacheKind, Engine, Instruction, Outcome, Quote, Step, StepKind, Text, Transfer,
    parse_step_name,
};

/// The builds of a segment; none where it built nothing and nothing went wrong.
pub(super) fn builds(segment: &Segment, invocation: usize) -> Vec<Build> {
    let targets = targets(segment);
    let common = common(segment, invocation);
    let mut builds: Vec<Build> = Vec::new();
    let mut graph = Graph::new(&segment.vertices);
    let mut names: Vec<(&str, &Quote, u32, &Vertex)> = segment
        .vertices
        .iter()
        .flat_map(|(n, v)| v.names.iter().map(move |(name, quote)| (name.as_str(), quote, *n, v)))
        .collect();
    names.sort_by_key(|(_, quote, ..)| quote.line);
    for (name, quote, number, vertex) in names {
        let (target, rest) = split_target(name, &targets);
        let at = of_target(&mut builds, &common, target);
        if let Some(build) = builds.get_mut(at) {
            place(build, name, rest, quote, vertex, &targets);
            graph.placed(at, build, number);
        }
    }
    graph.trace(&mut builds);
    for export in headless(segment) {
        let at = of_target(&mut builds, &common, None);
        if let Some(build) = builds.get_mut(at) {
            build.exports.push(export);
        }
    }
    if builds.is_empty() && !(segment.errors.is_empty() && segment.warnings.is_empty()) {
        builds.push(common);
    }
    builds.retain(|b| b.total_lines() > 0);
    let cut = segment.vertices.values().any(|v| v.end == End::Open && !v.names.is_empty())
        || lacks_its_end(segment, &targets);
    for build in &mut builds {
        conclude(build, cut);
        mark_pinned(build, segment);
    }
    builds
}

/// Errors that stop a client or daemon before the first step
/// (`docker/buildx` `build/opt.go`, `moby/buildkit` `control/control.go`).
pub(super) fn before_any_step(error: &str) -> bool {
    const EARLY: [&str; 8] = [
        "Cache export is not supported",
        "cache export feature is currently not supported",
        "Multi-platform build is not supported",
        " cache exporter",
        "cache importer requires",
        "unsupported compression type",
        "unknown cache importer",
        "type required for",
    ];
    EARLY.iter().any(|text| error.contains(text))
}

impl Build {
    /// Things worth reporting; a segment that only booted a builder has none.
    fn total_lines(&self) -> usize {
        self.steps.len()
            + self.bases.len()
            + self.imports.len()
            + self.exports.len()
            + self.errors.len()
            + self.warnings.len()
    }
}

/// `[web internal] load …` and `[web] exporting …` name bake targets and compose services.
fn targets(segment: &Segment) -> BTreeSet<String> {
    const KEPT: [&str; 4] = ["internal", "auth", "context", "depot"];
    let names = segment.vertices.values().flat_map(|v| &v.names);
    let found = names.filter_map(|(name, _)| {
        let (inside, _) = name.strip_prefix('[')?.split_once(']')?;
        let mut words = inside.split_ascii_whitespace();
        let first = words.next()?;
        let second = words.next();
        let target = !KEPT.contains(&first)
            && !first.contains('/')
            && matches!(second, None | Some("internal" | "auth" | "context"));
        (target && parse_step_name(name).is_none()).then(|| first.to_owned())
    });
    found.collect()
}

/// The target in front of a name, and the name without it.
fn split_target<'a>(name: &'a str, targets: &BTreeSet<String>) -> (Option<&'a str>, &'a str) {
    let Some((inside, rest)) = name.strip_prefix('[').and_then(|n| n.split_once(']')) else { return (None, name) };
    let first = inside.split_ascii_whitespace().next().unwrap_or_default();
    if !targets.contains(first) {
        return (None, name);
    }
    let alone = first.len() == inside.trim().len();
    (Some(first), if alone { rest.trim_start() } else { name })
}

fn common(segment: &Segment, invocation: usize) -> Build {
    let (builder, driver) = segment.builder.clone().unzip();
    Build {
        builder,
        driver,
        booted: segment.booted.clone(),
        target: segment.service.clone(),
        invocation,
        errors: segment.errors.clone(),
        warnings: segment.warnings.clone(),
        line: segment.line.max(segment.errors.first().map_or(0, |q| if segment.line == 0 { q.line } else { 0 })),
        tangled: segment.tangled,
        dialect: segment.dialect,
        ..Build::default()
    }
}

/// The build of a target, made at its first vertex. What names no target belongs to the first build
/// that does, or to the only one.
fn of_target(builds: &mut Vec<Build>, common: &Build, target: Option<&str>) -> usize {
    let known = builds.iter().position(|b| target.is_none() || b.target.as_deref() == target);
    let unnamed = || builds.iter().position(|b| b.target.is_none());
    let at = known.or_else(unnamed).unwrap_or(builds.len());
    if at == builds.len() {
        builds.push(common.clone());
    }
    if let Some((build, target)) = builds.get_mut(at).zip(target) {
        build.target = Some(target.into());
    }
    at
}

fn place(build: &mut Build, name: &str, rest: &str, header: &Quote, vertex: &Vertex, targets: &BTreeSet<String>) {
    if let Some(parsed) = parse_step_name(name) {
        let what = instruction::of_step(name, &parsed, targets);
        if what.instruction == "FROM" {
            build.bases.push(base(&what, header, vertex));
            return;
        }
        let (outcome, verdict) = vertex.outcome();
        build.steps.push(Step {
            what,
            kind: StepKind::Counted,
            outcome: if build.tangled { Outcome::Unknown } else { outcome },
            seconds: vertex.seconds,
            header: header.clone(),
            verdict,
            key: None,
            fetched: vertex.pulled.clone(),
            trace: None,
        });
    } else if let Some(reference) = rest.strip_prefix("importing cache manifest from ") {
        build.imports.push(import(reference, header, vertex));
    } else if rest == "importing cache manifest" {
        // Builders of hosting services keep the reference to themselves.
        build.imports.push(transfer(header, vertex));
    } else if let Some(kind) = export_kind(rest, vertex) {
        build.exports.push(Transfer { kind, ..transfer(header, vertex) });
    }
    engine(build, vertex);
}

/// `FROM docker.io/library/node:20@sha256:…`
fn base(what: &Instruction, quote: &Quote, vertex: &Vertex) -> Base {
    let image = what.text.split_ascii_whitespace().nth(1).unwrap_or_default();
    let (image, digest) = image.split_once('@').map_or((image, None), |(i, d)| (i, Some(Text::from(d))));
    Base {
        stage: what.stage.clone(),
        platform: what.platform.clone(),
        image: image.into(),
        digest,
        pinned: false,
        quote: quote.clone(),
        pulled: vertex.pulled.clone(),
    }
}

fn transfer(header: &Quote, vertex: &Vertex) -> Transfer {
    Transfer {
        error: vertex.error.clone().filter(|_| vertex.end == End::Error),
        ended: matches!(vertex.end, End::Done | End::Error | End::Cached),
        seconds: vertex.seconds,
        header: header.clone(),
        verdict: vertex.ended.clone(),
        manifest_type: vertex.manifest_type.clone(),
        ..Transfer::default()
    }
}

/// Failed cache exports of a log that begins below their header.
fn headless(segment: &Segment) -> impl Iterator<Item = Transfer> {
    let failed = |v: &&Vertex| v.names.is_empty() && v.export != Export::None && v.end == End::Error;
    segment.vertices.values().filter(failed).filter_map(|v| Some(transfer(v.ended.as_ref()?, v)))
}

/// Registry imports print their reference, the others `gha:153…`, `local:57…`, `s3:…`.
fn import(reference: &str, header: &Quote, vertex: &Vertex) -> Transfer {
    let hashed = reference.split_once(':').filter(|(_, hash)| hash.bytes().all(|b| b.is_ascii_digit()));
    let kind = hashed.map_or(CacheKind::Registry, |(kind, _)| CacheKind::from_type(kind));
    let kind = if kind == CacheKind::Unknown { CacheKind::Registry } else { kind };
    Transfer { reference: Some(reference.into()), kind, ..transfer(header, vertex) }
}

/// Names of exporters over all versions (`cache/remotecache/*` `Name()`). The bare `exporting cache`
/// of versions up to 0.10 is inline where nothing is written (dockerd 20.10); an error may come before that.
fn export_kind(name: &str, vertex: &Vertex) -> Option<CacheKind> {
    Some(match name {
        "exporting cache to registry" => CacheKind::Registry,
        "exporting cache to client directory" => CacheKind::Local,
        "exporting to GitHub Actions Cache" | "exporting to GitHub cache" => CacheKind::Gha,
        "exporting cache to Amazon S3" | "exporting cache to s3" => CacheKind::S3,
        "exporting cache to Azure Blob Storage" | "exporting cache to azure blob store" => CacheKind::Azblob,
        "exporting content cache" => CacheKind::Unknown,
        "exporting cache" if vertex.export == Export::Writes || vertex.end == End::Error => CacheKind::Unknown,
        "exporting cache" | "exporting inline cache" | "preparing layers for inline cache" => CacheKind::Inline,
        _ => return None,
    })
}

fn engine(build: &mut Build, vertex: &Vertex) {
    build.images.extend(vertex.images.iter().cloned());
    build.images.sort();
    build.images.dedup();
    build.engine = match (build.engine, vertex.engine) {
        (known, Engine::Unknown) | (known @ (Engine::Graphdriver | Engine::Containerd), Engine::Buildkitd) => known,
        (_, told) => told,
    };
    if let Some(quote) = &vertex.inline {
        build.inline = build.inline.take().or_else(|| Some(quote.clone()));
    }
}

/// The last steps of some stage are missing, or all, and nothing was exported: a log may be cut between two steps.
/// Where there is an export the numbers do not count, as `WORKDIR /` has one and no line.
fn lacks_its_end(segment: &Segment, targets: &BTreeSet<String>) -> bool {
    let names = || segment.vertices.values().flat_map(|v| &v.names).map(|(name, _)| name.as_str());
    if names().any(|name| name.contains("exporting ")) {
        return false;
    }
    let mut last: BTreeMap<(Vec<&str>, u32), u32> = BTreeMap::new();
    for mut step in names().filter_map(parse_step_name) {
        // Targets of one bake share steps, which are printed for one of them.
        step.words.retain(|word| !targets.contains(*word));
        let reached = last.entry((step.words, step.of)).or_default();
        *reached = step.position.max(*reached);
    }
    last.is_empty() || last.iter().any(|((_, of), reached)| reached < of)
}

/// A log is cut where something in it never came to its end.
fn conclude(build: &mut Build, cut: bool) {
    if let Some(inline) = build.exports.iter().find(|e| e.kind == CacheKind::Inline) {
        build.inline = build.inline.take().or_else(|| Some(inline.header.clone()));
    }
    if build.driver.as_deref().is_some_and(|d| d != "docker") {
        build.engine = Engine::Buildkitd;
    } else if build.driver.is_some() && build.engine == Engine::Buildkitd {
        build.engine = Engine::Containerd;
    }
    mark_fetches(&mut build.steps);
    let canceled = build.steps.iter().any(|s| s.outcome == Outcome::Canceled);
    let open = build.steps.iter().any(|s| s.outcome == Outcome::Unknown);
    let failed = !build.errors.is_empty() || build.steps.iter().any(|s| s.outcome == Outcome::Failed);
    build.outcome = match () {
        () if failed => BuildOutcome::Failed,
        () if canceled => BuildOutcome::Canceled,
        () if open || cut => BuildOutcome::Unknown,
        () => BuildOutcome::Succeeded,
    };
}

/// `ADD https://…` has two vertices of one name; the first fetches and is never cached.
fn mark_fetches(steps: &mut [Step]) {
    let names: Vec<(Text, bool)> = steps.iter().map(|s| (s.name.clone(), s.instruction == "ADD")).collect();
    for (i, step) in steps.iter_mut().enumerate() {
        if names.iter().skip(i + 1).any(|(name, add)| *add && *name == step.name) {
            step.kind = StepKind::Fetch;
        }
    }
}

/// `load metadata for node:20@sha256:…` names the FROM as it is written; the FROM line has a digest always.
fn mark_pinned(build: &mut Build, segment: &Segment) {
    let names = segment.vertices.values().flat_map(|v| &v.names);
    let written: Vec<&str> = names.filter_map(|(name, _)| Some(name.split_once("load metadata for ")?.1)).collect();
    for base in &mut build.bases {
        let digest = base.digest.as_deref().unwrap_or_default();
        base.pinned = !digest.is_empty() && written.iter().any(|name| name.ends_with(digest));
    }
}
