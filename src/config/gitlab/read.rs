//! Walks the jobs.

use yaml_serde::Value;

use super::inherit::{chain, items, keyword};
use super::kept;
use crate::config::place::set_before;
use crate::config::script::{self, BuildSpot, Builders, Item};
use crate::config::yaml::{Document, entries, one_or_more, text};
use crate::config::{Place, fits_tag, machine, variables};

/// Keys of the file that are no jobs (GitLab `lib/gitlab/ci/config/entry/root.rb`).
const KEYWORDS: [&str; 13] = [
    "default",
    "include",
    "before_script",
    "image",
    "services",
    "after_script",
    "variables",
    "stages",
    "types",
    "cache",
    "workflow",
    "spec",
    "pages:deploy",
];

/// Builds of all jobs; hidden jobs (`.name`) run only where others extend them.
pub(super) fn builds(root: &Value, doc: Option<&Document>) -> Vec<(Place, BuildSpot)> {
    let jobs = entries(root).into_iter().filter(|(name, value)| {
        value.is_mapping()
            && !name.starts_with('.')
            && !KEYWORDS.contains(name)
            && value.get("trigger").is_none()
    });
    jobs.enumerate().flat_map(|(number, (name, _))| job(root, doc, number, name)).collect()
}

fn job(root: &Value, doc: Option<&Document>, number: usize, name: &str) -> Vec<(Place, BuildSpot)> {
    let chain = chain(root, name);
    let scripts =
        ["before_script", "script", "after_script"].map(|script| keyword(root, &chain, script));
    let scripts: Vec<Item> =
        scripts.iter().flatten().flat_map(|from| items(root, doc, from, 0)).collect();
    let has_dind = has_dind(root, name);
    let mut builders = if has_dind && !is_partial(root, &chain) {
        Builders::fresh()
    } else if !has_dind && runs_in_a_shell(root, &chain) {
        Builders::kept()
    } else {
        Builders::unknown()
    };
    let engines = dind(root, name);
    if engines.iter().any(|image| script::keeps_in_containerd(image)) {
        builders.doubt_store();
    }
    let mut found = script::builds(doc, number, &scripts, &mut builders);
    let parallel = keyword_of_chain(&chain, "parallel");
    let mut variables = variables(root, &chain);
    // Jobs of a matrix have its values in their names.
    if parallel.is_none() {
        variables.push(("CI_JOB_NAME".to_owned(), name.to_owned()));
    }
    let legs = parallel.map(legs).unwrap_or_default();
    let plain = legs.iter().filter(|leg| parallel.is_some_and(|p| is_plain(p, leg)));
    let plain_legs: Vec<String> = plain.cloned().collect();
    let caches = kept::of_job(root, doc, &chain, &variables);
    set_before(found.iter_mut().map(|(place, _)| place), &variables);
    for (place, _) in &mut found {
        builders.end(place);
        name.clone_into(&mut place.job);
        place.machine.engine = engines.first().cloned();
        place.take_legs(&legs, &plain_legs);
        place.crossed = parallel.map(crossed).unwrap_or_default();
        let written = legs.iter().map(|leg| (leg.clone(), values(parallel, leg)));
        place.leg_values.extend(written.filter(|(_, values)| !values.is_empty()));
        place.kept.clone_from(&caches);
        if place.command.platforms.is_empty() {
            place.inputs.extend(runner(&chain, parallel));
        }
        place.resolve();
        place.slashes = !is_of_one_branch(&chain);
    }
    found
}

/// Its rules let the runs of some named branches through, whose names have no slash.
fn is_of_one_branch(chain: &[(String, &Value)]) -> bool {
    let only =
        keyword_of_chain(chain, "only").map(|only| one_or_more(only.get("refs").unwrap_or(only)));
    let plain = |name: &String| {
        matches!(name.as_str(), "tags" | "main" | "master" | "develop" | "schedules" | "web")
            || !name.contains(['/', '*'])
    };
    let groups = [
        "branches",
        "merge_requests",
        "pushes",
        "external_pull_requests",
        "pipelines",
        "triggers",
        "api",
    ];
    if let Some(only) = only {
        return !only.is_empty()
            && only.iter().all(|name| plain(name) && !groups.contains(&name.as_str()));
    }
    let rules =
        keyword_of_chain(chain, "rules").and_then(Value::as_sequence).cloned().unwrap_or_default();
    !rules.is_empty() && rules.iter().all(is_of_plain_names)
}

/// The rule adds no job, or adds it for one branch whose name has no slash, or for tags.
fn is_of_plain_names(rule: &Value) -> bool {
    let never = rule.get("when").and_then(text).as_deref() == Some("never");
    let condition = rule.get("if").and_then(text).unwrap_or_default().replace(' ', "");
    let named =
        |left: &&str| condition.strip_prefix(left).is_some_and(|name| !name.contains(['/', '|']));
    never
        || ["$CI_COMMIT_BRANCH==", "$CI_COMMIT_REF_NAME=="].iter().any(named)
        || condition.starts_with("$CI_COMMIT_TAG")
}

/// GitLab's own templates of scanners say what their jobs do, and nothing for all jobs
/// (`lib/gitlab/ci/templates/Security`).
fn may_set_defaults(include: &Value) -> bool {
    let of_scanner = |one: &Value| {
        let template = one.get("template").and_then(text);
        template.is_some_and(|name| name.starts_with("Security/") || name.starts_with("Jobs/S"))
    };
    match include.as_sequence() {
        Some(all) => !all.iter().all(of_scanner),
        None => !of_scanner(include),
    }
}

