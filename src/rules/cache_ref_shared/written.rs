//! The configuration: places that build different things export one cache.

mod axes;
mod calls;
mod carried;
mod differ;
mod linked;

use std::collections::{HashMap, HashSet};

use super::{META, scope};
use crate::config::{Form, Place, pieces};
use crate::finding::{Evidence, Finding, Fix, not_ruled_out, to_decide};
use crate::model::{CacheKind, CacheSpec, Tool};
use crate::rules::Study;
use crate::rules::past::Past;
use crate::rules::planned::{self, Words, bake};
use crate::rules::remedy::{At, Site, own_caches, patch};

pub(in crate::rules) use self::differ::differ;

/// One finding for each cache that several builds export, but for those that the logs tell of.
pub(super) fn findings(study: &Study, all: &[Past], seen: &[Finding]) -> Vec<Finding> {
    let mut groups: Vec<(PlacedName, Vec<At>)> = Vec::new();
    let mut known: HashMap<PlacedName, usize> = HashMap::new();
    // kaniko and buildah keep each layer under a tag of its own.
    for at in planned::places(study).filter(|at| planned::flow::is_buildkit(*at)) {
        for name in at.place.command.cache_to.iter().filter_map(|spec| named(at, spec)) {
            let index = *known.entry(name.clone()).or_insert(groups.len());
            match groups.get_mut(index) {
                Some((_, places)) => places.push(at),
                None => groups.push((name, vec![at])),
            }
        }
    }
    let shown = |name: &PlacedName| {
        seen.iter()
            .any(|found| found.subject == name.text || Some(&found.subject) == name.scope.as_ref())
    };
    groups.retain(|(name, _)| !shown(name));
    let fine: Vec<At> = all.iter().filter_map(|past| is_found_again(study, past)).collect();
    let written =
        groups.into_iter().filter_map(|(name, places)| finding(study, &name, &places, &fine));
    let written = written.chain(linked::findings(study));
    written.chain(axes::findings(study)).chain(carried::findings(study)).collect()
}

/// The place of a series that finds its cache in each run but the first.
fn is_found_again<'a>(study: &'a Study, past: &Past<'a>) -> Option<At<'a>> {
    let found =
        |i: usize| past.imported(i) && past.builds.get(i).is_some_and(|build| build.hits() > 0);
    if past.len() < 3 || !(1..past.len()).all(found) {
        return None;
    }
    let (run, build) = past.last()?;
    Site::of(study, run, build).at
}

fn finding(study: &Study, cache: &PlacedName, places: &[At], fine: &[At]) -> Option<Finding> {
    let name = &cache.text;
    let Losers { places, replaced_by_another } = Losers::of(study, name, places);
    let is_fine = |at: &At| {
        fine.iter().any(|known| known.index == at.index && known.config.path == at.config.path)
    };
    // What several of them find again and again is replaced by nobody.
    if places.is_empty() || places.iter().filter(|at| is_fine(at)).count() > 1 {
        return None;
    }
    let looped = places.iter().all(|at| !at.place.looped.is_empty());
    let calls = calls::of(study, &places);
    let (who, writers) = match (replaced_by_another, &calls) {
        (true, _) => (format!("{} builds", places.len()), format!("{} builds", places.len())),
        (false, Some(calls)) => (calls.who("the"), calls.who("The")),
        _ if looped => ("the rounds of a loop".to_owned(), "The rounds of a loop".to_owned()),
        _ => ("the legs of a matrix".to_owned(), "The legs of a matrix".to_owned()),
    };
    let words = Words {
        title: format!("{who} will write their caches to {name}, and each replaces the other's"),
        cause: format!(
            "{writers} export to {name}. An export replaces what was there, so only the one that \
                finishes last finds its cache in the next run."
        ),
        fix: fix(study, cache, &places),
        rules_out: vec![
            not_ruled_out("builds of which only one runs in a pipeline"),
            to_decide("give logs: they show that, and what it costs"),
        ],
        subject: name.clone(),
    };
    let lines = places.iter().take(MOST_LINES).filter_map(|at| at.evidence("exports to it"));
    let mut lines: Vec<Evidence> = lines.collect();
    lines.extend(calls.into_iter().flat_map(|calls| calls.lines));
    // Several jobs may have one script.
    lines.dedup_by(|a, b| a.source == b.source && a.line == b.line);
    planned::finding(&META, META.severity, lines, words)
}

