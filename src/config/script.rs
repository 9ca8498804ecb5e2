//! Build commands in shell scripts that stand in YAML: which there are, and changes to them.
//!
//! Knows shells, the options of build commands and YAML's scalars; knows no CI.

mod builders;
mod calls;
mod edit;
mod held;
mod image_builds;
mod insert;
mod lines;
mod options;
mod registry;
mod shell;
mod shell_folder;

pub(super) use builders::{Builders, engine, keeps_in_containerd, stays};
pub use calls::ScriptCall;
pub(super) use calls::{Program, in_checkout, is_script, joined};
pub(super) use edit::change;
pub use image_builds::{ImageBuild, image_builds};
pub(super) use lines::parts;

use std::sync::Arc;

use self::held::Held;
use self::options::Options;
use self::shell::{Simple, Word};
use self::shell_folder::Shell;
use super::patch::Patch;
use super::yaml::{self, Document, Route, Scalar};
use super::{Change, Machine, Place, fits_tag};
use crate::model::{Command, ImageCommand, Quote, Shared, Tool};

/// A text that a shell runs.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// Where it is written.
    pub(super) route: Route,
    /// Its value, which the builds in it share.
    pub(super) value: Arc<str>,
}

/// A build command in a file.
#[derive(Clone, Debug)]
pub(super) struct BuildSpot {
    /// The script that holds it.
    pub(super) item: Item,
    /// Which of its simple commands.
    pub(super) nth: usize,
    /// Number of the job that runs it.
    pub(super) job: usize,
    /// A builder that exports caches is in use there.
    pub(super) capable: bool,
}

