//! Values of a configuration that are others in each commit or run, told by the variables in them.
//!
//! A helper of the rules; knows the variables of CI systems and the commands that print commits and
//! times, not what a value is for.

use crate::config::{Form, pieces};

/// What in a value is another one in each commit or run; `None` where nothing in it is known to be.
pub(super) fn changing(value: &str) -> Option<&str> {
    pieces(value)
        .find(|piece| piece.form.is_some_and(|form| changes(piece.text, form)))
        .map(|piece| piece.text)
}

/// What in a value is a token that is made for one job alone; `None` where nothing in it is known
/// to be.
pub(super) fn job_token(value: &str) -> Option<&str> {
    pieces(value)
        .find(|piece| piece.form.is_some_and(|form| is_job_token(piece.text, form)))
        .map(|piece| piece.text)
}

fn is_job_token(text: &str, form: Form) -> bool {
    match form {
        Form::Command => {
            prints_token(text) || is_token_name(text.trim_matches(['$', '(', ')', '`']))
        }
        Form::Expression(inside) => inside.split(|c: char| !is_of_name(c)).any(is_token_name),
        Form::Variable(name, _) => is_token_name(name),
        Form::Percent => is_token_name(text.trim_matches('%')),
    }
}

/// <https://docs.gitlab.com/ci/variables/predefined_variables/>,
/// <https://docs.github.com/actions/security-for-github-actions/security-guides/automatic-token-authentication>,
/// <https://learn.microsoft.com/azure/devops/pipelines/build/variables>, and the tasks `PipAuthenticate` and
/// `NuGetAuthenticate`, which put the job's token into these; the tokens for `OpenID Connect` of
/// Bitbucket and `CircleCI`.
fn is_token_name(name: &str) -> bool {
    matches!(
        name,
        "CI_JOB_TOKEN"
            | "CI_JOB_JWT"
            | "CI_JOB_JWT_V2"
            | "CI_REGISTRY_PASSWORD"
            | "CI_DEPENDENCY_PROXY_PASSWORD"
            | "github.token"
            | "secrets.GITHUB_TOKEN"
            | "System.AccessToken"
            | "SYSTEM_ACCESSTOKEN"
            | "PIP_EXTRA_INDEX_URL"
            | "VSS_NUGET_EXTERNAL_FEED_ENDPOINTS"
            | "BITBUCKET_STEP_OIDC_TOKEN"
            | "CIRCLE_OIDC_TOKEN"
            | "CIRCLE_OIDC_TOKEN_V2"
            | "CODEARTIFACT_AUTH_TOKEN"
    )
}

/// Commands of clouds that print a token which lives for hours.
fn prints_token(command: &str) -> bool {
    ["codeartifact get-authorization-token", "auth print-access-token", "account get-access-token"]
        .iter()
        .any(|words| command.contains(words))
}

fn changes(text: &str, form: Form) -> bool {
    match form {
        Form::Command => is_changing_command(text),
        Form::Expression(inside) => {
            holds_the_time(inside) || inside.split(|c: char| !is_of_name(c)).any(is_of_one_run)
        }
        // A default is used where the variable is not set: the variable decides.
        Form::Variable(name, _) => is_of_one_run(name) || calls_the_clock(text),
        Form::Percent => is_of_one_run(text.trim_matches('%')),
    }
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}

/// Functions of a bake file: `${formatdate("YYYY-MM-DD", timestamp())}`.
fn calls_the_clock(text: &str) -> bool {
    ["timestamp()", "uuidv4()"].iter().any(|call| text.contains(call))
}

/// All that `docker/metadata-action` makes, with the time of the run and the commit in its labels:
/// `steps.meta.outputs.json`.
fn holds_the_time(inside: &str) -> bool {
    let inside = inside.trim();
    let whole = inside.starts_with("steps.") && inside.chars().all(is_of_name);
    let made = [".outputs.json", ".outputs.labels", ".outputs.annotations"];
    inside.contains("image.created")
        || whole && inside.contains("meta") && made.iter().any(|output| inside.ends_with(output))
}

