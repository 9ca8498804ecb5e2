//! `--history` and `cachediag history`: the remembered runs.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use chrono::{TimeDelta, Utc};

use super::args::{JobArgs, ListFormat, Look, RememberedArgs, Span, Verb, nearest};
use super::{TROUBLE, screen, settings};
use crate::history::{self, Added, HistoryJob, HistorySettings, Identity, Record, Store};
use crate::render::escape;
use crate::render::redact::redact;

/// What the command line and the variables of the CI say; `None` without `--history`.
pub(super) fn settings(project: &settings::Settings, job: &JobArgs) -> Option<HistorySettings> {
    let file = project.history.as_ref()?.0.clone();
    let (identity, around) = (from_flags(job), Identity::of_environment(&screen::variable));
    let (keep, last) =
        (project.keep.unwrap_or_default().0, project.last.map_or(LAST, NonZeroUsize::get));
    Some(HistorySettings { file, keep, last, identity, around, now: Utc::now() })
}

/// Earlier runs that are looked at where nobody says how many: enough to see what comes every few
/// runs.
const LAST: usize = 20;

/// Flags are kept as variables are: without secrets.
fn from_flags(job: &JobArgs) -> Identity {
    let said = |flag: &Option<String>| flag.as_deref().map(|text| redact(text).into_owned());
    Identity {
        repository: said(&job.repository),
        pipeline: said(&job.pipeline),
        job: said(&job.job),
        leg: said(&job.leg),
        branch: said(&job.branch),
        commit: said(&job.commit),
        run: said(&job.run_id),
        attempt: said(&job.attempt),
    }
}

