//! One cache reference for each build, where several write the same one now.
//!
//! In the configuration every specification of the shared cache gets the name of its build; a
//! matrix gets the variable of the leg, where the kind of file can write it.

mod shared;

use std::collections::BTreeSet;

use self::shared::SharedNames;
use super::advice::{ATTRIBUTES, import};
use super::{At, PLACEHOLDER, Site, patch, reference, snippet};
use crate::config::{CacheSettings, Change, Side, fits_tag, pieces};
use crate::finding::Fix;
use crate::model::{CacheKind, CacheSpec, Text};

/// One reference for each job or target that writes the same one now; `called` tells them apart
/// where their images do not.
#[must_use]
pub fn own_refs(sites: &[Site], called: &[Text]) -> Fix {
    let own: Vec<Option<String>> = sites.iter().map(own_name).collect();
    let distinct: BTreeSet<&Option<String>> = own.iter().collect();
    let by_job = distinct.len() < own.len() && called.len() == own.len();
    let snippets = sites.iter().zip(own).enumerate().map(|(n, (site, own))| {
        let job = if by_job { called.get(n).map(ToString::to_string) } else { None };
        let name = job.or(own).unwrap_or_else(|| format!("build {}", n + 1));
        let own = format!("{}-{}", site.cache, slug(&name));
        let settings = CacheSettings {
            from: vec![import(&own)],
            to: Some(format!("type=registry,ref={own},{ATTRIBUTES}")),
            ..CacheSettings::default()
        };
        format!("# {name}\n{}", snippet::write(site, &settings))
    });
    let fix = Fix {
        summary: "give each job and target a cache reference of its own".to_owned(),
        steps: vec![
            "A cache reference holds what the last writer stored and nothing else: write one \
                reference per image, platform and branch.".to_owned(),
            "A build may import several references (its own and, say, the main branch's): BuildKit \
                looks in all of them.".to_owned(),
        ],
        snippet: Some(snippets.collect::<Vec<_>>().join("\n\n")),
        cost: "one more tag in the registry for each".to_owned(),
        ..Fix::default()
    };
    own_caches(fix, &sites.iter().filter_map(|site| site.at).collect::<Vec<_>>(), &[], |_, _| true)
}

/// Renames the caches of these places, each after its build; one edit for each file. Places that
/// build the same get the same name: what one of them stores the other can use. `readers` only read
/// the cache that is shared now.
pub(in crate::rules) fn own_caches(
    mut fix: Fix,
    places: &[At],
    readers: &[At],
    differ: impl Fn(At, At) -> bool,
) -> Fix {
    let mut paths: Vec<&str> =
        places.iter().chain(readers).map(|at| at.config.path.as_str()).collect();
    paths.sort_unstable();
    paths.dedup();
    let (files, mut whole) = (paths.len(), true);
    let naming = telling(places, &differ);
    let name = |at: At| {
        let here: Vec<At> =
            places.iter().copied().filter(|other| other.config.path == at.config.path).collect();
        variable_of(at, &here).or_else(|| naming.and_then(|naming| naming(at)))
    };
    for path in paths {
        let here: Vec<At> = places.iter().copied().filter(|at| at.config.path == path).collect();
        let reading: Vec<At> =
            readers.iter().copied().filter(|at| at.config.path == path).collect();
        let Some(first) = here.iter().chain(&reading).next() else { continue };
        if let Some((at, why)) = here.iter().find_map(|at| Some((*at, unnamable(*at)?))) {
            fix = patch::refused(fix, at, &why);
            whole = false;
            continue;
        }
        let changes = changes_of(&here, &reading, places, &name, &differ);
        match changes {
            Ok(changes) if changes.is_empty() => {
                fix = patch::refused(fix, *first, IN_A_VARIABLE);
                whole = false;
            }
            Ok(changes) if here.is_empty() => fix = patch::with_all(fix, &reading, &changes),
            Ok(changes) => fix = patch::with_all(fix, &here, &changes),
            Err(why) => {
                fix = patch::refused(fix, *first, why);
                whole = false;
            }
        }
    }
    // Those that only read the cache would look for one that nobody writes any more.
    let one_sided = !readers.is_empty() && (!whole || fix.edits.len() < files);
    if one_sided { Fix { edits: Vec::new(), ..fix } } else { fix }
}