/// A folder below another one; `None` for the checkout itself.
pub(super) fn below(folder: &str, path: Option<&str>) -> Option<String> {
    let parts = [folder, path.unwrap_or_default()];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// Builds that the scripts of a job ask for, with the builder each of them gets; and what of the
/// repository they call, each as a place with [`Place::call`]. One shell runs all of them.
pub(super) fn builds(
    doc: Option<&Document>,
    job: usize,
    items: &[Item],
    builders: &mut Builders,
) -> Vec<(Place, BuildSpot)> {
    let mut found = Vec::new();
    let mut shell = Shell::default();
    let mut held = Held::default();
    for item in items {
        // To find the script in the file takes long, so it is looked for once, and only where
        // something is built or pulled.
        let mut script = None;
        let mut line = |simple: &Simple| {
            let (doc, scalar) = script
                .get_or_insert_with(|| {
                    doc.map(|doc| (doc, Scalar::find(doc, &item.route, &item.value)))
                })
                .as_ref()?;
            quote(doc, item, scalar.as_ref(), program(simple))
        };
        for (nth, simple) in shell::commands(&item.value).into_iter().enumerate() {
            held.observe(&simple);
            shell.hears(&simple);
            if let Some(command) = pull(&simple) {
                builders.registry.pull(command, &line(&simple).unwrap_or_default());
            }
            if empties(&simple, &item.value) {
                builders.empty(line(&simple).unwrap_or_default());
            }
            let Some(mut place) = place(&simple, shell.likely_folder(), builders) else { continue };
            place.runs_in = shell.folder().filter(|_| place.call.is_none());
            place.loose.iter_mut().for_each(|word| *word = held.expand(word, &simple));
            place.command.quote = line(&simple).unwrap_or_default();
            found.push((
                place,
                BuildSpot { item: item.clone(), nth, job, capable: builders.capable() },
            ));
        }
    }
    let known = Shared::from(held.once());
    for (place, _) in &mut found {
        place.set_behind(&known);
    }
    found
}

/// A line of a script does nothing but pull one image, whether that succeeds or not.
pub(super) fn pulls_only(line: &str) -> bool {
    let says_so = |simple: &Simple| {
        let word = program(simple).first().map(|word| word.value.as_str());
        matches!(word, Some("true" | ":" | "echo"))
    };
    let commands = shell::commands(line);
    let (first, others) = match commands.as_slice() {
        [first, others @ ..] => (pull(first), others),
        [] => (None, [].as_slice()),
    };
    let one = matches!(first, Some(ImageCommand::Pull(images)) if images.len() == 1);
    one && others.iter().all(says_so)
}

/// A command that pulls images in each run of its script.
fn pull(simple: &Simple) -> Option<ImageCommand> {
    if simple.sometimes || simple.outer.is_some() {
        return None;
    }
    let words: Vec<&str> = program(simple).iter().map(|word| word.value.as_str()).collect();
    let command = ImageCommand::read(&words)?;
    matches!(command, ImageCommand::Pull(_) | ImageCommand::PullServices(_)).then_some(command)
}

/// A command that deletes all steps of a builder's cache in each run of its script: no other one
/// decides whether it runs, as in `df / | grep 9. && docker system prune -af`.
fn empties(simple: &Simple, script: &str) -> bool {
    let words: Vec<&str> = program(simple).iter().map(|word| word.value.as_str()).collect();
    let before = simple.words.first().and_then(|word| script.get(..word.range.start));
    let decided = before.is_none_or(|text| text.trim_end().ends_with(['&', '|', '(']));
    !simple.sometimes && simple.outer.is_none() && !decided && Command::empties_a_builder(&words)
}

/// What a command builds, or calls.
fn place(simple: &Simple, folder: &str, builders: &mut Builders) -> Option<Place> {
    if let Some(built) = build(simple, Quote::default(), builders) {
        return Some(built);
    }
    let mut place = calls::of(simple, folder, builders)?;
    take_loops(&mut place, simple);
    Some(place)
}

/// The build that a program and its words ask for, where no shell reads them.
pub(super) fn build_of_words(
    words: &[String],
    quote: Quote,
    builders: &mut Builders,
) -> Option<Place> {
    let word = |value: &String| Word { range: 0..0, value: value.clone() };
    let words = words.iter().map(word).collect();
    build(&Simple { words, ..Simple::default() }, quote, builders)
}

fn build(simple: &Simple, quote: Quote, builders: &mut Builders) -> Option<Place> {
    let words = program(simple);
    let values: Vec<String> = words.iter().map(|word| word.value.clone()).collect();
    builders.observe(&values);
    builders.registry.observe(&values.iter().map(String::as_str).collect::<Vec<_>>());
    let command = command(simple).filter(|c| builds_image(c, &values))?;
    let options = Options::of(words, command.tool);
    let context = match command.tool {
        tool if is_docker(tool) => options.context(words),
        Tool::Kaniko => options.folder(),
        _ => None,
    };
    let loose = match command.tool {
        tool if is_docker(tool) => options.loose(words),
        Tool::Buildah => options.loose(words),
        Tool::Kaniko => options.all_loose(words),
        _ => Vec::new(),
    };
    let (fresh, driver) = (builders.is_fresh(), builders.driver(&command));
    let passed_over = builders.passed_over(driver.as_deref());
    let own = driver.is_some() && driver.as_deref() != Some("docker") && command.builder.is_none();
    let new_builder = own && builders.is_anew();
    let machine = Machine { fresh, new_builder, driver, passed_over, ..Machine::default() };
    let command = Command { quote, ..command };
    let mut place = Place { command, context, machine, loose, ..Place::default() };
    take_loops(&mut place, simple);
    builders.registry.begin(&mut place);
    if place.command.tool == Tool::BuildxBake {
        let set = options.named(&["--set"]).into_iter().filter_map(|opt| opt.value.split_once('='));
        place.set = set.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    }
    if place.command.tool == Tool::Buildctl {
        take_locals(&mut place, &options);
    }
    if names_services(&options, words, place.command.tool) {
        let services = options.plain.iter().filter_map(|at| words.get(*at));
        place.command.targets = services.map(|word| word.value.clone()).collect();
    }
    Some(place)
}

/// `--local context=web --local dockerfile=web/docker`: what the front end calls them
/// (`BuildKit` `frontend/dockerfile/builder`); `filename` is looked for in the second.
fn take_locals(place: &mut Place, options: &Options) {
    let locals = options.named(&["--local"]);
    let folder = |name: &str| {
        let pairs = locals.iter().filter_map(|opt| opt.value.split_once('='));
        pairs.filter(|(known, _)| *known == name).map(|(_, folder)| folder.to_owned()).next_back()
    };
    place.context = folder("context");
    let file = place.command.file.clone();
    if let Some(folder) = folder("dockerfile") {
        let name = file.as_deref().unwrap_or("Dockerfile");
        place.command.file = Some(format!("{}/{name}", folder.trim_end_matches('/')));
    }
}

/// Each round of a loop is a build of its own, as each leg of a matrix is.
fn take_loops(place: &mut Place, simple: &Simple) {
    for (name, words) in &simple.loops {
        let plain = words.iter().all(|word| fits_tag(word));
        if plain && words.len() == 1 {
            continue;
        }
        if !words.iter().any(|word| word.contains(['$', '`', '*'])) {
            place.leg_values.push((name.clone(), words.clone()));
        }
        place.looped.push(name.clone());
        place.legs.push(name.clone());
        place.plain_legs.extend(plain.then(|| name.clone()));
    }
}

/// What it builds are the services that stand behind it; `docker compose up` builds what they
/// depend on as well.
fn names_services(options: &Options, words: &[Word], tool: Tool) -> bool {
    let verb = options.first.checked_sub(1).and_then(|at| words.get(at));
    let alone = verb.is_some_and(|verb| verb.value == "build")
        && options.named(&["--with-dependencies"]).is_empty();
    tool == Tool::Compose && alone
}

/// Some command of the script builds images: one, or those of a Compose or bake file.
#[must_use]
pub fn builds_images(script: &str) -> bool {
    shell::commands(script).iter().any(is_build)
}

fn is_build(simple: &Simple) -> bool {
    let values: Vec<String> = program(simple).iter().map(|word| word.value.clone()).collect();
    command(simple).is_some_and(|command| builds_image(&command, &values))
}

/// What the words ask for, together with variables that are set for the command. `./docker` is a
/// file of the repository.
fn command(simple: &Simple) -> Option<Command> {
    if program(simple).first()?.value.starts_with('.') {
        return None;
    }
    let set = simple.words.iter().take_while(|word| is_assignment(&word.value));
    let words: Vec<String> = set.chain(program(simple)).map(|word| word.value.clone()).collect();
    Command::of_words(&words, &Quote::default())
}

/// The words from the program on: assignments and commands that call other commands are skipped.
fn program(simple: &Simple) -> &[Word] {
    let mut words = simple.words.as_slice();
    let mut called = false;
    while let Some((first, rest)) = words.split_first() {
        match first.value.as_str() {
            "sudo" | "time" | "exec" | "command" | "env" | "nice" | "nohup" | "retry"
            | "travis_retry" | "timeout" => {
                called = true;
            }
            word if is_assignment(word) => {}
            // What these commands ask for themselves: flags, a number of seconds or tries.
            word if called
                && (word.starts_with('-') || word.starts_with(|c: char| c.is_ascii_digit())) => {}
            _ => break,
        }
        words = rest;
    }
    words
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| shell::is_name(name))
}