/// `cachediag history …`.
pub(super) fn run(args: &RememberedArgs, look: Look) -> anyhow::Result<ExitCode> {
    let file = &args.file.path()?;
    let trouble = || format!("{}", file.display());
    match &args.verb {
        Verb::List { format } => list(&mut existing(file)?, *format, look).with_context(trouble)?,
        Verb::Show { name } => show(&mut existing(file)?, name).with_context(trouble)?,
        Verb::Export { younger, .. } => {
            return export(&mut existing(file)?, *younger).with_context(trouble);
        }
        Verb::Import { files, one_by_one } => return import(file, files, *one_by_one),
        Verb::Prune { keep } => prune(file, keep.0).with_context(trouble)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn existing(file: &Path) -> anyhow::Result<Store> {
    Store::existing(file).with_context(|| format!("{}", file.display()))
}

fn list(store: &mut Store, format: ListFormat, look: Look) -> anyhow::Result<()> {
    let screen = screen::of_stdout(look);
    let jobs = store.jobs()?;
    let text = match format {
        ListFormat::Human => history::listed(&jobs),
        ListFormat::Json => history::listed_json(&jobs),
    };
    Ok(screen::print(&text, screen)?)
}

fn show(store: &mut Store, name: &str) -> anyhow::Result<()> {
    let mut found = store.records_named(name)?;
    if found.records.is_empty() && found.unread.is_empty() {
        let job = the_job(store, name)?;
        found = store.newest_of(job.number, 1)?;
    }
    let record = match found.records.as_slice() {
        [record] => record,
        [] => bail!("the record cannot be read: {}", found.unread.join(", ")),
        _ => bail!("several records begin with {name}: give more of the name"),
    };
    let text = serde_json::to_string_pretty(record)?;
    Ok(screen::print(&format!("{text}\n"), screen::FILE)?)
}

fn the_job(store: &Store, name: &str) -> anyhow::Result<HistoryJob> {
    let mut jobs = store.jobs_called(name)?;
    let titles: Vec<String> =
        jobs.iter().map(|job| format!("\n  {}", escape::line(&history::title(job)))).collect();
    match (jobs.pop(), titles.len()) {
        (Some(job), 1) => Ok(job),
        (None, _) => {
            bail!("neither a record nor a job is called {name}{}", meant(store, name))
        }
        _ => bail!("several jobs are called {name}; give all of the name:{}", titles.concat()),
    }
}

/// What to say of a job that is not there.
pub(super) fn meant(store: &Store, name: &str) -> String {
    let jobs = store.jobs().unwrap_or_default();
    let titles: Vec<String> = jobs.iter().map(history::title).collect();
    let own = jobs.iter().map(history::own_name);
    let names: Vec<&str> = own.chain(titles.iter().map(String::as_str)).collect();
    match nearest(name, &names) {
        Some(near) => format!(", did you mean {}?", escape::line(near)),
        None => "; see: cachediag history list".to_owned(),
    }
}

/// What cannot be read is said and left out: half of the past is more than none.
fn export(store: &mut Store, younger: Option<Span>) -> anyhow::Result<ExitCode> {
    let mut unread = 0;
    let after = younger.and_then(|span| Utc::now().checked_sub_signed(span.0));
    screen::print_by(screen::Stream::Out, screen::FILE, |out| {
        let done = store.each(|read| -> anyhow::Result<()> {
            read.unread.iter().for_each(|reason| screen::complain(&format!("warning: {reason}")));
            unread += read.unread.len();
            let mut asked = read
                .records
                .iter()
                .filter(|record| after.is_none_or(|after| record.recorded > after));
            asked.try_for_each(|record| writeln!(out, "{}", record.to_line())).map_err(Into::into)
        });
        done.map_err(|error| error.downcast::<io::Error>().unwrap_or_else(io::Error::other))
    })?;
    Ok(if unread == 0 { ExitCode::SUCCESS } else { ExitCode::from(TROUBLE) })
}

/// Adds what can be read; what cannot be is said, and the status tells.
fn import(file: &Path, files: &[PathBuf], one_by_one: bool) -> anyhow::Result<ExitCode> {
    let at_once = if one_by_one { 1 } else { AT_ONCE };
    let mut store = Store::open(file).with_context(|| format!("{}", file.display()))?;
    let (mut sum, mut unread) = (Added::default(), 0);
    let mut keep = |records: &[Record]| -> anyhow::Result<()> {
        let added = store.add(records).with_context(|| format!("{}", file.display()))?;
        sum = Added { new: sum.new + added.new, known: sum.known + added.known };
        if one_by_one { confirm(records) } else { Ok(()) }
    };
    let mut complain = |reason: &str| {
        unread += 1;
        screen::complain(&format!("error: {reason}"));
    };
    for path in files {
        let mut records = Vec::new();
        for record in read(path) {
            match record {
                Ok(record) => records.push(record),
                Err(reason) => complain(&reason),
            }
            if records.len() == at_once {
                keep(&records)?;
                records.clear();
            }
        }
        keep(&records)?;
    }
    screen::complain(&format!("{} records added, {} known already", sum.new, sum.known));
    Ok(if unread == 0 { ExitCode::SUCCESS } else { ExitCode::from(TROUBLE) })
}

/// Records in one transaction.
const AT_ONCE: usize = 1000;

/// Says which records are kept for good.
fn confirm(records: &[Record]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    records.iter().try_for_each(|record| writeln!(out, "{}", record.id))?;
    Ok(out.flush()?)
}

/// The records of a file, and for each line that is none the reason. Of a file that cannot be read
/// further nothing more comes.
fn read(path: &Path) -> Box<dyn Iterator<Item = Result<Record, String>>> {
    let name = path.display().to_string();
    let unreadable = |name: &str, error: &io::Error| format!("cannot read {name}: {error}");
    let lines = match lines(path) {
        Ok(lines) => lines,
        Err(error) => return Box::new(std::iter::once(Err(unreadable(&name, &error)))),
    };
    let mut over = false;
    let lines = (1..)
        .zip(Records(lines))
        .take_while(move |(_, line)| !std::mem::replace(&mut over, line.is_err()));
    Box::new(lines.filter_map(move |(at, line)| match line {
        Ok(Some(line)) if line.trim().is_empty() => None,
        Ok(Some(line)) => {
            Some(Record::parse(&line).map_err(|reason| format!("{name}:{at}: {reason}")))
        }
        Ok(None) => Some(Err(format!("{name}:{at}: the line is longer than any record"))),
        Err(error) => Some(Err(unreadable(&name, &error))),
    }))
}

/// Bytes of a line that holds a record, at the most.
const LONGEST: u64 = 8 << 20;

/// Lines of a file; `None` for one that is too long, of which no more is kept.
struct Records(BufReader<Box<dyn Read>>);

impl Iterator for Records {
    type Item = io::Result<Option<String>>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = Vec::new();
        match self.0.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
            Ok(0) => None,
            Ok(_) if line.len() as u64 == LONGEST && !line.ends_with(b"\n") => {
                Some(self.0.skip_until(b'\n').map(|_| None))
            }
            Ok(_) => Some(String::from_utf8(line).map(Some).map_err(io::Error::other)),
            Err(error) => Some(Err(error)),
        }
    }
}

fn lines(path: &Path) -> io::Result<BufReader<Box<dyn Read>>> {
    let read: Box<dyn Read> =
        if path == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
    Ok(BufReader::new(read))
}

fn prune(file: &Path, keep: TimeDelta) -> anyhow::Result<()> {
    // What is not there is not made.
    Store::existing(file)?;
    let kept = history::retained(Utc::now(), keep)
        .context("--keep reaches further back than there is time")?;
    let removed = Store::open(file)?.prune(kept.0, kept.1)?;
    screen::complain(&format!("{removed} records removed"));
    Ok(())
}
