//! One log that exports different builds to one cache, by its own command lines, or as it seems by
//! what the targets of a bake import: the next run of all but the last will not find theirs.

use std::collections::HashSet;

use super::{META, Past, name, own_scopes};
use crate::finding::{
    Alternative, Confidence, Evidence, Finding, Impact, Proof, Severity, not_ruled_out, to_decide,
};
use crate::model::{Build, CacheKind, Command, Run, Text};
use crate::rules::Study;
use crate::rules::past::end;
use crate::rules::remedy::{self, Site};

/// A build that stored its cache under the name.
struct Writer<'a> {
    run: &'a Run,
    build: &'a Build,
    /// What says so; `None` where the options stand in a file of bake or compose.
    command: Option<&'a Command>,
}

pub(super) fn finding(study: &Study, sharers: &[&Past], cache: &str) -> Option<Finding> {
    let writers = sharers.iter().map(|past| writer(past, cache)).collect::<Option<Vec<_>>>()?;
    let (last, earlier) = writers.split_last()?;
    let of_one_log = earlier.iter().all(|one| std::ptr::eq(one.run, last.run));
    if !of_one_log || earlier.iter().any(|one| alike(one, last)) {
        return None;
    }
    let shown = writers.iter().all(|one| one.command.is_some());
    if !sharers.iter().any(|past| never_hits(past)) {
        return None;
    }
    if !shown && (name::is_scope(cache) || !of_one_bake(&writers)) {
        return None;
    }
    let who: Vec<Text> = writers.iter().map(who).collect();
    let site =
        |one: &Writer| Site { cache: cache.to_owned(), ..Site::of(study, one.run, one.build) };
    let sites: Vec<Site> = writers.iter().map(site).collect();
    Some(Finding {
        rule: META.id,
        severity: Severity::Warning,
        confidence: if shown { Confidence::Likely } else { Confidence::Suspected },
        title: format!("{} builds of this run write their caches to {cache}", writers.len()),
        cause: format!(
            "{} export to {cache}, one after the other{}. An export replaces what was there: what \
                is left is the cache of the last one, and the next run of the others starts cold.",
            who.join(" and "),
            if shown { "" } else { ", apparently: it is the one cache that they import" }
        ),
        evidence: Proof::from_lines(writers.iter().flat_map(lines).collect())?,
        fix: if name::is_scope(cache) {
            own_scopes(cache, &who)
        } else {
            remedy::own_refs(&sites, &who)
        },
        impact: Impact::default(),
        rules_out: rules_out(shown),
        subject: cache.to_owned(),
    })
}

fn writer<'a>(past: &Past<'a>, cache: &str) -> Option<Writer<'a>> {
    let last = past.len().checked_sub(1)?;
    if !past.exported(last) {
        return None;
    }
    let (run, build) = past.last()?;
    // An action is called first, and the command that it makes of its inputs shows them.
    let command = past.commands(last).iter().rfind(|command| name::written_by(command, cache));
    let elsewhere = past.all_commands().any(|command| !command.cache_to.is_empty());
    (command.is_some() || !elsewhere).then_some(Writer { run, build, command })
}

/// It finds nothing of what its run before stored, or has no run before.
fn never_hits(past: &Past) -> bool {
    (1..past.len()).all(|i| past.builds.get(i).is_some_and(|build| build.hits() == 0))
}

/// Targets of one bake, all of it, each with an export to a registry.
fn of_one_bake(writers: &[Writer]) -> bool {
    let Some(first) = writers.first() else { return false };
    let registry = |build: &Build| {
        build.target.is_some() && build.exports.iter().any(|e| e.kind == CacheKind::Registry)
    };
    let together = first.run.together(first.build);
    together.len() == writers.len()
        && writers.iter().all(|one| registry(one.build))
        && together.iter().all(registry)
}

fn rules_out(shown: bool) -> Vec<Alternative> {
    let mut all = vec![not_ruled_out("a later build that holds the layers of the earlier one")];
    if !shown {
        all.push(not_ruled_out("exports to references of their own (none is printed)"));
        all.push(to_decide("give the file that names them (--config DIR): look at `cache-to`"));
    }
    all
}

/// Of one Dockerfile and directory, with most steps of the smaller one in the other: its export
/// holds them too.
fn alike(one: &Writer, other: &Writer) -> bool {
    let source = |writer: &Writer| {
        let commands = writer.run.commands_of(writer.build);
        let file = commands.iter().find_map(|command| command.file.clone());
        (file, commands.iter().find_map(|command| command.context.clone()))
    };
    let texts =
        |writer: &Writer| writer.build.decided().map(|s| s.text.clone()).collect::<HashSet<_>>();
    let both = texts(one).intersection(&texts(other)).count();
    source(one) == source(other) && 2 * both >= texts(one).len().min(texts(other).len())
}

fn who(writer: &Writer) -> Text {
    let image = || writer.build.images.first().cloned();
    writer.build.target.clone().or_else(image).unwrap_or_else(|| writer.run.label.clone())
}

fn lines(writer: &Writer) -> Vec<Evidence> {
    let export = writer.build.exports.iter().find(|export| export.ok());
    let asked = writer.command.map(|command| &command.quote);
    let read = writer.build.imports.first().map(|import| &import.header);
    let asked = asked.map(|quote| Study::quote(writer.run, quote, "exports to it"));
    let read = read.map(|quote| Study::quote(writer.run, quote, "the one cache that is imported"));
    asked
        .or(read)
        .into_iter()
        .chain(export.map(|export| end(writer.run, export, "without error")))
        .collect()
}
