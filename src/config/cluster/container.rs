//! What a container runs: the program and its words, or a script.

use yaml_serde::Value;

use crate::config::jobs::{JobStep, program_of, scripts};
use crate::config::script::Item;
use crate::config::yaml::{Route, key, one_or_more, text};

/// Ends of parameters in an argument, with how they begin: of Tekton and of Argo.
const PARAMETERS: [(&str, &str); 2] = [("$(", ")"), ("{{", "}}")];

/// What it does. One that is made to wait for commands (`command: [sleep]`) builds nothing itself.
pub(super) fn steps(container: &Value, at: &Route, defaults: &[(String, String)]) -> Vec<JobStep> {
    for name in ["script", "source"] {
        if let Some(script) = container.get(name).and_then(text) {
            let scripts = scripts(container.get(name), &key(at, name));
            return if is_of_shell(&script) { scripts } else { Vec::new() };
        }
    }
    let command = container.get("command").map(one_or_more).unwrap_or_default();
    let arguments = container.get("args").map(one_or_more).unwrap_or_default();
    if let Some(step) = script_of_words(&command, &arguments, at) {
        return vec![step];
    }
    let image = container.get("image").and_then(text).unwrap_or_default();
    let (program, name) = match command.first() {
        Some(program) => (program.clone(), "command"),
        None if arguments.is_empty() => return Vec::new(),
        None => match program_of(&filled(&image, defaults)) {
            Some(program) => (program, "image"),
            None => return Vec::new(),
        },
    };
    let words = command.iter().skip(1).chain(&arguments).map(|word| argument(word, defaults));
    let words = std::iter::once(program).chain(words).collect();
    vec![JobStep::Words(words, key(at, name))]
}

/// A script may be one of any language.
fn is_of_shell(script: &str) -> bool {
    let first = script.trim_start().lines().next().unwrap_or_default();
    !first.starts_with("#!") || first.contains("sh")
}

/// `command: [sh, -c]` with the script behind it, there or in `args`.
fn script_of_words(command: &[String], arguments: &[String], at: &Route) -> Option<JobStep> {
    let words = command.iter().chain(arguments);
    let shell = words.clone().next()?.rsplit('/').next()?;
    if !matches!(shell, "sh" | "bash" | "ash" | "busybox") {
        return None;
    }
    let option = words.clone().position(|word| word.starts_with('-') && word.ends_with('c'))?;
    let value = words.clone().nth(option + 1)?;
    let (list, index) = match (option + 1).checked_sub(command.len()) {
        Some(index) => ("args", index),
        None => ("command", option + 1),
    };
    let route = key(at, list).with_key(index);
    Some(JobStep::Script(Item { route, value: value.as_str().into() }))
}

/// Parameters of a task or workflow with their defaults, as they are named where they are used.
/// What callers give in their place is not known; so one that may hold options is none of these.
pub(super) fn defaults(root: &Value) -> Vec<(String, String)> {
    let spec = root.get("spec");
    let of_tekton = spec.and_then(|spec| spec.get("params"));
    let of_argo =
        spec.and_then(|spec| spec.get("arguments")).and_then(|given| given.get("parameters"));
    let pairs = |list: Option<&Value>, value: &str| -> Vec<(String, String)> {
        let list = list.and_then(Value::as_sequence).into_iter().flatten();
        list.filter_map(|one| Some((text(one.get("name")?)?, text(one.get(value)?)?))).collect()
    };
    let tekton = pairs(of_tekton, "default").into_iter();
    let argo = pairs(of_argo, "value").into_iter();
    let all = tekton
        .map(|(name, value)| (format!("params.{name}"), value))
        .chain(argo.map(|(name, value)| (format!("workflow.parameters.{name}"), value)));
    all.filter(|(_, value)| !value.is_empty() && !value.starts_with('-')).collect()
}

/// A word that is a parameter as a whole may be given any option.
fn argument(word: &str, defaults: &[(String, String)]) -> String {
    let whole = |(open, close): &(&str, &str)| {
        word.starts_with(open) && word.find(close) == word.rfind(close) && word.ends_with(close)
    };
    if PARAMETERS.iter().any(whole) { word.to_owned() } else { filled(word, defaults) }
}

/// The text with parameters that have a default.
fn filled(text: &str, defaults: &[(String, String)]) -> String {
    let mut filled = text.to_owned();
    for (name, value) in defaults {
        for (open, close) in PARAMETERS {
            filled = filled.replace(&format!("{open}{name}{close}"), value);
        }
    }
    filled
}
