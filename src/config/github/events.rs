//! Which references the runs have that come to a job or step: by `on:` and `if:`.
//!
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows>.
//! What is not understood excludes nothing.

use std::collections::HashMap;

use yaml_serde::Value;

use crate::config::refs::Refs;
use crate::config::yaml::{entries, one_or_more, text, texts};

/// Other workflows may call it.
pub(super) fn is_called(root: &Value) -> bool {
    let Some(on) = root.get("on") else { return false };
    let one = text(on).is_some_and(|event| event == "workflow_call");
    one || texts(Some(on)).iter().any(|event| event == "workflow_call")
        || entries(on).iter().any(|(event, _)| *event == "workflow_call")
}

/// Of a whole workflow.
pub(super) fn of_workflow(root: &Value) -> Refs {
    let Some(on) = root.get("on") else { return Refs::default() };
    let mut events: Vec<(String, Option<&Value>)> = match text(on) {
        Some(event) => vec![(event, None)],
        None => texts(Some(on)).into_iter().map(|event| (event, None)).collect(),
    };
    events.extend(entries(on).into_iter().map(|(event, filter)| (event.to_owned(), Some(filter))));
    // Beside other events a start by hand is the exception.
    if events.iter().any(|(event, _)| event != "workflow_dispatch") {
        events.retain(|(event, _)| event != "workflow_dispatch");
    }
    let all = events.iter().map(|(event, filter)| of_event(event, *filter));
    all.reduce(Refs::or).unwrap_or_default()
}

fn of_event(event: &str, filter: Option<&Value>) -> Refs {
    match event {
        "push" => pushed(filter),
        "workflow_call" | "create" | "delete" => Refs::default(),
        "release" => Refs::TAGS,
        // A merge queue has references of its own as well.
        "pull_request" | "merge_group" => Refs::REQUESTS,
        _ => Refs::BRANCHES,
    }
}

/// Filters of one kind only leave the other kind out.
fn pushed(filter: Option<&Value>) -> Refs {
    let has = |name: &str| filter.is_some_and(|filter| filter.get(name).is_some());
    match (has("branches") || has("branches-ignore"), has("tags") || has("tags-ignore")) {
        (true, false) => Refs::BRANCHES,
        (false, true) => Refs::TAGS,
        _ => Refs::BRANCHES.or(Refs::TAGS),
    }
}

/// The name of a branch or tag that starts it may hold a slash; pull requests are called
/// `12/merge`.
pub(super) fn has_slashes(root: &Value) -> bool {
    let Some(on) = root.get("on") else { return false };
    let named: Vec<String> = text(on).map_or_else(|| texts(Some(on)), |event| vec![event]);
    let listed = named.iter().map(|event| (event.as_str(), None));
    let filtered = entries(on).into_iter().map(|(event, filter)| (event, Some(filter)));
    listed.chain(filtered).any(|(event, filter)| match event {
        "pull_request" | "pull_request_target" | "merge_group" => true,
        "push" => {
            let list = |name: &str| filter.and_then(|filter| filter.get(name)).map(one_or_more);
            let (branches, tags) = (list("branches"), list("tags"));
            let open = branches.is_none() && tags.is_none();
            open || branches
                .iter()
                .chain(&tags)
                .flatten()
                .any(|pattern| pattern.contains('/') || pattern.contains("**"))
        }
        _ => false,
    })
}

/// The jobs of a workflow by their keys.
pub(super) type Jobs<'a> = HashMap<&'a str, &'a Value>;

/// References whose runs come to a job, and whether their names may hold a slash, of those that come
/// to its workflow.
pub(super) fn of_job(job: &Value, all: &Jobs, refs: Refs, slashes: bool) -> (Refs, bool) {
    let gates = gates(job, all);
    let refs = gates.iter().map(|job| of_condition(job)).fold(refs, Refs::and);
    (refs, slashes && !gates.iter().any(|job| names_plain_branches(job)))
}