const IN_A_VARIABLE: &str = "the option comes from a variable or an expression";

/// The changes of one file.
fn changes_of(
    here: &[At],
    readers: &[At],
    places: &[At],
    name: &impl Fn(At) -> Option<String>,
    differ: &impl Fn(At, At) -> bool,
) -> Result<Vec<Change>, &'static str> {
    let shared = SharedNames::of(places);
    let mut changes: Vec<Change> = Vec::new();
    for at in here {
        let name = name(*at).ok_or("no short name distinguishes the builds")?;
        changes.extend(
            renamed(*at, &name, &shared, readers.is_empty())?
                .into_iter()
                .filter(|change| !changes.contains(change))
                .collect::<Vec<_>>(),
        );
    }
    for reader in readers {
        let twin =
            places.iter().find(|at| !differ(**at, *reader) && at.place.legs == reader.place.legs);
        match twin.and_then(|twin| name(*twin)) {
            Some(name) => changes.extend(renamed(*reader, &name, &shared, false)?),
            None => changes.push(reads_all(*reader, places, name).ok_or(
                "builds that only read the cache have to name the new ones, and nothing shows \
                    which",
            )?),
        }
    }
    Ok(changes)
}

/// The reader imports the caches of all builds in the place of the one they shared.
fn reads_all(reader: At, places: &[At], name: &impl Fn(At) -> Option<String>) -> Option<Change> {
    const MOST: usize = 4;
    let alone = places.iter().all(|at| at.place.legs.is_empty()) && places.len() <= MOST;
    let command = &reader.place.command;
    let [old] = command.cache_from.as_slice() else { return None };
    if !alone || !matches!(old.kind(), CacheKind::Registry | CacheKind::Gha | CacheKind::S3) {
        return None;
    }
    let mut from: Vec<String> = Vec::new();
    for at in places {
        let new = own(reader, old, false, &name(*at)?)?;
        from.extend((!from.contains(&new)).then_some(new));
    }
    let settings = CacheSettings { from, ..patch::kept(command) };
    Some(Change::Caches { place: reader.index, settings })
}

/// Why a leg of a matrix cannot stand in the tag of the cache.
fn unnamable(at: At) -> Option<String> {
    if !at.place.command.cache_to.iter().any(|spec| spec.kind() == CacheKind::Registry) {
        return None;
    }
    let leg = at.place.legs.iter().find(|leg| !at.place.plain_legs.contains(leg))?;
    Some(format!("values of `{leg}` may hold characters that a tag cannot, such as `/`"))
}

/// Several jobs have one script by `extends`: a variable that each of them sets to a name of its
/// own.
fn variable_of(at: At, places: &[At]) -> Option<String> {
    let line = at.place.command.quote.line;
    let same =
        |other: &&At| other.place.command.quote.line == line && other.config.path == at.config.path;
    let twins: Vec<&At> = places.iter().filter(|other| line > 0 && same(other)).collect();
    let script = at.config.kind.is_script();
    if twins.len() < 2 || !(script || at.config.kind.ci() == Some("gitlab")) {
        return None;
    }
    let tells = |name: &str| {
        let value = |twin: &&At| twin.place.expanded(&format!("${name}"));
        let mut values: Vec<String> = twins.iter().map(value).collect();
        values.sort();
        values.dedup();
        values.len() == twins.len() && values.iter().all(|value| fits_tag(value))
    };
    // `github.job` is none of a shell.
    let variables = at.place.variables.iter().filter(|(name, _)| !name.contains('.'));
    let mut names = variables.map(|(name, _)| name);
    // What a script is told by the CI, it is not told elsewhere: its own come first.
    let name = if script {
        names.rfind(|name| name.len() > 1 && tells(name))
    } else {
        names.find(|name| tells(name))
    }?;
    Some(format!("${name}"))
}

