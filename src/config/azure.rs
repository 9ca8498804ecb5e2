//! Azure Pipelines: scripts and the tasks that build images.
//!
//! <https://learn.microsoft.com/azure/devops/pipelines/yaml-schema/>,
//! <https://learn.microsoft.com/azure/devops/pipelines/tasks/reference/docker-v2>

use yaml_serde::Value;

use super::jobs::{self, Job, JobStep, scripts, variables};
use super::script::Builders;
use super::variables::expand;
use super::yaml::{Route, entries, key, text};
use super::{Change, Content, Fate, Kept, Kind, Place, fits_tag, yaml};
use crate::model::{Command, Quote, Text, shell_words};

/// The kind of file.
#[derive(Debug)]
pub(super) struct AzurePipelines;

impl Kind for AzurePipelines {
    fn name(&self) -> &'static str {
        "azure-pipelines"
    }

    fn ci(&self) -> Option<&'static str> {
        Some("azure-pipelines")
    }

    fn variable(&self, name: &str) -> Option<String> {
        Some(format!("$({name})"))
    }

    fn names(&self, path: &str) -> bool {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let folders =
            [".azure-pipelines", ".azuredevops", ".azure", "azure-pipelines", ".pipelines"];
        let named = file.trim_start_matches('.').starts_with("azure-pipelines");
        yaml::is_file(file) && (named || folder.split('/').any(|part| folders.contains(&part)))
    }

    fn looks(&self, text: &str) -> bool {
        text.contains("vmImage:") && (text.contains("- task:") || text.contains("- script:"))
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        let content = jobs::content(text, all)?;
        let (includes, unread) = templates(&yaml::parse(text)?);
        Ok(Content { includes, unread, ..content })
    }

    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String> {
        jobs::correct(text, all, changes)
    }
}

/// Files that jobs and steps are taken from: those of this repository, and what is to be said of
/// others (<https://learn.microsoft.com/azure/devops/pipelines/process/templates>).
fn templates(root: &Value) -> (Vec<String>, Vec<String>) {
    let (mut own, mut others) = (Vec::new(), Vec::new());
    let mut open = vec![root];
    while let Some(value) = open.pop() {
        if let Some(name) = value.get("template").and_then(text) {
            match name.split_once('@') {
                None => own.push(name),
                Some((name, "self")) => own.push(name.to_owned()),
                Some((name, repository)) => others.push(format!(
                    "the template {name} of the repository `{repository}` is not read: it may \
                        build images"
                )),
            }
        }
        open.extend(value.as_sequence().into_iter().flatten());
        let named = entries(value).into_iter().filter(|(name, _)| *name != "variables");
        open.extend(named.map(|(_, value)| value));
    }
    own.sort();
    own.dedup();
    others.sort();
    others.dedup();
    (own, others)
}

fn all(root: &Value) -> Vec<Job> {
    let mut found = Vec::new();
    walk(root, &Route::default(), &Outer { hosted: None, variables: Vec::new() }, &mut found);
    found
}

/// What stages and the pipeline give their jobs.
struct Outer {
    /// The machine is Microsoft's, new for each job.
    hosted: Option<bool>,
    variables: Vec<(String, String)>,
}

/// Stages, jobs or steps of one level.
fn walk(value: &Value, at: &Route, outer: &Outer, found: &mut Vec<Job>) {
    let hosted = value.get("pool").map(is_hosted).or(outer.hosted);
    let variables = [outer.variables.clone(), variables(value.get("variables"))].concat();
    let here = Outer { hosted, variables };
    for list in ["stages", "jobs"] {
        let route = key(at, list);
        for (index, value) in
            value.get(list).and_then(Value::as_sequence).into_iter().flatten().enumerate()
        {
            walk(value, &route.with_key(index), &here, found);
        }
    }
    // A deployment has its steps below a strategy and a hook.
    let strategies = value.get("strategy").map(entries).unwrap_or_default();
    for (name, strategy) in strategies {
        for (hook, inside) in
            entries(strategy).into_iter().filter(|(_, inside)| inside.get("steps").is_some())
        {
            let route = key(&key(&key(at, "strategy"), name), hook);
            found.push(job(value, inside, &route, &here));
        }
    }
    if value.get("steps").is_some() {
        found.push(job(value, value, at, &here));
    }
}

