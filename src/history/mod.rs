//! Remembers runs, so that a build's own log is judged beside the runs before it.
//!
//! A record (`record/`) reads as the run it was made of, and the file (`store/`) hands out those of
//! the same job. Rules see a study of runs and know nothing of where they come from. Knows neither
//! rules nor the command line; what is wrong with the file is a [`Problem`], and the diagnosis goes
//! on without it.

mod arguments;
mod branch;
mod fleet;
mod identity;
mod listed;
mod news;
mod recall;
mod record;
mod store;

use std::path::PathBuf;

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use foldhash::{HashMap, HashSet};

use self::arguments::Arguments;
use crate::finding::Finding;
use crate::model::{Problem, Run, Text};
use crate::render::Report;
use crate::trend::Reported;

pub use self::branch::Newest;
pub use self::fleet::{records_of, runs_of};
pub use self::identity::{Identity, ci_around};
pub use self::listed::{listed, listed_json, own_name, title, with_runs};
pub use self::record::{Facts, Found, NoRecord, Record, VERSION};
pub use self::store::{Added, HistoryJob, ReadHistory, Store, Trouble};

/// Which history, and how much of it.
#[derive(Clone, Debug)]
pub struct HistorySettings {
    /// The file.
    pub file: PathBuf,
    /// How long records are kept.
    pub keep: TimeDelta,
    /// How many earlier runs of the job are looked at; of the jobs beside it half as many.
    pub last: usize,
    /// What flags say of the job.
    pub identity: Identity,
    /// What the variables of the CI say of the job that this runs in.
    pub around: Identity,
    /// When this is.
    pub now: DateTime<Utc>,
}

/// By so much the clocks of two machines may differ.
const DAY: TimeDelta = TimeDelta::days(1);

/// No clock that is right shows an earlier time: this program is younger.
const FIRST_YEAR: i32 = 2026;

/// From when to when records are kept. One that is further ahead than they are kept is of a clock
/// that was wrong, if this one is right.
#[must_use]
pub fn retained(now: DateTime<Utc>, keep: TimeDelta) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let oldest = now.checked_sub_signed(keep)?;
    let right = now.year() >= FIRST_YEAR;
    let latest = right.then(|| now.checked_add_signed(keep)?.checked_add_signed(DAY)).flatten();
    Some((oldest, latest.unwrap_or(DateTime::<Utc>::MAX_UTC)))
}

/// How many jobs of the same pipeline are looked at beside the job itself: those that share its
/// caches.
const BESIDE: usize = 8;

const WITHOUT: &str = "(the diagnosis goes on without earlier runs)";

/// An open history, and the runs that are to be added to it.
#[derive(Debug)]
pub struct History {
    settings: HistorySettings,
    store: Option<Store>,
    /// The runs that were just read.
    fresh: Vec<Record>,
    /// The arguments that they were given.
    arguments: Arguments,
    /// What was found when each job ran last.
    before: Option<Vec<Found>>,
    problems: Vec<Problem>,
}

impl History {
    /// Opens the file; where that fails, says so and remembers nothing.
    #[must_use]
    pub fn open(settings: HistorySettings) -> Self {
        let (fresh, arguments) = (Vec::new(), Arguments::default());
        let mut history =
            Self { store: None, fresh, arguments, before: None, problems: Vec::new(), settings };
        match Store::open(&history.settings.file) {
            Ok(store) => history.store = Some(store.until(history.settings.now + DAY)),
            Err(trouble) => history.complain(&format!("{trouble} {WITHOUT}")),
        }
        history
    }