/// All that name the shared cache, or none: what is exported under a new name is to be imported
/// under it. Other imports stay, since nobody writes them under another name.
fn renamed(
    at: At,
    name: &str,
    shared: &SharedNames,
    to_import: bool,
) -> Result<Vec<Change>, &'static str> {
    let command = &at.place.command;
    let exports = command.cache_to.iter().filter(|spec| shared.is_exported(at, spec));
    let imports = command.cache_from.iter().filter(|spec| shared.is_imported(at, spec));
    let specs = exports.map(|spec| (spec, true)).chain(imports.map(|spec| (spec, false)));
    let mut changes: Vec<Change> = Vec::new();
    for (spec, export) in specs {
        if is_held(spec) {
            return Err(IN_A_VARIABLE);
        }
        let new = own(at, spec, export, name);
        let change = new.map(|new| Change::Spec {
            place: at.index,
            side: Side::Both,
            old: spec.raw.clone(),
            new,
        });
        changes.extend(change.filter(|change| !changes.contains(change)));
    }
    let stays =
        |change: &Change| old_of(change).is_some_and(|old| at.place.handed_down.contains(old));
    if changes.iter().any(stays) {
        return Ok(vec![beside_inherited(at, &changes)]);
    }
    let read = command.cache_from.is_empty()
        || command.cache_from.iter().any(|spec| shared.is_imported(at, spec));
    Ok(match with_import(at, &changes).filter(|_| to_import && !read) {
        Some(change) => vec![change],
        None => changes,
    })
}

/// A cache that its build exports and does not import, though it imports others, is imported too:
/// nobody else reads it under its new name.
fn with_import(at: At, changes: &[Change]) -> Option<Change> {
    let [Change::Spec { new, .. }] = changes else { return None };
    let command = &at.place.command;
    if command.cache_to.len() > 1 || !at.place.handed_down.is_empty() {
        return None;
    }
    let written = CacheSpec::parse(new);
    let parts = written.attributes.iter().filter(|(key, _)| is_of_both_sides(key));
    let import = parts.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",");
    let mut settings = patch::kept(command);
    settings.to = Some(new.clone());
    settings.from.push(import);
    Some(Change::Caches { place: at.index, settings })
}

/// What says where a cache lies, and not how it is written.
fn is_of_both_sides(key: &str) -> bool {
    matches!(key, "type" | "ref" | "scope" | "name" | "bucket" | "region" | "endpoint_url")
}

fn old_of(change: &Change) -> Option<&String> {
    if let Change::Spec { old, .. } = change { Some(old) } else { None }
}

/// What a target of bake inherits it goes on importing; it gets the new names as its own.
fn beside_inherited(at: At, changes: &[Change]) -> Change {
    let mut settings = patch::kept(&at.place.command);
    for spec in settings.from.iter_mut().chain(&mut settings.to) {
        for change in changes {
            if let Change::Spec { old, new, .. } = change
                && old == spec
            {
                spec.clone_from(new);
                break;
            }
        }
    }
    Change::Caches { place: at.index, settings }
}

/// A variable holds the type of the cache, and perhaps more of it: `"${CACHE},mode=max"`.
fn is_held(spec: &CacheSpec) -> bool {
    CacheSpec::parse(&spec.raw).get("type") != spec.get("type")
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
    let legs = at.place.legs.iter().filter(|leg| at.place.fits_option(leg));
    let legs: Option<Vec<String>> = legs.map(|leg| at.leg(leg)).collect();
    let plain = key == "scope" || at.place.legs.iter().all(|leg| at.place.plain_legs.contains(leg));
    let legs = legs?;
    let told_apart = at.place.legs.is_empty() || !legs.is_empty();
    if !plain || !told_apart || patch::is_variable(spec) {
        return None;
    }
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
    let mut written: Vec<String> =
        spec.attributes.iter().map(kept).chain(spec.loose.iter().cloned()).collect();
    written.extend(old.is_none().then(|| format!("{key}={value}")));
    Some(written.join(","))
}

/// How a place is named.
pub(super) type Naming = fn(At) -> Option<String>;

