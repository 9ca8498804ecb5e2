//! What a CI makes of each wrapper: its inputs with their defaults, and the script it runs with
//! them.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::agent::{Agent, Call, Outcome, repository};

/// Inputs by name, in the way of `fail-on`.
pub(super) type Inputs = BTreeMap<String, String>;

pub(super) struct Wrapper {
    pub(super) name: &'static str,
    /// All of them, each with its default.
    pub(super) inputs: fn() -> Inputs,
    pub(super) call: fn(&Inputs) -> Call,
    /// Something was shown where the CI shows such things.
    pub(super) acted: fn(&Agent, &Outcome) -> bool,
}

pub(super) static WRAPPERS: &[Wrapper] = &[
    Wrapper {
        name: "github",
        inputs: github_inputs,
        call: github,
        acted: |_, done| done.said.contains("::error"),
    },
    Wrapper { name: "gitlab", inputs: gitlab_inputs, call: gitlab, acted: has_code_quality },
    Wrapper { name: "buildkite", inputs: buildkite_inputs, call: buildkite, acted: has_annotation },
    Wrapper { name: "bitbucket", inputs: bitbucket_inputs, call: bitbucket, acted: has_insights },
    Wrapper { name: "circleci", inputs: circleci_inputs, call: circleci, acted: has_failed_test },
    Wrapper { name: "azure", inputs: azure_inputs, call: azure, acted: has_failed_test },
    Wrapper { name: "tekton", inputs: tekton_inputs, call: tekton, acted: has_failed_test },
    Wrapper {
        name: "woodpecker",
        inputs: woodpecker_inputs,
        call: woodpecker,
        acted: has_failed_test,
    },
];

/// `fail-on` as a variable: `FAIL_ON`.
pub(super) fn shouted(name: &str) -> String {
    name.replace('-', "_").to_uppercase()
}

fn read(path: &str) -> String {
    fs::read_to_string(repository(path)).unwrap()
}

fn yaml(text: &str) -> Value {
    yaml_serde::from_str(text).unwrap()
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(_) => value.to_string(),
        other => other.to_string(),
    }
}

/// `name: { default: … }`.
fn defaults(map: &Value) -> Inputs {
    let entries = map.as_object().unwrap().iter();
    entries.map(|(name, input)| (name.clone(), text_of(&input["default"]))).collect()
}

/// `- { name: …, default: … }`.
fn listed(list: &Value) -> Inputs {
    let entries = list.as_array().unwrap().iter();
    entries.map(|input| (text_of(&input["name"]), text_of(&input["default"]))).collect()
}

/// Puts values in the place of `${{ inputs.name }}` and its like.
fn filled(text: &str, [open, close]: [&str; 2], inputs: &Inputs) -> String {
    let put = |text: String, (name, value): (&String, &String)| {
        text.replace(&format!("{open}{name}{close}"), value)
    };
    inputs.iter().fold(text.to_owned(), put)
}

/// The variables of a step, filled; what else the CI would put in is left empty.
fn variables(map: &Value, marks: [&str; 2], inputs: &Inputs) -> Vec<(String, String)> {
    let entries = map.as_object().unwrap().iter();
    entries.map(|(name, value)| (name.clone(), filled(&text_of(value), marks, inputs))).collect()
}

fn with(mut variables: Vec<(String, String)>, more: &[(&str, &str)]) -> Vec<(String, String)> {
    variables.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    variables
}

/// Inputs as variables that begin so.
fn prefixed(prefix: &str, inputs: &Inputs) -> Vec<(String, String)> {
    let given = inputs.iter().filter(|(_, value)| !value.is_empty());
    given.map(|(name, value)| (format!("{prefix}{}", shouted(name)), value.clone())).collect()
}

fn github_inputs() -> Inputs {
    defaults(&yaml(&read("action.yml"))["inputs"])
}

fn github(inputs: &Inputs) -> Call {
    let action = yaml(&read("action.yml"));
    let steps = action["runs"]["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["id"] == "judge").unwrap();
    let root = repository("");
    let more = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_ACTION_PATH", root.to_str().unwrap().trim_end_matches('/')),
        ("GITHUB_OUTPUT", "outputs"),
        ("GITHUB_STEP_SUMMARY", "summary.md"),
        ("GITHUB_REPOSITORY", "team/app"),
        ("GITHUB_REF", "refs/pull/7/merge"),
    ];
    let variables = with(variables(&step["env"], ["${{ inputs.", " }}"], inputs), &more);
    Call { script: text_of(&step["run"]), variables }
}

fn gitlab_parts() -> (String, String) {
    let text = read("integrations/gitlab/templates/cachediag.yml");
    let (head, body) = text.split_once("\n---\n").unwrap();
    (head.to_owned(), body.to_owned())
}

fn gitlab_inputs() -> Inputs {
    defaults(&yaml(&gitlab_parts().0)["spec"]["inputs"])
}

