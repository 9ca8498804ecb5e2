//! Walks the parsed YAML. Knows the file's shape, not its text: lines are filled in afterwards.

use yaml_serde::Value;

use crate::config::yaml::{Document, Route, entries, field, key, line_of_key, span, text, texts};

use super::{CacheDefinition, CacheUse, PipelineStep, Pipelines};

/// Everything but the lines.
pub(super) fn pipelines(root: &Value) -> Pipelines {
    let mut walk = Walk { image: image(root), ..Walk::default() };
    if let Some(pipelines) = root.get("pipelines") {
        walk.pipelines(pipelines, &key(&Route::default(), "pipelines"));
    }
    Pipelines {
        steps: walk.steps,
        caches: definitions(root),
        runtime: runtime(root.get("options")),
        image: walk.image,
    }
}

/// Lines of steps and of the caches they name; 0 stays where the text has another shape than
/// thought.
pub(super) fn fill_lines(steps: &mut [PipelineStep], text: &str) {
    let Ok(doc) = Document::new(text) else { return };
    for step in steps {
        step.line = line_of_key(&doc, &step.route);
        let Some(field) = field(&doc, &step.route, "caches") else { continue };
        for (index, cache) in step.caches.iter_mut().enumerate() {
            cache.line = span(&doc, &field.route.with_key(index)).map_or(0, |span| span.line);
        }
    }
}

#[derive(Default)]
struct Walk {
    steps: Vec<PipelineStep>,
    groups: usize,
    image: Option<String>,
}

impl Walk {
    /// `default:` holds a list, `branches:`, `pull-requests:`, `custom:` and `tags:` hold named
    /// lists.
    fn pipelines(&mut self, value: &Value, at: &Route) {
        for (kind, value) in entries(value) {
            let at = key(at, kind);
            if value.is_sequence() {
                self.list(value, &at, kind, None);
                continue;
            }
            for (name, value) in entries(value) {
                self.list(value, &key(&at, name), &format!("{kind}.{name}"), None);
            }
        }
    }

    fn list(&mut self, value: &Value, at: &Route, pipeline: &str, group: Option<usize>) {
        for (index, item) in value.as_sequence().into_iter().flatten().enumerate() {
            self.item(item, &at.with_key(index), pipeline, group);
        }
    }

    fn item(&mut self, item: &Value, at: &Route, pipeline: &str, group: Option<usize>) {
        if let Some(step) = item.get("step") {
            self.step(step, key(at, "step"), pipeline, group);
        }
        if let Some(parallel) = item.get("parallel") {
            let group = self.groups;
            self.groups += 1;
            self.block(parallel, &key(at, "parallel"), pipeline, Some(group));
        }
        if let Some(stage) = item.get("stage") {
            self.block(stage, &key(at, "stage"), pipeline, group);
        }
    }

    /// A list of steps, or a mapping with `steps:` beside settings such as `fail-fast`.
    fn block(&mut self, value: &Value, at: &Route, pipeline: &str, group: Option<usize>) {
        match value.get("steps") {
            Some(steps) => self.list(steps, &key(at, "steps"), pipeline, group),
            None => self.list(value, at, pipeline, group),
        }
    }

    fn step(&mut self, value: &Value, route: Route, pipeline: &str, parallel: Option<usize>) {
        if !value.is_mapping() {
            return;
        }
        let number = self.steps.len() + 1;
        self.steps.push(PipelineStep {
            name: value.get("name").and_then(text).unwrap_or_else(|| format!("step {number}")),
            pipeline: pipeline.to_owned(),
            parallel,
            caches: texts(value.get("caches"))
                .into_iter()
                .map(|name| CacheUse { name, line: 0 })
                .collect(),
            services: texts(value.get("services")),
            script: script(value.get("script")),
            after_script: script(value.get("after-script")),
            runtime: runtime(Some(value)),
            image: image(value).or_else(|| self.image.clone()),
            self_hosted: value.get("runs-on").is_some(),
            line: 0,
            route,
        });
    }
}

fn script(value: Option<&Value>) -> Vec<String> {
    value.and_then(Value::as_sequence).into_iter().flatten().map(script_line).collect()
}

/// `- docker build .`, `- pipe: vendor/name:1.0` with variables beside it, or (by a common slip) a
/// nested list.
fn script_line(item: &Value) -> String {
    match item.get("pipe").and_then(text) {
        Some(pipe) => format!("pipe: {pipe}"),
        None => text(item).unwrap_or_else(|| texts(Some(item)).join("\n")),
    }
}

fn definitions(root: &Value) -> Vec<CacheDefinition> {
    let caches = root.get("definitions").and_then(|d| d.get("caches"));
    caches
        .map(entries)
        .unwrap_or_default()
        .into_iter()
        .map(|(name, value)| definition(name, value))
        .collect()
}

fn definition(name: &str, value: &Value) -> CacheDefinition {
    let path = text(value).or_else(|| value.get("path").and_then(text)).unwrap_or_default();
    let key_files = texts(value.get("key").and_then(|k| k.get("files")));
    CacheDefinition { name: name.to_owned(), path, key_files }
}

fn runtime(value: Option<&Value>) -> Option<String> {
    text(value?.get("runtime")?.get("cloud")?.get("version")?)
}

/// `image: node:20` or `image: {name: node:20, username: …}`.
fn image(value: &Value) -> Option<String> {
    let image = value.get("image")?;
    text(image).or_else(|| image.get("name").and_then(text))
}