/// What a CI sets anew for each run or commit.
const OF_ONE_RUN: [&str; 95] = [
    "github.sha",
    "github.run_id",
    "github.run_number",
    "github.run_attempt",
    "github.event.head_commit.timestamp",
    "github.event.head_commit.id",
    "github.event.after",
    "github.event.pull_request.head.sha",
    "github.event.repository.updated_at",
    "github.event.repository.pushed_at",
    "GITHUB_SHA",
    "GITHUB_RUN_ID",
    "GITHUB_RUN_NUMBER",
    "CI_COMMIT_SHA",
    "CI_COMMIT_SHORT_SHA",
    "CI_COMMIT_BEFORE_SHA",
    "CI_COMMIT_TIMESTAMP",
    "CI_COMMIT_MESSAGE",
    "CI_COMMIT_TITLE",
    "CI_PIPELINE_ID",
    "CI_PIPELINE_IID",
    "CI_PIPELINE_CREATED_AT",
    "CI_JOB_ID",
    "CI_JOB_STARTED_AT",
    "BITBUCKET_COMMIT",
    "BITBUCKET_BUILD_NUMBER",
    "BITBUCKET_PIPELINE_UUID",
    "BUILDKITE_COMMIT",
    "BUILDKITE_BUILD_NUMBER",
    "BUILDKITE_BUILD_ID",
    "BUILDKITE_JOB_ID",
    "BUILDKITE_MESSAGE",
    "CIRCLE_SHA1",
    "CIRCLE_BUILD_NUM",
    "CIRCLE_WORKFLOW_ID",
    "CIRCLE_PIPELINE_ID",
    "pipeline.number",
    "pipeline.git.revision",
    ".Revision",
    ".BuildNum",
    "epoch",
    "Build.BuildId",
    "Build.BuildNumber",
    "Build.SourceVersion",
    "BUILD_SOURCEVERSION",
    "BUILD_BUILDID",
    "BUILD_BUILDNUMBER",
    "BUILD_NUMBER",
    "BUILD_ID",
    "BUILD_TAG",
    "GIT_COMMIT",
    "DRONE_COMMIT",
    "DRONE_COMMIT_SHA",
    "DRONE_BUILD_NUMBER",
    "CI_COMMIT_ID",
    "COMMIT_SHA",
    "SHORT_SHA",
    "REVISION_ID",
    "CODEBUILD_RESOLVED_SOURCE_VERSION",
    "CODEBUILD_BUILD_ID",
    "CODEBUILD_BUILD_NUMBER",
    "TRAVIS_COMMIT",
    "TRAVIS_BUILD_NUMBER",
    "TRAVIS_BUILD_ID",
    "TRAVIS_JOB_ID",
    "TRAVIS_JOB_NUMBER",
    "SEMAPHORE_GIT_SHA",
    "SEMAPHORE_WORKFLOW_ID",
    "SEMAPHORE_WORKFLOW_NUMBER",
    "SEMAPHORE_PIPELINE_ID",
    "SEMAPHORE_JOB_ID",
    "CF_REVISION",
    "CF_SHORT_REVISION",
    "CF_BUILD_ID",
    "CF_BUILD_TIMESTAMP",
    "CF_COMMIT_MESSAGE",
    "CI_PIPELINE_NUMBER",
    "CI_PIPELINE_CREATED",
    "CI_PIPELINE_STARTED",
    "CI_BUILD_NUMBER",
    "DRONE_BUILD_CREATED",
    "DRONE_BUILD_STARTED",
    "DRONE_COMMIT_AFTER",
    "BITBUCKET_STEP_UUID",
    "CIRCLE_WORKFLOW_JOB_ID",
    "pipeline.id",
    "System.JobId",
    "Build.SourceVersionMessage",
    "GITHUB_RUN_ATTEMPT",
    "BUILD_TIMESTAMP",
    "BUILD_VCS_NUMBER",
    "build.number",
    "build.vcs.number",
    "RANDOM",
    "EPOCHSECONDS",
];

/// `github.sha`, `CI_PIPELINE_ID`, `steps.vars.outputs.short_sha`.
fn is_of_one_run(name: &str) -> bool {
    // `{{ .Environment.CIRCLE_SHA1 }}` of CircleCI's keys.
    let name = name.strip_prefix(".Environment.").unwrap_or(name);
    OF_ONE_RUN.contains(&name) || (is_made_there(name) && ends_like_one_run(name))
}

/// An output of a step, or a variable of the file or its script: what it holds is told by its name
/// alone.
fn is_made_there(name: &str) -> bool {
    let of_ci = [
        "github.",
        "secrets.",
        "vars.",
        "matrix.",
        "CI_",
        "GITHUB_",
        "BITBUCKET_",
        "BUILDKITE_",
        "CIRCLE_",
    ];
    !of_ci.iter().any(|prefix| name.starts_with(prefix))
}

