//! What a script of the repository builds in each job that calls it: on which machine, with which
//! builder, environment, events and caches.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::called::{Called, makes_builders};
use super::script::{Program, ScriptCall, below, joined};
use super::{Caller, Config, Machine, Place};
use crate::model::{Text, Tool};

/// Scripts may call each other in a circle.
const DEEPEST: usize = 4;
/// Of more jobs than this the first stand for all.
const MOST: usize = 2_000;

/// A call, with where paths of its file may begin.
struct Open {
    call: Place,
    /// The folder of the calling script.
    beside: Option<String>,
}

/// Fills in what the files that are called build in the jobs that call them.
pub(super) fn fill(configs: &mut [Config]) {
    let called = configs.iter().enumerate().filter(|(_, config)| config.kind.is_called());
    let paths: HashMap<String, usize> = called.map(|(n, c)| (c.path.clone(), n)).collect();
    if paths.is_empty() {
        return;
    }
    let makes: Vec<bool> =
        configs.iter().map(|c| c.kind.is_called() && makes_builders(c)).collect();
    let makes =
        |open: &Open| find(&paths, open).is_some_and(|number| makes.get(number) == Some(&true));
    let mut views: BTreeMap<usize, BTreeMap<usize, Vec<Place>>> = BTreeMap::new();
    let mut reached: HashSet<(usize, String)> = HashSet::new();
    let mut open: Vec<Open> = configs.iter().flat_map(of_jobs).collect();
    for _ in 0..DEEPEST {
        doubt_behind(&mut open, makes);
        let mut next: Vec<Open> = Vec::new();
        for step in &open {
            let Some(number) = find(&paths, step) else { continue };
            let Some(config) = configs.get(number) else { continue };
            reached.insert((number, calling(&step.call).to_owned()));
            let mut made = false;
            for (index, mut place) in built(config, &step.call) {
                if made {
                    doubt(&mut place);
                }
                if place.call.is_some() {
                    let call = Open { call: place, beside: Some(folder(&config.path).to_owned()) };
                    made |= makes(&call);
                    next.push(call);
                } else {
                    views.entry(number).or_default().entry(index).or_default().push(place);
                }
            }
        }
        open = next;
    }
    doubt_builders(configs, makes);
    let named = by_file(configs);
    for (number, mut all) in views {
        let path = configs.get(number).map_or("", |config| config.path.as_str());
        let also = named.iter().any(|named| named.is_otherwise(path, number, &reached));
        let Some(config) = configs.get_mut(number) else { continue };
        for (index, places) in &mut all {
            let itself = if also { config.content.places.get(*index) } else { None };
            apart(places, itself);
        }
        config.content.called.extend(all);
    }
}

/// What a call makes of a file.
fn built(config: &Config, by: &Place) -> Vec<(usize, Place)> {
    let runs_in = runs_in(by);
    let called = config.kind.called(config.body(), by).into_iter();
    let with_job = |mut place: Place| {
        if let Some(begins) = &runs_in {
            place.runs_in = below(begins, place.runs_in.as_deref()).or_else(|| runs_in.clone());
        }
        in_job(place, by)
    };
    called.map(|(index, place)| (index, with_job(place))).collect()
}

/// What the jobs of a file call.
fn of_jobs(config: &Config) -> Vec<Open> {
    if config.kind.ci().is_none() || config.content.runs.is_empty() {
        return Vec::new();
    }
    let text: Arc<str> = config.body().into();
    let call = |run: &Place| {
        let caller = Caller {
            path: config.path.clone(),
            text: Arc::clone(&text),
            ci: config.kind.ci(),
            quote: run.command.quote.clone(),
        };
        let mut call = Place { caller: Some(Arc::new(caller)), ..run.clone() };
        for kept in &mut call.kept {
            kept.written = config.quote(kept.line);
        }
        Open { call, beside: None }
    };
    config.content.runs.iter().map(call).collect()
}

fn calling(call: &Place) -> &str {
    call.caller.as_ref().map_or("", |caller| &caller.path)
}

/// What is called: from where the call is, from the root of the checkout, from the folder of the
/// script that calls.
fn find(paths: &HashMap<String, usize>, open: &Open) -> Option<usize> {
    let call = open.call.call.as_deref()?;
    let root = super::link::root(calling(&open.call));
    let roots =
        std::iter::successors(Some(root.as_str()), |root| (!root.is_empty()).then(|| folder(root)));
    let bases = roots.chain(open.beside.as_deref());
    bases.flat_map(|base| candidates(call, base)).find_map(|path| paths.get(&path).copied())
}

