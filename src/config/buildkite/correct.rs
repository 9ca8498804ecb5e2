//! Changes to settings of the plugin and to commands.

use super::plugin::{Plugin, of_service};
use super::read::{At, PipelineBuild, builds, uses_of_plugin};
use crate::config::patch::Patch;
use crate::config::script::{self, Maker};
use crate::config::yaml::{self, Document, FieldText, Fields, entries, key_span};
use crate::config::{CacheSettings, Change, Side};

const UNUSUAL: &str = "the plugin's settings are written in an unusual form";
/// Agents may keep their engine, with the builder of a job before.
const MAKE: &str =
    "docker buildx create --name ci --driver docker-container --use || docker buildx use ci";
/// The version that the fix is written for.
const VERSION: &str = "v5.14.0";

/// Carries out changes.
pub(super) fn correct(source: &str, changes: &[Change]) -> Result<String, String> {
    let root = yaml::parse(source)?;
    let doc = Document::new(source)?;
    let mut found = builds(&root, Some(&doc));
    found.retain(|found| found.place.call.is_none());
    let mut patch = Patch::default();
    let mut maker = Maker::default();
    let mut plugins: Vec<Corrected> = Vec::new();
    for change in changes {
        let build = change
            .place()
            .and_then(|index| found.get(index))
            .ok_or("the build is not in this file")?;
        match &build.at {
            At::Script(spot) => {
                let lines = maker.lines(spot, change, || vec![MAKE.to_owned()]);
                script::change(&doc, spot, change, &lines, &mut patch)?;
            }
            At::Plugin(plugin) => {
                corrected(&mut plugins, plugin).ok_or(UNUSUAL)?.change(build, change)?;
            }
        }
    }
    let alone = uses_of_plugin(&root) == 1;
    plugins.iter().try_for_each(|plugin| plugin.write(&doc, alone, &mut patch))?;
    patch.apply(source).ok_or_else(|| "the changes contradict each other".into())
}

/// A use of the plugin with what its settings shall be; several services may be built by one.
struct Corrected<'a> {
    plugin: &'a Plugin,
    from: Vec<String>,
    to: Vec<String>,
    inline: bool,
    builder: bool,
    uses_cache: bool,
}

/// The one of this use, made where it is not there yet.
fn corrected<'a, 'b>(
    all: &'b mut Vec<Corrected<'a>>,
    plugin: &'a Plugin,
) -> Option<&'b mut Corrected<'a>> {
    let same =
        |other: &Corrected| format!("{:?}", other.plugin.route) == format!("{:?}", plugin.route);
    let at = all.iter().position(same).unwrap_or(all.len());
    if at == all.len() {
        all.push(Corrected {
            plugin,
            from: plugin.list("cache-from"),
            to: plugin.list("cache-to"),
            inline: plugin.is_true("buildkit-inline-cache"),
            builder: false,
            uses_cache: false,
        });
    }
    all.get_mut(at)
}

