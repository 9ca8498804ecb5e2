//! The docker-compose plugin of a step: which services it builds, with which caches.
//!
//! Its README and docs/upgrading-to-v5.md: `cache-from` and `cache-to` hold
//! `service:specification`; version 4 pulls what it is given, `builder:` and `cache-to` came with
//! 5.5.0, `buildkit-inline-cache` with 5.1.0.

use yaml_serde::Value;

use crate::config::yaml::{Document, Route, entries, key, line_of_key, one_or_more, text};
use crate::config::{Machine, Place};
use crate::model::{CacheSpec, Command, Quote, Tool};

/// One use of the plugin.
#[derive(Clone, Debug)]
pub(super) struct Plugin {
    /// Its settings.
    pub(super) config: Value,
    /// Where they are written.
    pub(super) route: Route,
    /// As written behind `#`; `None` where no version is.
    pub(super) version: Option<String>,
}

impl Plugin {
    /// Uses in `plugins:`, which is a list or a mapping.
    pub(super) fn all(plugins: &Value, at: &Route) -> Vec<Self> {
        let Some(list) = plugins.as_sequence() else { return Self::named(plugins, at) };
        list.iter()
            .enumerate()
            .flat_map(|(index, item)| Self::named(item, &at.with_key(index)))
            .collect()
    }

    fn named(item: &Value, at: &Route) -> Vec<Self> {
        let known = entries(item)
            .into_iter()
            .filter(|(name, config)| is_compose(name) && config.is_mapping());
        known
            .map(|(name, config)| Self {
                config: config.clone(),
                route: key(at, name),
                version: name.split_once('#').map(|(_, version)| version.to_owned()),
            })
            .collect()
    }

    /// A place for each service that it builds.
    pub(super) fn places(&self, doc: Option<&Document>) -> Vec<Place> {
        self.list("build").into_iter().map(|service| self.place(doc, &service)).collect()
    }

    fn place(&self, doc: Option<&Document>, service: &str) -> Place {
        let line = doc.map_or(0, |doc| line_of_key(doc, &key(&self.route, "build")));
        let quoted = doc
            .and_then(|doc| doc.source().lines().nth(usize::try_from(line).ok()?.checked_sub(1)?));
        let own = |name: &str| {
            self.list(name)
                .iter()
                .filter_map(|entry| of_service(entry, service).map(str::to_owned))
                .collect::<Vec<_>>()
        };
        let specs = |name: &str| own(name).iter().map(|raw| CacheSpec::parse(raw)).collect();
        let inline =
            self.is_true("buildkit-inline-cache").then(|| "BUILDKIT_INLINE_CACHE=1".to_owned());
        let tags = own("push").into_iter().filter(|tag| !tag.is_empty()).collect::<Vec<_>>();
        let quote = Quote { line, text: quoted.unwrap_or_default().trim_end().into() };
        let mut command = Command { quote, ..Command::default() };
        command.tool = Tool::Compose;
        command.cache_from = specs("cache-from");
        command.cache_to = specs("cache-to");
        command.build_args = self.list("args").into_iter().chain(inline).collect();
        command.no_cache = self.is_true("no-cache");
        command.file = self.list("config").first().cloned();
        command.target = self.config.get("target").and_then(text);
        command.push = !tags.is_empty() || self.config.get("image-repository").is_some();
        command.tags = tags.into_iter().map(Into::into).collect();
        let (driver, classic) = (self.driver(), self.is_classic());
        let machine = Machine { driver, classic, ..Machine::default() };
        let plugin = self.version();
        Place { target: Some(service.to_owned()), command, machine, plugin, ..Place::default() }
    }

    /// Version 4 calls docker-compose 1 and does not turn `BuildKit` on, unless asked to (its
    /// README: `cli-version`, `buildkit`).
    fn is_classic(&self) -> bool {
        let second =
            self.config.get("cli-version").and_then(text).is_some_and(|version| version == "2");
        self.version().is_some_and(|version| version.0 < 5) && !second && !self.is_true("buildkit")
    }

    /// Driver of the builder that the plugin makes or uses.
    pub(super) fn driver(&self) -> Option<String> {
        let builder = self.config.get("builder")?;
        if builder.get("use").and_then(text).as_deref() != Some("true") {
            return None;
        }
        builder
            .get("driver")
            .and_then(text)
            .or_else(|| builder.get("create").map(|_| "docker-container".to_owned()))
    }

    /// A setting that is one text or a list of them.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        self.config.get(name).map(one_or_more).unwrap_or_default()
    }

    /// A setting that is on.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.config.get(name).and_then(text).is_some_and(|value| value == "true")
    }

    /// Major and minor version; `None` where a branch or nothing is given.
    pub(super) fn version(&self) -> Option<(u32, u32)> {
        let mut parts = self.version.as_deref()?.trim_start_matches('v').split('.');
        Some((parts.next()?.parse().ok()?, parts.next().unwrap_or("0").parse().ok()?))
    }
}

/// `app:type=registry,ref=…` is a specification for `app`.
pub(super) fn of_service<'a>(entry: &'a str, service: &str) -> Option<&'a str> {
    entry.strip_prefix(service)?.strip_prefix(':')
}

/// `docker-compose#v5.1.0`, `buildkite-plugins/docker-compose#…`, or the address of the repository.
fn is_compose(name: &str) -> bool {
    let name = name.split('#').next().unwrap_or_default();
    let last = name.rsplit(['/', ':']).next().unwrap_or_default().trim_end_matches(".git");
    last.trim_end_matches("-buildkite-plugin") == "docker-compose"
}
