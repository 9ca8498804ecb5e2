//! Every run starts with an empty builder and imports nothing.

mod called;
mod classic;
mod concourse;
mod kaniko;
mod pulled;
mod scattered;
mod words;
mod written;

use std::collections::BTreeSet;

use pulled::Pulled;

use super::command_lines::may_hold_options;
use super::past::{self, Past, cost, header};
use super::remedy::{self, Site};
use super::{Cause, Effect, Rule, RuleMeta, Study};
use crate::finding::{Confidence, Evidence, Finding, Impact, Proof, Severity};
use crate::model::{
    Build, BuildOutcome, CacheOperation, CacheOutcome, CiCache, Command, Dialect, NoteKind, Run,
    Step, Tool,
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
        Bitbucket's own, GitLab's with Docker as a service) or with a builder that is, without any \
        cache that they or an earlier build of the job imports, calls of kaniko \
        without `--cache=true`, and images that Concourse builds without a cache. A \
        single log of the classic builder is a note where the image is pulled before and no \
        `--cache-from` names it.",
    why: "The builder is new in every run (as on ephemeral agents and with a docker-container \
        builder created in the job), so its own cache is empty, and no other cache is configured.",
    fix: "Export a cache and import it: `--cache-to` and `--cache-from` with a registry reference, \
        or keep the builder between runs.",
    rules_out: "Kept builders (a step comes from the cache in some run, ARG and ENV of the classic \
        builder too, or a base image is there that an earlier run fetched, or less of the context \
        was sent than before), an image that the classic builder is given as its cache, runs \
        whose first steps copy files and may follow changes of them, runs that are each on another \
        machine by their logs (two of them are a note), failed builds, jobs that prune the \
        builder's cache (cache-lost), runs that export a cache (export-without-import), steps of \
        one commit that ran side by side, runs with \
        `--no-cache`, a local cache that was asked for and is missing. A single log is a note: the \
        first run of a kept builder looks the same.",
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
            Cause::Rule("cache-expired"),
            Cause::Rule("gha-tokens-missing"),
            Cause::Rule("legacy-cache-from-not-pulled"),
        ]
    }

    fn check(&self, study: &Study) -> Vec<Finding> {
        past::judge(study, findings).into_iter().chain(written::findings(study)).collect()
    }
}

/// The machine of these runs, where others of the series are on others.
fn own_machine<'p>(past: &'p Past) -> Option<&'p str> {
    let all = past.study.series.get(past.at).map_or(0, |series| series.builds.len());
    if past.part || past.len() >= all {
        return None;
    }
    past.machine()
}

/// Where the machines keep a cache each, a run tells nothing of the builder of another one.
fn findings(past: &Past) -> Vec<Finding> {
    if is_of_the_runner(past) {
        return Vec::new();
    }
    let machines: Vec<Past> = past.by_machine().iter().map(Past::without_repeats).collect();
    let found = machines.iter().filter(|own| own.len() > 1 || machines.len() == 1);
    let found: Vec<Finding> = found.filter_map(finding).collect();
    if found.is_empty() { scattered::finding(past, &machines).into_iter().collect() } else { found }
}

/// GitHub's runner builds the image of a Docker action itself, and nobody can give that command an
/// option: `/usr/bin/docker build -t 1a2b:3c4d -f "/home/runner/work/_actions/o/a/v2/Dockerfile" …`
/// (`actions/runner` `ContainerActionHandler.cs`).
fn is_of_the_runner(past: &Past) -> bool {
    let of_action = |file: &str| file.contains("/_actions/");
    past.all_commands().any(|command| command.file.as_deref().is_some_and(of_action))
}

