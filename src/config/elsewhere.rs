//! What a file takes from other repositories: it is not read, and named where it may build images.

/// A name tells that what is called so may build images.
pub(super) fn may_build_images(name: &str) -> bool {
    const WORDS: [&str; 10] = [
        "docker",
        "ecr",
        "gcr",
        "acr",
        "kaniko",
        "image",
        "buildx",
        "container",
        "buildah",
        "auto-devops",
    ];
    const OTHER: [&str; 13] = [
        "scan",
        "lint",
        "login",
        "setup",
        "metadata",
        "cleanup",
        "prune",
        "pull",
        "push-readme",
        "install",
        "sign",
        "structure-test",
        "description",
    ];
    let name = name.to_ascii_lowercase();
    let has = |words: &[&str]| {
        let mut parts = name.split(|c: char| !c.is_ascii_alphanumeric());
        words.iter().any(|word| name.contains('-') && word.contains('-') && name.contains(word))
            || parts.any(|part| words.iter().any(|word| is_form_of(part, word)))
    };
    has(&WORDS) && !has(&OTHER)
}

/// `images` and `dockerfile` are forms of `image` and `docker`; `secret` is none of `ecr`.
fn is_form_of(part: &str, word: &str) -> bool {
    part == word || word.len() > 3 && part.starts_with(word)
}

/// What is to be said of it.
pub(super) fn unread(what: &str) -> String {
    format!("{what} is not read: it may build images")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_may_build() {
        for name in [
            "acme/ci/.github/workflows/docker.yml@main",
            "acme/ci/.github/workflows/build-images.yml@v1",
            "Auto-DevOps.gitlab-ci.yml",
            "acme/kaniko@1",
            "aws-ecr/build",
        ] {
            assert!(may_build_images(name), "{name}");
        }
        for name in [
            "acme/ci/.github/workflows/node.yml@main",
            "Security/Container-Scanning.gitlab-ci.yml",
            "acme/secrets/.github/workflows/test.yml@main",
            "docker/login-action",
            "acme/dockerfile-lint",
        ] {
            assert!(!may_build_images(name), "{name}");
        }
    }
}