/// `docker compose up` builds when it is told to; making a builder builds nothing.
fn builds_image(command: &Command, words: &[String]) -> bool {
    match command.tool {
        Tool::BuildxCreate => false,
        Tool::Compose => words.iter().any(|w| matches!(w.as_str(), "build" | "--build")),
        _ => true,
    }
}

fn is_docker(tool: Tool) -> bool {
    matches!(tool, Tool::DockerBuild | Tool::BuildxBuild)
}

/// The line of the file that begins the command.
fn quote(doc: &Document, item: &Item, scalar: Option<&Scalar>, words: &[Word]) -> Option<Quote> {
    let source = doc.source();
    let at = match scalar {
        Some(scalar) => scalar.offset(words.first()?.range.start)?,
        None => yaml::span(doc, &item.route)?.start,
    };
    let line = source.get(..at)?.matches('\n').count() + 1;
    let text = source.get(super::patch::line_at(source, at)).unwrap_or_default();
    Some(Quote { line: u64::try_from(line).ok()?, text: text.trim_end().into() })
}

/// Carries changes out in a file whose builds all stand in scripts.
pub(super) fn correct(
    doc: &Document,
    found: &[(Place, BuildSpot)],
    changes: &[Change],
    make: impl Fn(&Place) -> Vec<String>,
) -> Result<String, String> {
    let patch = patch(doc, found, changes, make)?;
    patch.apply(doc.source()).ok_or_else(|| "the changes contradict each other".into())
}

/// The changes to the scripts. A builder is made once for each job, by the lines that `make` gives
/// for it.
pub(super) fn patch(
    doc: &Document,
    found: &[(Place, BuildSpot)],
    changes: &[Change],
    make: impl Fn(&Place) -> Vec<String>,
) -> Result<Patch, String> {
    let mut patch = Patch::default();
    let mut maker = Maker::default();
    let builds: Vec<&(Place, BuildSpot)> =
        found.iter().filter(|(place, _)| place.call.is_none()).collect();
    for change in changes {
        let (place, spot) = change
            .place()
            .and_then(|index| builds.get(index))
            .ok_or("the build is not in this file")?;
        let lines = maker.lines(spot, change, || make(place));
        edit::change(doc, spot, change, &lines, &mut patch)?;
    }
    Ok(patch)
}

/// Makes one builder for each job that needs one.
#[derive(Debug, Default)]
pub(super) struct Maker {
    made: Vec<usize>,
}

impl Maker {
    /// Lines to stand before the command; none where the builder is there already.
    pub(super) fn lines(
        &mut self,
        spot: &BuildSpot,
        change: &Change,
        make: impl Fn() -> Vec<String>,
    ) -> Vec<String> {
        if !change.makes_a_builder() || spot.capable || self.made.contains(&spot.job) {
            return Vec::new();
        }
        self.made.push(spot.job);
        make()
    }
}