fn finding(past: &Past) -> Option<Finding> {
    let cold = Cold::of(past);
    if cold.runs.is_empty() || has_another_reason(past) || !cold.is_telling(past) {
        return None;
    }
    let (run, build) = past.last()?;
    let site = Site::of(past.study, run, build);
    let shown = cold.is_shown(past);
    if !shown && interrupted(past) {
        return None;
    }
    // A kept builder runs the same steps where files changed.
    let pulled = Pulled::of(past, &cold.runs);
    let told = cold.single && pulled.as_ref().is_some_and(|pulled| pulled.is_telling);
    if !shown && !told && !cold.runs.iter().any(|&i| unexplained(past, i).is_some()) {
        return None;
    }
    let unread = classic::by_unread_file(past);
    let lines = lines(past, &cold.runs);
    Some(Finding {
        rule: META.id,
        severity: if cold.single { Severity::Note } else { META.severity },
        confidence: match (cold.single, shown) {
            (true, _) => Confidence::Suspected,
            _ if unread.is_some() => Confidence::Suspected,
            (false, true) => Confidence::Proven,
            (false, false) => Confidence::Likely,
        },
        title: cold.title(past, pulled.as_ref()),
        cause: match (&pulled, own_machine(past)) {
            (Some(pulled), _) => pulled.cause(),
            (None, Some(name)) => words::cause_on(name),
            (None, None) => words::cause(build.dialect, past.part).to_owned(),
        },
        evidence: Proof::from_lines(pulled.iter().flat_map(Pulled::lines).chain(lines).collect())?
            .seen_in(past.places(cold.runs.iter().copied())),
        fix: match &pulled {
            Some(pulled) => pulled.fix(remedy::registry_max(&site)),
            None if build.dialect == Dialect::Classic => classic::fix(&site, build),
            None => remedy::registry_max(&site),
        },
        impact: cold.impact(past),
        rules_out: [
            words::rules_out(cold.single, shown),
            words::too_old(past).into_iter().chain(unread).collect(),
        ]
        .concat(),
        subject: match own_machine(past) {
            Some(name) => format!("{} on {name}", site.cache),
            None => site.cache,
        },
    })
}

/// The cold runs of a series, and what tells that their builder had nothing.
struct Cold {
    runs: Vec<usize>,
    had_nothing: Option<Sign>,
    /// One run, or runs that cannot find what another of them stores.
    single: bool,
}

/// What tells that a builder had nothing from earlier runs, the surest first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// kaniko keeps nothing between runs, and says every lookup: none means that its cache is off.
    CacheOff,
    /// The log says that the machine is made for the job.
    NewMachine,
    /// The builder is made in one of the runs.
    NewBuilder,
    /// Every base image had to be fetched, and no cache of the CI brings the builder's state.
    NoBases,
}

impl Sign {
    fn of(past: &Past, cold: &[usize]) -> Option<Self> {
        let mut notes = past.runs.iter().flat_map(|run| &run.notes);
        let mut builds = cold.iter().filter_map(|&i| past.builds.get(i));
        let kept_by_ci = past.runs.iter().any(|run| !run.ci_caches.is_empty());
        if past.builds.iter().all(|build| build.dialect == Dialect::Kaniko) {
            return Some(Self::CacheOff);
        }
        if notes.any(|note| note.kind == NoteKind::NewMachine) {
            return Some(Self::NewMachine);
        }
        if builds.any(|build| build.booted.is_some()) {
            return Some(Self::NewBuilder);
        }
        let bare = !kept_by_ci && past.builds.iter().all(|build| lacks_its_bases(build));
        bare.then_some(Self::NoBases)
    }
}

impl Cold {
    fn of(past: &Past) -> Self {
        let is_cold =
            |&i: &usize| counts(past, i).is_some_and(|(hits, total)| hits == 0 && total > 0);
        let may_hit = |&i: &usize| !past.asked_for_no_cache(i);
        let runs: Vec<usize> = (0..past.len()).filter(may_hit).filter(is_cold).collect();
        let single = runs.len() == 1 || of_one_commit(past, &runs);
        Self { had_nothing: Sign::of(past, &runs), single, runs }
    }

    /// One run alone may be the first of a builder that is kept, and its cache may be an option
    /// that a variable holds.
    fn is_telling(&self, past: &Past) -> bool {
        match self.had_nothing {
            _ if !self.single => true,
            Some(Sign::NoBases) => !past.all_commands().any(is_undecided),
            sign => {
                let pulled = Pulled::of(past, &self.runs);
                sign.is_some() || pulled.is_some_and(|pulled| pulled.is_telling)
            }
        }
    }

    /// The logs show that the builder had nothing.
    fn is_shown(&self, past: &Past) -> bool {
        matches!(self.had_nothing, Some(Sign::CacheOff | Sign::NewMachine))
            || self.runs.iter().all(|&i| past.start(i) == Start::Empty)
    }

