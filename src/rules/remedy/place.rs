//! Where the configuration asks for the build that a log shows.
//!
//! Compares what is written with what was done; a place that contradicts the log in anything is
//! none, and of several that fit equally well none is taken.

use super::reference;
use crate::config::pattern::{fits, has_word, tells_nothing};
use crate::config::{Config, Kept, Place, Side, forge};
use crate::finding::Evidence;
use crate::model::{Build, CacheKind, CacheSpec, Command, Quote, Run, Text, Tool};
use crate::rules::Study;

/// A place in a configuration file.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    /// The file.
    pub config: &'a Config,
    /// Which of its places.
    pub index: usize,
    /// The place.
    pub place: &'a Place,
}

impl<'a> At<'a> {
    /// Driver of the builder it uses, where that is known.
    #[must_use]
    pub fn driver(&self) -> Option<&'a str> {
        self.place.machine.driver.as_deref().or(self.place.machine.called_with.as_deref())
    }

    /// The CI that runs it.
    #[must_use]
    pub fn ci(&self) -> Option<&'static str> {
        let caller = self.place.caller.as_ref().and_then(|caller| caller.ci);
        caller.or_else(|| self.config.kind.ci())
    }

    /// The folder of the forge that runs it, as [`Config::forge`] has it.
    #[must_use]
    pub fn forge(&self) -> Option<&'a str> {
        match &self.place.caller {
            Some(caller) => forge(&caller.path),
            None => self.config.forge(),
        }
    }

    /// What is written where it builds: its file, and that of the job which calls it.
    pub fn texts(&self) -> impl Iterator<Item = &'a str> {
        let caller = self.place.caller.as_ref().map(|caller| &*caller.text);
        std::iter::once(self.config.body()).chain(caller)
    }

    /// The line of the job that calls its file.
    #[must_use]
    pub fn call(&self, shows: &str) -> Option<Evidence> {
        let caller = self.place.caller.as_ref()?;
        Some(Evidence::of(&caller.path, &caller.quote, shows))
    }

    /// The key of a cache of the CI that its job carries.
    #[must_use]
    pub fn key_of(&self, kept: &Kept, shows: &str) -> Option<Evidence> {
        match self.place.caller.as_ref().zip(kept.written.as_ref()) {
            Some((caller, quote)) => Some(Evidence::of(&caller.path, quote, shows)),
            None => Some(Evidence::of(&self.config.path, &self.config.quote(kept.line)?, shows)),
        }
    }

    /// How a variable that tells its legs apart is written in its file; `None` where that is not
    /// known. Some CIs fill in `$` themselves, before a shell sees it.
    pub(super) fn leg(&self, name: &str) -> Option<String> {
        if !self.place.looped.iter().any(|looped| looped == name) {
            return self.config.kind.variable(name).or_else(|| self.given(name));
        }
        let filled = matches!(self.config.kind.ci(), Some("buildkite" | "google-cloud-build"));
        (!filled).then(|| format!("${{{name}}}"))
    }

    /// The variable of a script that its job fills with a leg: `SERVICE: ${{ matrix.service }}`.
    fn given(&self, leg: &str) -> Option<String> {
        if !self.config.kind.is_script() {
            return None;
        }
        let holds_leg = |value: &str| {
            let inside = value.trim().strip_prefix("${{").and_then(|v| v.strip_suffix("}}"));
            inside.is_some_and(|name| name.trim() == leg)
        };
        let (name, _) = self.place.variables.iter().rfind(|(_, value)| holds_leg(value))?;
        self.config.kind.variable(name)
    }

    /// The line that asks for the build; `None` where the kind knows no line.
    #[must_use]
    pub fn evidence(&self, shows: &str) -> Option<Evidence> {
        let quote = self.config.quote(self.place.command.quote.line)?;
        Some(Evidence::of(&self.config.path, &quote, shows))
    }

    /// The line of the place that holds these words, else the only one of the file, else the one
    /// that asks for the build.
    #[must_use]
    pub fn evidence_of(&self, words: &str, shows: &str) -> Option<Evidence> {
        let held = self.lines().find(|quote| quote.text.contains(words));
        self.shown(held, words, shows)
    }

    /// The line of an option that imports or exports: with the same words, `cache-from: type=gha` and
    /// `cache-to: type=gha` are told apart by the name above or before them.
    #[must_use]
    pub fn evidence_of_spec(&self, spec: &CacheSpec, side: Side, shows: &str) -> Option<Evidence> {
        let mut named = Side::Both;
        let held = self.lines().find(|quote| {
            named = side_of(&quote.text).unwrap_or(named);
            quote.text.contains(&spec.raw) && (named == side || named == Side::Both)
        });
        self.shown(held, &spec.raw, shows)
    }

    /// Those of the build: up to the next one.
    fn lines(&self) -> impl Iterator<Item = Quote> {
        /// A step is rarely longer.
        const MOST: u64 = 60;
        let first = self.place.command.quote.line;
        let places = self.config.content.places.iter().map(|place| place.command.quote.line);
        let end =
            places.filter(|line| *line > first).min().unwrap_or(first + MOST).min(first + MOST);
        (first..end).filter_map(|line| self.config.quote(line))
    }

    fn shown(&self, held: Option<Quote>, words: &str, shows: &str) -> Option<Evidence> {
        held.or_else(|| self.only_line_with(words))
            .map(|quote| Evidence::of(&self.config.path, &quote, shows))
            .or_else(|| self.evidence(shows))
    }

    /// Options may be put together above the command: `args+=(--cache-from …)`.
    fn only_line_with(&self, words: &str) -> Option<Quote> {
        let lines = self.config.body().lines().zip(1_u64..);
        let mut held = lines.filter(|(line, _)| has_word(line, words)).map(|(_, number)| number);
        let number = held.next()?;
        if held.next().is_some() {
            return None;
        }
        self.config.quote(number)
    }
}

