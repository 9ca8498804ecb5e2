//! Every run starts with an empty builder and imports nothing.

mod written;

use std::collections::BTreeSet;

use super::past::{self, Past, cost, header};
use super::remedy::{self, Site};
use super::{Cause, Effect, Rule, RuleMeta, Study};
use crate::finding::{
    Alternative, Confidence, Evidence, Finding, Impact, Proof, Severity, not_ruled_out, to_decide,
};
use crate::model::{
    Build, BuildOutcome, CacheOperation, CacheOutcome, CiCache, Command, Dialect, NoteKind, Run,
    Step,
};
use crate::series::chain::{self, Input};
use crate::series::{Because, Start};

pub(super) struct NoCacheImport;

static META: RuleMeta = RuleMeta {
    id: "no-cache-import",
    title: "no run looks for a cache, and every run starts without one",
    group: "No cache in use",
    severity: Severity::Warning,
    what: "In several runs no step comes from a cache, and no run imports one. Without a log, as a \
        note: builds in the configuration on machines that are new each time (GitHub's and \
        Bitbucket's own, GitLab's with Docker as a service), without any cache.",
    why: "The builder is new in every run (as on ephemeral agents and with a docker-container \
        builder created in the job), so its own cache is empty, and nothing else was asked for.",
    fix: "Export a cache and import it: `--cache-to` and `--cache-from` with a registry reference, \
        or keep the builder between runs.",
    rules_out: "Kept builders (a step comes from the cache in some run, ARG and ENV of the classic \
        builder too, or a base image is there that an earlier run fetched, or less of the context \
        was sent than before), runs whose first steps copy files and may follow changes of them, \
        failed builds, jobs that prune the builder's cache (cache-lost), runs that export a cache (export-without-import), steps of one commit that \
        ran side by side, `--no-cache`, a local cache that was asked for and is missing. One log \
        alone is a note: the first run of a kept builder looks the same.",
    limits: "A build log does not say whether the machine was new. Steps that are cheap make an \
        empty builder harmless.",
    example: include_str!("examples/no-cache-import.txt"),
    references: &["https://docs.docker.com/build/cache/backends/"],
    since: "0.1.0",
};

impl Rule for NoCacheImport {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn explains(&self) -> &'static [Effect] {
        &[Effect::ColdRun]
    }

    fn gives_way(&self) -> &'static [Cause] {
        &[
            Cause::Rule("layers-disabled"),
            Cause::Rule("ci-docker-cache-unused-by-buildkit"),
            Cause::Rule("no-cache-flag"),
            Cause::Rule("gha-tokens-missing"),
            Cause::Rule("legacy-cache-from-not-pulled"),
        ]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        past::judge(study, finding).into_iter().chain(written::findings(study)).collect()
    }
}

