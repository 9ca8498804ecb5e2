//! A cache is read that nobody keeps up to date, so it answers less and less.

mod sibling;
mod unnamed;

use std::collections::BTreeSet;

use super::image_names::may_be_named;
use super::instruction::copies_everything;
use super::past::{self, Past, cost, end, header};
use super::recurring::{Spot, spots};
use super::remedy::{self, Site, reference};
use super::volatile_build_arg::{culprits, explains};
use super::{Cause, Effect, Rule, RuleMeta, Study};
use crate::finding::{
    Confidence, Evidence, Finding, Fix, Proof, Severity, not_ruled_out, to_decide,
};
use crate::model::{Build, CacheKind, CacheSpec, Command, Run, Tool, Transfer};

pub(super) struct StaleCacheRef;

static META: RuleMeta = RuleMeta {
    id: "stale-cache-ref",
    title: "the imported cache is not updated",
    group: "No cache in use",
    severity: Severity::Warning,
    what: "Several runs in a row import a cache without error, their command lines write none to \
        that reference, no other log given does, and the cache breaks in one run after the other \
        at the same early step, or serves fewer steps than at first. Or another build of the job \
        writes it, which does not make that step (`--target test`, then the whole).",
    why: "What changed since the reference was written is built again in every run, because no run \
        stores it.",
    fix: "Export to the reference that is imported, or import the one that is written.",
    rules_out: "A reference that one of the runs given writes later; an import of several \
        references of which one is written; a cache that never served a step (its fault is a \
        different one); inline caches of the image that is pushed; breaks at a `COPY . .`, which \
        changes with every commit anyway: they need three runs and are a note. Another job may \
        write it rarely: then its logs, given too, would show it.",
    limits: "A job that writes the reference once a week looks like one that never does, if its \
        logs are not given.",
    example: include_str!("examples/stale-cache-ref.txt"),
    references: &["https://docs.docker.com/build/cache/backends/"],
    since: "0.1.0",
};

impl Rule for StaleCacheRef {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn gives_way(&self) -> &'static [Cause] {
        &[Cause::Rule("compose-drops-cache-to"), Cause::Rule("inline-cache-lost-every-second-run")]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        past::judge(study, finding)
    }
}

fn finding(past: &Past) -> Option<Finding> {
    let runs = reading(past);
    let [first, .., last] = *runs else { return None };
    let (run, build) = past.get(last)?;
    if runs.iter().all(|&i| hits(past, i) == 0) {
        return None;
    }
    let spots = spots(past);
    let signs = Signs::of(past, &runs, &spots);
    let read = RunReads::of(past, last)?;
    let named_later = !signs.are_clear() && may_be_named_later(build, &read.name);
    if !signs.suffice() || named_later || written_elsewhere(past, &read) {
        return None;
    }
    let name = &read.name;
    let ran = runs.iter().skip(1).filter_map(|&i| past.builds.get(i)).flat_map(|b| &b.steps);
    let impact = cost(ran, runs.len() - 1);
    if sibling::writer(past, last, name).is_some() {
        return sibling::finding(past, last, name, signs.early, impact);
    }
    Some(Finding {
        rule: META.id,
        severity: if signs.are_clear() { META.severity } else { Severity::Note },
        confidence: signs.confidence(),
        title: format!("{name} is read in {} runs and updated by none of them", runs.len()),
        cause: format!(
            "These runs import {name} and write their cache elsewhere or nowhere. What changed \
                since it was stored is built again in each of them: {} of {} steps came from it at \
                first, {} of {} now.",
            hits(past, first),
            past.builds.get(first).map_or(0, |b| b.total()),
            build.hits(),
            build.total()
        ),
        evidence: Proof::from_lines(lines(past, &runs, signs.early))?
            .seen_in(past.places(runs.iter().copied())),
        fix: match read.kind {
            Some(_) => unnamed::fix(name, read.asked),
            None => fix(&Site::of(past.study, run, build), name),
        },
        impact,
        rules_out: vec![
            not_ruled_out("another job that writes it (its logs are not among those given)"),
            to_decide("give the logs of that job"),
        ],
        subject: name.clone(),
    })
}

fn hits(past: &Past, i: usize) -> usize {
    past.builds.get(i).map_or(0, |build| build.hits())
}

/// What shows that the cache answers less and less.
struct Signs<'s, 'a> {
    /// The step that most runs broke at and that nothing else explains.
    early: Option<&'s Spot<'a>>,
    /// Fewer steps come from it than at first.
    fewer: bool,
    /// Some step ran again in several of more than two runs, and nothing explains any.
    again: bool,
}