/// Whether the options that a line names import or export; `None` where it names none.
fn side_of(line: &str) -> Option<Side> {
    let names = |words: [&str; 3]| words.iter().any(|word| line.contains(word));
    let imports = names(["cache-from", "cache_from", "import-cache"]);
    match (imports, names(["cache-to", "cache_to", "export-cache"])) {
        (true, false) => Some(Side::From),
        (false, true) => Some(Side::To),
        (true, true) => Some(Side::Both),
        (false, false) => None,
    }
}

/// All places of the configuration.
pub(in crate::rules) fn all(study: &Study) -> impl Iterator<Item = At<'_>> {
    study.configs.iter().flat_map(places_of)
}

/// All places of a file: those of a script as each job that calls it has them.
pub(in crate::rules) fn places_of(config: &Config) -> impl Iterator<Item = At<'_>> {
    let indices = 0..config.content.places.len();
    indices.flat_map(move |index| forms_of(config, index))
}

/// A place as each job that calls its file has it.
pub(in crate::rules) fn forms_of(config: &Config, index: usize) -> impl Iterator<Item = At<'_>> {
    config.content.judged(index).iter().map(move |place| At { config, index, place })
}

/// The one place that asks for this build.
pub(super) fn of<'a>(
    study: &'a Study,
    run: &Run,
    build: &Build,
    command: Option<&Command>,
) -> Option<At<'a>> {
    let scored = all(study).filter_map(|at| Some((score(at, run, build, command)?, at)));
    let mut best: Vec<(u32, At)> = scored.collect();
    best.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    let (score, at) = *best.first()?;
    // A script that several jobs call is one place.
    let other = |next: &At| next.index != at.index || next.config.path != at.config.path;
    let mut equal = best.iter().take_while(|(next, _)| *next == score);
    let tied = equal.any(|(_, next)| other(next));
    (!tied && score > 0).then_some(at)
}

