//! Inputs of the actions that build, as the actions read them.
//!
//! docker/build-push-action `src/context.ts`: `cache-from`, `cache-to` and `build-args` hold one
//! value a line, `tags` and `no-cache-filters` are split at commas too.

use yaml_serde::Value;

use crate::config::yaml::{entries, text};
use crate::config::{Place, expression};
use crate::model::{CacheSpec, Command, Quote, Tool};

/// `docker/build-push-action` of a `uses:`, whatever server it is fetched from: Forgejo and Gitea
/// name actions by their address (`https://code.forgejo.org/docker/build-push-action@v6`).
pub(super) fn action(uses: &str) -> String {
    let name = uses.split('@').next().unwrap_or_default();
    let path =
        name.split_once("://").map(|(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    path.unwrap_or(name).trim_end_matches(".git").to_ascii_lowercase()
}

/// docker/build-push-action.
pub(super) fn build_push(step: &Value, quote: Quote) -> Place {
    Place {
        command: command(step, Tool::BuildPushAction, quote),
        context: input(step, "context"),
        ..Place::default()
    }
}

/// docker/bake-action: caches set here (`set: *.cache-to=type=gha`) go before those of the bake
/// file, so the place is the target's only where there are some.
pub(super) fn bake(step: &Value, quote: Quote) -> Place {
    let command = command(step, Tool::BuildxBake, quote);
    let here = !command.cache_from.is_empty() || !command.cache_to.is_empty();
    let target = match command.targets.as_slice() {
        [one] if here => Some(one.clone()),
        _ => None,
    };
    let lines = lines(input(step, "set").as_deref());
    let set = lines.iter().filter_map(|line| line.split_once('='));
    let set = set.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Place { target, command, set, ..Place::default() }
}

fn command(step: &Value, tool: Tool, quote: Quote) -> Command {
    let mut command = Command { quote, ..Command::default() };
    command.tool = tool;
    for (name, value) in step.get("with").map(entries).unwrap_or_default() {
        for line in lines(text(value).as_deref()) {
            match (name, possible(&line)) {
                ("cache-from", None) => command.cache_from.push(CacheSpec::hidden(&line)),
                ("cache-to", None) => command.cache_to.push(CacheSpec::hidden(&line)),
                ("cache-from" | "cache-to", Some(values)) => {
                    for value in &values {
                        command.input(name, value);
                    }
                }
                _ => command.input(name, &line),
            }
        }
    }
    // `${{ github.event_name != 'pull_request' }}` is true in the runs that matter.
    command.push = input(step, "push").is_some_and(|push| push != "false");
    if command.builder.as_ref().is_some_and(|name| name.contains("${{")) {
        command.builder = None;
    }
    command
}

/// The values that a line may have, but for nothing at all; `None` where they are not known. What
/// begins with an option of its own stays as it is written: `type=gha,scope=${{ hashFiles('x') }}`.
pub(super) fn possible(line: &str) -> Option<Vec<String>> {
    let known = if line.contains("${{") { expression::values(line) } else { None };
    let mut values = match known {
        None if line.starts_with("${{") => return None,
        None => vec![line.to_owned()],
        Some(values) => values,
    };
    values.retain(|value| !value.trim().is_empty());
    Some(values)
}

fn input(step: &Value, name: &str) -> Option<String> {
    step.get("with")
        .and_then(|with| with.get(name))
        .and_then(text)
        .filter(|value| !value.is_empty())
}

/// `web.cache-from=type=gha` is `("web", "type=gha")`.
pub(super) fn setting<'a>(line: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let (option, value) = line.split_once('=')?;
    let (target, option) = option.trim_end_matches('+').rsplit_once('.')?;
    (option == name).then_some((target, value))
}

/// The values of a list input. An expression is computed first, and may go on over several lines.
pub(super) fn lines(value: Option<&str>) -> Vec<String> {
    let is_open = |text: &str| {
        text.rfind("${{").is_some_and(|at| text.get(at..).is_some_and(|t| !t.contains("}}")))
    };
    let mut all: Vec<String> = Vec::new();
    for line in
        value.into_iter().flat_map(str::lines).map(str::trim).filter(|line| !line.is_empty())
    {
        match all.last_mut().filter(|last| is_open(last)) {
            Some(last) => {
                last.push(' ');
                last.push_str(line);
            }
            None => all.push(line.to_owned()),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_may_go_on_over_lines() {
        let text = "a\n${{ x &&\n  'type=gha' ||\n '' }},mode=max\n\nb";
        assert_eq!(lines(Some(text)), ["a", "${{ x && 'type=gha' || '' }},mode=max", "b"]);
        assert_eq!(lines(Some("${{ never closed\nb")), ["${{ never closed b"]);
    }
}
