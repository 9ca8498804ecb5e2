//! The configuration: a cache that is written under one name and looked for under another.

use super::{META, isolated, of_branch};
use crate::config::{CacheSettings, Change, Side};
use crate::finding::{Finding, Fix, Severity, not_ruled_out};
use crate::model::{CacheKind, CacheSpec};
use crate::rules::Study;
use crate::rules::planned::flow::{self, CacheName, CacheNames};
use crate::rules::planned::{self, Words};
use crate::rules::remedy::{At, patch, reference};

/// One finding for each build.
pub(super) fn findings<'a>(study: &'a Study) -> impl Fn(At<'a>) -> Option<Finding> {
    let (read, written) = (flow::all_read(study), flow::all_written(study));
    let stored = flow::all_stored(study);
    let of_branches = flow::written_by_branches(study);
    let hides = flow::hides_an_export(study);
    move |at| {
        if !flow::is_buildkit(at) {
            return None;
        }
        let mut found = of_one_run(at, &read, &written);
        if !hides {
            found = found.or_else(|| apart(at, &read, &stored));
            found = found.or_else(|| isolated::finding(at, &of_branches));
        }
        found.or_else(|| of_branch::finding(at))
    }
}

/// What it exports nobody reads, and what it imports nobody writes.
fn apart(at: At, read: &CacheNames, stored: &CacheNames) -> Option<Finding> {
    let (to, to_name) = only(flow::exported(at))?;
    let (from, from_name) = flow::read(at).find(|(_, name)| name.kind == to_name.kind)?;
    let unwritten = flow::read(at).all(|(_, name)| !stored.holds(&name));
    // The builder does not know an attribute behind a blank; that is found by itself.
    let blank = flow::read(at).any(|(spec, _)| patch::has_blanks(spec)) || patch::has_blanks(to);
    if !unwritten || read.holds(&to_name) || blank {
        return None;
    }
    let dead = flow::read(at).filter(|(_, name)| name.kind == to_name.kind);
    let dead: Vec<(&CacheSpec, CacheName)> = dead.collect();
    let names = listed(&dead);
    let why = if at
        .place
        .names()
        .any(|image| reference::same(&at.place.expanded(image), &from_name.text))
    {
        "the image itself, which is built without inline metadata and holds no cache"
    } else {
        "which nothing in this configuration writes"
    };
    let words = Words {
        title: format!("the cache is written to {} and imported from {names}", to_name.shown()),
        cause: format!(
            "The build stores its cache in {} and looks for it in {names}, {why}: what is stored \
                is never found.",
            to_name.shown()
        ),
        fix: match dead.as_slice() {
            [_] => one_name(at, from, to, to_name.kind),
            many => in_place_of(at, many, to),
        },
        rules_out: vec![not_ruled_out(format!(
            "something else may write {names} and read what is stored (no file that was given \
                does)"
        ))],
        subject: from_name.text.clone(),
    };
    let imported =
        dead.iter().map(|(spec, _)| at.evidence_of_spec(spec, Side::From, "is imported"));
    let lines = imported.chain([at.evidence_of_spec(to, Side::To, "is exported")]);
    planned::finding(&META, Severity::Error, lines.flatten().collect(), words)
}