impl Corrected<'_> {
    fn change(&mut self, build: &PipelineBuild, change: &Change) -> Result<(), String> {
        let service = build.place.target.as_deref().unwrap_or_default();
        match change {
            Change::Caches { settings, .. } => self.caches(service, settings),
            Change::Spec { side, old, new, .. } => {
                let (old, new) = (format!("{service}:{old}"), format!("{service}:{new}"));
                let from = if *side == Side::To { &mut [] } else { self.from.as_mut_slice() };
                let to = if *side == Side::From { &mut [] } else { self.to.as_mut_slice() };
                let entries = from.iter_mut().chain(to).filter(|entry| **entry == old);
                let changed = entries.map(|entry| entry.clone_from(&new)).count();
                if changed > 0 {
                    Ok(())
                } else {
                    Err("the option is not written in the step itself".into())
                }
            }
            Change::UseCache { .. } => {
                self.uses_cache = true;
                Ok(())
            }
            _ => Err("a pipeline has no such thing".into()),
        }
    }

    fn caches(&mut self, service: &str, settings: &CacheSettings) -> Result<(), String> {
        replace(&mut self.from, service, &settings.from);
        replace(&mut self.to, service, settings.to.as_slice());
        self.inline = settings.inline;
        self.builder |= settings.builder;
        match self.plugin.driver().as_deref() {
            Some("docker") if settings.builder => {
                Err("the step asks for a builder with the docker driver".into())
            }
            _ => Ok(()),
        }
    }

    fn write(&self, doc: &Document, alone: bool, patch: &mut Patch) -> Result<(), String> {
        let names: Vec<&str> =
            entries(&self.plugin.config).into_iter().map(|(name, _)| name).collect();
        let fields =
            Fields::find(doc, &self.plugin.route, &names).ok_or(UNUSUAL)?.without(&self.gone());
        // What is new goes behind the last field, so that one has to be complete by then.
        let mut lists = [("cache-from", &self.from), ("cache-to", &self.to)];
        lists.sort_by_key(|(name, _)| !names.contains(name));
        for (name, wanted) in lists {
            fields.set_list(name, &self.plugin.list(name), wanted, patch)?;
        }
        match (self.inline, self.plugin.is_true("buildkit-inline-cache")) {
            (true, false) => {
                fields.set("buildkit-inline-cache", &FieldText::One("true".into()), patch)?;
            }
            (false, true) => fields.remove("buildkit-inline-cache", patch)?,
            _ => {}
        }
        let new = self.builder && self.plugin.driver().is_none();
        if new {
            let pairs = [
                ("name", "ci"),
                ("create", "true"),
                ("use", "true"),
                ("driver", "docker-container"),
            ];
            let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
            fields.set("builder", &FieldText::Map(pairs), patch)?;
        }
        if self.uses_cache {
            fields.remove("no-cache", patch)?;
        }
        let asks = new
            || self.inline
            || !self.to.is_empty()
            || self.from.iter().any(|entry| entry.contains("type="));
        if asks { self.raise(doc, alone, patch) } else { Ok(()) }
    }

    /// Fields that go.
    fn gone(&self) -> Vec<&'static str> {
        let goes = [
            ("cache-from", self.from.is_empty()),
            ("cache-to", self.to.is_empty()),
            ("buildkit-inline-cache", !self.inline),
            ("no-cache", self.uses_cache),
        ];
        goes.into_iter().filter(|(_, goes)| *goes).map(|(name, _)| name).collect()
    }

    /// Versions below 5.5.0 know no builder and no `cache-to`.
    fn raise(&self, doc: &Document, alone: bool, patch: &mut Patch) -> Result<(), String> {
        let Some(version) = self.plugin.version().filter(|version| *version < (5, 5)) else {
            return Ok(());
        };
        let pushes = ["image-repository", "image-name"]
            .iter()
            .find(|name| self.plugin.config.get(**name).is_some());
        if version.0 < 5
            && let Some(name) = pushes
        {
            return Err(format!(
                "version 5 of the plugin, which the cache needs, has no {name}: what is pushed is \
                    set by `push`"
            ));
        }
        if version.0 < 5 && !alone {
            return Err(
                "other steps use the plugin, and version 5, which the cache needs, passes images \
                    on by `push` only"
                    .into(),
            );
        }
        let key = key_span(doc, &self.plugin.route).ok_or(UNUSUAL)?;
        let text = doc.source().get(key.start..key.end).ok_or(UNUSUAL)?;
        let written = self.plugin.version.as_deref().unwrap_or_default();
        let start = key.start + text.find('#').ok_or(UNUSUAL)? + 1;
        patch.replace(start..start + written.len(), VERSION);
        Ok(())
    }
}

/// Other entries for a service, where its first one stands; those of other services stay.
fn replace(entries: &mut Vec<String>, service: &str, specs: &[String]) {
    let own = |entry: &String| of_service(entry, service).is_some();
    let first = entries.iter().position(own).unwrap_or(entries.len());
    let before = entries.iter().take(first).cloned();
    let behind = entries.iter().skip(first).filter(|entry| !own(entry)).cloned();
    *entries =
        before.chain(specs.iter().map(|spec| format!("{service}:{spec}"))).chain(behind).collect();
}
