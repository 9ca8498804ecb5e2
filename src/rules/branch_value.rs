//! Values of a configuration that name the branch of the run, told by the variables in them.
//!
//! A helper of the rules; knows the variables of CI systems, not what a value is for.

use crate::config::{Form, pieces};

/// What in a value names the branch, as it is or with its slashes replaced; `None` where nothing
/// does, or where it may be the branch that a pull request goes to.
pub(super) fn branch(value: &str) -> Option<&str> {
    let mut texts = pieces(value).filter_map(|piece| Some((piece.text, piece.form?)));
    texts.find(|(text, form)| names_branch(text, *form)).map(|(text, _)| text)
}

fn names_branch(text: &str, form: Form) -> bool {
    match form {
        Form::Variable(name, _) => is_branch_name(name) || is_slug(name),
        Form::Expression(inside) => {
            results(inside).any(|name| is_branch_name(name) || is_slug(name))
                && !text.contains("base_ref")
        }
        Form::Command | Form::Percent => false,
    }
}

/// What an expression may become: of `a && b || c` it is b or c.
pub(super) fn results(inside: &str) -> impl Iterator<Item = &str> {
    let results = inside.split("||").filter_map(|part| part.rsplit("&&").next());
    results.map(|result| result.trim().trim_matches(['(', ')']).trim())
}

/// The name of a branch as it is. GitLab's `CI_COMMIT_REF_SLUG` has its slashes replaced.
pub(super) fn is_branch_name(name: &str) -> bool {
    matches!(
        name,
        "github.ref_name"
            | "github.head_ref"
            | "github.ref"
            | "github.event.pull_request.head.ref"
            | "GITHUB_REF_NAME"
            | "GITHUB_HEAD_REF"
            | "GITHUB_REF"
            | "BITBUCKET_BRANCH"
            | "BUILDKITE_BRANCH"
            | "CI_COMMIT_REF_NAME"
            | "CI_COMMIT_BRANCH"
            | "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"
            | "CI_COMMIT_SOURCE_BRANCH"
            | "CIRCLE_BRANCH"
            | "pipeline.git.branch"
            | "DRONE_BRANCH"
            | "DRONE_SOURCE_BRANCH"
            | "GIT_BRANCH"
            | "BRANCH_NAME"
            | "TRAVIS_BRANCH"
            | "TRAVIS_PULL_REQUEST_BRANCH"
            | "Build.SourceBranch"
            | "System.PullRequest.SourceBranch"
            | "BUILD_SOURCEBRANCH"
            | "SEMAPHORE_GIT_BRANCH"
            | "SEMAPHORE_GIT_WORKING_BRANCH"
            | "CF_BRANCH"
            | "CHANGE_BRANCH"
    )
}

/// One that may stand in a tag: GitLab's own, and those of `rlespinasse/github-slug-action`.
fn is_slug(name: &str) -> bool {
    matches!(
        name.strip_prefix("env.").unwrap_or(name),
        "CI_COMMIT_REF_SLUG"
            | "Build.SourceBranchName"
            | "CF_BRANCH_TAG_NORMALIZED"
            | "CF_BRANCH_TAG_NORMALIZED_LOWER_CASE"
            | "GITHUB_REF_SLUG"
            | "GITHUB_REF_NAME_SLUG"
            | "GITHUB_HEAD_REF_SLUG"
            | "GITHUB_REF_SLUG_URL"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_names_the_branch_of_the_run_is_told() {
        for value in [
            "c-$CI_COMMIT_REF_SLUG",
            "${{ github.head_ref || github.ref_name }}",
            "${env.BRANCH_NAME}",
            "$(Build.SourceBranchName)",
        ] {
            assert!(branch(value).is_some(), "{value}");
        }
        for value in [
            "c-main",
            "$CI_DEFAULT_BRANCH",
            "${{ github.base_ref || github.ref_name }}",
            "$CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
        ] {
            assert!(branch(value).is_none(), "{value}");
        }
    }
}
