//! Files of CIs whose builds stand in scripts of jobs, or in settings beside them: read and
//! corrected alike.
//!
//! What a job is, and what it runs, each kind says.

use crate::config::yaml::{Document, Route};
use yaml_serde::Value;

use super::patch::Patch;
use super::script::{self, BuildSpot, Builders, Item, Maker};
use super::{Change, Content, Kept, Place, asks_for_buildkit, place, yaml};
use crate::model::{Quote, Tool};

/// One job.
#[derive(Debug, Default)]
pub(super) struct Job {
    /// As logs name it.
    pub(super) name: String,
    /// Variables that the file sets for it.
    pub(super) variables: Vec<(String, String)>,
    /// Variables of its matrix that differ between the legs.
    pub(super) legs: Vec<String>,
    /// Those of them that may stand in a tag.
    pub(super) plain_legs: Vec<String>,
    /// What decides which machine it runs on, where the legs run on those of two architectures.
    pub(super) machine: Option<String>,
    /// Branches whose names may have a slash come to it.
    pub(super) slashes: bool,
    /// What it does, in order.
    pub(super) steps: Vec<JobStep>,
    /// The builder it begins with.
    pub(super) builders: Builders,
}

/// One step of a job.
#[derive(Debug)]
pub(super) enum JobStep {
    /// A shell runs it.
    Script(Item),
    /// One shell runs all of them, and keeps what they set.
    Shell(Vec<Item>),
    /// A build that a task or plugin is set to do, with where it is written.
    Build(Box<Place>, Route),
    /// The program and its words, with where they are written.
    Words(Vec<String>, Route),
    /// An engine of its own comes; what it holds may be of an earlier run.
    Engine {
        /// It is empty.
        fresh: bool,
    },
    /// What it brings along may be a cache.
    Doubt,
    /// It restores a cache of the CI, which is saved when the job ends; with where its key is
    /// written.
    Kept(Kept, Route),
    /// What it does stands elsewhere, and may make a builder.
    Unread,
    /// It logs in to a registry.
    Login,
    /// Whether `docker build` takes the builder before `BuildKit` from here on, unless it is told
    /// otherwise.
    Older(bool),
}

/// Finds the jobs of a file.
pub(super) type Jobs = fn(&Value) -> Vec<Job>;

impl Job {
    /// What a call runs as a part of its job.
    pub(super) fn called(by: &Place) -> Self {
        let builders = by.call.as_ref().map(|call| call.builders.clone());
        Self {
            name: by.job.clone(),
            variables: by.variables.to_vec(),
            slashes: by.slashes,
            builders: builders.unwrap_or_default(),
            ..Self::default()
        }
    }
}

/// What these jobs of the file build, each with the number of its place in the whole file, and what
/// they call.
pub(super) fn called(text: &str, jobs: impl FnOnce(&Value) -> Vec<Job>) -> Vec<(usize, Place)> {
    let Ok(root) = yaml::parse(text) else { return Vec::new() };
    let doc = Document::new(text).ok();
    let jobs = jobs(&root).into_iter().enumerate();
    let found = jobs.flat_map(|(number, job)| of_job(job, number, doc.as_ref()));
    numbered(found.map(|(place, _)| place))
}

/// Builds with their numbers; what is called has that of the build behind it.
pub(super) fn numbered(found: impl Iterator<Item = Place>) -> Vec<(usize, Place)> {
    let mut number = 0;
    let with_number = |place: Place| {
        let own = number;
        number += usize::from(place.call.is_none());
        (own, place)
    };
    found.map(with_number).collect()
}

/// What the file says.
pub(super) fn content(text: &str, jobs: Jobs) -> Result<Content, String> {
    let root = yaml::parse(text)?;
    let doc = Document::new(text).ok();
    Ok(Content::of(builds(&root, doc.as_ref(), jobs).into_iter().map(|(place, _)| place)))
}

/// What all documents of the file say, one after the other.
pub(super) fn content_of_all(text: &str, jobs: Jobs) -> Result<Content, String> {
    let mut found = Vec::new();
    for document in yaml::documents(text) {
        let root = yaml::parse(&document)?;
        let doc = Document::new(&document).ok();
        found.extend(builds(&root, doc.as_ref(), jobs).into_iter().map(|(place, _)| place));
    }
    Ok(Content::of(found))
}

/// The text with these changes; builds of tasks and plugins have options of their own.
pub(super) fn correct(text: &str, jobs: Jobs, changes: &[Change]) -> Result<String, String> {
    // A machine that stays has the builder of the run before: `ERROR: existing instance for "ci" but
    // no append mode` (docker/buildx `builder/builder.go`).
    const MAKE: &str =
        "docker buildx create --name ci --driver docker-container --use || docker buildx use ci";
    let root = yaml::parse(text)?;
    let doc = Document::new(text)?;
    let mut found = builds(&root, Some(&doc), jobs);
    found.retain(|(place, _)| place.call.is_none());
    let (mut patch, mut maker) = (Patch::default(), Maker::default());
    for change in changes {
        let (_, spot) = change
            .place()
            .and_then(|index| found.get(index))
            .ok_or("the build is not in this file")?;
        let spot = spot.as_ref().ok_or("its options are settings of a task or plugin")?;
        let lines = maker.lines(spot, change, || vec![MAKE.to_owned()]);
        script::change(&doc, spot, change, &lines, &mut patch)?;
    }
    patch.apply(text).ok_or_else(|| "the changes contradict each other".into())
}

/// Builds of all jobs, with where they stand in a script.
fn builds(root: &Value, doc: Option<&Document>, jobs: Jobs) -> Vec<(Place, Option<BuildSpot>)> {
    jobs(root).into_iter().enumerate().flat_map(|(number, job)| of_job(job, number, doc)).collect()
}