/// A part of the job may be written in another file, and make a builder there: what it extends or
/// refers to, and what an included file says for all jobs.
fn is_partial(root: &Value, chain: &[(String, &Value)]) -> bool {
    let mut extended =
        chain.iter().flat_map(|(_, job)| job.get("extends").map(one_or_more).unwrap_or_default());
    let scripts = ["before_script", "script"].map(|name| keyword(root, chain, name));
    let everywhere = root.get("include").is_some_and(may_set_defaults)
        && scripts.first().is_none_or(Option::is_none);
    everywhere
        || extended.any(|parent| root.get(&parent).is_none())
        || scripts.iter().flatten().any(|from| refers_elsewhere(root, from.value))
}

/// `!reference [.docker, before_script]` of a job that is not in the file.
fn refers_elsewhere(root: &Value, value: &Value) -> bool {
    match value {
        Value::Tagged(tagged) => {
            one_or_more(&tagged.value).first().is_some_and(|job| root.get(job).is_none())
        }
        Value::Sequence(list) => list.iter().any(|value| refers_elsewhere(root, value)),
        _ => false,
    }
}

/// A runner of the project's own runs the job without a container, as its tag says: the engine is
/// that of the machine.
fn runs_in_a_shell(root: &Value, chain: &[(String, &Value)]) -> bool {
    let tags = keyword(root, chain, "tags").map(|from| one_or_more(from.value));
    let shell = |tag: &String| tag.split(['-', '_', '.']).any(|word| word == "shell");
    let image = ["image", "services"].iter().any(|name| keyword(root, chain, name).is_some());
    let elsewhere = root.get("include").is_some() || is_partial(root, chain);
    tags.is_some_and(|tags| tags.iter().any(shell)) && !image && !elsewhere
}

/// Whether the job starts Docker's engine as a service: it begins fresh.
pub(super) fn has_dind(root: &Value, job: &str) -> bool {
    !dind(root, job).is_empty()
}

/// The images of such services.
fn dind(root: &Value, job: &str) -> Vec<String> {
    let services = keyword(root, &chain(root, job), "services");
    let list = services.and_then(|from| from.value.as_sequence()).into_iter().flatten();
    let names =
        list.filter_map(|service| text(service).or_else(|| service.get("name").and_then(text)));
    names.filter(|name| name.contains("dind")).collect()
}

fn keyword_of_chain<'a>(chain: &[(String, &'a Value)], name: &str) -> Option<&'a Value> {
    chain.iter().find_map(|(_, value)| value.get(name))
}

/// `parallel: 5` numbers its jobs, `parallel: {matrix: …}` sets variables.
fn legs(parallel: &Value) -> Vec<String> {
    if parallel.as_u64().is_some_and(|count| count > 1) {
        return vec!["CI_NODE_INDEX".to_owned()];
    }
    let rows: Vec<&Value> =
        parallel.get("matrix").and_then(Value::as_sequence).into_iter().flatten().collect();
    let mut names: Vec<&str> = Vec::new();
    for (name, value) in rows.iter().flat_map(|row| entries(row)) {
        let several = value.as_sequence().is_some_and(|list| list.len() > 1);
        let differs = rows.iter().any(|row| row.get(name) != Some(value));
        if (several || differs) && !names.contains(&name) {
            names.push(name);
        }
    }
    names.into_iter().map(str::to_owned).collect()
}

/// Variables of a matrix of one row, whose values are all combined.
fn crossed(parallel: &Value) -> Vec<String> {
    let rows = parallel.get("matrix").and_then(Value::as_sequence).map(Vec::as_slice);
    let Some([row]) = rows else { return Vec::new() };
    let several = |value: &Value| value.as_sequence().is_some_and(|list| list.len() > 1);
    let axes = entries(row).into_iter().filter(|(_, value)| several(value));
    axes.map(|(name, _)| name.to_owned()).collect()
}

/// The tag of its runner, where the jobs of the matrix run on machines of two architectures.
fn runner(chain: &[(String, &Value)], parallel: Option<&Value>) -> Option<String> {
    let tags = keyword_of_chain(chain, "tags").map(one_or_more)?;
    let named = |tag: &String| {
        let names = variables::names(tag);
        let labels = names.iter().flat_map(|name| values(parallel, name)).collect::<Vec<_>>();
        machine::differ(&labels)
    };
    tags.into_iter().find(named)
}

/// Values of a variable of the matrix.
fn values(parallel: Option<&Value>, leg: &str) -> Vec<String> {
    let rows = parallel.and_then(|parallel| parallel.get("matrix")).and_then(Value::as_sequence);
    rows.into_iter().flatten().filter_map(|row| row.get(leg)).flat_map(one_or_more).collect()
}

/// All values of the variable may stand in a tag.
fn is_plain(parallel: &Value, leg: &str) -> bool {
    let values = values(Some(parallel), leg);
    leg == "CI_NODE_INDEX" || (!values.is_empty() && values.iter().all(|value| fits_tag(value)))
}

/// Of the file, of what the job extends, of the job; later ones win.
fn variables(root: &Value, chain: &[(String, &Value)]) -> Vec<(String, String)> {
    let levels = std::iter::once(root).chain(chain.iter().rev().map(|(_, value)| *value));
    let pairs = levels.flat_map(|level| level.get("variables").map(entries).unwrap_or_default());
    let value = |value: &Value| text(value).or_else(|| value.get("value").and_then(text));
    pairs.filter_map(|(name, set)| Some((name.to_owned(), value(set)?))).collect()
}