/// A script runs where the job is, or what called it.
fn runs_in(by: &Place) -> Option<String> {
    let call = by.call.as_deref().filter(|call| call.program == Program::Shell)?;
    let root = super::link::root(calling(by));
    let parts = [root.as_str(), &call.folder];
    Some(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/"))
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Paths of what may be called; the folder that the call was told may be one it is not in.
pub(super) fn candidates(call: &ScriptCall, base: &str) -> Vec<String> {
    let found: &[&str] = match call.program {
        _ if !call.path.is_empty() => &[call.path.as_str()],
        Program::Shell => &[],
        Program::Make => &["GNUmakefile", "makefile", "Makefile"],
        Program::Just => &["justfile", "Justfile", "JUSTFILE", ".justfile"],
        Program::Task => &["Taskfile.yml", "taskfile.yml", "Taskfile.yaml", "taskfile.yaml"],
        Program::Package => &["package.json"],
    };
    let folders = [call.folder.as_str(), ""].into_iter();
    let inside = folders.flat_map(|folder| found.iter().map(move |name| joined(folder, name)));
    let known = inside.filter(|path| !path.is_empty());
    known.map(|path| if base.is_empty() { path } else { format!("{base}/{path}") }).collect()
}

/// The build, or the call, with what the job gives it.
fn in_job(place: Place, by: &Place) -> Place {
    let older = by.machine.classic && place.command.tool == Tool::DockerBuild;
    let machine = Machine {
        runs_on: by.machine.runs_on.clone(),
        gha_token: by.machine.gha_token,
        fresh: place.machine.fresh && by.machine.fresh,
        classic: place.machine.classic || older,
        ..place.machine
    };
    let mut place = Place {
        job: by.job.clone(),
        key: by.key.clone(),
        refs: by.refs,
        slashes: by.slashes,
        kept: by.kept.clone(),
        machine,
        caller: by.caller.clone(),
        ..place
    };
    place.take_legs(&by.legs, &by.plain_legs);
    place.leg_values.extend_from_slice(&by.leg_values);
    place.looped.extend_from_slice(&by.looped);
    if place.command.platforms.is_empty() {
        place.inputs.extend_from_slice(&by.inputs);
    }
    if let Some((call, outer)) = place.call.as_mut().zip(by.call.as_ref()) {
        call.within(&outer.folder);
    }
    place
}

/// A script that makes a builder, or may, tells nothing of which one the builds behind it get.
fn doubt_builders(configs: &mut [Config], makes: impl Fn(&Open) -> bool) {
    for config in configs {
        for open in of_jobs(config).into_iter().filter(|open| makes(open)) {
            let before = open.call.call.as_ref().map_or(usize::MAX, |call| call.before);
            let behind = config.content.places.iter_mut().skip(before);
            behind.filter(|place| place.job == open.call.job).for_each(doubt);
        }
    }
}

/// The same of what is called behind it in its job.
fn doubt_behind(calls: &mut [Open], makes: impl Fn(&Open) -> bool) {
    let mut made: HashSet<(String, String)> = HashSet::new();
    for open in calls {
        let job = (calling(&open.call).to_owned(), open.call.job.clone());
        if made.contains(&job) {
            doubt(&mut open.call);
        }
        if makes(open) {
            made.insert(job);
        }
    }
}

/// The engine's own builder need not be the one in use.
fn doubt(place: &mut Place) {
    place.machine.driver = place.machine.driver.take().filter(|driver| driver != "docker");
    if let Some(call) = place.call.as_mut().filter(|call| !call.builders.capable()) {
        call.builders.take(None);
    }
}

/// What a file of a CI names, below which folder.
struct NamedFiles {
    path: String,
    root: String,
    called: Called,
}

fn by_file(configs: &[Config]) -> Vec<NamedFiles> {
    let files = configs.iter().filter(|config| config.kind.ci().is_some());
    let named = files.map(|config| NamedFiles {
        path: config.path.clone(),
        root: super::link::root(&config.path),
        called: Called::by(std::slice::from_ref(config)),
    });
    named.collect()
}

impl NamedFiles {
    /// It names the script in a way that is no plain call: what that is there is not known.
    fn is_otherwise(
        &self,
        script: &str,
        number: usize,
        reached: &HashSet<(usize, String)>,
    ) -> bool {
        script.starts_with(&self.root)
            && self.called.names(script)
            && !reached.contains(&(number, self.path.clone()))
    }
}

/// Each form once: jobs that give it the same are one. What is left out, or called in another way,
/// is judged as it stands.
fn apart(places: &mut Vec<Place>, itself: Option<&Place>) {
    let mut seen: HashSet<String> = HashSet::new();
    places.retain(|place| seen.insert(form(place)));
    places.truncate(MOST);
    places.extend(itself.cloned());
    places.iter_mut().enumerate().for_each(|(number, place)| place.form = number);
}

/// All that a job can make different of it.
fn form(place: &Place) -> String {
    let command = &place.command;
    let specs = command.cache_from.iter().chain(&command.cache_to).map(|spec| spec.raw.as_str());
    let texts = specs
        .chain(command.tags.iter().map(Text::as_str))
        .chain(command.build_args.iter().map(String::as_str))
        .chain(command.platforms.iter().map(String::as_str))
        .chain(command.file.as_deref())
        .chain(command.target.as_deref())
        .chain(place.context.as_deref());
    let texts: Vec<String> = texts.map(|text| place.expanded(text)).collect();
    let kept: Vec<&str> = place.kept.iter().map(|kept| kept.key.as_str()).collect();
    let on = &place.machine;
    let machine = (on.fresh, &on.driver, on.classic, on.gha_token, place.slashes);
    let caller = place.caller.as_ref().map(|caller| (caller.path.as_str(), caller.ci));
    format!("{:?}", (texts, kept, machine, place.refs, &place.legs, &place.job, caller))
}
