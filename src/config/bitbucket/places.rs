//! Build commands in the scripts of steps.

use yamlpath::Document;

use super::{Pipelines, Step};
use crate::config::script::{self, Builders, Item, Spot};
use crate::config::yaml::{field, key, span};
use crate::config::{Change, Place};

/// Makes a docker-container builder; the engine is the step's own.
const MAKE: &str = "docker buildx create --name ci --driver docker-container --use";

/// Builds of all steps. A step that several pipelines use by alias is one place.
pub(super) fn find(doc: Option<&Document>, pipelines: &Pipelines) -> Vec<(Place, Spot)> {
    let mut found: Vec<(Place, Spot)> = Vec::new();
    let mut seen: Vec<(usize, &str)> = Vec::new();
    for (job, step) in pipelines.steps.iter().enumerate() {
        let written =
            doc.and_then(|doc| Some((span(doc, &field(doc, &step.route, "script")?.route)?.start, step.name.as_str())));
        if let Some(written) = written {
            if seen.contains(&written) {
                continue;
            }
            seen.push(written);
        }
        found.extend(builds(doc, job, step));
    }
    found
}

fn builds(doc: Option<&Document>, job: usize, step: &Step) -> Vec<(Place, Spot)> {
    let route =
        doc.and_then(|doc| field(doc, &step.route, "script")).map_or_else(|| key(&step.route, "script"), |f| f.route);
    let items: Vec<Item> = step
        .script
        .iter()
        .enumerate()
        .filter(|(_, value)| !value.starts_with("pipe: "))
        .map(|(index, value)| Item { route: route.with_key(index), value: value.clone() })
        .collect();
    let mut builders = if step.self_hosted { Builders::unknown() } else { Builders::fresh() };
    let mut found = script::builds(doc, job, &items, &mut builders);
    for (place, _) in &mut found {
        place.job.clone_from(&step.name);
    }
    found
}

/// Carries out changes.
pub(super) fn correct(text: &str, changes: &[Change]) -> Result<String, String> {
    let doc = Document::new(text).map_err(|e| e.to_string())?;
    let found = find(Some(&doc), &Pipelines::parse(text)?);
    script::correct(&doc, &found, changes, |_| vec![MAKE.to_owned()])
}