fn gitlab(inputs: &Inputs) -> Call {
    let pipeline = yaml(&filled(&gitlab_parts().1, ["$[[ inputs.", " ]]"], inputs));
    let job = &pipeline["cachediag"];
    let script: Vec<String> = job["script"].as_array().unwrap().iter().map(text_of).collect();
    let variables =
        with(variables(&job["variables"], ["", ""], &Inputs::new()), &[("GITLAB_CI", "true")]);
    Call { script: script.join("\n"), variables }
}

fn has_code_quality(agent: &Agent, _: &Outcome) -> bool {
    let issues = fs::read_to_string(agent.file("cachediag-reports/gl-code-quality.json")).unwrap();
    !serde_json::from_str::<Value>(&issues).unwrap().as_array().unwrap().is_empty()
}

fn buildkite_inputs() -> Inputs {
    let plugin = yaml(&read("integrations/buildkite/plugin.yml"));
    plugin["configuration"]["properties"]
        .as_object()
        .unwrap()
        .keys()
        .map(|name| (name.clone(), String::new()))
        .collect()
}

fn buildkite(inputs: &Inputs) -> Call {
    let mut variables = prefixed("BUILDKITE_PLUGIN_CACHEDIAG_", inputs);
    // A list of the step arrives numbered.
    if let Some(logs) = variables.iter_mut().find(|(name, _)| name.ends_with("_LOGS")) {
        logs.0 += "_0";
    }
    let hook = repository("integrations/buildkite/hooks/post-command");
    Call {
        script: hook.display().to_string(),
        variables: with(variables, &[("BUILDKITE", "true")]),
    }
}

fn has_annotation(agent: &Agent, _: &Outcome) -> bool {
    agent.called().contains("buildkite-agent annotate --style error --context cachediag")
}

fn bitbucket_inputs() -> Inputs {
    let pipe = listed(&yaml(&read("integrations/bitbucket/pipe.yml"))["variables"]);
    pipe.into_iter().map(|(name, value)| (name.to_lowercase().replace('_', "-"), value)).collect()
}

fn bitbucket(inputs: &Inputs) -> Call {
    let of_ci = [
        ("BITBUCKET_BUILD_NUMBER", "12"),
        ("BITBUCKET_REPO_FULL_NAME", "team/app"),
        ("BITBUCKET_COMMIT", "0a1b2c"),
    ];
    let pipe = repository("integrations/bitbucket/pipe.sh");
    Call { script: pipe.display().to_string(), variables: with(prefixed("", inputs), &of_ci) }
}

/// Where `jq` is missing nothing can be sent, which is said.
fn has_insights(agent: &Agent, done: &Outcome) -> bool {
    agent.called().contains("reports/cachediag/annotations")
        || done.said.contains("error[") && done.said.contains("this image has no jq")
}

fn circleci_inputs() -> Inputs {
    defaults(&yaml(&read("integrations/circleci/src/commands/judge.yml"))["parameters"])
}

fn circleci(inputs: &Inputs) -> Call {
    let command = yaml(&read("integrations/circleci/src/commands/judge.yml"));
    let step =
        command["steps"].as_array().unwrap().iter().find(|step| step.get("run").is_some()).unwrap();
    let variables = variables(&step["run"]["environment"], ["<< parameters.", " >>"], inputs);
    Call {
        script: text_of(&step["run"]["command"]),
        variables: with(variables, &[("CIRCLECI", "true")]),
    }
}

fn azure_inputs() -> Inputs {
    listed(&yaml(&read("integrations/azure/cachediag.yml"))["parameters"])
}

fn azure(inputs: &Inputs) -> Call {
    let template = yaml(&read("integrations/azure/cachediag.yml"));
    let step = template["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step.get("bash").is_some())
        .unwrap();
    let variables = variables(&step["env"], ["${{ parameters.", " }}"], inputs);
    Call { script: text_of(&step["bash"]), variables: with(variables, &[("TF_BUILD", "True")]) }
}

fn tekton_inputs() -> Inputs {
    listed(&yaml(&read("integrations/tekton/cachediag.yaml"))["spec"]["params"])
}

fn tekton(inputs: &Inputs) -> Call {
    let task = yaml(&read("integrations/tekton/cachediag.yaml"));
    let step = &task["spec"]["steps"][0];
    let variables = step["env"].as_array().unwrap().iter().map(|variable| {
        let value = filled(&text_of(&variable["value"]), ["$(params.", ")"], inputs);
        (text_of(&variable["name"]), value.replace("$(workspaces.history.path)", "history"))
    });
    Call { script: text_of(&step["script"]), variables: variables.collect() }
}

/// Settings of a plugin are not declared anywhere: those that its page lists.
fn woodpecker_inputs() -> Inputs {
    buildkite_inputs()
}

fn woodpecker(inputs: &Inputs) -> Call {
    let plugin = repository("integrations/woodpecker/plugin.sh");
    let variables = with(prefixed("PLUGIN_", inputs), &[("CI", "woodpecker")]);
    Call { script: plugin.display().to_string(), variables }
}

fn has_failed_test(agent: &Agent, _: &Outcome) -> bool {
    fs::read_to_string(agent.file("cachediag-reports/junit.xml")).unwrap().contains("<failure")
}