/// Places whose cache is replaced.
struct Losers<'a> {
    places: Vec<At<'a>>,
    /// By another place, and not only by other legs of the same one.
    replaced_by_another: bool,
}

impl<'a> Losers<'a> {
    fn of(study: &Study, name: &str, places: &[At<'a>]) -> Self {
        let mut places = places.to_vec();
        places.retain(|at| bake::may_be_built(study, *at));
        let replaced = replaced(study, &places);
        let loses = |(at, replaced): &(&At, bool)| {
            let legs = legs_differ(at.place) || is_called_in_legs(study, **at, name);
            *replaced || legs && !isolated(**at, **at)
        };
        Self {
            replaced_by_another: replaced.contains(&true),
            places: places.iter().zip(replaced).filter(loses).map(|(at, _)| *at).collect(),
        }
    }
}

fn fix(study: &Study, cache: &PlacedName, places: &[At]) -> Fix {
    let name = &cache.text;
    let own = format!(
        "Name a reference (or `scope=` of a gha cache) of its own in each of them; {name} then \
            holds one build's cache."
    );
    let readers = readers(study, cache);
    let fix = Fix {
        summary: "give each build a cache of its own".to_owned(),
        steps: std::iter::once(own).chain(advice_for(&readers)).collect(),
        cost: "one more cache for each".to_owned(),
        ..Fix::default()
    };
    if places.iter().any(|at| is_called_in_legs(study, *at, name)) {
        return of_the_machine(fix);
    }
    if let Some(other) = others(study, cache, places).first() {
        return patch::refused(
            fix,
            *other,
            "this build reads the cache as well, and is to go on finding what the others store",
        );
    }
    own_caches(fix, places, &readers, |a, b| differ(study, a, b))
}

/// Builds that read and write the cache, and that nobody replaces: they look for what the others
/// store.
fn others<'a>(study: &'a Study, cache: &PlacedName, places: &[At]) -> Vec<At<'a>> {
    let is_named = |at: &At, spec: &CacheSpec| named(*at, spec).as_ref() == Some(cache);
    let changed = |at: &At| {
        places.iter().any(|own| {
            own.index == at.index
                && own.place.form == at.place.form
                && own.config.path == at.config.path
        })
    };
    let reads = |at: &At| at.place.command.cache_from.iter().any(|spec| is_named(at, spec));
    let writes = |at: &At| at.place.command.cache_to.iter().any(|spec| is_named(at, spec));
    let built = planned::places(study).filter(|at| bake::may_be_built(study, *at));
    built.filter(|at| reads(at) && writes(at) && !changed(at)).collect()
}

/// More lines than anybody reads.
const MOST_LINES: usize = 48;

/// For each place, whether another one replaces its cache. Of very many, folder and Dockerfile
/// alone tell.
fn replaced(study: &Study, places: &[At]) -> Vec<bool> {
    const FEW: usize = 64;
    if places.len() <= FEW {
        let by_another =
            |at: &At| places.iter().any(|other| replace_each_other(study, *at, *other));
        return places.iter().map(by_another).collect();
    }
    let key = |at: &At| (planned::context(at.place), planned::dockerfile_path(*at));
    let keys: Vec<_> = places.iter().map(key).collect();
    let several = keys.iter().collect::<HashSet<_>>().len() > 1;
    vec![several; places.len()]
}

/// Builds that only read the cache.
fn readers<'a>(study: &'a Study, name: &PlacedName) -> Vec<At<'a>> {
    let is_named = |at: &At, spec: &CacheSpec| named(*at, spec).as_ref() == Some(name);
    let reads = |at: &At| at.place.command.cache_from.iter().any(|spec| is_named(at, spec));
    let writes = |at: &At| at.place.command.cache_to.iter().any(|spec| is_named(at, spec));
    planned::places(study).filter(|at| reads(at) && !writes(at)).collect()
}

/// What to do for them.
fn advice_for(readers: &[At]) -> Option<String> {
    let lines: Vec<String> = readers
        .iter()
        .map(|at| format!("{}:{}", at.config.path, at.place.command.quote.line))
        .collect();
    (!lines.is_empty()).then(|| {
        format!(
            "Also change what only reads it ({}): let it import the caches of the builds it starts \
                from.",
            lines.join(", ")
        )
    })
}

