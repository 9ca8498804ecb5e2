//! Which records are looked at beside the runs that were just read, and how they read as runs.

use std::collections::{BTreeMap, BTreeSet};

use super::arguments::Arguments;
use super::record::{self, Found, Record};
use super::store::{Store, Trouble};
use crate::model::{Earlier, Run, Text};

/// What was remembered.
#[derive(Debug, Default)]
pub(super) struct Recalled {
    /// Of the jobs that were just read, the oldest first, job by job.
    own: Vec<Record>,
    /// Of the jobs beside them.
    others: Vec<Record>,
    /// Why others could not be read.
    pub unread: Vec<String>,
    /// Jobs that ran for the first time, each with one that is called nearly so.
    pub misspelt: Vec<(String, String)>,
    /// What was found when the jobs ran last; `None` where they never did.
    pub before: Option<Vec<Found>>,
}

/// The newest records of each job that was just read, and of the jobs beside them: what two jobs do
/// to one cache shows in the logs of both.
pub(super) fn records(
    store: &mut Store,
    fresh: &[Record],
    last: usize,
    neighbours: usize,
) -> Result<Recalled, Trouble> {
    let known: BTreeSet<&str> = fresh.iter().map(|record| record.id.as_str()).collect();
    let mut jobs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for record in fresh {
        let names = jobs.entry(record.identity.scope()).or_default();
        if !names.contains(&record.job()) {
            names.push(record.job());
        }
    }
    let mut recalled = Recalled::default();
    for (scope, names) in &jobs {
        for name in names {
            let read = store.newest(scope, name, last + fresh.len())?;
            let earlier: Vec<Record> = read
                .records
                .into_iter()
                .filter(|record| !known.contains(record.id.as_str()))
                .collect();
            if earlier.is_empty() && read.unread.is_empty() {
                recalled.misspelt.extend(nearly(store, scope, name)?);
            }
            let skip = earlier.len().saturating_sub(last);
            if let Some(newest) = earlier.last() {
                let before = recalled.before.get_or_insert_default();
                let new = |found: &&Found| !before.contains(found);
                let more: Vec<Found> = newest.findings.iter().filter(new).cloned().collect();
                before.extend(more);
            }
            recalled.own.extend(earlier.into_iter().skip(skip));
            recalled.unread.extend(read.unread);
        }
        for job in store.neighbours(scope, names, neighbours)? {
            let read = store.newest_of(job, last.div_ceil(2))?;
            recalled.others.extend(read.records);
            recalled.unread.extend(read.unread);
        }
    }
    recalled.unread.sort();
    recalled.unread.dedup();
    Ok(recalled)
}

/// The job and one of its pipeline whose name differs by a slip of the finger; `build-2` beside
/// `build-1` is none, nor is another leg of a matrix: `build (arm64)` beside `build (amd64)`.
fn nearly(store: &Store, scope: &str, name: &str) -> Result<Option<(String, String)>, Trouble> {
    const SHORTEST: usize = 3;
    const SLIPS: usize = 2;
    let own = |name: &str| name.split('\n').next().unwrap_or_default().to_owned();
    let letters = |name: &str| name.replace(|c: char| c.is_ascii_digit(), "");
    let plain = |name: &str| name.split(" (").next().unwrap_or_default().to_owned();
    let this = own(name);
    if this.len() < SHORTEST {
        return Ok(None);
    }
    let slips = |other: &String| strsim::osa_distance(&this, other);
    let is_near = |other: &String| {
        *other != this
            && letters(other) != letters(&this)
            && plain(other) != plain(&this)
            && slips(other) <= SLIPS.min(this.len() / SHORTEST)
    };
    let others = store.names_in(scope)?.into_iter().map(|name| own(&name)).filter(is_near);
    Ok(others.min_by_key(slips).map(|near| (this.clone(), near)))
}

impl Recalled {
    /// The records as the runs they were made of.
    pub(super) fn runs(&self, arguments: &Arguments) -> Vec<Run> {
        let own = self.own.iter().map(|record| run(record, arguments, true));
        own.chain(self.others.iter().map(|record| run(record, arguments, false))).collect()
    }
}

/// A record as the run it was made of.
pub(super) fn run(record: &Record, arguments: &Arguments, own: bool) -> Run {
    let earlier = Earlier { name: record::name(record), recorded: record.recorded, own };
    Run { earlier: Some(earlier.into()), ..of_job(record.to_run(arguments), record) }
}

/// A run whose log does not name its job, commit or branch is of those that its record names.
pub(super) fn of_job(run: Run, record: &Record) -> Run {
    let text =
        |own: Option<Text>, named: &Option<String>| own.or_else(|| named.as_deref().map(Text::new));
    let identity = &record.identity;
    let job = identity.job.as_ref().map(|job| match &identity.leg {
        Some(leg) => format!("{job} ({leg})"),
        None => job.clone(),
    });
    Run {
        job: text(run.job, &job),
        commit: text(run.commit, &identity.commit),
        branch: text(run.branch, &identity.branch),
        ..run
    }
}

/// Earlier runs and those just read, each with a name of its own: in a CI every log has the same
/// one.
pub(super) fn with_unique_names(mut earlier: Vec<Run>, fresh: Vec<Run>) -> Vec<Run> {
    let mut used: BTreeSet<Text> = fresh.iter().map(|run| run.source.clone()).collect();
    // The newest keeps the name of its file where that is free.
    earlier.sort_by_key(|run| std::cmp::Reverse(time(run)));
    for run in &mut earlier {
        let name = run.earlier.as_ref().map(|earlier| earlier.name.clone()).unwrap_or_default();
        let plain = if run.source == "-" { Text::new("stdin") } else { run.source.clone() };
        let named = std::iter::once(plain.clone()).chain((1..).map(|n| match n {
            1 => Text::new(&format!("{plain} ({name})")),
            n => Text::new(&format!("{plain} ({name}, {n})")),
        }));
        if let Some(free) = named.into_iter().find(|name| !used.contains(name)) {
            run.source = free;
        }
        used.insert(run.source.clone());
    }
    earlier.reverse();
    earlier.extend(fresh);
    earlier
}

/// An exported cache tells when its newest result was made, which need not be of its own run.
fn time(run: &Run) -> Option<chrono::DateTime<chrono::Utc>> {
    match run.started {
        Some(started) if !run.is_of_files() => Some(started),
        _ => run.earlier.as_ref().map(|earlier| earlier.recorded),
    }
}
