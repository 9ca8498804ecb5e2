//! Changes to the inputs of actions and to scripts.

use yaml_serde::Value;

use super::inputs::{lines, possible, setting};
use super::read::{At, WorkflowBuild, builds};
use super::setup;
use crate::config::patch::Patch;
use crate::config::script;
use crate::config::yaml::{self, Document, FieldText, Fields, Scalar, Style, entries, key, text};
use crate::config::{CacheSettings, Change, Side};

const UNUSUAL: &str = "the step is written in an unusual form";

/// Carries out changes.
pub(super) fn correct(source: &str, changes: &[Change]) -> Result<String, String> {
    let root = yaml::parse(source)?;
    let doc = Document::new(source)?;
    let mut found = builds(&root, Some(&doc));
    found.retain(|found| found.place.call.is_none());
    let mut patch = Patch::default();
    for change in changes {
        let build = change
            .place()
            .and_then(|index| found.get(index))
            .ok_or("the build is not in this file")?;
        match &build.at {
            At::Script(spot) => script::change(&doc, spot, change, &[], &mut patch)?,
            At::Build { .. } | At::Bake => Inputs::of(&doc, build)?.change(change, &mut patch)?,
        }
    }
    let builders = changes
        .iter()
        .filter(|change| matches!(change, Change::Caches { settings, .. } if settings.builder));
    let needing: Vec<&WorkflowBuild> =
        builders.filter_map(|change| found.get(change.place()?)).filter(|b| !b.capable).collect();
    setup::insert(&doc, &needing, &mut patch)?;
    patch.apply(source).ok_or_else(|| "the changes contradict each other".into())
}

/// The `with:` block of a step.
struct Inputs<'a> {
    doc: &'a Document,
    build: &'a WorkflowBuild,
    with: &'a Value,
    fields: Fields<'a>,
}

impl<'a> Inputs<'a> {
    fn of(doc: &'a Document, build: &'a WorkflowBuild) -> Result<Self, String> {
        let route = yaml::field(doc, &build.step, "with").ok_or("the action has no inputs")?.route;
        let with = build.value.get("with").ok_or("the action has no inputs")?;
        let names: Vec<&str> = entries(with).into_iter().map(|(name, _)| name).collect();
        Ok(Self { doc, build, with, fields: Fields::find(doc, &route, &names).ok_or(UNUSUAL)? })
    }

    fn change(&self, change: &Change, patch: &mut Patch) -> Result<(), String> {
        match (change, &self.build.at) {
            (Change::Caches { settings, .. }, At::Bake) => self.bake(settings, patch),
            (Change::Caches { settings, .. }, _) => self.caches(settings, patch),
            (Change::Spec { side, old, new, .. }, _) => self.spec(*side, old, new, patch),
            (Change::UseCache { .. }, _) => self.use_cache(patch),
            _ => Err("a workflow has no such thing".into()),
        }
    }

    fn caches(&self, settings: &CacheSettings, patch: &mut Patch) -> Result<(), String> {
        let to = settings.to.clone().or_else(|| settings.inline.then(|| "type=inline".to_owned()));
        self.list("cache-from", &settings.from, patch)?;
        self.list("cache-to", to.as_slice(), patch)?;
        let arguments = self.lines("build-args");
        let kept: Vec<String> = arguments
            .iter()
            .filter(|arg| !arg.starts_with("BUILDKIT_INLINE_CACHE="))
            .cloned()
            .collect();
        if !settings.inline && kept != arguments {
            self.list("build-args", &kept, patch)?;
        }
        // The engine's own builder puts the image into the engine, others keep it to themselves.
        let lost = settings.builder
            && !self.build.capable
            && matches!(self.build.at, At::Build { lost: true });
        if lost { self.fields.set("load", &FieldText::One("true".into()), patch) } else { Ok(()) }
    }

    /// Sets a list input, or takes it out.
    fn list(&self, name: &str, wanted: &[String], patch: &mut Patch) -> Result<(), String> {
        let now = self.input(name);
        let written = self.lines(name);
        let possible: Option<Vec<String>> = written
            .iter()
            .map(|line| possible(line))
            .collect::<Option<Vec<_>>>()
            .map(|all| all.concat());
        if written == wanted || possible.as_deref() == Some(wanted) {
            return Ok(());
        }
        if possible.is_none_or(|possible| possible != written)
            && matches!(name, "cache-from" | "cache-to")
        {
            return Err(format!("{name} is an expression"));
        }
        if let Some(value) = now.as_deref().map(str::trim).filter(|value| is_expression(value)) {
            return Err(format!("{name} is an expression ({value})"));
        }
        match wanted {
            [] => self.fields.remove(name, patch),
            [one] if !now.is_some_and(|value| value.contains('\n')) => {
                self.fields.set(name, &FieldText::One(one.clone()), patch)
            }
            many => self.fields.set(name, &FieldText::Lines(many.to_vec()), patch),
        }
    }

