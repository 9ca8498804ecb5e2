//! Makes [`Build`]s of a finished segment: sorts its vertices into steps, bases, imports, exports
//! and targets.

mod conclude;
mod errors;
mod gap;
mod headless;
mod place;
mod sharers;
mod tokens;

use std::collections::BTreeSet;
use std::iter;

use foldhash::HashMap;

pub(super) use self::conclude::doubt;
use self::conclude::{Ending, conclude, mark_own_images, mark_pinned};
pub(super) use self::gap::behind_gap;
use self::headless::headless;
use self::place::place;
use self::sharers::{Sharers, sharers};
use super::buildkit::Segment;
use super::graph::Graph;
use super::vertex::{End, Vertex};
use crate::model::{Build, Dialect, Few, Quote, parse_step_name};

/// Every image and cache that is written has a vertex `exporting …`.
const EXPORT: &str = "exporting ";

/// The builds of a segment; none where it built nothing and nothing went wrong.
pub(super) fn builds(segment: &Segment, invocation: usize) -> Vec<Build> {
    let targets = targets(segment);
    let common = common(segment, invocation);
    let mut builds: Vec<Build> = Vec::new();
    let mut places = HashMap::default();
    let mut graph = Graph::new(&segment.vertices);
    // Of a log without an export and without a word of the client, the last steps may be missing.
    let mut ends = segment.over;
    let mut exports = Exports::default();
    let sharers = shared(segment, &targets, &graph);
    for (name, quote, number, vertex) in names(segment) {
        let (target, rest) = split_target(name, &targets);
        // A terminal shows a vertex that is at work as one that is done; its last frame says that
        // it is.
        ends |= rest.starts_with(EXPORT) && segment.dialect != Dialect::BuildkitTty;
        if rest.starts_with(EXPORT) {
            exports.seen(target, vertex.end);
        }
        let first = vertex.names.first().is_some_and(|(first, _)| first == name);
        let others = sharers.get(&number).filter(|_| first).into_iter().flatten();
        for target in iter::once(target).chain(others.map(|other| Some(*other))) {
            let at = of_target(&mut builds, &mut places, &common, target);
            if let Some(build) = builds.get_mut(at) {
                place(build, name, rest, quote, vertex, &targets);
                graph.placed(at, build, number);
            }
        }
    }
    graph.trace(&mut builds);
    for failed in headless(segment) {
        let at = of_target(&mut builds, &mut places, &common, None);
        if let Some(build) = builds.get_mut(at) {
            failed.add_to(build);
        }
    }
    if builds.is_empty() && !(segment.errors.is_empty() && segment.warnings.is_empty()) {
        builds.push(common);
    }
    builds.retain(|b| b.total_lines() > 0);
    let skips_numbers = segment.skips_numbers();
    for build in &mut builds {
        build.headless |= skips_numbers && behind_gap(build).is_some();
    }
    let progress = Progress::of(segment);
    for build in &mut builds {
        let target = build.target.as_deref();
        let cut = !ends && !exports.are(target, End::Canceled);
        conclude(build, if cut { Ending::Cut } else { exports.ending(target, &progress) });
    }
    errors::tell_failed_export(&mut builds, segment);
    tokens::name_refused_exports(&mut builds, segment);
    mark_pinned(&mut builds, segment);
    mark_own_images(&mut builds, segment);
    builds
}

/// Every name that a vertex was given, in the order of the log.
fn names(segment: &Segment) -> Vec<(&str, &Quote, u32, &Vertex)> {
    let vertices = segment.vertices.iter();
    let mut names: Vec<_> = vertices
        .flat_map(|(n, v)| v.names.iter().map(move |(name, quote)| (name.as_str(), quote, *n, v)))
        .collect();
    names.sort_by_key(|(_, quote, ..)| quote.line);
    names
}

/// Which targets a vertex is of beside those it is printed under; of a log that lacks lines nobody
/// knows.
fn shared<'a>(segment: &'a Segment, targets: &BTreeSet<String>, graph: &Graph) -> Sharers<'a> {
    if targets.len() < 2 || segment.tangled || segment.skips_numbers() {
        return Sharers::default();
    }
    let named = names(segment).into_iter().filter_map(|(name, _, number, _)| {
        let (target, _) = split_target(name, targets);
        Some((target?, name, number))
    });
    sharers(named, targets, graph)
}