/// How much speaks for the place; `None` where anything speaks against it.
fn score(at: At, run: &Run, build: &Build, command: Option<&Command>) -> Option<u32> {
    let asked = &at.place.command;
    let ci = run.ci.zip(at.ci()).map(|(ran, own)| ran == own);
    if ci == Some(false) || !same_tool(at, build, command) {
        return None;
    }
    let mut score = u32::from(ci == Some(true));
    if !at.place.job.is_empty()
        && let Some(job) = run.job.as_deref()
    {
        if !at.place.is_job(job) {
            return None;
        }
        score += 4;
    }
    let targets: Vec<&str> = build.target.as_deref().into_iter().collect();
    let written = |values: Vec<&str>| {
        values.into_iter().map(|value| at.place.expanded(value)).collect::<Vec<_>>()
    };
    score += 4 * u32::from(compared(&written(one(at.place.target.as_deref())), &targets)?);
    let tags = written(strings(&asked.tags));
    let own = build.images.iter().filter(|name| !is_of_project(name, build.target.as_deref()));
    let printed: Vec<&str> = own.map(|name| reference::without_hub(name)).collect();
    let known =
        command.map(|c| strings(&c.tags)).filter(|tags| !tags.is_empty()).unwrap_or(printed);
    score += 3 * u32::from(compared(&tags, &known)?);
    let named = build.imports.iter().filter(|import| import.kind == CacheKind::Registry);
    let imports: Vec<&str> = named.filter_map(|import| import.reference.as_deref()).collect();
    let known = command
        .map(|c| references(&c.cache_from))
        .filter(|from| !from.is_empty())
        .unwrap_or(imports);
    score += 2 * u32::from(compared(&written(references(&asked.cache_from)), &known)?);
    let Some(command) = command else { return Some(score) };
    score += 2 * u32::from(compared(
        &written(references(&asked.cache_to)),
        &references(&command.cache_to),
    )?);
    for (planned, known) in [(&asked.file, &command.file), (&asked.target, &command.target)] {
        score += u32::from(compared(&written(one(planned.as_deref())), &one(known.as_deref()))?);
    }
    Some(score)
}

/// The name that Compose makes of its project and a service without `image:`, `buildkite018d-web`;
/// with `_` before version 2. What is pushed gets another one.
pub(super) fn is_of_project(name: &str, service: Option<&str>) -> bool {
    let name = reference::repository(reference::without_hub(name));
    let project = service
        .and_then(|service| name.strip_suffix(service))
        .and_then(|rest| rest.strip_suffix(['-', '_']));
    project.is_some_and(|project| !project.is_empty() && !project.contains('/'))
}

/// `Some(true)` where some entry fits, `None` where none does though both sides say something,
/// `Some(false)` where there is nothing to compare.
fn compared(planned: &[String], known: &[&str]) -> Option<bool> {
    let same = planned.iter().any(|plan| known.contains(&plan.as_str()));
    let vague =
        planned.is_empty() || known.is_empty() || planned.iter().any(|plan| tells_nothing(plan));
    if vague && !same {
        return Some(false);
    }
    let fit = planned.iter().any(|plan| known.iter().any(|text| fits(plan, text)));
    fit.then_some(true)
}

/// bake and compose ask for their builds in files of their own; a shell line builds what it says.
fn same_tool(at: At, build: &Build, command: Option<&Command>) -> bool {
    let planned = at.place.command.tool;
    match command.map(|c| c.tool) {
        Some(Tool::BuildxCreate) | None => build.target.is_none() || at.place.target.is_some(),
        Some(Tool::Compose) => planned == Tool::Compose && at.place.target.is_some(),
        Some(Tool::BuildxBake) => planned == Tool::BuildxBake && at.place.target.is_some(),
        // The action echoes the `docker buildx build` it makes of its inputs.
        Some(Tool::BuildxBuild) => matches!(planned, Tool::BuildxBuild | Tool::BuildPushAction),
        Some(tool) => tool == planned,
    }
}

fn references(specs: &[CacheSpec]) -> Vec<&str> {
    specs.iter().filter_map(|spec| spec.get("ref")).collect()
}

fn strings(list: &[Text]) -> Vec<&str> {
    list.iter().map(Text::as_str).collect()
}

fn one(value: Option<&str>) -> Vec<&str> {
    value.into_iter().collect()
}
