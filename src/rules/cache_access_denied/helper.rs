//! A docker client whose log-ins are kept by a program that cannot be run or fails: no registry was
//! asked.

use super::{Refusal, backend};
use crate::finding::Fix;

/// `error getting credentials - err: exec: "docker-credential-ecr-login": executable file not found
/// in $PATH` (docker/docker-credential-helpers `client/client.go`).
pub(super) fn fails(group: &[Refusal]) -> bool {
    group.iter().all(|refusal| refusal.said().contains("error getting credentials - err"))
}

pub(super) fn title(repo: &str) -> String {
    format!("no login for the cache in {repo}: the credential helper fails")
}

pub(super) const CAUSE: &str = "The docker client that calls the builder gets its credentials from \
    a helper program, which cannot be run or fails.";

/// `credsStore` and `credHelpers` of the client's configuration name the helper.
pub(super) fn fix(repo: &str) -> Fix {
    let host = backend::place(repo);
    Fix {
        summary: "install the credential helper where the docker client runs, or log in without it"
            .to_owned(),
        steps: vec![
            "The line quoted names the program: it has to be in the PATH of the user who builds, \
                in the job's image too."
                .to_owned(),
            format!(
                "Or take `credsStore` and the `credHelpers` of {host} out of \
                    ~/.docker/config.json, and log in with `docker login` in the job."
            ),
        ],
        ..Fix::default()
    }
}
