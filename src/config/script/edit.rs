//! Changes to the options of one build command; all other words stay as they are written.

use super::insert::{self, InsertionPoint};
use super::options::{Opt, Options};
use super::shell::{self, Word};
use super::{BuildSpot, program};
use crate::config::patch::Patch;
use crate::config::yaml::{Document, Scalar};
use crate::config::{CacheSettings, Change, Side};
use crate::model::{Command, Tool};

const UNUSUAL: &str = "the script is written in an unusual way";

/// Carries out a change of the command at `spot`. `make` are the lines that make a builder, to
/// stand before the command; none where it is made elsewhere.
pub(crate) fn change(
    doc: &Document,
    spot: &BuildSpot,
    change: &Change,
    make: &[String],
    patch: &mut Patch,
) -> Result<(), String> {
    let mut scalar = Scalar::find(doc, &spot.item.route, &spot.item.value).ok_or(UNUSUAL)?;
    let commands = shell::commands(&spot.item.value);
    let simple = commands.get(spot.nth).ok_or(UNUSUAL)?;
    let words = program(simple);
    let command = super::command(simple).ok_or(UNUSUAL)?;
    let options = Options::of(words, command.tool);
    if let Change::Caches { settings, .. } = change
        && settings.builder
        && !make.is_empty()
    {
        let at =
            simple.outer.or(simple.words.first().map(|word| word.range.start)).ok_or(UNUSUAL)?;
        insert::lines_before(doc, &mut scalar, at, make, patch)?;
    }
    let mut edit =
        ScriptEdit { source: doc.source(), scalar: &scalar, words, options: &options, patch };
    match change {
        Change::Caches { settings, .. } => edit.caches(&command, settings),
        Change::Spec { side, old, new, .. } => edit.spec(*side, old, new),
        Change::UseCache { .. } => edit.use_cache(),
        _ => Err("a script has no such thing".into()),
    }
}

struct ScriptEdit<'a> {
    source: &'a str,
    scalar: &'a Scalar,
    words: &'a [Word],
    options: &'a Options,
    patch: &'a mut Patch,
}

/// Names of the options of a tool.
struct OptionNames {
    from: &'static [&'static str],
    to: &'static [&'static str],
}

const DOCKER: OptionNames = OptionNames { from: &["--cache-from"], to: &["--cache-to"] };
const BUILDCTL: OptionNames = OptionNames { from: &["--import-cache"], to: &["--export-cache"] };