/// A job whose steps are read one after the other.
struct JobReader<'d> {
    doc: Option<&'d Document>,
    number: usize,
    builders: Builders,
    /// `docker build` takes the builder before `BuildKit`.
    older: bool,
    kept: Vec<Kept>,
    found: Vec<(Place, Option<BuildSpot>)>,
}

impl JobReader<'_> {
    fn step(&mut self, step: JobStep) {
        let Self { doc, number, builders, .. } = self;
        match step {
            JobStep::Script(item) => self.step(JobStep::Shell(vec![item])),
            JobStep::Shell(items) => {
                self.older &= !items.iter().any(|item| uses_buildkit(&item.value));
                let built = script::builds(*doc, *number, &items, builders);
                self.found.extend(built.into_iter().map(|(place, spot)| (place, Some(spot))));
            }
            JobStep::Words(words, route) => {
                self.older &= !words.iter().any(|word| uses_buildkit(word));
                let place = script::build_of_words(&words, quote(*doc, &route), builders);
                self.found.extend(place.map(|place| (place, None)));
            }
            JobStep::Build(mut place, route) => {
                place.command.quote = quote(*doc, &route);
                place.machine.driver =
                    place.machine.driver.or_else(|| builders.driver(&place.command));
                place.machine.fresh |= builders.is_fresh();
                builders.registry.brought_for(&mut place);
                self.found.push((*place, None));
            }
            JobStep::Engine { fresh } => builders.engine(fresh),
            JobStep::Doubt => builders.doubt(),
            JobStep::Unread => {
                builders.take(None);
                builders.doubt();
            }
            JobStep::Kept(kept, route) => {
                if kept.may_hold_layers() {
                    builders.doubt();
                }
                self.kept.push(Kept { line: quote(*doc, &route).line, ..kept });
            }
            JobStep::Login => builders.registry.log_in(),
            JobStep::Older(is) => self.older = is,
        }
    }
}

fn of_job(job: Job, number: usize, doc: Option<&Document>) -> Vec<(Place, Option<BuildSpot>)> {
    let Job { name, variables, legs, plain_legs, machine, slashes, steps, builders } = job;
    let mut reader =
        JobReader { doc, number, builders, older: false, kept: Vec::new(), found: Vec::new() };
    for step in steps {
        let first = reader.found.len();
        reader.step(step);
        let older = reader.older;
        for (place, _) in reader.found.iter_mut().skip(first) {
            place.machine.classic |= older && place.command.tool == Tool::DockerBuild;
        }
    }
    let JobReader { builders, kept, mut found, .. } = reader;
    place::set_before(found.iter_mut().map(|(place, _)| place), &variables);
    for (place, _) in &mut found {
        builders.end(place);
        place.job.clone_from(&name);
        place.kept.clone_from(&kept);
        place.resolve();
        if place.command.platforms.is_empty() {
            place.inputs.extend(machine.clone());
        }
        place.take_legs(&legs, &plain_legs);
        place.slashes = slashes;
    }
    found
}

fn uses_buildkit(command: &str) -> bool {
    asks_for_buildkit(command) || command.contains("buildx")
}

/// The line of the value at `route`; of one that is merged (`<<: *plugin`), that of what it is
/// merged into.
fn quote(doc: Option<&Document>, route: &Route) -> Quote {
    let span = |route: &Route| doc.and_then(|doc| yaml::span(doc, route));
    let span = span(route).or_else(|| span(&route.parent()?));
    let line = span.map_or(0, |span| span.line);
    let text =
        doc.and_then(|doc| doc.source().lines().nth(usize::try_from(line).ok()?.checked_sub(1)?));
    Quote { line, text: text.unwrap_or_default().trim_end().into() }
}

/// Variables that a mapping sets, or a list of `NAME=value` or of `name:` and `value:`.
pub(super) fn variables(value: Option<&Value>) -> Vec<(String, String)> {
    let Some(value) = value else { return Vec::new() };
    let listed = value.as_sequence().into_iter().flatten().filter_map(listed_variable);
    let mapped = yaml::entries(value).into_iter();
    let mapped = mapped.filter_map(|(name, value)| Some((name.to_owned(), yaml::text(value)?)));
    listed.chain(mapped).collect()
}

fn listed_variable(value: &Value) -> Option<(String, String)> {
    let named = |name: &str| value.get(name).and_then(yaml::text);
    if let Some(pair) = named("name").zip(named("value")) {
        return Some(pair);
    }
    let text = yaml::text(value)?;
    text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
}

/// What an image runs where nothing else is named.
pub(super) fn program_of(image: &str) -> Option<String> {
    let name = without_tag(image);
    match name.rsplit('/').next()? {
        "docker" => Some("docker".to_owned()),
        // `gcr.io/kaniko-project/executor`, `cgr.dev/chainguard/kaniko`, `martizih/kaniko`
        "executor" | "kaniko" if name.contains("kaniko") => Some("/kaniko/executor".to_owned()),
        _ => None,
    }
}

/// The name of an image; what stands behind a colon before the last slash is a port.
pub(super) fn without_tag(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or(image);
    match name.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        _ => name,
    }
}

/// Items of a list of commands, or of the one there is.
pub(super) fn scripts(value: Option<&Value>, route: &Route) -> Vec<JobStep> {
    let Some(value) = value else { return Vec::new() };
    if let Some(text) = yaml::text(value) {
        return vec![JobStep::Script(Item { route: route.clone(), value: text.into() })];
    }
    let list = value.as_sequence().into_iter().flatten().enumerate();
    let items = list.filter_map(|(index, value)| {
        Some(Item { route: route.with_key(index), value: yaml::text(value)?.into() })
    });
    items.map(JobStep::Script).collect()
}