/// How far the segment came: asked once, not by each of its builds.
struct Progress {
    /// Two builds are printed as one.
    tangled: bool,
    /// Some vertex has begun and not ended.
    at_work: bool,
}

impl Progress {
    fn of(segment: &Segment) -> Self {
        let at_work = |vertex: &Vertex| vertex.end == End::Open && !vertex.names.is_empty();
        Self { tangled: segment.tangled, at_work: segment.vertices.values().any(at_work) }
    }
}

/// How the exports of each target ended.
#[derive(Default)]
struct Exports<'a>(HashMap<Option<&'a str>, Vec<End>>);

impl<'a> Exports<'a> {
    fn seen(&mut self, target: Option<&'a str>, end: End) {
        let ends = self.0.entry(target).or_default();
        if !ends.contains(&end) {
            ends.push(end);
        }
    }

    /// How a build of this target ended, whose last steps the log shows.
    fn ending(&self, target: Option<&str>, progress: &Progress) -> Ending {
        if self.are(target, End::Canceled) {
            return Ending::Stopped;
        }
        if self.are(target, End::Open) {
            return Ending::Cut;
        }
        // Of two builds that are printed as one, nobody knows whose export it is.
        if self.are(target, End::Done) && !progress.tangled {
            return Ending::Exported;
        }
        if progress.at_work { Ending::Cut } else { Ending::Shown }
    }

    /// One that names no target is of all.
    fn are(&self, target: Option<&str>, end: End) -> bool {
        let of = |target| self.0.get(&target).is_some_and(|ends| ends.contains(&end));
        of(target) || of(None)
    }
}

/// Errors that stop a client or daemon before the first step
/// (`docker/buildx` `build/opt.go`, `moby/buildkit` `control/control.go`).
pub(super) fn before_any_step(error: &str) -> bool {
    const EARLY: [&str; 9] = [
        "Cache export is not supported",
        "cache export feature is currently not supported",
        "Multi-platform build is not supported",
        " cache exporter",
        "cache importer requires",
        "unsupported compression type",
        "unknown cache importer",
        "type required for",
        "cache with type ",
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
        let inside = name.strip_prefix('[').filter(|inside| !inside.starts_with("internal]"))?;
        let (inside, _) = inside.split_once(']')?;
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
    let Some((inside, rest)) = name.strip_prefix('[').and_then(|n| n.split_once(']')) else {
        return (None, name);
    };
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
        errors: final_errors(segment),
        answers: segment.answers.clone(),
        behind_export: errors::behind_export(segment),
        gone: errors::gone(segment),
        warnings: segment.warnings.clone(),
        line: segment
            .line
            .max(segment.errors.first().map_or(0, |q| if segment.line == 0 { q.line } else { 0 })),
        tangled: segment.tangled,
        headless: segment.lacks_its_begin(),
        dialect: segment.dialect,
        ..Build::default()
    }
}

fn final_errors(segment: &Segment) -> Few<Quote> {
    if segment.errors.is_empty() {
        return errors::of_boot(segment).into_iter().collect();
    }
    segment.errors.clone()
}

/// The build of a target, made at its first vertex. What names no target belongs to the first build
/// that does, or to the only one. `places` are those of the targets.
fn of_target<'a>(
    builds: &mut Vec<Build>,
    places: &mut HashMap<&'a str, usize>,
    common: &Build,
    target: Option<&'a str>,
) -> usize {
    // Only the first can be without a name.
    let open = |target: &str| {
        builds.first().is_none_or(|first| first.target.as_deref().is_none_or(|own| own == target))
    };
    let at = match target {
        None => 0,
        Some(target) => {
            *places.entry(target).or_insert_with(|| if open(target) { 0 } else { builds.len() })
        }
    };
    if at == builds.len() {
        builds.push(common.clone());
    }
    if let Some((build, target)) = builds.get_mut(at).zip(target) {
        build.target = Some(target.into());
    }
    at
}