impl ScriptEdit<'_> {
    fn caches(&mut self, command: &Command, settings: &CacheSettings) -> Result<(), String> {
        let same = command.cache_from.iter().map(|s| &s.raw).eq(&settings.from)
            && command.cache_to.iter().map(|s| &s.raw).eq(&settings.to)
            && command.inline() == settings.inline;
        if !same {
            let names = match command.tool {
                Tool::DockerBuild | Tool::BuildxBuild => &DOCKER,
                Tool::Buildctl => &BUILDCTL,
                Tool::Compose => return Err("its caches are set in the compose file".into()),
                Tool::BuildxBake => return Err("its caches are set in the bake file".into()),
                _ => return Err("its tool has other cache options".into()),
            };
            if let Some(variable) = self.options.hidden(self.words) {
                return Err(format!("the command takes options from {variable}"));
            }
            self.lists(names, settings)?;
        }
        if settings.builder { self.through_buildx(command) } else { Ok(()) }
    }

    fn lists(&mut self, names: &OptionNames, settings: &CacheSettings) -> Result<(), String> {
        let (from, to, inline) =
            (self.options.named(names.from), self.options.named(names.to), self.options.inline());
        let written_inline =
            settings.inline && !settings.to.as_deref().is_some_and(super::options::is_inline);
        let mut wanted_to: Vec<String> = settings.to.iter().cloned().collect();
        let mut wanted_inline = Vec::new();
        if written_inline && names.to == BUILDCTL.to {
            wanted_to.push("type=inline".into());
        } else if written_inline {
            wanted_inline.push("BUILDKIT_INLINE_CACHE=1".to_owned());
        }
        let [from_name, to_name] =
            [names.from, names.to].map(|names| names.first().copied().unwrap_or_default());
        let first = self.replace(&from, &settings.from, from_name, None)?;
        let second = self.replace(&to, &wanted_to, to_name, first)?;
        self.replace(&inline, &wanted_inline, "--build-arg", second)?;
        Ok(())
    }

    /// Puts values in the place of others; what is left over goes, what is missing is added behind
    /// them. Returns the last word of these options that stays.
    fn replace(
        &mut self,
        old: &[&Opt],
        new: &[String],
        name: &str,
        behind: Option<usize>,
    ) -> Result<Option<usize>, String> {
        for (old, new) in old.iter().zip(new) {
            self.set(old, new)?;
        }
        for gone in old.iter().skip(new.len()) {
            self.remove(gone)?;
        }
        let last = old.iter().take(new.len()).next_back().map(|opt| opt.words.end - 1).or(behind);
        let added: Vec<String> = new
            .iter()
            .skip(old.len())
            .map(|value| format!("{name} {}", self.quoted(value)))
            .collect();
        if !added.is_empty() {
            self.add(last, &added)?;
        }
        Ok(last)
    }

    fn spec(&mut self, side: Side, old: &str, new: &str) -> Result<(), String> {
        let names =
            side.of(&[DOCKER.from, BUILDCTL.from].concat(), &[DOCKER.to, BUILDCTL.to].concat());
        let found: Vec<Opt> = self
            .options
            .named(&names)
            .into_iter()
            .filter(|opt| opt.value == old)
            .cloned()
            .collect();
        if found.is_empty() {
            return Err("the option is not written in the command itself".into());
        }
        found.iter().try_for_each(|opt| self.set(opt, new))
    }

    fn use_cache(&mut self) -> Result<(), String> {
        let found: Vec<Opt> =
            self.options.named(&["--no-cache", "--no-cache-filter"]).into_iter().cloned().collect();
        if found.is_empty() {
            return Err("the option is not written in the command itself".into());
        }
        found.iter().try_for_each(|opt| self.remove(opt))
    }

    /// `docker build` keeps to the engine's own builder, and another builder keeps its result to
    /// itself unless told where to put it.
    fn through_buildx(&mut self, command: &Command) -> Result<(), String> {
        let verb = self.options.first.saturating_sub(1);
        if command.tool == Tool::DockerBuild {
            let start = if verb == 2 { 1 } else { verb };
            let (start, end) = (self.offset(start)?, self.end(verb)?);
            self.patch.replace(start..end, "buildx build");
        }
        let several = self.options.named(&["--platform"]).iter().any(|opt| opt.value.contains(','));
        let has_output = !self.options.named(&["--push", "--load", "--output", "-o"]).is_empty();
        let builds = matches!(command.tool, Tool::DockerBuild | Tool::BuildxBuild);
        if builds && !has_output && !several {
            self.add(None, &["--load".to_owned()])
        } else {
            Ok(())
        }
    }

    /// Another value for an option; quotes around the old one stay.
    fn set(&mut self, opt: &Opt, new: &str) -> Result<(), String> {
        if opt.value == new {
            return Ok(());
        }
        let start = self.scalar.offset(opt.at.start).ok_or(UNUSUAL)?;
        let end = self.scalar.end_offset(opt.at.end).ok_or(UNUSUAL)?;
        let raw = self.scalar.value.get(opt.at.clone()).unwrap_or_default();
        let new = if raw.starts_with(['"', '\'']) { double_quoted(new) } else { self.quoted(new) };
        self.patch.replace(start..end, self.scalar.written(&new).ok_or(UNUSUAL)?);
        Ok(())
    }

    /// Takes an option out, with the gap in front of it.
    fn remove(&mut self, opt: &Opt) -> Result<(), String> {
        let before = opt.words.start.checked_sub(1).ok_or(UNUSUAL)?;
        let (start, end) = (self.end(before)?, self.end(opt.words.end - 1)?);
        self.patch.replace(start..end, "");
        Ok(())
    }

    /// Adds options behind a word, else where the command begins to list its options.
    fn add(&mut self, behind: Option<usize>, added: &[String]) -> Result<(), String> {
        let place =
            InsertionPoint::find(self.source, self.scalar, self.words, self.options.first, behind)
                .ok_or(UNUSUAL)?;
        let mut text = String::new();
        for option in added {
            text.push_str(&place.gap);
            text.push_str(&self.scalar.written(option).ok_or(UNUSUAL)?);
        }
        self.patch.replace(place.at..place.at, text);
        Ok(())
    }

    fn offset(&self, word: usize) -> Result<usize, String> {
        let at = self.words.get(word).and_then(|word| self.scalar.offset(word.range.start));
        at.ok_or_else(|| UNUSUAL.to_owned())
    }

    fn end(&self, word: usize) -> Result<usize, String> {
        let at = self.words.get(word).and_then(|word| self.scalar.end_offset(word.range.end));
        at.ok_or_else(|| UNUSUAL.to_owned())
    }

    /// In quotes where the shell needs them, or where the other cache options have them.
    fn quoted(&self, value: &str) -> String {
        let names = [DOCKER.from, DOCKER.to].concat();
        let raw = |opt: &&Opt| {
            self.scalar.value.get(opt.at.clone()).is_some_and(|raw| raw.starts_with(['"', '\'']))
        };
        let needed = outside_expressions(value)
            .contains([' ', ';', '&', '|', '(', ')', '<', '>', '*', '?', '\'']);
        if needed || self.options.named(&names).iter().any(raw) {
            double_quoted(value)
        } else {
            value.to_owned()
        }
    }
}

fn double_quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('"', "\\\""))
}

/// GitHub puts values in the place of `${{ … }}` before a shell sees the line.
fn outside_expressions(value: &str) -> String {
    let mut pieces = value.split("${{");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces
        .fold(first, |text, piece| text + piece.split_once("}}").map_or(piece, |(_, after)| after))
}