    /// Puts the earlier runs of their jobs in front of the runs that were just read.
    #[must_use]
    pub fn with_earlier(&mut self, fresh: &[Run]) -> Vec<Run> {
        let now = self.settings.now;
        let again = shown_again(fresh);
        let records = fresh.iter().enumerate().map(|(at, run)| {
            // Records of one call keep its order.
            let recorded = now + TimeDelta::microseconds(i64::try_from(at).unwrap_or_default());
            let around = self.settings.around.clone();
            let said = Identity::of_log(run);
            let foreign = again.contains(&run.source) || !around.agrees_with(&said);
            let around = if foreign { around.of_another_run() } else { around };
            let identity = self.settings.identity.clone().or(around).or(said);
            let index = fresh.iter().take(at).filter(|other| other.source == run.source).count();
            Record::of(run, index, identity, recorded)
        });
        self.fresh = records.collect();
        self.arguments = Arguments::of(fresh);
        let earlier = self.earlier();
        let fresh = fresh.iter().zip(&self.fresh).map(|(run, record)| {
            let run = record::as_recorded(run, &self.arguments);
            recall::of_job(run, record)
        });
        let fresh: Vec<Run> = fresh.collect();
        recall::with_unique_names(earlier, fresh)
    }

    fn earlier(&mut self) -> Vec<Run> {
        let Some(store) = &mut self.store else { return Vec::new() };
        match recall::records(store, &self.fresh, self.settings.last, BESIDE) {
            Ok(recalled) => {
                for reason in &recalled.unread {
                    self.problems.push(problem(
                        &self.settings,
                        &format!("a record cannot be read: {reason}"),
                    ));
                }
                for (name, near) in &recalled.misspelt {
                    let said =
                        format!("no run of the job {name} is remembered; did you mean {near}?");
                    self.problems.push(problem(&self.settings, &said));
                }
                let runs = recalled.runs(&self.arguments);
                self.before = recalled.before;
                runs
            }
            Err(trouble) => {
                self.complain(&format!("{trouble} {WITHOUT}"));
                self.store = None;
                Vec::new()
            }
        }
    }

    /// Leaves out of the report what is of other jobs alone, says in it what is new, and keeps the
    /// runs that were just read for the next time.
    pub fn keep(mut self, report: &mut Report) {
        report.findings.retain(|finding| concerns(&report.study.runs, finding));
        report.news = news::of(report, self.before.as_deref());
        self.fresh.iter_mut().for_each(|record| record.found(&report.findings, &self.arguments));
        let kept = retained(self.settings.now, self.settings.keep);
        let kept = self.store.as_mut().map(|store| {
            let added = store.add(&self.fresh);
            added.and_then(|_| kept.map_or(Ok(0), |(oldest, latest)| store.forget(oldest, latest)))
        });
        if let Some(Err(trouble)) = kept {
            self.complain(&trouble.to_string());
        }
        report.problems.append(&mut self.problems);
    }

    fn complain(&mut self, message: &str) {
        self.problems.push(problem(&self.settings, message));
    }
}

/// Logs that show a build which another log shows too: they are of several runs, and at most one of
/// them is of the run that this is a part of.
fn shown_again(fresh: &[Run]) -> HashSet<Text> {
    let mut first: HashMap<Vec<&str>, &Text> = HashMap::default();
    let mut again = HashSet::default();
    for run in fresh {
        for build in run.builds.iter().filter(|build| !build.steps.is_empty()) {
            let steps = build.steps.iter().map(|step| step.text.as_str()).collect();
            let source = *first.entry(steps).or_insert(&run.source);
            if *source != run.source {
                again.extend([source.clone(), run.source.clone()]);
            }
        }
    }
    again
}

/// A record as the run it was made of, and what was found in it. Values of build arguments stay
/// marks: no log at hand tells them.
#[must_use]
pub fn remembered(record: &Record) -> (Run, Vec<Reported>) {
    let reported = record.findings.iter().map(|found| Reported {
        rule: found.rule.clone(),
        fingerprint: found.fingerprint.clone(),
        title: found.title.clone(),
    });
    (recall::run(record, &Arguments::default(), true), reported.collect())
}

fn problem(settings: &HistorySettings, message: &str) -> Problem {
    Problem { source: settings.file.display().to_string(), line: None, message: message.to_owned() }
}

/// It quotes a run of a job that was just read, or no run at all: jobs beside it have reports of
/// their own.
fn concerns(runs: &[Run], finding: &Finding) -> bool {
    let quoted = |run: &&Run| finding.evidence.iter().any(|line| *line.source == *run.source);
    let mut quoted = runs.iter().filter(quoted).peekable();
    quoted.peek().is_none()
        || quoted.any(|run| run.earlier.as_ref().is_none_or(|earlier| earlier.own))
}