impl<'s, 'a> Signs<'s, 'a> {
    /// Of the newest runs in a row.
    fn of(past: &Past<'a>, runs: &[usize], spots: &'s [Spot<'a>]) -> Self {
        let known = culprits(past);
        let first = runs.first().copied().unwrap_or_default();
        let broken = |spot: &Spot| spot.broken.len() - spot.broken.partition_point(|i| *i < first);
        let again: Vec<&Spot> = spots.iter().filter(|spot| broken(spot) > 1).collect();
        let unexplained = again
            .iter()
            .copied()
            .filter(|spot| !copies_everything(spot.text) && !explains(&known, spot))
            .filter(|spot| !files_changed(past, spot));
        let hits: Vec<usize> = runs.iter().map(|i| hits(past, *i)).collect();
        Self {
            early: unexplained.max_by_key(|spot| spot.broken.len()),
            fewer: hits.is_sorted_by(|a, b| a >= b) && hits.first() > hits.last(),
            again: runs.len() > 2 && !again.is_empty() && known.is_empty(),
        }
    }

    fn are_clear(&self) -> bool {
        self.early.is_some() || self.fewer
    }

    fn confidence(&self) -> Confidence {
        let both = self.early.is_some() && self.fewer;
        if both { Confidence::Likely } else { Confidence::Suspected }
    }

    fn suffice(&self) -> bool {
        self.are_clear() || self.again
    }
}

/// The step copies sources, and in most runs that broke here another amount was sent than in the run
/// before: the commits differ, whatever the cache holds. Of the few files that name the dependencies
/// the amount says nothing.
fn files_changed(past: &Past, spot: &Spot) -> bool {
    let sent = |i: usize| Some(past.builds.get(i)?.context.as_ref()?.size.as_str());
    let differs = |&i: &usize| {
        let before = past.previous(i).and_then(sent);
        before.zip(sent(i)).is_some_and(|(before, now)| before != now)
    };
    let sources = spot.last().is_some_and(|step| step.operation().reads_context())
        && spot.installs_what_it_copies(past).is_none();
    sources && spot.broken.iter().filter(|i| differs(i)).count() * 2 >= spot.broken.len()
}

/// What the runs read.
struct RunReads<'a> {
    name: String,
    /// The back end, where its imports have no name.
    kind: Option<CacheKind>,
    asked: Option<&'a CacheSpec>,
}

impl<'a> RunReads<'a> {
    fn of(past: &Past<'a>, i: usize) -> Option<Self> {
        let named = |t: &&Transfer| t.ok() && t.kind == CacheKind::Registry;
        if let Some(import) = past.imports(i).into_iter().find(named) {
            return Some(Self {
                name: import.reference.as_ref()?.to_string(),
                kind: None,
                asked: None,
            });
        }
        let kind = unnamed::kind(past, i)?;
        let asked = unnamed::asked(past, i, kind);
        Some(Self { name: unnamed::name(kind, asked), kind: Some(kind), asked })
    }
}

/// The newest runs in a row that read a reference and write none of those they read.
fn reading(past: &Past) -> Vec<usize> {
    let mut runs: Vec<usize> = (0..past.len()).rev().take_while(|&i| reads_only(past, i)).collect();
    runs.reverse();
    runs
}

fn reads_only(past: &Past, i: usize) -> bool {
    let Some((run, build)) = past.get(i) else { return false };
    let building = past.commands(i).iter().filter(|c| c.tool != Tool::BuildxCreate);
    let commands: Vec<&Command> = building.filter(|c| !c.cache_from.is_empty()).collect();
    let read: Vec<&str> =
        past.imports(i).into_iter().filter_map(|t| t.reference.as_deref()).collect();
    // A file, or a plugin of the CI, may ask for caches that no command line shows; a log that shows
    // all of a build shows its exports too.
    let in_file = past.commands(i).is_empty()
        || past.commands(i).iter().any(|c| matches!(c.tool, Tool::Compose | Tool::BuildxBake));
    let shown = in_file
        && build.whole()
        && build.exports.is_empty()
        && build.inline.is_none()
        && commands.is_empty();
    let registry = past.imports(i).iter().any(|t| t.ok() && t.kind == CacheKind::Registry);
    let known = if registry {
        shown || !commands.is_empty()
    } else {
        unnamed::reads_only(past, i, &commands, shown)
    };
    known
        && !past.asked_for_no_cache(i)
        && !read.iter().any(|name| writes(&commands, run, build, name))
}

/// The command stores a cache under this name, as a cache or inside the image.
fn writes(commands: &[&Command], run: &Run, build: &Build, name: &str) -> bool {
    let named = |c: &&Command| {
        c.cache_to.iter().filter_map(|s| s.get("ref")).any(|to| reference::may_be(to, name))
    };
    let image = may_be_named(run, build, name);
    // A log that was cut does not say under which name the image was stored.
    let tagged = |c: &&Command| c.tags.iter().any(|tag| reference::may_be(tag, name));
    commands.iter().any(|c| named(c) || (c.inline() && (image || tagged(c))))
        || (build.inline.is_some() && image)
}