fn finding(past: &Past) -> Option<Finding> {
    let cold: Vec<usize> = (0..past.len())
        .filter(|&i| counts(past, i).is_some_and(|(hits, total)| hits == 0 && total > 0))
        .collect();
    let warm = (0..past.len()).any(|i| past.is_kept(i));
    let writes = past
        .builds
        .iter()
        .any(|b| !b.exports.is_empty() || b.inline.is_some() || !b.warnings.is_empty());
    let no_cache = (0..past.len()).any(|i| past.asked_for_no_cache(i));
    let new =
        past.runs.iter().flat_map(|run| &run.notes).any(|note| note.kind == NoteKind::NewMachine);
    // kaniko keeps nothing between runs, and says every lookup: none means that its cache is off.
    let off = past.builds.iter().all(|b| b.dialect == Dialect::Kaniko);
    let booted = || cold.iter().any(|&i| past.builds.get(i).is_some_and(|b| b.booted.is_some()));
    let kept_by_ci = past.runs.iter().any(|run| !run.ci_caches.is_empty());
    let bare = !kept_by_ci && past.builds.iter().all(|b| lacks_its_bases(b));
    let fresh = new || off || booted() || bare;
    let lone = cold.len() == 1 || of_one_commit(past, &cold);
    let bare_only = bare && !new && !off && !booted();
    if bare_only && lone && past.all_commands().any(may_hold_options) {
        return None;
    }
    if cold.is_empty()
        || warm
        || writes
        || no_cache
        || past.runs.iter().any(|run| !run.prunes.is_empty())
        || !past.never_imports()
        || (lone && !fresh)
        || interrupted(past)
    {
        return None;
    }
    let (run, build) = past.last()?;
    let site = Site::of(past.study, run, build);
    let shown = off || new || cold.iter().all(|&i| past.start(i) == Start::Empty);
    // A kept builder runs the same steps where files changed.
    if !shown && !cold.iter().any(|&i| unexplained(past, i).is_some()) {
        return None;
    }
    let again = cold.iter().skip(1).filter_map(|&i| past.builds.get(i));
    Some(Finding {
        rule: META.id,
        severity: if lone { Severity::Note } else { META.severity },
        confidence: match (lone, shown) {
            (true, _) => Confidence::Suspected,
            (false, true) => Confidence::Proven,
            (false, false) => Confidence::Likely,
        },
        title: if lone && off {
            "kaniko runs without its cache".to_owned()
        } else if lone && !new && !booted() {
            "every step ran: no cache is imported, and the builder had none".to_owned()
        } else if lone {
            "a new builder, and no cache is imported".to_owned()
        } else {
            let all =
                if cold.len() == 2 { "both".to_owned() } else { format!("all {}", cold.len()) };
            format!("{all} runs start cold: no cache is imported and the builder keeps none")
        },
        cause: cause(build.dialect).to_owned(),
        evidence: Proof::from_lines(lines(past, &cold))?.seen_in(past.places(cold.iter().copied())),
        fix: if build.dialect == Dialect::Classic {
            classic(&site)
        } else {
            remedy::registry_max(&site)
        },
        impact: if lone {
            Impact::default()
        } else {
            cost(again.flat_map(|b| &b.steps), cold.len() - 1)
        },
        rules_out: rules_out(lone, shown),
        subject: site.cache,
    })
}

/// `docker build $CACHE -t $IMAGE .`: a word that a shell fills in, and that no option takes.
fn may_hold_options(command: &Command) -> bool {
    let mut words = command.quote.text.split_ascii_whitespace().skip_while(|w| *w != "build");
    let mut before = "";
    words.any(|word| {
        let loose = word.starts_with(['$', '"']) && word.contains('$') && !before.starts_with('-');
        before = word;
        loose
    })
}

/// It had to fetch every base image: a machine that built this before and is kept has them, unless
/// they moved.
fn lacks_its_bases(build: &Build) -> bool {
    !build.bases.is_empty() && build.bases.iter().all(|base| base.pulled.is_some())
}

/// Hits and steps of a run that got to its end. kaniko before v1.4 prints nothing behind `Pushing
/// image to`: all steps are done by then.
fn counts(past: &Past, i: usize) -> Option<(usize, usize)> {
    let (_, build) = past.get(i)?;
    let pushes = build.dialect == Dialect::Kaniko
        && build.outcome == BuildOutcome::Unknown
        && !build.images.is_empty();
    if pushes { Some((build.hits(), build.total())) } else { past.counts(i) }
}