    fn title(&self, past: &Past, pulled: Option<&Pulled>) -> String {
        let asked = (0..past.len()).filter(|&i| past.asked_for_no_cache(i)).count();
        let ended = match past.len() - self.runs.len() {
            0 => "",
            others if others == asked => " without `--no-cache`",
            _ => " that got to their end",
        };
        if !self.single {
            let all = match self.runs.len() {
                2 => "both".to_owned(),
                all => format!("all {all}"),
            };
            let since = match past.runs.first() {
                Some(run) if past.part => format!(" since {}", run.label),
                _ => String::new(),
            };
            let on = own_machine(past).map_or_else(String::new, |name| format!(" on {name}"));
            let why = pulled.map_or_else(
                || "no cache is imported and the builder keeps none".to_owned(),
                Pulled::title,
            );
            return format!("{all} runs{on}{since}{ended} start cold: {why}");
        }
        if let Some(pulled) = pulled {
            return format!("every step ran: {}", pulled.title());
        }
        let title = match self.had_nothing {
            Some(Sign::CacheOff) => "kaniko runs without its cache",
            Some(Sign::NewMachine | Sign::NewBuilder) => "a new builder, and no cache is imported",
            _ => {
                "every step ran: no cache is imported, and the builder had to fetch even its base \
                    image"
            }
        };
        title.to_owned()
    }

    /// What the first run built is no loss.
    fn impact(&self, past: &Past) -> Impact {
        if self.single {
            return Impact::default();
        }
        let again = self.runs.iter().skip(1).filter_map(|&i| past.builds.get(i));
        cost(again.flat_map(|build| &build.steps), self.runs.len() - 1)
    }
}

/// A cache that is kept, read or written, or something that takes it away, tells another story.
fn has_another_reason(past: &Past) -> bool {
    let writes = |build: &&Build| {
        !build.exports.is_empty() || build.inline.is_some() || !build.warnings.is_empty()
    };
    let asked = (0..past.len()).filter(|&i| past.asked_for_no_cache(i)).count();
    (0..past.len()).any(|i| past.is_kept(i))
        || asked * 2 >= past.len()
        || past.builds.iter().any(writes)
        || past.runs.iter().any(|run| !run.prunes.is_empty())
        || !past.never_imports()
        || past.all_commands().any(asks_buildah)
        || has_its_bases(past)
        || classic::is_given_an_image(past)
}

/// Its cache may be an option that a variable holds; and with `--pull` a builder that is kept
/// fetches an image that has moved.
fn is_undecided(command: &Command) -> bool {
    may_hold_options(command) || command.pull
}

/// buildah prints nothing of a cache that it looks for in vain.
fn asks_buildah(command: &Command) -> bool {
    command.tool == Tool::Buildah && !command.cache_from.is_empty()
}

/// The classic builder prints that it fetches a base image. Where it has them in every run, and no
/// command line is shown, the runs can be told to use no cache as well (`nocache=True` of an SDK).
fn has_its_bases(past: &Past) -> bool {
    let there = |build: &&Build| {
        build.dialect == Dialect::Classic && build.bases.iter().all(|base| base.pulled.is_none())
    };
    past.builds.iter().all(there) && past.all_commands().next().is_none()
}

/// It had to fetch every base image: a machine that built this before and is kept has them, unless
/// they moved.
fn lacks_its_bases(build: &Build) -> bool {
    !build.bases.is_empty() && build.bases.iter().all(|base| build.fetched(base))
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
    let changed = || past.previous(i).is_none_or(|before| args(before) != args(i));
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

/// With failed or cancelled runs among them, the cold ones may have their reason in those, unless
/// the logs show that the builder had nothing.
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
        lines.extend(machine.map(|note| Study::quote(run, &note.quote, is_new(&note.quote.text))));
        lines.extend(
            build
                .bases
                .iter()
                .find_map(|b| b.pulled.as_ref())
                .map(|q| Study::quote(run, q, "the builder has to fetch the base image")),
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

fn is_new(line: &str) -> &'static str {
    if line.contains("Starting service ") {
        "the daemon that builds is started for this job"
    } else {
        "the machine is made for this job"
    }
}
