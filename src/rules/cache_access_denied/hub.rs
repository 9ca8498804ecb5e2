//! Docker Hub has repositories of two parts, USER/NAME: it refuses others as if the log-in were missing
//! (`GoogleContainerTools/kaniko` issue 524, whose cache is kept in `DESTINATION/cache` where nothing else is asked for).

use crate::finding::Fix;
use crate::rules::remedy::reference;

/// Names under which Docker Hub is spoken to.
const HOSTS: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];

pub(super) fn is_hub(repo: &str) -> bool {
    HOSTS.contains(&reference::host(repo))
}

/// Whether Docker Hub can have no such repository.
pub(super) fn is_too_deep(repo: &str) -> bool {
    is_hub(repo) && path(repo).split('/').count() > 2
}

pub(super) fn cause(repo: &str) -> String {
    format!("Docker Hub has repositories of two parts only, USER/NAME, and {} has more.", path(repo))
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
        steps: vec!["Name such a repository where the cache is imported and where it is written.".to_owned()],
        snippet: Some(option),
        ..Fix::default()
    }
}

fn path(repo: &str) -> &str {
    HOSTS.iter().find_map(|host| repo.strip_prefix(host)?.strip_prefix('/')).unwrap_or(repo)
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