fn ends_like_one_run(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase();
    let words: Vec<&str> = last.split(['_', '-']).collect();
    let has = |some: &[&str]| words.iter().any(|word| some.contains(word));
    has(&["sha", "sha1", "commit", "revision", "timestamp", "shortsha"])
        || (has(&["build", "run", "pipeline", "job"])
            && has(&["date", "time", "number", "id", "num"]))
        || matches!(
            last.as_str(),
            "date"
                | "now"
                | "vcs_ref"
                | "git_ref"
                | "builddate"
                | "buildtime"
                | "git_hash"
                | "githash"
                | "short_hash"
        )
}

/// `$(git rev-parse HEAD)`, `$(date +%s)`; the name of the branch stays.
fn is_changing_command(text: &str) -> bool {
    let text = text.trim_start_matches(['$', '(', '`', ' ']);
    // `date +"%F"` is one word.
    let text = text.replace(['"', '\''], "");
    let words: Vec<&str> =
        text.split(|c: char| c.is_ascii_whitespace() || matches!(c, ')' | '`')).collect();
    match words.as_slice() {
        // make's own way to call one.
        ["shell", rest @ ..] => is_changing_command(&rest.join(" ")),
        ["git", rest @ ..] if rest.contains(&"rev-parse") => {
            !rest.contains(&"--abbrev-ref") && !rest.contains(&"--show-toplevel")
        }
        ["git", rest @ ..] => {
            rest.iter().any(|word| matches!(*word, "describe" | "log" | "show" | "rev-list"))
        }
        ["date", rest @ ..] => {
            let form = rest.iter().find(|word| word.starts_with('+'));
            form.is_none_or(|form| {
                ["%s", "%S", "%T", "%M", "%H", "%d", "%j", "%F", "%N", "%D"]
                    .iter()
                    .any(|part| form.contains(part))
            })
        }
        ["uuidgen" | "uuid", ..] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_token_of_one_job_from_one_that_stays() {
        for value in [
            "$CI_JOB_TOKEN",
            "${{ secrets.GITHUB_TOKEN }}",
            "$(System.AccessToken)",
            "https://x:${CI_JOB_TOKEN}@gitlab.com",
            "$(aws codeartifact get-authorization-token --query token)",
        ] {
            assert!(job_token(value).is_some(), "{value}");
        }
        for value in
            ["$NPM_TOKEN", "${{ secrets.NPM_TOKEN }}", "$CI_DEPLOY_TOKEN", "$CI_JOB_NAME", "token"]
        {
            assert_eq!(job_token(value), None, "{value}");
        }
    }

    #[test]
    fn tells_what_is_another_one_each_time() {
        for value in [
            "$CI_COMMIT_SHA",
            "v1-${CI_PIPELINE_IID}",
            "${{ github.sha }}",
            "${{ format('{0}', github.run_id) }}",
            "$(date -u +%Y-%m-%dT%H:%M:%SZ)",
            "$(date)",
            "$(date -u +\"%Y-%m-%dT%H:%M:%SZ\")",
            "$(date '+%d.%m.%Y')",
            "$(git rev-parse --short HEAD)",
            "`git describe --tags`",
            "$(Build.BuildId)",
            "${{ steps.vars.outputs.short_sha }}",
            "${{ steps.meta.outputs.json }}",
            "${{ fromJSON(steps.meta.outputs.json).labels['org.opencontainers.image.created'] }}",
            "$GIT_SHA",
            "${BITBUCKET_COMMIT:0:7}",
            "$(shell git rev-parse --short HEAD)",
            "${env.GIT_COMMIT}",
            "$(cat VERSION)-$(git log -1 --format=%h)",
        ] {
            assert!(changing(value).is_some(), "{value}");
        }
        for value in [
            "v1.4.2",
            "${{ github.ref_name }}",
            "$CI_COMMIT_REF_SLUG",
            "${{ matrix.sha }}",
            "${{ fromJSON(steps.meta.outputs.json).labels['org.opencontainers.image.version'] }}",
            "$(git rev-parse --abbrev-ref HEAD)",
            "$(cat VERSION)",
            "$(date +%Y)",
            "$(date +'%Y')",
            "${{ secrets.BUILD_ID }}",
            "$VERSION",
            "deadbeef",
            "$BUILD_TYPE",
        ] {
            assert_eq!(changing(value), None, "{value}");
        }
        assert_eq!(changing("cache-$GITHUB_SHA-x"), Some("$GITHUB_SHA"));
    }
}