/// An image with an inline cache may get the name in a step that the log does not show, or in another
/// job (`docker tag`): it is of the same repository.
fn may_be_named_later(build: &Build, name: &str) -> bool {
    build.inline.is_some()
        && build.images.iter().any(|image| reference::same_repository(image, name))
}

/// Another series among the logs writes it.
fn written_elsewhere(past: &Past, read: &RunReads) -> bool {
    if let Some(kind) = read.kind {
        return unnamed::written_elsewhere(past, kind);
    }
    let names: BTreeSet<&str> = (0..past.len())
        .flat_map(|i| past.imports(i))
        .filter_map(|t| t.reference.as_deref())
        .collect();
    let mut writers = past.study.runs.iter().filter(|run| {
        let mut written =
            run.commands.iter().flat_map(|c| &c.cache_to).filter_map(|s| s.get("ref"));
        written.any(|to| names.iter().any(|name| reference::may_be(to, name)))
    });
    writers.any(|run| !past.runs.iter().any(|own| own.source == run.source))
}

fn lines(past: &Past, runs: &[usize], early: Option<&Spot>) -> Vec<Evidence> {
    let mut lines = Vec::new();
    for &i in runs.iter().rev().take(2).rev() {
        let Some((run, _)) = past.get(i) else { continue };
        let command = past.commands(i).iter().find(|c| !c.cache_from.is_empty());
        lines.extend(command.map(|c| {
            Study::quote(run, c.line_with("--cache-from"), "reads it, and does not write it")
        }));
        lines.extend(
            past.imports(i)
                .into_iter()
                .find(|t| t.ok())
                .map(|t| end(run, t, "imported without error")),
        );
        if let Some(spot) = early
            && spot.broken.binary_search(&i).is_ok()
            && let Some(step) = spot.step(i)
        {
            lines.push(header(run, step, "ran again, as in the run before: nothing stored it"));
        }
    }
    lines
}

fn fix(site: &Site, name: &str) -> Fix {
    let site = Site { cache: name.to_owned(), ..site.clone() };
    Fix {
        summary: format!("write the cache to {name}, where it is read"),
        steps: vec![
            format!(
                "Export to {name} in this job; or, where only the main branch may write it, see \
                    that its job runs and exports there."
            ),
            "A branch may write a reference of its own and import both.".to_owned(),
        ],
        ..remedy::registry_max(&site)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Made, made, of};
    use super::*;

    const READS: &str = "docker buildx build --cache-from type=registry,ref=r.example.com/a:c .";
    const WRITES: &str = "docker buildx build --cache-from r.example.com/a:c --cache-to \
        type=registry,ref=r.example.com/a:c .";

    fn run(command: &str) -> Made {
        made()
            .command(command)
            .import("r.example.com/a:c", None)
            .from("node:20", "aa")
            .hit("WORKDIR /app")
    }

    fn stale(command: &str) -> Made {
        run(command).miss("COPY package.json ./").miss("RUN npm ci").miss("COPY . .")
    }

    fn good(command: &str) -> Made {
        run(command).hit("COPY package.json ./").hit("RUN npm ci").miss("COPY . .")
    }

    #[test]
    fn fires_when_an_early_step_breaks_again_and_again() {
        let found = StaleCacheRef.check(&of(vec![good(WRITES), stale(READS), stale(READS)]));
        assert_eq!((found.len(), found[0].confidence), (1, Confidence::Suspected));
        let found = StaleCacheRef.check(&of(vec![good(READS), stale(READS), stale(READS)]));
        assert_eq!((found.len(), found[0].confidence), (1, Confidence::Likely));
    }

    #[test]
    fn leaves_jobs_that_write_and_late_changes() {
        assert!(
            StaleCacheRef.check(&of(vec![stale(WRITES), stale(WRITES), stale(WRITES)])).is_empty()
        );
        assert_eq!(
            StaleCacheRef.check(&of(vec![good(READS), good(READS), good(READS)]))[0].severity,
            Severity::Note
        );
        assert!(StaleCacheRef.check(&of(vec![good(READS), good(READS)])).is_empty());
        let empty = || {
            made()
                .command(READS)
                .import("r.example.com/a:c", None)
                .miss("COPY package.json ./")
                .miss("RUN a")
        };
        assert!(StaleCacheRef.check(&of(vec![empty(), empty(), empty()])).is_empty());
        let unknown = || stale("docker buildx build .");
        assert!(StaleCacheRef.check(&of(vec![unknown(), unknown(), unknown()])).is_empty());
        let inline = "docker buildx build --cache-from r.example.com/a:c --build-arg \
            BUILDKIT_INLINE_CACHE=1 -t r.example.com/a:c .";
        let whole = || stale(inline).image("r.example.com/a:c");
        assert!(StaleCacheRef.check(&of(vec![whole(), whole(), whole()])).is_empty());
        let cut = || stale(inline);
        assert!(StaleCacheRef.check(&of(vec![cut(), cut(), cut()])).is_empty());
    }
}
