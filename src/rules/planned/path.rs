//! Directories and Dockerfiles of places, written alike wherever they are named.

use super::At;
use crate::config::Place;

/// Names of the checkout; `{{defaultContext}}` is the repository (docker/build-push-action README).
const CHECKOUT: [&str; 9] = [
    "{{defaultContext}}:",
    "{{defaultContext}}",
    "${{ github.workspace }}",
    "$GITHUB_WORKSPACE",
    "${GITHUB_WORKSPACE}",
    "$CI_PROJECT_DIR",
    "${CI_PROJECT_DIR}",
    "$BITBUCKET_CLONE_DIR",
    "${BITBUCKET_CLONE_DIR}",
];

/// The directory that a place builds, from the checkout on; empty for that itself, however it is
/// written.
pub(in crate::rules) fn context(place: &Place) -> String {
    let own = written_context(place);
    match &place.runs_in {
        Some(folder) if !own.contains("://") => plain(&format!("{folder}/{own}")),
        _ => own,
    }
}

/// The same from the folder that it runs in.
fn written_context(place: &Place) -> String {
    let context = place.expanded(place.context.as_deref().unwrap_or("."));
    if context.contains("://") {
        return context;
    }
    plain(inside(&context))
}

/// A path from the checkout on.
fn inside(path: &str) -> &str {
    CHECKOUT.iter().find_map(|checkout| path.strip_prefix(checkout)).unwrap_or(path)
}

/// Its path as configuration paths are written; `None` where a variable is in it.
pub(in crate::rules) fn dockerfile_path(at: At) -> Option<String> {
    path_from(at, &runs_in(at))
}

/// The folder that a place builds in. A script runs where the job is, which is the checkout.
pub(in crate::rules) fn runs_in(at: At<'_>) -> String {
    let root = if at.config.kind.is_script() { "" } else { root(&at.config.path) };
    in_folder(at.place, root)
}

/// The folder that it builds in, where its job begins in this one.
fn in_folder(place: &Place, root: &str) -> String {
    match &place.runs_in {
        Some(folder) => format!("{root}/{folder}"),
        None => root.to_owned(),
    }
}

/// The paths that it may have, one for each leg, by the folders that its job may run in: that of
/// the file of the CI, and those above it, of which one is the checkout.
pub(super) fn dockerfile_paths(at: At) -> Vec<Vec<String>> {
    if at.config.kind.ci().is_none() {
        return vec![dockerfile_path(at).into_iter().collect()];
    }
    let roots = std::iter::successors(Some(root(&at.config.path)), above);
    roots.map(|root| dockerfile_paths_from(at, root)).collect()
}

/// Those where the job begins in this folder.
pub(super) fn dockerfile_paths_from(at: At, root: &str) -> Vec<String> {
    let root = in_folder(at.place, root);
    let path = path_from(at, &root);
    if path.is_some() {
        return path.into_iter().collect();
    }
    let texts = [at.place.context.as_deref(), at.place.command.file.as_deref()];
    let texts: Vec<&str> = texts.into_iter().flatten().collect();
    let leg = |given: Vec<(String, String)>| {
        let variables = at.place.variables.iter().cloned().chain(given).collect();
        let place = &Place { variables, ..at.place.clone() };
        path_from(At { place, ..at }, &root)
    };
    at.place.combinations(&texts).into_iter().filter_map(leg).collect()
}

/// `ci` of `ci/images`, and then the checkout itself.
fn above<'a>(folder: &&'a str) -> Option<&'a str> {
    (!folder.is_empty()).then(|| folder.rsplit_once('/').map_or("", |(above, _)| above))
}

fn path_from(at: At, root: &str) -> Option<String> {
    let context = written_context(at.place);
    let file = at.place.command.file.as_deref().map(|file| at.place.expanded(file));
    // bake and compose look for the file in the context, the command line in the working directory.
    let path = match file {
        Some(file) if at.place.target.is_some() => format!("{root}/{context}/{file}"),
        Some(file) => format!("{root}/{}", inside(&file)),
        None => format!("{root}/{context}/Dockerfile"),
    };
    (!path.contains(['$', '{', '%']) && !context.contains("://")).then(|| plain(&path))
}

/// Folder that the paths in a file start from: of a CI's own folder the one that holds it.
pub(in crate::rules) fn root(path: &str) -> &str {
    const HIDDEN: [&str; 10] = [
        ".github",
        ".gitea",
        ".forgejo",
        ".buildkite",
        ".gitlab",
        ".circleci",
        ".woodpecker",
        ".azure-pipelines",
        ".azuredevops",
        ".pipelines",
    ];
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut end = 0;
    for part in folder.split('/') {
        if HIDDEN.contains(&part) {
            return folder.get(..end).unwrap_or_default().trim_end_matches('/');
        }
        end += part.len() + 1;
    }
    folder
}

/// Without `.` and empty parts; `..` takes one away.
pub(in crate::rules) fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_compared_without_detours() {
        assert_eq!(plain("./a/../b//Dockerfile"), "b/Dockerfile");
        assert_eq!(root("x/.github/workflows/ci.yml"), "x");
        assert_eq!(root("ci/compose.yaml"), "ci");
        assert_eq!(root("x/.forgejo/workflows/ci.yml"), "x");
        assert_eq!(root(".gitlab/ci/docker.yml"), "");
    }

    #[test]
    fn a_checkout_has_many_names() {
        for (written, meant) in [
            ("./", ""),
            ("{{defaultContext}}", ""),
            ("{{defaultContext}}:api", "api"),
            ("${{ github.workspace }}/api/", "api"),
            ("${CI_PROJECT_DIR}/api", "api"),
            ("$DIR", "web"),
            ("https://example.com/a.git#main", "https://example.com/a.git#main"),
        ] {
            let variables = vec![("DIR".to_owned(), "./web".to_owned())].into();
            let place = Place { context: Some(written.to_owned()), variables, ..Place::default() };
            assert_eq!(context(&place), meant, "{written}");
        }
        assert_eq!(context(&Place::default()), "");
    }
}