/// The job, and the jobs that it needs, whose conditions hold for it: where one of them is skipped,
/// so is it, unless its own condition says otherwise
/// (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idneeds>).
fn gates<'a>(job: &'a Value, all: &Jobs<'a>) -> Vec<&'a Value> {
    const MOST: usize = 32;
    let mut found = vec![job];
    let mut next = 0;
    while let Some(job) = found.get(next).copied() {
        next += 1;
        if runs_anyway(job) {
            continue;
        }
        let needed = job.get("needs").map(one_or_more).unwrap_or_default();
        for job in needed.iter().filter_map(|name| all.get(name.as_str()).copied()) {
            let known = found.iter().any(|known| std::ptr::eq(*known, job));
            if !known && found.len() < MOST {
                found.push(job);
            }
        }
    }
    found
}

/// Its condition asks how the jobs before it ended, and lets it run where they were skipped.
fn runs_anyway(job: &Value) -> bool {
    let condition = job.get("if").and_then(text).unwrap_or_default();
    ["always()", "cancelled()", "failure()"].iter().any(|asked| condition.contains(asked))
}

/// A condition may skip it in a run that does not fail.
pub(super) fn may_be_skipped(step: &Value) -> bool {
    const NEVER: [&str; 4] = ["always()", "!cancelled()", "success()", "success()||failure()"];
    let Some(condition) = step.get("if").and_then(text) else { return false };
    let condition = condition.replace("${{", "").replace("}}", "").replace(' ', "");
    !NEVER.contains(&condition.as_str())
}

/// Its `if:` lets the runs of few branches through, whose names have no slash, or begin with a word
/// of their own: `startsWith(github.ref, 'refs/heads/release-')`.
pub(super) fn names_plain_branches(value: &Value) -> bool {
    const NAMED: [&str; 6] = [
        "github.ref=='refs/heads/",
        "github.ref=='refs/tags/",
        "startsWithgithub.ref,'refs/tags/",
        "github.ref_name=='",
        "startsWithgithub.ref,'refs/heads/",
        "startsWithgithub.ref_name,'",
    ];
    let Some(condition) = value.get("if").and_then(text) else { return false };
    let condition = condition.replace([' ', '"', '(', ')'], "");
    let names_one = |alternative: &str| {
        NAMED.iter().any(|prefix| {
            let name = alternative.split(prefix).nth(1).and_then(|rest| rest.split('\'').next());
            name.is_some_and(|name| !name.is_empty() && !name.contains('/'))
        })
    };
    // `push && (a || b)`: what stands before the group holds for all of it.
    condition.split("||").all(names_one)
}

/// What an `if:` leaves. A group in parentheses is read as if they were not there, which can only
/// leave more.
pub(super) fn of_condition(value: &Value) -> Refs {
    let Some(condition) = value.get("if").and_then(text) else { return Refs::default() };
    let condition = condition.replace("${{", "").replace("}}", "").replace('"', "'");
    if condition.replace(' ', "").contains("!(") {
        return Refs::default();
    }
    let both =
        |alternative: &str| alternative.split("&&").map(of_term).fold(Refs::default(), Refs::and);
    condition.split("||").map(both).reduce(Refs::or).unwrap_or_default()
}

/// `github.event_name != 'pull_request'`, `startsWith(github.ref, 'refs/tags/')`.
fn of_term(term: &str) -> Refs {
    let term = term.replace([' ', '(', ')'], "");
    let (term, negated) =
        term.strip_prefix('!').map_or((term.as_str(), false), |rest| (rest, true));
    let found = match term.split_once("!=") {
        Some((subject, value)) => compared(subject, value).map(Refs::not),
        None => term
            .split_once("==")
            .map_or_else(|| begun(term), |(subject, value)| compared(subject, value)),
    };
    let found = if negated { found.map(Refs::not) } else { found };
    found.unwrap_or_default()
}

