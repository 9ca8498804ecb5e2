//! Variables of a matrix that differ between its legs.

use std::collections::BTreeSet;

use yaml_serde::Value;

use crate::config::yaml::{entries, text};
use crate::config::{fits_tag, machine, variables};

/// `matrix.platform` and the like; those with one value are left out. Where the values come from an
/// expression, the variables that the job uses.
pub(super) fn legs(job: &Value) -> Vec<String> {
    let Some(matrix) = job.get("strategy").and_then(|s| s.get("matrix")) else { return Vec::new() };
    if text(matrix).is_some() {
        return used(job);
    }
    let lists =
        entries(matrix).into_iter().filter(|(name, _)| !matches!(*name, "include" | "exclude"));
    let mut names: Vec<&str> =
        lists.filter(|(_, values)| several(values)).map(|(name, _)| name).collect();
    let include = matrix.get("include");
    match include.and_then(Value::as_sequence) {
        Some(list) if names.is_empty() => names = of_entries(list, job),
        None if include.is_some() && names.is_empty() => return used(job),
        _ => {}
    }
    names.into_iter().flat_map(|name| parts(job, name)).collect()
}

/// Axes of a matrix that is the product of its lists: nothing is added to it, nothing taken out.
pub(super) fn crossed(job: &Value) -> Vec<String> {
    let Some(matrix) = job.get("strategy").and_then(|s| s.get("matrix")) else { return Vec::new() };
    let lists = entries(matrix);
    if lists.iter().any(|(name, _)| matches!(*name, "include" | "exclude")) {
        return Vec::new();
    }
    let plain = |values: &Value| {
        let list = values.as_sequence();
        list.is_some_and(|list| list.len() > 1 && list.iter().all(|value| text(value).is_some()))
    };
    let axes = lists.into_iter().filter(|(_, values)| plain(values));
    axes.map(|(name, _)| format!("matrix.{name}")).collect()
}

/// The job without values of its matrix that `exclude` takes out of all legs; `None` where it has
/// no such list. An entry of several variables leaves each value to other legs.
pub(super) fn without_excluded(job: &Value) -> Option<Value> {
    let excluded = job.get("strategy")?.get("matrix")?.get("exclude")?.as_sequence()?;
    let mut kept = job.clone();
    let matrix = kept.get_mut("strategy")?.get_mut("matrix")?;
    for entry in excluded {
        let all = entries(entry);
        let [(name, value)] = all.as_slice() else { continue };
        if let Some(values) = matrix.get_mut(*name).and_then(Value::as_sequence_mut) {
            values.retain(|known| known != *value);
        }
    }
    Some(kept)
}

/// The variable, or the parts of it that tell legs apart, where the job takes it for a mapping: as
/// a text it is `Object` in each of them.
fn parts(job: &Value, name: &str) -> Vec<String> {
    let whole = format!("matrix.{name}");
    let is_part = |used: &String| used.strip_prefix(&whole).is_some_and(|p| p.starts_with('.'));
    let used: Vec<String> = used(job).into_iter().filter(is_part).collect();
    let last = |part: &String| part.rsplit('.').next().map(str::to_owned).unwrap_or_default();
    let named = used.iter().find(|part| matches!(last(part).as_str(), "name" | "id"));
    let distinct = |part: &&String| {
        let all: Vec<String> = values(job, part).iter().filter_map(text).collect();
        let count = all.len();
        count > 1 && all.into_iter().collect::<BTreeSet<_>>().len() == count
    };
    let plain = |part: &&String| distinct(part) && is_plain(job, part);
    match used.iter().find(plain).or(used.iter().find(distinct)).or(named) {
        Some(part) => vec![part.clone()],
        None if used.is_empty() => vec![whole],
        None => used,
    }
}

/// Variables that have one value in all legs, with it. `include` may set them anew.
pub(super) fn constants(job: &Value) -> Vec<(String, String)> {
    let Some(matrix) = job.get("strategy").and_then(|s| s.get("matrix")) else { return Vec::new() };
    let (included, lists): (Vec<_>, Vec<_>) = entries(matrix)
        .into_iter()
        .filter(|(name, _)| *name != "exclude")
        .partition(|(name, _)| *name == "include");
    let Some(included) =
        included.iter().map(|(_, list)| list.as_sequence()).collect::<Option<Vec<_>>>()
    else {
        return Vec::new();
    };
    let included: Vec<&Value> = included.into_iter().flatten().collect();
    let listed = lists
        .iter()
        .flat_map(|(name, values)| values.as_sequence().into_iter().flatten().map(|v| (*name, v)));
    let pairs: Vec<(&str, &Value)> =
        listed.chain(included.iter().flat_map(|entry| entries(entry))).collect();
    let mut found: Vec<(String, String)> = Vec::new();
    for (at, (name, value)) in pairs.iter().enumerate() {
        let everywhere = lists.iter().any(|(known, _)| known == name)
            || (lists.is_empty() && included.iter().all(|entry| entry.get(*name).is_some()));
        let first = pairs.iter().position(|(known, _)| known == name) == Some(at);
        if first && everywhere && pairs.iter().all(|(known, other)| known != name || other == value)
        {
            found.extend(named(&format!("matrix.{name}"), value));
        }
    }
    found
}