/// Machines of Microsoft's own have an image; a pool of another name takes that for a demand on the
/// project's own agents
/// (<https://learn.microsoft.com/azure/devops/pipelines/yaml-schema/pool>).
fn is_hosted(pool: &Value) -> bool {
    let named = pool.get("name").and_then(text);
    pool.get("vmImage").is_some() && named.is_none_or(|name| name == "Azure Pipelines")
}

fn job(job: &Value, inside: &Value, at: &Route, outer: &Outer) -> Job {
    let at = key(at, "steps");
    let list = inside.get("steps").and_then(Value::as_sequence).into_iter().flatten().enumerate();
    let name = ["job", "deployment"].into_iter().find_map(|name| job.get(name).and_then(text));
    let (legs, plain_legs) = legs(job);
    Job {
        name: name.unwrap_or_default(),
        variables: outer.variables.clone(),
        legs,
        plain_legs,
        slashes: true,
        steps: list
            .flat_map(|(index, step)| of_step(step, &at.with_key(index), &outer.variables))
            .collect(),
        builders: if outer.hosted == Some(true) { Builders::fresh() } else { Builders::unknown() },
        ..Job::default()
    }
}

/// `strategy: matrix:` names its legs and sets variables in each.
fn legs(job: &Value) -> (Vec<String>, Vec<String>) {
    let matrix = job
        .get("strategy")
        .and_then(|strategy| strategy.get("matrix"))
        .map(entries)
        .unwrap_or_default();
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in matrix.iter().flat_map(|(_, leg)| entries(leg)) {
        let values = || matrix.iter().map(|(_, leg)| leg.get(name));
        if !names.contains(&name) && values().any(|value| Some(value) != values().next()) {
            names.push(name);
        }
    }
    let plain = |name: &&&str| {
        matrix
            .iter()
            .all(|(_, leg)| leg.get(**name).and_then(text).is_none_or(|value| fits_tag(&value)))
    };
    let plain_names = names.iter().filter(plain).map(|name| (*name).to_owned()).collect();
    (names.iter().map(|name| (*name).to_owned()).collect(), plain_names)
}

fn of_step(step: &Value, at: &Route, variables: &[(String, String)]) -> Vec<JobStep> {
    let script =
        ["script", "bash", "pwsh", "powershell"].into_iter().find(|name| step.get(name).is_some());
    if let Some(name) = script {
        return scripts(step.get(name), &key(at, name));
    }
    if step.get("template").is_some() {
        return vec![JobStep::Unread];
    }
    let task = step.get("task").and_then(text).unwrap_or_default();
    let input = |name: &str| step.get("inputs").and_then(|inputs| inputs.get(name)).and_then(text);
    let route = key(&key(at, "inputs"), "script");
    match task.split('@').next().unwrap_or_default() {
        "Bash" | "CmdLine" | "PowerShell" => {
            scripts(step.get("inputs").and_then(|inputs| inputs.get("script")), &route)
        }
        "AzureCLI" => scripts(
            step.get("inputs").and_then(|inputs| inputs.get("inlineScript")),
            &key(&key(at, "inputs"), "inlineScript"),
        ),
        "Cache" => vec![kept(&input, at, variables)],
        "Docker" => docker(&input, &key(at, "task")),
        _ => Vec::new(),
    }
}

