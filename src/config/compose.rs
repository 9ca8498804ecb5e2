//! Compose files: services that are built, with their cache options.
//!
//! Each file is read by itself: what an override adds to another file is for Compose to merge. A
//! service that extends another one has what that one has.

mod correct;

use yaml_serde::Value;

use super::excerpt::Parts;
use super::yaml::{self, Document, Route, entries, key, line_of_key, text, texts};
use super::{Change, Content, Kind, Place};
use crate::model::{Asked, CacheSpec, Command, Quote, Text, Tool};

/// The kind of file.
#[derive(Debug)]
pub(super) struct Compose;

impl Kind for Compose {
    fn name(&self) -> &'static str {
        "compose"
    }

    fn reader(&self) -> Option<Tool> {
        Some(Tool::Compose)
    }

    /// `compose.yaml`, `docker-compose.yml`, `docker-compose.ci.yml`, `compose.override.yaml`.
    fn names(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        let Some((stem, end)) = name.rsplit_once('.') else { return false };
        let first = stem.split('.').next().unwrap_or(stem);
        matches!(end, "yml" | "yaml") && matches!(first, "compose" | "docker-compose")
    }

    fn looks(&self, text: &str) -> bool {
        let starts = |name: &str| text.lines().any(|line| line.trim_end() == name);
        starts("services:") && text.lines().any(|line| line.trim_start().starts_with("build:"))
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        self.read_among(text, &[])
    }

    fn read_among(&self, text: &str, others: &[String]) -> Result<Content, String> {
        let root = yaml::parse(text)?;
        let doc = Document::new(text)?;
        let services = root.get("services").map(entries).unwrap_or_default();
        let others: Vec<Value> = others.iter().filter_map(|text| yaml::parse(text).ok()).collect();
        let elsewhere =
            others.iter().filter_map(|root| root.get("services")).flat_map(entries).collect();
        let all = Services { own: &services, elsewhere };
        let places =
            services.iter().filter_map(|(name, service)| place(&doc, &all, (name, service)));
        Ok(Content {
            places: places.collect(),
            includes: extended_files(&services),
            ..Content::default()
        })
    }

    /// By `extends`.
    fn parts(&self, text: &str, places: &[Place]) -> Option<Parts> {
        Parts::of_jobs(text, "services", true, places)
    }

    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String> {
        self.correct_among(text, &[], changes)
    }

    fn correct_among(
        &self,
        text: &str,
        others: &[String],
        changes: &[Change],
    ) -> Result<String, String> {
        correct::correct(text, &self.read_among(text, others)?, changes)
    }
}

/// Services by name: those of the file, and those of files that it extends.
struct Services<'a> {
    own: &'a [(&'a str, &'a Value)],
    elsewhere: Vec<(&'a str, &'a Value)>,
}

/// Files whose services are extended.
fn extended_files(services: &[(&str, &Value)]) -> Vec<String> {
    let files = services
        .iter()
        .filter_map(|(_, service)| service.get("extends")?.get("file").and_then(text));
    let mut files: Vec<String> = files.collect();
    files.sort();
    files.dedup();
    files
}

/// The build of a service; `None` where it is not built.
fn place(doc: &Document, services: &Services, (name, service): (&str, &Value)) -> Option<Place> {
    let own = service.get("build");
    let base = extended(services, service).and_then(|base| base.get("build"));
    let field = |key: &str| {
        own.and_then(|build| build.get(key)).or_else(|| base.and_then(|build| build.get(key)))
    };
    let short = own.and_then(text).or_else(|| base.and_then(text));
    own.or(base)?;
    let line = line_of_key(doc, &key(&Route::from(["services"]), name));
    let words = |key: &str| texts(field(key));
    // What `docker buildx bake` reads of a Compose file beside it.
    let other = |key: &str| texts(field("x-bake").and_then(|bake| bake.get(key)));
    let specs = |own: &str, of_bake: &str| -> Vec<CacheSpec> {
        words(own).iter().chain(&other(of_bake)).map(|raw| CacheSpec::parse(raw)).collect()
    };
    let asked = Asked {
        tool: Tool::Compose,
        cache_from: specs("cache_from", "cache-from"),
        cache_to: specs("cache_to", "cache-to"),
        build_args: arguments(field("args")),
        no_cache: field("no_cache").and_then(Value::as_bool).unwrap_or(false),
        file: field("dockerfile").and_then(text),
        target: field("target").and_then(text),
        platforms: words("platforms"),
        tags: service
            .get("image")
            .and_then(text)
            .into_iter()
            .chain(words("tags"))
            .map(Text::from)
            .collect(),
        pull: field("pull").and_then(Value::as_bool).unwrap_or(false),
        ..Asked::default()
    };
    let quote = Quote { line, text: line_text(doc, line).into() };
    let command = Command { quote, asked: asked.into(), ..Command::default() };
    let context = short.or_else(|| field("context").and_then(text));
    let inputs = arguments(field("additional_contexts"))
        .into_iter()
        .chain(field("dockerfile_inline").and_then(text));
    let inputs = inputs.collect();
    Some(Place { target: Some(name.to_owned()), command, context, inputs, ..Place::default() })
}

/// The service that this one extends: of the same file, or of another that is there.
fn extended<'a>(services: &Services<'a>, service: &Value) -> Option<&'a Value> {
    let extends = service.get("extends")?;
    let name = text(extends).or_else(|| extends.get("service").and_then(text))?;
    let candidates = if extends.get("file").is_some() { &services.elsewhere } else { services.own };
    candidates.iter().find(|(known, _)| *known == name).map(|(_, service)| *service)
}

/// `args:` or `additional_contexts:` as a list or a mapping; one without a value takes it from the
/// environment.
fn arguments(args: Option<&Value>) -> Vec<String> {
    let pairs = args.map(entries).unwrap_or_default();
    let pair = |(name, value): (&str, &Value)| {
        text(value).map_or_else(|| name.to_owned(), |value| format!("{name}={value}"))
    };
    texts(args).into_iter().chain(pairs.into_iter().map(pair)).collect()
}

fn line_text(doc: &Document, line: u64) -> String {
    let index = usize::try_from(line).ok().and_then(|line| line.checked_sub(1));
    index
        .and_then(|index| doc.source().lines().nth(index))
        .unwrap_or_default()
        .trim_end()
        .to_owned()
}

/// Where the build of a service is written.
fn build_route(service: &str) -> Route {
    key(&key(&Route::from(["services"]), service), "build")
}

#[cfg(test)]
mod tests;
