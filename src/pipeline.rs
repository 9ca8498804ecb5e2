//! Runs the pipe from sources to a report. The only place that knows every stage.

mod alone;
mod configs;
mod copies;
mod fleet;
mod forms;
mod reading;
mod remember;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rayon::prelude::*;

use crate::config::Config;
use crate::evidence;
use crate::history::{self, Record};
use crate::model::{Problem, Run, Text};
use crate::render::{Report, redact};
use crate::rules::{self, Study};
use crate::series;
use crate::source::{self, Checkout, Entry, Found, Progress, Whole, natural};
use crate::trend::{self, Branch};
use crate::triage::{self, Baseline, Gates, Policy};

pub use self::fleet::{judge_records, records};
use self::reading::ReadFiles;
pub use self::remember::Branched;
use self::remember::remember;

/// What the command line asks for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Files and directories; none, or `-`, is standard input.
    pub paths: Vec<PathBuf>,
    /// Configuration files and directories.
    pub config: Vec<PathBuf>,
    /// What is reported, and how bad it is.
    pub policy: Policy,
    /// What is asked of the builds.
    pub gates: Gates,
    /// What was known before.
    pub baseline: Option<Baseline>,
    /// Against which branch the runs that were just read are held, where runs are remembered.
    pub branch: Option<Branched>,
    /// Number of threads; `None` is one a core.
    pub threads: Option<usize>,
    /// Passes standard input through to standard output.
    pub tee: bool,
    /// Bytes that one compressed file or archive may expand to; `None` is [`source::EXPANDED`].
    pub max_expanded: Option<u64>,
    /// Runs are named by the bytes of their logs, although no history is kept.
    pub digested: bool,
    /// No log is read, standard input neither: the configuration is judged alone.
    pub configuration_only: bool,
    /// Bytes scanned at a time; `None` is [`source::BLOCK`]. The report does not depend on it.
    pub block: Option<usize>,
    /// Hears how far reading is.
    pub progress: Option<Arc<Progress>>,
    /// A checkout whose commits hold the files that builds copied.
    pub checkout: Option<PathBuf>,
    /// The earlier runs to judge beside the ones that are read, and where these are remembered.
    pub history: Option<history::HistorySettings>,
}

/// Reads everything and judges it, on threads of its own.
#[must_use]
pub fn run(options: &Options) -> Report {
    on_threads(options, || read_and_judge(options, &found(options)))
}

/// On the threads that write the report too, unless their number is given: new ones would not find
/// the memory that these gave back.
fn on_threads(options: &Options, judge: impl FnOnce() -> Report + Send) -> Report {
    let own = options
        .threads
        .and_then(|threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().ok());
    match own {
        Some(pool) => pool.install(judge),
        None => rayon::scope(|_| judge()),
    }
}

/// Judges files that are in memory, as [`run`] judges a directory that holds them: their names tell
/// logs from configuration. Nothing is read from the disk, so that of the options those that name
/// files do not count; and on the threads of the caller, if there are any beside its own (see
/// `rayon::ThreadPool::install`).
#[must_use]
pub fn run_in_memory(files: impl IntoIterator<Item = Entry>, options: &Options) -> Report {
    read_and_judge(options, &Found::among(files, WHOLE))
}

/// Judges one log that was not named by the user; configuration is read as [`run`] reads it.
#[must_use]
pub fn run_on(log: Entry, options: &Options) -> Report {
    let options = Options { configuration_only: true, ..options.clone() };
    let found = Found { logs: vec![log], ..found(&options) };
    on_threads(&options, || read_and_judge(&options, &found))
}

/// Evidence is read as a whole.
const WHOLE: Whole = Whole { begins: evidence::begins, longest: evidence::LONGEST };

/// The files that the options name, and configuration that lies near where they name none.
fn found(options: &Options) -> Found {
    let mut found = if options.configuration_only {
        Found::default()
    } else {
        source::discover(&options.paths, WHOLE)
    };
    let named = source::discover_configs(&options.config);
    found.missing.extend(named.missing);
    found.others.splice(0..0, named.others);
    if options.config.is_empty() {
        found.others.extend(source::working_directory());
    }
    found
}

fn read_and_judge(options: &Options, found: &Found) -> Report {
    let mut problems: Vec<Problem> =
        found.missing.iter().map(|(name, message)| problem(name, message.clone())).collect();
    options.progress.iter().for_each(|progress| announce(&found.logs, progress));
    // One list grows as the logs are read: a list a log would stay behind as holes in memory.
    let read = found.logs.par_iter().map(|entry| reading::logs(entry, options));
    let ((mut configs, unread), read) = rayon::join(
        || configs::read(options, &found.others),
        || read.reduce(ReadFiles::default, ReadFiles::and),
    );
    let ReadFiles { mut runs, evidence, problems: trouble } = read;
    problems.extend(unread.into_iter().chain(trouble));
    problems.extend(copies::leave_out(&mut runs, &found.logs));
    problems.extend(forms::leave_out(&mut runs));
    let attached = evidence::attach(&mut runs, evidence, &hints(&configs));
    problems.extend(attached.problems);
    configs.extend(
        attached.dockerfiles.iter().filter_map(|(name, text)| Config::read(name, text)?.ok()),
    );
    if runs.is_empty() && options.paths.is_empty() && !options.config.is_empty() {
        // Nobody piped a log in: the configuration is judged alone.
        problems.retain(|problem| &*problem.source != "-");
    }
    alone::name_silent_builds(&mut runs);
    problems.extend(runs.iter().flat_map(|run| run.problems.iter().cloned()));
    problems.sort_by(|a, b| (&a.source, a.line).cmp(&(&b.source, b.line)));
    match &options.history {
        // Where no log could be read there is nothing to remember, and nothing to compare earlier
        // runs with.
        Some(settings) if !runs.is_empty() => remember(settings, options, &runs, configs, problems),
        _ => judge(options, runs, configs, problems),
    }
}