/// Cache@2: the parts of a key are variables, texts, and files, of which the content counts
/// (<https://learn.microsoft.com/azure/devops/pipelines/release/caching>).
fn kept(
    input: &impl Fn(&str) -> Option<String>,
    at: &Route,
    variables: &[(String, String)],
) -> JobStep {
    let written = input("key").unwrap_or_default();
    let paths = input("path").unwrap_or_default();
    let held = expand(&written, variables);
    let fixed = !held.is_empty() && held.split('|').all(is_fixed);
    let older = input("restoreKeys").unwrap_or_default();
    let older = older.lines().map(str::trim).filter(|key| !key.is_empty()).map(str::to_owned);
    let kept =
        Kept { older: Some(older.collect()), ..Kept::of(&paths, written, Fate::once(fixed)) };
    JobStep::Kept(kept, key(&key(at, "inputs"), "key"))
}

/// A part of a key that is the same in each run of a branch.
fn is_fixed(part: &str) -> bool {
    const SAME: [&str; 9] = [
        "$(agent.os)",
        "$(agent.osarchitecture)",
        "$(agent.jobname)",
        "$(system.jobname)",
        "$(system.definitionid)",
        "$(build.definitionname)",
        "$(build.repository.name)",
        "$(build.sourcebranch)",
        "$(build.sourcebranchname)",
    ];
    let part = part.trim();
    let text = part.trim_matches('"');
    let quoted = text.len() < part.len();
    // A word without a dot, a slash or a star is a text, the rest are files.
    let word = !text.is_empty() && !text.contains(['.', '/', '\\', '*', '$', ',', '!']);
    SAME.contains(&text.to_lowercase().as_str()) || word || quoted && !text.contains('$')
}

/// Docker@2: `build` takes further options as `arguments`, `buildAndPush`, the default, takes none.
fn docker(input: &impl Fn(&str) -> Option<String>, at: &Route) -> Vec<JobStep> {
    let asked = input("command").unwrap_or_else(|| "buildAndPush".to_owned());
    if asked == "login" {
        return vec![JobStep::Login];
    }
    if !matches!(asked.as_str(), "build" | "buildAndPush") {
        return Vec::new();
    }
    let pushes = asked == "buildAndPush";
    let arguments = if pushes { String::new() } else { input("arguments").unwrap_or_default() };
    let split = || arguments.split_ascii_whitespace().map(str::to_owned).collect();
    let arguments = shell_words(&arguments).unwrap_or_else(split);
    let called = ["docker", "build"].into_iter().map(str::to_owned);
    let words: Vec<String> = called.chain(arguments).collect();
    let Some(mut command) = Command::of_words(&words, &Quote::default()) else { return Vec::new() };
    let repository = input("repository").or_else(|| input("imageName"));
    let tags = input("tags").unwrap_or_else(|| "$(Build.BuildId)".to_owned());
    let tags = tags.split(['\n', ',']).map(str::trim).filter(|tag| !tag.is_empty());
    let names = repository
        .iter()
        .flat_map(|image| tags.clone().map(move |tag| Text::from(format!("{image}:{tag}"))));
    command.tags.extend(names);
    command.push |= pushes;
    let file =
        input("Dockerfile").or_else(|| input("dockerFile")).filter(|file| !file.contains('*'));
    command.file = command.file.take().or(file);
    let context = input("buildContext").filter(|context| context != "**");
    vec![JobStep::Build(Box::new(Place { command, context, ..Place::default() }), at.clone())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_included_or_named() {
        let text = "variables:\n  - template: vars.yml\nstages:\n  - template: a.yml\n  - stage: x\n    \
            jobs:\n      - template: b.yml@self\n      - job: y\n        steps:\n          - \
            template: c.yml@shared\n";
        let content = AzurePipelines.read(text).unwrap();
        assert_eq!(content.includes, ["a.yml", "b.yml"]);
        let [said] = content.unread.as_slice() else { panic!("{:?}", content.unread) };
        assert!(said.starts_with("the template c.yml of the repository `shared` is not read"));
    }
}
