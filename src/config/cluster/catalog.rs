//! Tasks that a pipeline of Tekton takes from elsewhere.

use yaml_serde::Value;

use crate::config::jobs::{Job, JobStep};
use crate::config::script::Builders;
use crate::config::yaml::{Route, entries, key, one_or_more, text};

/// What a file says that builds nothing itself and takes its tasks from elsewhere.
pub(super) fn unread(text: &str) -> Option<String> {
    let elsewhere = ["resolver:", "bundle:"].iter().any(|key| text.contains(key));
    elsewhere.then(|| "runs tasks from elsewhere, which are not read".to_owned())
}

/// The `kaniko` task of Tekton's catalog, which asks for no cache unless its `EXTRA_ARGS` do
/// (tektoncd/catalog `task/kaniko/0.7/kaniko.yaml`).
pub(super) fn kaniko(task: &Value, at: &Route, name: &str) -> Option<Job> {
    let reference = task.get("taskRef").filter(|reference| is_kaniko(reference))?;
    let given = |wanted: &str| parameter(task, wanted).map(one_or_more).unwrap_or_default();
    let words = given("EXTRA_ARGS").iter().flat_map(|argument| words(argument)).collect::<Vec<_>>();
    let image = given("IMAGE").into_iter().map(|image| format!("--destination={image}"));
    let program = "/kaniko/executor".to_owned();
    let words = std::iter::once(program).chain(words).chain(image).collect();
    let at = key(at, "taskRef");
    let route = entries(reference).first().map_or_else(|| at.clone(), |(first, _)| key(&at, first));
    Some(Job {
        name: format!("{name} : build-and-push"),
        slashes: true,
        steps: vec![JobStep::Words(words, route)],
        builders: Builders::unknown(),
        ..Job::default()
    })
}

/// Early versions take all of them in one text.
fn words(arguments: &str) -> Vec<String> {
    arguments.split_ascii_whitespace().map(str::to_owned).collect()
}

/// `resolver: hub`, a bundle of the catalog, or its repository. A task of this name in the cluster
/// may be any.
fn is_kaniko(reference: &Value) -> bool {
    let own = |name: &str| reference.get(name).and_then(text).unwrap_or_default();
    let given = |name: &str| parameter(reference, name).and_then(text).unwrap_or_default();
    let hub = own("resolver") == "hub" && given("name") == "kaniko";
    let bundle = [own("bundle"), given("bundle")];
    let repository = given("url").contains("tektoncd/catalog")
        && given("pathInRepo").trim_start_matches('/').starts_with("task/kaniko/");
    hub || repository || bundle.iter().any(|name| name.contains("catalog/upstream/kaniko"))
}

/// `params: [{name: IMAGE, value: …}]`
fn parameter<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let all = value.get("params")?.as_sequence()?;
    let named = |one: &&Value| one.get("name").and_then(text).as_deref() == Some(name);
    all.iter().find(named)?.get("value")
}