/// From runs to findings.
fn judge(
    options: &Options,
    mut runs: Vec<Run>,
    configs: Vec<Config>,
    mut problems: Vec<Problem>,
) -> Report {
    // Who asks for a report will print it, and what comes first here is done by one thread.
    rayon::spawn(redact::make_ready);
    evidence::align(&mut runs);
    order(&mut runs, |run| run);
    if let Some(folder) = &options.checkout {
        match Checkout::at(folder) {
            Ok(checkout) => evidence::name_files(&mut runs, &checkout),
            Err(why) => problems.push(problem(&folder.to_string_lossy(), why)),
        }
    }
    label(&mut runs);
    let series = series::group(&runs);
    let study = Study::new(runs, series, configs);
    let findings = rules::RULES
        .par_iter()
        .with_max_len(1)
        .flat_map_iter(|rule| rule.check(&study))
        .collect::<Vec<_>>();
    let (findings, hidden) = triage::triage(findings, &study, &options.policy);
    problems.extend(alone::without_build(&study, &findings));
    let gates = triage::gates(&study, &options.gates);
    Report {
        study,
        findings,
        baseline: options.baseline.clone(),
        gates,
        hidden,
        problems,
        ..Report::default()
    }
}

/// The runs of a job that a history remembers, branch by branch.
#[must_use]
pub fn branches(records: &[Record]) -> Vec<Branch> {
    let mut runs: Vec<_> = records.iter().map(history::remembered).collect();
    order(&mut runs, |(run, _)| run);
    let mut branches = trend::branches(runs);
    for branch in &mut branches {
        label(&mut branch.runs);
    }
    branches
}

/// Instructions of the Dockerfiles that were given.
fn hints(configs: &[Config]) -> Vec<String> {
    let stages = configs.iter().flat_map(|config| &config.content.stages);
    let of_stage = stages.flat_map(|stage| &stage.instructions);
    of_stage.map(|instruction| instruction.text.clone()).collect()
}

/// Only somebody who watches wants to know how much there is: of 20,000 files that takes time.
fn announce(logs: &[Entry], progress: &Progress) {
    let bytes =
        logs.iter().filter_map(|log| std::fs::metadata(&log.path).ok()).map(|file| file.len());
    progress.plan(bytes.sum());
}

fn problem(source: &str, message: String) -> Problem {
    Problem { source: source.to_owned(), line: None, message }
}

/// In the order of time where every log tells it, else as they were read, call by call, in the
/// natural order of names.
fn order<T>(runs: &mut [T], run: impl Fn(&T) -> &Run) {
    let timed = runs.iter().all(|r| run(r).started.is_some());
    let read = |run: &Run| {
        run.earlier.as_ref().map_or(DateTime::<Utc>::MAX_UTC, |earlier| earlier.recorded)
    };
    let compare = |a: &T, b: &T| {
        let (a, b) = (run(a), run(b));
        let time = if timed { a.started.cmp(&b.started) } else { read(a).cmp(&read(b)) };
        time.then_with(|| read(a).cmp(&read(b))).then_with(|| natural(&a.source, &b.source))
    };
    // To sort takes room for all of them once more.
    if !runs.is_sorted_by(|a, b| compare(a, b).is_le()) {
        runs.sort_by(compare);
    }
}

/// The job, or the file's name where several files hold one job; with its folder where that alone
/// does not tell runs apart.
fn label(runs: &mut [Run]) {
    let often = jobs_of_several_files(runs);
    for run in &mut *runs {
        // `build.log (run 4711)` is an earlier run: its label is told apart below, where it has to
        // be.
        let file = match run.source.rsplit_once(" (") {
            Some((file, _)) if run.earlier.is_some() => file,
            _ => &*run.source,
        };
        let job = run.job.clone().filter(|job| !often.contains(job));
        run.label = job.unwrap_or_else(|| stem(file).into());
    }
    let shared = shared_labels(runs);
    for run in runs.iter_mut().filter(|run| shared.contains(&run.label)) {
        if let Some(folder) = Path::new(&*run.source).parent().and_then(Path::file_name) {
            run.label = format!("{}/{}", folder.to_string_lossy(), run.label).into();
        }
    }
    tell_earlier_apart(runs);
}

fn shared_labels(runs: &[Run]) -> HashSet<Text> {
    let mut known = HashSet::new();
    let labels = runs.iter().map(|run| &run.label);
    labels.filter(|label| !known.insert(*label)).cloned().collect()
}

/// Jobs that several of the files that were given are logs of.
fn jobs_of_several_files(runs: &[Run]) -> HashSet<Text> {
    let mut files: HashMap<&Text, &Text> = HashMap::new();
    let mut several = HashSet::new();
    for run in runs.iter().filter(|run| run.earlier.is_none()) {
        let Some(job) = &run.job else { continue };
        if *files.entry(job).or_insert(&run.source) != &run.source {
            several.insert(job.clone());
        }
    }
    several
}

/// Earlier runs of a job have its name, and their logs that of one file.
fn tell_earlier_apart(runs: &mut [Run]) {
    let shared = shared_labels(runs);
    for run in runs.iter_mut().filter(|run| shared.contains(&run.label)) {
        if let Some(earlier) = &run.earlier {
            run.label = format!("{} ({})", run.label, earlier.name).into();
        }
    }
}

/// A blob of a layout is called after the layout.
fn stem(source: &str) -> String {
    let source = evidence::layout(source);
    let name =
        if source == "-" { "stdin" } else { source.rsplit(['/', '\\']).next().unwrap_or(source) };
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
}
