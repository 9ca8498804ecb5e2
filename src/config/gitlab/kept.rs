//! `cache:` of a job: what is stored under a key is replaced by each job that may store it.
//!
//! Paths are in the project's directory, nothing outside of it is stored
//! (<https://docs.gitlab.com/ci/yaml/#cachepaths>).

use yaml_serde::Value;

use super::inherit::{Inherited, chain, keyword};
use crate::config::yaml::{Document, Route, entries, key, line_of_key, one_or_more, text};
use crate::config::{Fate, Kept};

/// The caches of a job.
pub(super) fn of_job(
    root: &Value,
    doc: Option<&Document>,
    chain: &[(String, &Value)],
    variables: &[(String, String)],
) -> Vec<Kept> {
    let Some(from) = keyword(root, chain, "cache") else { return Vec::new() };
    listed(&from)
        .into_iter()
        .map(|(cache, route)| kept(root, doc, cache, &route, variables))
        .collect()
}

/// One cache, or up to four of a list.
fn listed<'a>(from: &Inherited<'a>) -> Vec<(&'a Value, Route)> {
    let at = |(index, value)| (value, from.route.with_key(index));
    match from.value.as_sequence() {
        Some(list) => list.iter().enumerate().map(at).collect(),
        None => vec![(from.value, from.route.clone())],
    }
}

fn kept(
    root: &Value,
    doc: Option<&Document>,
    cache: &Value,
    at: &Route,
    variables: &[(String, String)],
) -> Kept {
    let named = |name: &str| cache.get(name).map(one_or_more).unwrap_or_default();
    let paths = named("paths");
    let line = |name: &str| doc.map_or(0, |doc| line_of_key(doc, &key(at, name)));
    let outside = !paths.is_empty() && paths.iter().all(|path| is_outside(path));
    let fate = match policy(cache) {
        _ if outside => Fate::Outside,
        Some("pull") if is_never_saved(root, &paths) => Fate::NeverSaved,
        _ => Fate::Found,
    };
    let shown = match fate {
        Fate::Outside => "paths",
        Fate::NeverSaved => "policy",
        Fate::Found | Fate::Frozen => "key",
    };
    // Whoever sets it for the project does not do it here.
    let default = variables.iter().find(|(name, _)| name == "CACHE_FALLBACK_KEY");
    let older = named("fallback_keys").into_iter().chain(default.map(|(_, key)| key.clone()));
    Kept {
        line: line(shown),
        of_files: cache.get("key").is_some_and(Value::is_mapping),
        older: Some(older.collect()),
        ..Kept::of(&paths.join("\n"), written_key(cache), fate)
    }
}

/// `key: {files: […]}` is a hash of what the last commits changed; without one it is `default`.
fn written_key(cache: &Value) -> String {
    let prefix = |key: &Value| key.get("prefix").and_then(text).unwrap_or_default();
    cache
        .get("key")
        .map_or_else(|| "default".to_owned(), |key| text(key).unwrap_or_else(|| prefix(key)))
}

fn policy(cache: &Value) -> Option<&str> {
    cache.get("policy").and_then(Value::as_str)
}

/// An absolute path, which is not that of the project.
fn is_outside(path: &str) -> bool {
    path.starts_with(['/', '~']) && !path.starts_with("/builds/")
}

/// No job of the file that has these paths may save them. Jobs of other repositories may.
fn is_never_saved(root: &Value, paths: &[String]) -> bool {
    let elsewhere = |include: &Value| {
        let list =
            include.as_sequence().map_or_else(|| vec![include], |list| list.iter().collect());
        list.iter().any(|one| one.is_mapping() && one.get("local").is_none())
    };
    let same = |cache: &Value| {
        let own = cache.get("paths").map(one_or_more).unwrap_or_default();
        own.iter().any(|path| paths.contains(path))
    };
    let saves = |cache: &Value| same(cache) && policy(cache) != Some("pull");
    let in_job = |name: &str| {
        let from = keyword(root, &chain(root, name), "cache");
        from.is_some_and(|from| listed(&from).into_iter().any(|(cache, _)| saves(cache)))
    };
    !root.get("include").is_some_and(elsewhere)
        && !entries(root).into_iter().any(|(name, value)| value.is_mapping() && in_job(name))
}

#[cfg(test)]
mod tests {
    use super::super::read::builds;
    use super::*;
    use crate::config::yaml;

    fn fate(cache: &str, more: &str) -> Fate {
        let text = format!("img:\n  cache: {cache}\n  script: docker build .\n{more}");
        let root = yaml::parse(&text).unwrap();
        builds(&root, None).first().unwrap().0.kept.first().unwrap().fate
    }

    #[test]
    fn a_cache_that_no_job_saves_is_told_from_one_that_another_job_saves() {
        let pull = "{key: a, policy: pull, paths: [.bx]}";
        let other = "warm:\n  cache: {key: a, policy: push, paths: [.bx]}\n  script: a\n";
        assert_eq!(fate(pull, ""), Fate::NeverSaved);
        assert_eq!(fate(pull, other), Fate::Found);
        assert_eq!(fate(pull, "include: [{project: a/b, file: c.yml}]\n"), Fate::Found);
        assert_eq!(fate("{key: a, policy: $POLICY, paths: [.bx]}", ""), Fate::Found);
        assert_eq!(fate("{key: a, paths: [/tmp/bx]}", ""), Fate::Outside);
        assert_eq!(fate("{key: a, paths: [$CI_PROJECT_DIR/bx]}", ""), Fate::Found);
    }
}