/// The first way to name them that gives those that differ different names, and those that do not
/// the same; `None` where none does.
pub(super) fn telling(places: &[At], differ: impl Fn(At, At) -> bool) -> Option<Naming> {
    const WAYS: [Naming; 7] = [
        named_by_build,
        named_by_folder,
        named_by_stage,
        named_by_job,
        named_by_file,
        named_by_file_and_job,
        named_by_all,
    ];
    // Names for more than that are nobody's to choose.
    if places.len() > 256 {
        return None;
    }
    let names =
        |naming: &Naming| places.iter().map(|at| naming(*at)).collect::<Option<Vec<String>>>();
    let tells = |names: &[String], alike: bool| {
        pairs(names.len()).all(|(a, b)| {
            let same = names.get(a) == names.get(b);
            let differing = places.get(a).zip(places.get(b)).is_some_and(|(a, b)| differ(*a, *b));
            if differing { !same } else { same || !alike }
        })
    };
    let way = |alike: bool| {
        WAYS.into_iter().find(|naming| names(naming).is_some_and(|names| tells(&names, alike)))
    };
    way(true).or_else(|| way(false))
}

/// Indices of all pairs of so many.
fn pairs(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n).flat_map(move |a| (a + 1..n).map(move |b| (a, b)))
}

/// The last folder of the context: `services/web` is `web`.
fn named_by_folder(at: At) -> Option<String> {
    let context = crate::rules::planned::context(at.place);
    let last = context
        .rsplit('/')
        .next()
        .filter(|last| !last.is_empty() && !last.contains(['$', '%', '{', ':']))?;
    Some(slug(last)).filter(|name| !name.is_empty())
}

/// The stage, and for which platform.
fn named_by_stage(at: At) -> Option<String> {
    let command = &at.place.command;
    let platform = match command.platforms.as_slice() {
        [only] => Some(only),
        _ => None,
    };
    let parts = command.target.iter().chain(platform);
    let plain: Vec<String> =
        parts.filter(|part| !part.contains(['$', '%', '{'])).map(|part| slug(part)).collect();
    Some(plain.join("-")).filter(|name| !name.is_empty())
}

/// The file of the CI: `.github/workflows/web.yml` is `web`, `actions/image/action.yml` is `image`.
fn named_by_file(at: At) -> Option<String> {
    let stem = |part: &str| slug(part.split('.').find(|part| !part.is_empty()).unwrap_or_default());
    let mut names = at.config.path.rsplit('/').map(stem);
    names.find(|name| name != "action").filter(|name| !name.is_empty())
}

fn named_by_file_and_job(at: At) -> Option<String> {
    Some(format!("{}-{}", named_by_file(at)?, named_by_job(at)?))
}

/// The target, else the image, else the job.
fn named_by_build(at: At) -> Option<String> {
    // A target of a matrix has the leg in its name: `web-${version}`.
    let name = own_name(&Site::written(at)).map(|name| slug(&plain_part(&name)));
    name.filter(|name| !name.is_empty()).or_else(|| named_by_job(at))
}

/// What of it no variable fills in.
fn plain_part(text: &str) -> String {
    pieces(text).filter(|piece| piece.form.is_none()).map(|piece| piece.text).collect()
}

fn named_by_job(at: At) -> Option<String> {
    let job = at.place.key.as_ref().unwrap_or(&at.place.job);
    // The leg is named beside it, as in Buildkite's `:docker: {{matrix}}`.
    Some(slug(&plain_part(job))).filter(|name| !name.is_empty())
}

/// The job, what it builds and for what.
fn named_by_all(at: At) -> Option<String> {
    let command = &at.place.command;
    let file = command.file.as_deref().and_then(|file| file.rsplit('/').next());
    let parts = [
        named_by_job(at),
        own_name(&Site::written(at)),
        command.target.clone(),
        file.map(str::to_owned),
    ];
    let plain = parts.into_iter().flatten().filter(|part| !part.contains(['$', '%', '{']));
    let name = plain.map(|part| slug(&part)).collect::<Vec<_>>().join("-");
    (!name.is_empty()).then_some(name)
}

/// The target, or the last part of the image's name.
fn own_name(site: &Site) -> Option<String> {
    let image = (site.image != PLACEHOLDER).then(|| reference::repository(&site.image));
    let last = image.and_then(|image| image.rsplit('/').next()).map(str::to_owned);
    site.target.clone().or(last)
}

/// A job or an image as part of a name: `build-linux-arm64`, `web`.
pub(in crate::rules) fn short_name(one: &str) -> String {
    if one.contains([' ', '(']) {
        return slug(one);
    }
    reference::repository(one).rsplit('/').next().unwrap_or(one).to_owned()
}

/// A tag takes letters, digits, `_`, `.` and `-`.
fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}