/// Name of a cache, with where it is one: a variable has one value in all of a bake or Compose
/// file, whatever that is, and each forge has a cache server of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct PlacedName {
    text: String,
    file: Option<String>,
    forge: Option<String>,
    /// As findings about logs call it.
    scope: Option<String>,
}

/// Name of a cache, where it is the same in every job.
fn named(at: At, spec: &CacheSpec) -> Option<PlacedName> {
    let name = match spec.kind() {
        CacheKind::Registry => spec.get("ref")?.to_owned(),
        // `scope` is `buildkit` where none is given (BuildKit cache/remotecache/gha).
        CacheKind::Gha => format!("the gha scope \"{}\"", spec.get("scope").unwrap_or("buildkit")),
        CacheKind::S3 => format!(
            "the S3 cache {}/{}",
            spec.get("bucket")?,
            spec.get("name").unwrap_or("buildkit")
        ),
        // A directory belongs to the machine of the job; what carries it on is the CI's cache.
        CacheKind::Azblob | CacheKind::Local | CacheKind::Inline | CacheKind::Unknown => {
            return None;
        }
    };
    let text = at.place.expanded(&name);
    let forge = if spec.kind() == CacheKind::Gha { at.forge() } else { None };
    let forge = forge.map(str::to_owned);
    let scope = scope(spec);
    if at.place.is_common(&text) && !is_made_at_the_host(&text) {
        return Some(PlacedName { text, file: None, forge, scope });
    }
    let one_value =
        at.config.kind.ci().is_none() && !at.place.names_leg(&text) && !is_made_at_the_host(&text);
    one_value.then(|| PlacedName { text, file: Some(at.config.path.clone()), forge, scope })
}

/// A command or a function, or the platform of the machine that runs bake: each machine may have
/// another value.
fn is_made_at_the_host(text: &str) -> bool {
    pieces(text).any(|piece| {
        let called = |text: &str| text.contains('(') && !text.starts_with("${{");
        let made = match piece.form {
            None => false,
            // `$(Build.BuildId)` calls nothing.
            Some(Form::Variable(name, _)) if piece.text.contains(&format!("$({name})")) => false,
            Some(_) => called(piece.text),
        };
        made || (piece.form.is_some() && piece.text.contains("BAKE_LOCAL_PLATFORM"))
    })
}

/// They build different things, and what one exports is found by the other.
fn replace_each_other(study: &Study, a: At, b: At) -> bool {
    !isolated(a, b) && differ(study, a, b)
}

/// gha caches are kept for each branch, tag and pull request
/// (<https://docs.github.com/en/actions/reference/workflows-and-actions/dependency-caching#restrictions-for-accessing-a-cache>).
fn isolated(a: At, b: At) -> bool {
    let apart = |spec: &CacheSpec| spec.kind() == CacheKind::Gha;
    a.place.command.cache_to.iter().any(apart) && !a.place.refs.meet(b.place.refs)
}

/// Legs of a matrix call bake for the same targets, each on a machine of its own architecture or
/// with other arguments, and the cache has one name in all of them.
fn is_called_in_legs(study: &Study, at: At, name: &str) -> bool {
    let plain = |text: &str| pieces(text).all(|piece| piece.form.is_none());
    let same = |call: &At| {
        call.place.command.cache_to.is_empty()
            && call.place.command.targets.iter().all(|t| plain(t))
    };
    let of_bake = at.config.kind.reader() == Some(Tool::BuildxBake);
    let own = at.place.command.platforms.is_empty() && plain(name);
    of_bake && own && bake::calls_of(study, at).any(|call| same(&call) && legs_differ(call.place))
}

/// The file of bake is the same for all of them.
fn of_the_machine(fix: Fix) -> Fix {
    let step = "In the file of bake, let the name hold the machine: \
        `${replace(BAKE_LOCAL_PLATFORM, \"/\", \"-\")}` is `linux-amd64` or `linux-arm64`.";
    Fix { steps: fix.steps.into_iter().chain([step.to_owned()]).collect(), ..fix }
}

/// The legs of the matrix build different things.
pub(in crate::rules) fn legs_differ(place: &Place) -> bool {
    let command = &place.command;
    let named = [&place.context, &command.file, &command.target];
    let asked = command.platforms.iter().chain(&command.build_args).chain(&command.targets);
    let mut given = asked.chain(&place.inputs);
    named.into_iter().flatten().any(|value| place.varies(value))
        || given.any(|value| place.names_leg(value))
}
