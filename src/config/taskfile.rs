//! Files of Task whose tasks a CI calls.
//!
//! <https://taskfile.dev/reference/schema>

use yaml_serde::Value;

use super::jobs::{self, Job, JobStep};
use super::script::{Builders, Item};
use super::yaml::{self, Route, entries, key, text};
use super::{Change, Content, Kind, Place};

/// The kind of file.
#[derive(Debug)]
pub(super) struct Taskfile;

impl Kind for Taskfile {
    fn name(&self) -> &'static str {
        "taskfile"
    }

    fn is_called(&self) -> bool {
        true
    }

    fn read(&self, text: &str) -> Result<Content, String> {
        jobs::content(text, all)
    }

    fn called(&self, text: &str, by: &Place) -> Vec<(usize, Place)> {
        let names = by.call.as_ref().map(|call| call.words.clone()).unwrap_or_default();
        let found = jobs::called(text, |root| {
            let reached = reached(root, names);
            let with_job = |task: Job| {
                if reached.contains(&task.name) { in_job(task, by) } else { task }
            };
            all(root).into_iter().map(with_job).collect()
        });
        found.into_iter().filter(|(_, place)| place.job == REACHED).collect()
    }

    fn correct(&self, text: &str, changes: &[Change]) -> Result<String, String> {
        jobs::correct(text, all, changes)
    }
}

/// The file is one of Task.
pub(super) fn is_taskfile(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    yaml::is_file(&name) && matches!(name.split('.').next(), Some("taskfile"))
}

/// One of these tasks is in the file.
pub(super) fn has_one_of(text: &str, names: &[String]) -> bool {
    let root = yaml::parse(text).ok();
    let tasks = root.as_ref().and_then(|root| root.get("tasks"));
    tasks.is_some_and(|tasks| names.iter().any(|name| tasks.get(name.as_str()).is_some()))
}

/// In place of the name of a task that a call reaches: no task has an empty one.
const REACHED: &str = "";

/// The task as a part of the job that calls it: its own variables come before those of the job, and
/// what stands behind the call before both.
fn in_job(task: Job, by: &Place) -> Job {
    let given = by.call.as_ref().map(|call| call.assigned.clone()).unwrap_or_default();
    let outer = Job::called(by);
    let variables = [outer.variables, task.variables, given].concat();
    Job { steps: task.steps, variables, name: REACHED.to_owned(), ..outer }
}

/// Tasks of these names, and all that they call (`- task: login`) or need (`deps: [login]`).
fn reached(root: &Value, mut names: Vec<String>) -> Vec<String> {
    let mut next = 0;
    while let Some(task) = names.get(next).map(|name| task_of(root, name)) {
        next += 1;
        let lists = ["cmds", "deps"].iter().filter_map(|list| task?.get(*list)?.as_sequence());
        let called = lists.flatten().filter_map(|item| item.get("task").and_then(text));
        let needs = task.and_then(|task| task.get("deps")?.as_sequence());
        let plain = needs.into_iter().flatten().filter_map(text);
        let new: Vec<String> = called.chain(plain).filter(|name| !names.contains(name)).collect();
        names.extend(new);
    }
    names
}

fn task_of<'a>(root: &'a Value, name: &str) -> Option<&'a Value> {
    root.get("tasks")?.get(name)
}

fn all(root: &Value) -> Vec<Job> {
    let tasks = root.get("tasks").map(entries).unwrap_or_default();
    tasks.into_iter().map(|(name, task)| job(root, name, task)).collect()
}

fn job(root: &Value, name: &str, task: &Value) -> Job {
    let route = key(&key(&Route::default(), "tasks"), name);
    let list = task.get("cmds").and_then(Value::as_sequence).into_iter().flatten().enumerate();
    let steps = list.filter_map(|(index, command)| {
        let item = key(&route, "cmds").with_key(index);
        let (value, route) = match text(command) {
            Some(value) => (value, item),
            None => (command.get("cmd").and_then(text)?, key(&item, "cmd")),
        };
        Some(JobStep::Script(Item { route, value: value.into() }))
    });
    let set = |value: &Value| ["vars", "env"].map(|list| jobs::variables(value.get(list))).concat();
    Job {
        name: name.to_owned(),
        variables: [set(root), set(task)].concat(),
        slashes: true,
        steps: steps.collect(),
        builders: Builders::unknown(),
        ..Job::default()
    }
}