/// `a, b and c`
fn listed(dead: &[(&CacheSpec, CacheName)]) -> String {
    let names: Vec<String> = dead.iter().map(|(_, name)| name.shown()).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

/// One import of what is exported, in the place of several that find nothing.
fn in_place_of(at: At, dead: &[(&CacheSpec, CacheName)], to: &CacheSpec) -> Fix {
    let import = import_of(to);
    let fix = Fix {
        summary: "use one name for import and export".to_owned(),
        steps: vec![format!(
            "Import what is exported: write `{import}` in place of the {} imports that find nothing.",
            dead.len()
        )],
        snippet: Some(import.clone()),
        ..Fix::default()
    };
    let is_dead = |raw: &String| dead.iter().any(|(spec, _)| spec.raw == *raw);
    if patch::is_variable(to) || dead.iter().any(|(spec, _)| patch::is_variable(spec)) {
        return patch::refused(fix, at, "an option comes from a variable");
    }
    let now = patch::kept(&at.place.command);
    let others = now.from.iter().filter(|raw| !is_dead(raw)).cloned();
    let settings = CacheSettings { from: std::iter::once(import).chain(others).collect(), ..now };
    patch::with_change(fix, at, Change::Caches { place: at.index, settings })
}

/// The one export; of several, each may be meant for somebody else.
fn only<'a>(
    mut exports: impl Iterator<Item = (&'a CacheSpec, CacheName)>,
) -> Option<(&'a CacheSpec, CacheName)> {
    let only = exports.next()?;
    exports.next().is_none().then_some(only)
}

/// Export and import have the commit or the run in their name, and no other name is asked for: the
/// next run asks for another one.
fn of_one_run(at: At, read: &CacheNames, written: &CacheNames) -> Option<Finding> {
    let (to, to_name) = only(flow::exported(at))?;
    let part = to_name.changing()?.to_owned();
    let mine: Vec<CacheName> = flow::read(at).map(|(_, name)| name).collect();
    let others = mine.iter().any(|name| name.changing().is_none() && written.holds(name));
    // A later job of the same run may read what this one stores.
    let own = mine.iter().filter(|name| flow::may_be_one(name, &to_name)).count();
    if others || mine.is_empty() || read.more_than(&to_name, own) {
        return None;
    }
    let constant = without(to, &part);
    let fix = Fix {
        summary: format!("name the cache without {part}"),
        steps: vec![
            "Use one name that stays the same from run to run in the import and in the export: an \
                export replaces the one before, and the branches of a gha cache are kept apart \
                anyway."
                .to_owned(),
            "Or import a constant name as well, one that the main branch exports.".to_owned(),
        ],
        ..Fix::default()
    };
    let words = Words {
        title: format!("the name of the cache holds {part}: no later run asks for it"),
        cause: format!(
            "`{}` is a different name in each commit or run. No later run looks for what one run \
                stored, and nothing else is imported: each starts cold.",
            to.raw
        ),
        fix: match constant {
            Some(_) => renamed(fix, at, &part),
            None => fix,
        },
        rules_out: vec![not_ruled_out("a rerun of the same commit: it finds the cache")],
        subject: to_name.text.clone(),
    };
    let line = at.evidence_of(&part, "the name changes with each commit or run");
    planned::finding(&META, Severity::Warning, line.into_iter().collect(), words)
}

/// The part and what joins it to the rest are taken out wherever the build has it.
fn renamed(fix: Fix, at: At, part: &str) -> Fix {
    let command = &at.place.command;
    let mut changes: Vec<Change> = Vec::new();
    for (spec, side) in command
        .cache_to
        .iter()
        .map(|s| (s, Side::To))
        .chain(command.cache_from.iter().map(|s| (s, Side::From)))
    {
        let Some(new) = without(spec, part) else { continue };
        changes.push(Change::Spec { place: at.index, side, old: spec.raw.clone(), new });
    }
    patch::with_all(fix, &[at], &changes)
}

/// `scope=web-${{ github.sha }}` is `scope=web`; `None` where nothing would be left of the name.
fn without(spec: &CacheSpec, part: &str) -> Option<String> {
    let before = |join: &str| format!("{join}{part}");
    let behind = |join: &str| format!("{part}{join}");
    let joined = ["-", "_", "."].iter().find_map(|join| {
        [before(join), behind(join)].into_iter().find(|text| spec.raw.contains(text.as_str()))
    })?;
    (!patch::is_variable(spec)).then(|| spec.raw.replace(&joined, ""))
}

/// The import names what is exported; the export stays as it is.
pub(in crate::rules) fn one_name(at: At, from: &CacheSpec, to: &CacheSpec, kind: CacheKind) -> Fix {
    let fix = Fix {
        summary: "use one name for import and export".to_owned(),
        steps: vec![format!(
            "Import what is exported: write `{}` in place of `{}`.",
            import_of(to),
            from.raw
        )],
        snippet: Some(import_of(to)),
        ..Fix::default()
    };
    if patch::is_variable(from) || patch::is_variable(to) || kind == CacheKind::Unknown {
        return patch::refused(fix, at, "an option comes from a variable");
    }
    if imports(at, to) {
        return patch::refused(fix, at, "it imports what is exported already, beside the other");
    }
    let change = Change::Spec {
        place: at.index,
        side: Side::From,
        old: from.raw.clone(),
        new: import_of(to),
    };
    patch::with_change(fix, at, change)
}

/// The build imports what it exports.
pub(super) fn imports(at: At, to: &CacheSpec) -> bool {
    let Some(written) = flow::name(at, to) else { return false };
    flow::read(at).any(|(_, read)| read == written)
}

/// Import of what is exported: what only an export has is left out.
pub(in crate::rules) fn import_of(to: &CacheSpec) -> String {
    const OF_EXPORTS: [&str; 10] = [
        "mode",
        "compression",
        "compression-level",
        "force-compression",
        "oci-mediatypes",
        "image-manifest",
        "ignore-error",
        "dest",
        "timeout",
        "upload_parallelism",
    ];
    if !to.raw.contains('=') {
        return to.raw.clone();
    }
    let kept = to
        .attributes
        .iter()
        .filter(|(key, _)| !OF_EXPORTS.contains(&key.trim().to_ascii_lowercase().as_str()));
    kept.map(|(key, value)| format!("{}={value}", key.trim())).collect::<Vec<_>>().join(",")
}
