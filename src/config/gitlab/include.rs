//! `include:` of files of the same repository: with them a file is one configuration
//! (<https://docs.gitlab.com/ci/yaml/#include>).

use yaml_serde::Value;

use super::documents;
use crate::config::Call;
use crate::config::elsewhere::{may_build_images, unread};
use crate::config::yaml::{self, entries, text};

/// Paths of files of the repository that are included, as written.
pub(super) fn local(root: &Value) -> Vec<String> {
    let Some(include) = root.get("include") else { return Vec::new() };
    match include.as_sequence() {
        Some(list) => list.iter().filter_map(path).collect(),
        None => path(include).into_iter().collect(),
    }
}

/// The same with the inputs that each of them is given: it is filled in anew for each
/// (<https://docs.gitlab.com/ci/inputs/>).
pub(super) fn calls(root: &Value) -> Vec<Call> {
    let list = root.get("include").and_then(Value::as_sequence).into_iter().flatten();
    let call = |include: &Value| {
        let path = include.get("local").and_then(text)?;
        let given = include.get("inputs").map(entries).unwrap_or_default();
        let with = given.into_iter().filter_map(|(name, value)| Some((name.into(), text(value)?)));
        Some(Call { path, with: with.collect(), ..Call::default() })
    };
    list.filter_map(call).collect()
}

/// Inputs that the head of a file declares, with their defaults.
pub(super) fn inputs(head: &str) -> Vec<(String, Option<String>)> {
    let declared = yaml::parse(head.trim_end().trim_end_matches("---")).unwrap_or(Value::Null);
    let inputs = declared.get("spec").and_then(|spec| spec.get("inputs"));
    let with_default =
        |(name, input): (&str, &Value)| (name.to_owned(), input.get("default").and_then(text));
    inputs.map(entries).unwrap_or_default().into_iter().map(with_default).collect()
}

/// A text is a path or an address.
fn path(included: &Value) -> Option<String> {
    match text(included) {
        Some(path) => Some(path).filter(|path| !path.contains("://")),
        None => included.get("local").and_then(text),
    }
}

/// What is included from elsewhere and may build images, in words that are a sentence.
pub(super) fn elsewhere(root: &Value) -> Vec<String> {
    let list = root.get("include").map(|include| match include.as_sequence() {
        Some(list) => list.iter().collect(),
        None => vec![include],
    });
    let all = list.into_iter().flatten().filter_map(foreign);
    all.filter(|name| may_build_images(name)).map(|name| unread(&name)).collect()
}

/// What is included of another project, a catalogue or an address.
fn foreign(included: &Value) -> Option<String> {
    let named = |name: &str| included.get(name).and_then(text);
    if let Some(project) = named("project") {
        let files = included.get("file").map(yaml::one_or_more).unwrap_or_default().join(", ");
        return Some(format!("{files} of the project {project}"));
    }
    if let Some(template) = named("template") {
        return Some(format!("the template {template}"));
    }
    if let Some(component) = named("component") {
        return Some(format!("the component {component}"));
    }
    named("remote").or_else(|| text(included).filter(|path| path.contains("://")))
}

/// The keys of all files in one mapping. The file that includes others is merged over them; among
/// files that are included the later one wins. What only files that are not there could say stays
/// included.
pub(super) fn together(own: Value, others: &[String]) -> Value {
    if others.is_empty() {
        return own;
    }
    let read = |text: &String| yaml::parse(documents(text).1).ok();
    let mut all: Vec<Value> = others.iter().filter_map(read).chain(std::iter::once(own)).collect();
    all.sort_by_key(|file| file.get("include").is_some());
    let foreign = all.iter().any(has_foreign);
    let mut root = all.into_iter().reduce(over).unwrap_or(Value::Null);
    if !foreign && let Some(mapping) = root.as_mapping_mut() {
        mapping.remove("include");
    }
    root
}

/// It includes something of another project, a template or an address.
fn has_foreign(root: &Value) -> bool {
    let Some(include) = root.get("include") else { return false };
    let all = include.as_sequence().map_or(1, Vec::len);
    all > local(root).len()
}

/// Mappings are merged key by key, everything else is replaced.
fn over(below: Value, above: Value) -> Value {
    if !below.is_mapping() || !above.is_mapping() {
        return above;
    }
    let mut merged = below;
    let pairs: Vec<(String, Value)> =
        entries(&above).into_iter().map(|(k, v)| (k.to_owned(), v.clone())).collect();
    if let Some(mapping) = merged.as_mapping_mut() {
        for (name, value) in pairs {
            let old = mapping.remove(name.as_str());
            let new = match old {
                Some(old) => over(old, value),
                None => value,
            };
            mapping.insert(Value::String(name), new);
        }
    }
    merged
}