/// Steps of one commit that looked for a cache of the CI before any had stored it, or that
/// different places of the configuration ask for: they ran side by side, and none of them is a
/// later run of another.
fn of_one_commit(past: &Past, cold: &[usize]) -> bool {
    let runs: Vec<_> = cold.iter().filter_map(|&i| past.get(i)).collect();
    let Some((first, _)) = runs.first() else { return false };
    let not_there = |cache: &CiCache| {
        cache.operation == CacheOperation::Restore && cache.outcome == CacheOutcome::Miss
    };
    let missed = |run: &Run, name: &str| {
        run.ci_caches.iter().any(|cache| not_there(cache) && cache.name == name)
    };
    let too_early =
        || first.ci_caches.iter().any(|cache| runs.iter().all(|(run, _)| missed(run, &cache.name)));
    let place = |(run, build): &(&Run, &Build)| {
        Site::of(past.study, run, build).at.map(|at| (&at.config.path, at.index))
    };
    let places = || runs.iter().map(place).collect::<Option<BTreeSet<_>>>();
    first.commit.is_some()
        && runs.iter().all(|(run, _)| run.commit == first.commit)
        && (too_early() || places().is_some_and(|places| places.len() > 1))
}

/// A step that ran though nothing it depends on changed since an earlier run: no builder that is
/// kept does that.
fn unexplained<'a>(past: &Past<'a>, i: usize) -> Option<&'a Step> {
    let args = |i: usize| past.commands(i).iter().flat_map(|c| &c.build_args).collect::<Vec<_>>();
    let changed = || i.checked_sub(1).is_none_or(|before| args(before) != args(i));
    let immune = |step: &Step| match chain::input(step) {
        Input::None => true,
        Input::Values => !changed(),
        Input::Files | Input::Stage => false,
    };
    let mut ran = past
        .misses(i)
        .filter(|found| found.because == Because::NotImported)
        .map(|found| found.step);
    ran.find(|step| immune(step))
}

/// With failed or cancelled runs among them, the cold ones may have their reason in those.
fn interrupted(past: &Past) -> bool {
    past.builds.iter().any(|b| matches!(b.outcome, BuildOutcome::Failed | BuildOutcome::Canceled))
}

fn lines(past: &Past, cold: &[usize]) -> Vec<Evidence> {
    let mut lines = Vec::new();
    for &i in cold.iter().rev().take(3).rev() {
        let Some((run, build)) = past.get(i) else { continue };
        lines.extend(
            build
                .booted
                .as_ref()
                .map(|q| Study::quote(run, q, "the builder is created in this run")),
        );
        let machine = run.notes.iter().find(|note| note.kind == NoteKind::NewMachine);
        lines.extend(
            machine.map(|note| Study::quote(run, &note.quote, "the machine is made for this job")),
        );
        lines.extend(
            build
                .bases
                .iter()
                .find_map(|b| b.pulled.as_ref())
                .map(|q| Study::quote(run, q, "the builder does not even have the base image")),
        );
        lines.extend(match unexplained(past, i) {
            Some(step) => {
                Some(header(run, step, "ran again, though nothing it depends on changed"))
            }
            None => build.decided().next().map(|s| header(run, s, "ran")),
        });
    }
    lines
}

fn classic(site: &Site) -> crate::finding::Fix {
    crate::finding::Fix {
        steps: vec![
            "The classic builder reads a cache only from images of the local daemon: `docker pull` \
                the last image before the build and name it in `--cache-from`.".to_owned(),
            "Better: build with BuildKit, which can store its cache in a registry.".to_owned(),
        ],
        ..remedy::registry_max(site)
    }
}

fn cause(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Kaniko => {
            "No line of these logs looks a layer up: kaniko runs without `--cache=true`, so every \
                step is executed in every run. It keeps nothing on the machine that a later run \
                could use."
        }
        _ => {
            "No build in these logs imports a cache, and every step ran in every run. The \
                builder's own cache is empty each time, as it is on agents that are thrown away \
                after a job."
        }
    }
}

fn rules_out(lone: bool, shown: bool) -> Vec<Alternative> {
    match (lone, shown) {
        (true, _) => {
            vec![
                not_ruled_out(
                    "the first run of a builder that is kept, or a base image that moved",
                ),
                to_decide("give the log of the next run"),
            ]
        }
        (false, true) => Vec::new(),
        (false, false) => vec![
            not_ruled_out("`--no-cache` (the builder does not print it)"),
            to_decide("look at the command line of the build"),
        ],
    }
}