/// All values of `matrix.name` are written there and may stand in a tag.
pub(super) fn is_plain(job: &Value, leg: &str) -> bool {
    let values = values(job, leg);
    !values.is_empty()
        && values.iter().all(|value| text(value).is_some_and(|value| fits_tag(&value)))
}

/// Variables of the matrix that the job uses, with all their values.
pub(super) fn all_values(job: &Value) -> Vec<(String, Vec<String>)> {
    let written = |name: String| {
        let values: Option<Vec<String>> = values(job, &name).iter().map(text).collect();
        values.filter(|values| !values.is_empty()).map(|values| (name, values))
    };
    used(job).into_iter().filter_map(written).collect()
}

/// `runs-on`, where the legs run on machines of two architectures.
pub(super) fn machine(job: &Value) -> Option<String> {
    let machine = job.get("runs-on").and_then(text)?;
    let names = variables::names(&machine);
    let values =
        names.iter().filter(|name| name.starts_with("matrix.")).flat_map(|name| values(job, name));
    let labels: Vec<String> = values.filter_map(|value| text(&value)).collect();
    machine::differ(&labels).then_some(machine)
}

/// All values of `matrix.name`, or of a part of it (`matrix.machine.runner`).
fn values(job: &Value, leg: &str) -> Vec<Value> {
    let matrix = job.get("strategy").and_then(|s| s.get("matrix"));
    let mut path = leg.strip_prefix("matrix.").unwrap_or(leg).split('.');
    let name = path.next().unwrap_or_default();
    let listed =
        matrix.and_then(|m| m.get(name)).and_then(Value::as_sequence).into_iter().flatten();
    let included =
        matrix.and_then(|m| m.get("include")).and_then(Value::as_sequence).into_iter().flatten();
    let all = listed.chain(included.filter_map(|entry| entry.get(name)));
    all.filter_map(|value| path.clone().try_fold(value, |value, part| value.get(part)))
        .cloned()
        .collect()
}

/// A variable with its value; of a mapping its parts.
fn named(name: &str, value: &Value) -> Vec<(String, String)> {
    match text(value) {
        Some(text) => vec![(name.to_owned(), text)],
        None => entries(value)
            .into_iter()
            .flat_map(|(part, value)| named(&format!("{name}.{part}"), value))
            .collect(),
    }
}

fn several(values: &Value) -> bool {
    values.as_sequence().map_or_else(|| text(values).is_some(), |list| list.len() > 1)
}

/// One variable that differs in all entries says which leg it is; the one that the job uses most.
fn of_entries<'a>(list: &'a [Value], job: &Value) -> Vec<&'a str> {
    if list.len() < 2 {
        return Vec::new();
    }
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in list.iter().flat_map(entries) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let values = |name: &str| {
        let mut values: Vec<String> =
            list.iter().map(|entry| entry.get(name).and_then(text).unwrap_or_default()).collect();
        values.sort();
        values.dedup();
        values.len()
    };
    let uses = used_names(job.get("steps"));
    let count = |name: &&str| {
        uses.iter().filter(|used| used.strip_prefix("matrix.") == Some(*name)).count()
    };
    let distinct = names.iter().copied().filter(|name| values(name) == list.len());
    // The first of those that are used as often.
    let best = distinct.rev().max_by_key(count);
    best.map_or_else(
        || names.iter().copied().filter(|name| values(name) > 1).collect(),
        |name| vec![name],
    )
}

fn used(job: &Value) -> Vec<String> {
    let mut names: Vec<String> =
        used_names(Some(job)).into_iter().filter(|name| name.starts_with("matrix.")).collect();
    names.sort();
    names.dedup();
    names
}

fn used_names(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => variables::names(text),
        Some(Value::Sequence(list)) => {
            list.iter().flat_map(|value| used_names(Some(value))).collect()
        }
        Some(Value::Mapping(pairs)) => {
            pairs.iter().flat_map(|(_, value)| used_names(Some(value))).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_in_all_legs_is_a_constant() {
        for (matrix, constant) in [
            ("{os: [a], py: [1, 2]}", "matrix.os=a"),
            ("{include: [{name: x, os: a}, {name: y, os: a}]}", "matrix.os=a"),
            ("{include: [{name: x, os: a}, {name: y}]}", ""),
            ("{os: [a], include: [{os: b}]}", ""),
            ("{py: [1, 2], include: [{py: 2, os: a}]}", ""),
            ("{os: [{at: a, on: b}], py: [1, 2]}", "matrix.os.at=a matrix.os.on=b"),
            ("{os: [a], include: '${{ fromJSON(x) }}'}", ""),
            ("'${{ fromJSON(x) }}'", ""),
        ] {
            let job: Value =
                yaml_serde::from_str(&format!("strategy: {{matrix: {matrix}}}")).unwrap();
            let found: Vec<String> =
                constants(&job).iter().map(|(name, value)| format!("{name}={value}")).collect();
            assert_eq!(found.join(" "), constant, "{matrix}");
        }
    }
}
