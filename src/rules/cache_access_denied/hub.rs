//! Docker Hub has repositories of two parts, USER/NAME: it refuses others as if the log-in were
//! missing (`GoogleContainerTools/kaniko` issue 524, whose cache is kept in `DESTINATION/cache`
//! where nothing else is asked for).

use crate::finding::Fix;
use crate::rules::remedy::{Form, PLACEHOLDER, Site, reference};

/// Whether Docker Hub can have no such repository.
pub(super) fn is_too_deep(repo: &str) -> bool {
    reference::is_hub(repo) && path(repo).split('/').count() > 2
}

/// Whether it is of Docker Hub's `library`, where nobody but Docker writes: a name without a
/// registry and without a user. None of the account's own repositories has such a name.
pub(super) fn lacks_registry(repo: &str) -> bool {
    reference::is_hub(repo) && !path(repo).contains('/')
}

pub(super) fn cause_without_registry(repo: &str) -> String {
    let name = path(repo);
    format!(
        "`{name}` names no registry. Such a name is one of Docker Hub's own images, \
            docker.io/library/{name}, and nobody but Docker can write there."
    )
}

/// The name written out, beside the image.
pub(super) fn fix_without_registry(repo: &str, site: &Site, tag: Option<&str>) -> Fix {
    let name = path(repo);
    let home = match reference::repository(&site.image).rsplit_once('/') {
        Some((home, _)) if site.image != PLACEHOLDER => home,
        _ => "REGISTRY/TEAM",
    };
    let full = format!("{home}/{name}");
    let option = match (site.form, tag) {
        (Form::Kaniko, _) => format!("--cache-repo={full}"),
        (Form::Buildah, _) => format!("--cache-from {full} --cache-to {full}"),
        (_, Some(tag)) => format!("ref={full}:{tag}"),
        (_, None) => format!("ref={full}"),
    };
    Fix {
        summary: format!("write the cache's full name: {full}"),
        steps: vec![
            "Write the registry in front of the name, where the cache is imported and where it is \
                written; next to the image the same login works."
                .to_owned(),
        ],
        snippet: Some(option),
        ..Fix::default()
    }
}

/// The name that the cache has with the image's registry, where its own names none and the image is
/// not on Docker Hub.
pub(super) fn beside_the_image(repo: &str, site: &Site) -> Option<String> {
    let bare = reference::is_hub(repo) && path(repo) == repo && path(repo).contains('/');
    let elsewhere = site.image != PLACEHOLDER && !reference::is_hub(&site.image);
    (bare && elsewhere).then(|| format!("{}/{repo}", reference::host(&site.image)))
}

/// What is said then of a log-in.
pub(super) fn or_beside_the_image(fix: Fix, full: &str, option: String) -> Fix {
    let first = format!("If the cache belongs next to the image, write its registry: {full}.");
    Fix {
        summary: format!("write the registry in front of the name ({full}), or {}", fix.summary),
        steps: std::iter::once(first).chain(fix.steps).collect(),
        snippet: Some(option),
        ..fix
    }
}

pub(super) fn cause(repo: &str) -> String {
    format!(
        "Docker Hub has repositories of two parts only, USER/NAME, and {} has more.",
        path(repo)
    )
}

pub(super) fn fix(repo: &str, kaniko: bool) -> Fix {
    let (user, name) = path(repo).split_once('/').unwrap_or_default();
    let flat = format!("{user}/{}", name.replace('/', "-"));
    let option = if kaniko {
        format!("--cache-repo=index.docker.io/{flat}")
    } else {
        format!("ref=docker.io/{flat}:buildcache")
    };
    Fix {
        summary: format!("keep the cache in a repository of two parts: {flat}"),
        steps: vec![
            "Name such a repository where the cache is imported and where it is written."
                .to_owned(),
        ],
        snippet: Some(option),
        ..Fix::default()
    }
}

fn path(repo: &str) -> &str {
    reference::without_hub(repo)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_the_hub_cannot_have() {
        assert!(is_too_deep("index.docker.io/team/app/cache") && is_too_deep("team/app/cache"));
        assert!(
            !is_too_deep("team/app")
                && !is_too_deep("r.example.com/team/app/cache")
                && !is_too_deep("docker.io/library/app")
        );
        let fix = fix("index.docker.io/team/app/cache", true);
        assert_eq!(fix.snippet.as_deref(), Some("--cache-repo=index.docker.io/team/app-cache"));
    }
}