/// `None` where the opposite excludes nothing either.
fn compared(subject: &str, value: &str) -> Option<Refs> {
    match (subject, value.trim_matches('\'')) {
        ("github.event_name", "pull_request") => Some(Refs::REQUESTS),
        ("github.ref_type", "tag") => Some(Refs::TAGS),
        ("github.ref_type", "branch") => Some(Refs::TAGS.not()),
        _ => None,
    }
}

/// `startsWith(github.ref,'refs/tags/v')` without its parentheses.
fn begun(term: &str) -> Option<Refs> {
    let tested = term.strip_prefix("startsWith").or_else(|| term.strip_prefix("contains"))?;
    let prefix = tested.strip_prefix("github.ref,'")?;
    if prefix.starts_with("refs/tags") {
        return Some(Refs::TAGS);
    }
    // Another branch has the same kind of reference: the opposite of one with a name excludes
    // nothing.
    (prefix == "refs/heads/'").then_some(Refs::BRANCHES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        yaml_serde::from_str(text).unwrap()
    }

    #[test]
    fn events_have_references() {
        let (pushes, all) = (Refs::BRANCHES.or(Refs::TAGS), Refs::default());
        for (on, refs) in [
            ("push", pushes),
            ("[push, pull_request]", all),
            ("{push: {branches: [main]}}", Refs::BRANCHES),
            ("{push: {tags: ['v*']}, workflow_dispatch: }", Refs::TAGS),
            ("{push: {branches: [main], tags: ['v*']}}", pushes),
            ("{push: {paths: [src]}}", pushes),
            ("workflow_dispatch", Refs::BRANCHES),
            ("{schedule: [{cron: '0 3 * * 0'}]}", Refs::BRANCHES),
            ("{pull_request: {types: [opened]}}", Refs::REQUESTS),
            ("{release: {types: [published]}}", Refs::TAGS),
            ("workflow_call", all),
        ] {
            assert_eq!(of_workflow(&value(&format!("on: {on}"))), refs, "{on}");
        }
        assert_eq!(of_workflow(&value("runs: {}")), all);
    }

    #[test]
    fn a_job_is_skipped_with_those_it_needs() {
        let jobs = value(
            "{plan: {if: \"startsWith(github.ref, 'refs/tags/v')\"}, \
              build: {needs: plan}, push: {needs: [build]}, \
              report: {needs: build, if: always()}, odd: {needs: odd}}",
        );
        let all: Jobs = entries(&jobs).into_iter().collect();
        let of = |name: &str| of_job(all.get(name).unwrap(), &all, Refs::default(), true);
        for name in ["plan", "build", "push"] {
            assert_eq!(of(name), (Refs::TAGS, false), "{name}");
        }
        for name in ["report", "odd"] {
            assert_eq!(of(name), (Refs::default(), true), "{name}");
        }
    }

    #[test]
    fn conditions_leave_some() {
        let all = Refs::default();
        for (condition, refs) in [
            ("github.event_name == 'pull_request'", Refs::REQUESTS),
            ("${{ github.event_name != 'pull_request' && always() }}", Refs::REQUESTS.not()),
            ("startsWith(github.ref, 'refs/tags/v')", Refs::TAGS),
            ("\"!startsWith(github.ref, 'refs/tags/')\"", Refs::TAGS.not()),
            (
                "github.ref_type == 'tag' || github.event_name == 'pull_request'",
                Refs::BRANCHES.not(),
            ),
            ("(github.event_name == 'push' || inputs.x) && github.ref_type == 'tag'", all),
            ("\"!(github.event_name == 'pull_request' && inputs.x)\"", all),
            ("github.ref != 'refs/heads/main'", all),
            ("\"!startsWith(github.ref, 'refs/heads/x')\"", all),
            ("success()", all),
        ] {
            assert_eq!(of_condition(&value(&format!("if: {condition}"))), refs, "{condition}");
        }
        assert_eq!(of_condition(&value("runs-on: x")), all);
    }
}