    /// `set: *.cache-to=…`.
    fn bake(&self, settings: &CacheSettings, patch: &mut Patch) -> Result<(), String> {
        let (from, to) = (self.set("cache-from"), self.set("cache-to"));
        let values = |found: &[(String, String)]| {
            found.iter().map(|(_, value)| value.clone()).collect::<Vec<_>>()
        };
        if values(&from) == settings.from
            && values(&to) == settings.to.clone().into_iter().collect::<Vec<_>>()
        {
            return Ok(());
        }
        let (target, _) =
            to.first().or(from.first()).ok_or("its caches are set in the bake file")?;
        if from.iter().chain(&to).any(|(other, _)| other != target) || settings.inline {
            return Err("several targets have caches of their own in it".into());
        }
        let mut new: Vec<String> =
            settings.from.iter().map(|spec| format!("{target}.cache-from={spec}")).collect();
        new.extend(settings.to.iter().map(|spec| format!("{target}.cache-to={spec}")));
        let is_cache = |line: &String| {
            ["cache-from", "cache-to"].iter().any(|name| setting(line, name).is_some())
        };
        let old = self.lines("set");
        let first = old.iter().position(is_cache).unwrap_or(old.len());
        let mut wanted: Vec<String> = old.iter().take(first).cloned().chain(new).collect();
        wanted.extend(old.iter().skip(first).filter(|line| !is_cache(line)).cloned());
        self.list("set", &wanted, patch)
    }

    fn set(&self, name: &str) -> Vec<(String, String)> {
        let lines = self.lines("set");
        lines
            .iter()
            .filter_map(|line| setting(line, name))
            .map(|(target, value)| (target.to_owned(), value.to_owned()))
            .collect()
    }

    /// The specification where it stands in a value; all else of the value stays.
    fn spec(&self, side: Side, old: &str, new: &str, patch: &mut Patch) -> Result<(), String> {
        let mut found = false;
        let names = side.of(&["cache-from"], &["cache-to"]);
        let meant = |line: &str| names.iter().any(|name| setting(line, name).is_some());
        for name in names.iter().copied().chain(["set"]) {
            let Some(value) = self.input(name) else { continue };
            let route =
                key(&yaml::field(self.doc, &self.build.step, "with").ok_or(UNUSUAL)?.route, name);
            for (at, line) in value.split_inclusive('\n').scan(0, |at, line| {
                let start = *at;
                *at += line.len();
                Some((start, line))
            }) {
                let bare = line.trim();
                if bare != old
                    && let Some(inside) = literal(line, old)
                {
                    let scalar = Scalar::find(self.doc, &route, &value).ok_or(UNUSUAL)?;
                    let (start, end) = (at + inside.start, at + inside.end);
                    let span = scalar.offset(start).ok_or(UNUSUAL)?
                        ..scalar.end_offset(end).ok_or(UNUSUAL)?;
                    patch.replace(span, scalar.written(&new.replace('\'', "\'\'")).ok_or(UNUSUAL)?);
                    found = true;
                    continue;
                }
                let other = bare != old && !bare.ends_with(&format!("={old}"));
                if other || (name == "set" && !meant(bare)) {
                    continue;
                }
                let scalar = Scalar::find(self.doc, &route, &value).ok_or(UNUSUAL)?;
                if self.fields.is_flow() && scalar.style == Style::Plain {
                    self.fields.set(name, &FieldText::One(value.replace(old, new)), patch)?;
                    found = true;
                    break;
                }
                let end = at + line.trim_end().len();
                let start = scalar.offset(end - old.len()).ok_or(UNUSUAL)?;
                patch.replace(
                    start..scalar.end_offset(end).ok_or(UNUSUAL)?,
                    scalar.written(new).ok_or(UNUSUAL)?,
                );
                found = true;
            }
        }
        if found { Ok(()) } else { Err("the option is not written in the step itself".into()) }
    }

    fn use_cache(&self, patch: &mut Patch) -> Result<(), String> {
        let asks = |name: &&str| {
            self.input(name).is_some_and(|value| value != "false" && !value.trim().is_empty())
        };
        ["no-cache", "no-cache-filters"]
            .iter()
            .filter(|name| asks(name))
            .try_for_each(|name| self.fields.remove(name, patch))
    }

    fn input(&self, name: &str) -> Option<String> {
        self.with.get(name).and_then(text)
    }

    fn lines(&self, name: &str) -> Vec<String> {
        lines(self.input(name).as_deref())
    }
}

/// The one text of an expression in the line that is this specification.
fn literal(line: &str, spec: &str) -> Option<std::ops::Range<usize>> {
    let quoted = format!("'{}'", spec.replace('\'', "''"));
    let at =
        line.find(&quoted).filter(|at| line.get(..*at).is_some_and(|head| head.contains("${{")))?;
    let again = line.get(at + quoted.len()..).is_some_and(|rest| rest.contains(&quoted));
    (!again).then(|| at + 1..at + quoted.len() - 1)
}

/// The whole value is one expression: what it holds is not known here.
fn is_expression(value: &str) -> bool {
    value
        .strip_prefix("${{")
        .and_then(|rest| rest.split_once("}}"))
        .is_some_and(|(_, behind)| behind.is_empty())
}
