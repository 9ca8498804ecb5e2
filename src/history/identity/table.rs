//! The variables that CI systems set in every job: one row a CI.
//!
//! Tekton and Argo set none that name the pipeline or the task: there flags say it
//! (`--job $(context.taskRun.name)`).

use super::said::SaidIn::{self, As, Before, Behind, Both, Folder, OneOf, Without};

/// Where a CI says which job it runs. Of several places the first that says something counts.
pub(super) struct Ci {
    /// Its name, as that of its logs (`Envelope::ci`).
    pub name: &'static str,
    /// A variable that only this CI sets, and the value it has where the name alone does not tell.
    pub known_by: (&'static str, Option<&'static str>),
    pub repository: &'static [SaidIn],
    pub pipeline: &'static [SaidIn],
    pub job: &'static [SaidIn],
    pub leg: &'static [SaidIn],
    pub branch: &'static [SaidIn],
    pub commit: &'static [SaidIn],
    pub run: &'static [SaidIn],
    pub attempt: &'static [SaidIn],
}

const NOTHING: Ci = Ci {
    name: "",
    known_by: ("", None),
    repository: &[],
    pipeline: &[],
    job: &[],
    leg: &[],
    branch: &[],
    commit: &[],
    run: &[],
    attempt: &[],
};

pub(super) static CIS: &[Ci] = &[
    // https://docs.github.com/actions/reference/workflows-and-actions/variables: a leg of a matrix
    // has no variable. The name of the ref of a pull request is `4711/merge`, its commit that of
    // the merge, which is what is built.
    Ci {
        name: "github-actions",
        known_by: ("GITHUB_ACTIONS", Some("true")),
        repository: &[As("GITHUB_REPOSITORY")],
        pipeline: &[As("GITHUB_WORKFLOW")],
        job: &[As("GITHUB_JOB")],
        branch: &[As("GITHUB_HEAD_REF"), As("GITHUB_REF_NAME")],
        commit: &[As("GITHUB_SHA")],
        run: &[As("GITHUB_RUN_ID")],
        attempt: &[As("GITHUB_RUN_ATTEMPT")],
        ..NOTHING
    },
    // https://docs.gitlab.com/ci/variables/predefined_variables/: CI_JOB_NAME holds the leg
    // (`build: [arm64]`, `test 1/4`); a job that is tried again has another CI_JOB_ID in the same
    // pipeline. Where a merge request is built, CI_COMMIT_REF_NAME was
    // `refs/merge-requests/59/head` for long (https://gitlab.com/gitlab-org/gitlab/-/issues/11253).
    Ci {
        name: "gitlab",
        known_by: ("GITLAB_CI", None),
        repository: &[As("CI_PROJECT_PATH")],
        pipeline: &[As("CI_PIPELINE_NAME"), As("CI_CONFIG_PATH")],
        job: &[As("CI_JOB_NAME")],
        branch: &[As("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"), As("CI_COMMIT_REF_NAME")],
        commit: &[As("CI_COMMIT_SHA")],
        run: &[As("CI_PIPELINE_ID")],
        attempt: &[As("CI_JOB_ID")],
        ..NOTHING
    },
    // https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/: the name of a step
    // has no variable, and its UUID is another in each run. BITBUCKET_BRANCH is that which a pull
    // request comes from.
    Ci {
        name: "bitbucket",
        known_by: ("BITBUCKET_BUILD_NUMBER", None),
        repository: &[As("BITBUCKET_REPO_FULL_NAME")],
        leg: &[As("BITBUCKET_PARALLEL_STEP")],
        branch: &[As("BITBUCKET_BRANCH"), As("BITBUCKET_TAG")],
        commit: &[As("BITBUCKET_COMMIT")],
        run: &[As("BITBUCKET_BUILD_NUMBER")],
        attempt: &[As("BITBUCKET_STEP_RUN_NUMBER")],
        ..NOTHING
    },
    // https://buildkite.com/docs/pipelines/configure/environment-variables: the label first,
    // because legs of a matrix have one key and labels of their own. BUILDKITE_COMMIT "can also be
    // a symbolic name like `HEAD`".
    Ci {
        name: "buildkite",
        known_by: ("BUILDKITE", None),
        repository: &[As("BUILDKITE_REPO")],
        pipeline: &[As("BUILDKITE_PIPELINE_SLUG")],
        job: &[As("BUILDKITE_LABEL"), As("BUILDKITE_STEP_KEY")],
        leg: &[As("BUILDKITE_PARALLEL_JOB")],
        branch: &[As("BUILDKITE_BRANCH")],
        commit: &[As("BUILDKITE_COMMIT")],
        run: &[As("BUILDKITE_BUILD_NUMBER")],
        attempt: &[As("BUILDKITE_RETRY_COUNT")],
    },
    // https://circleci.com/docs/reference/variables/: names of the project are there for GitHub
    // OAuth and Bitbucket only; each job is index 0 of 1 where it has no parallelism. A leg of a
    // matrix is a job with a name of its own.
    Ci {
        name: "circleci",
        known_by: ("CIRCLECI", None),
        repository: &[
            Both("CIRCLE_PROJECT_USERNAME", "CIRCLE_PROJECT_REPONAME"),
            As("CIRCLE_PROJECT_REPONAME"),
            As("CIRCLE_PROJECT_ID"),
        ],
        job: &[As("CIRCLE_JOB")],
        leg: &[OneOf("CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL")],
        branch: &[As("CIRCLE_BRANCH"), As("CIRCLE_TAG")],
        commit: &[As("CIRCLE_SHA1")],
        run: &[As("CIRCLE_WORKFLOW_ID"), As("CIRCLE_BUILD_NUM")],
        attempt: &[As("CIRCLE_BUILD_NUM")],
        ..NOTHING
    },
    // https://learn.microsoft.com/azure/devops/pipelines/build/variables: a phase is what YAML
    // calls a job, a job is its leg; what has no name is called `__default`.
    Ci {
        name: "azure-pipelines",
        known_by: ("TF_BUILD", None),
        repository: &[As("BUILD_REPOSITORY_NAME")],
        pipeline: &[As("BUILD_DEFINITIONNAME")],
        job: &[Both("SYSTEM_STAGENAME", "SYSTEM_PHASENAME"), As("SYSTEM_PHASENAME")],
        leg: &[As("SYSTEM_JOBNAME")],
        branch: &[As("SYSTEM_PULLREQUEST_SOURCEBRANCH"), As("BUILD_SOURCEBRANCH")],
        commit: &[As("BUILD_SOURCEVERSION")],
        run: &[As("BUILD_BUILDID")],
        attempt: &[As("SYSTEM_JOBATTEMPT")],
    },
    // https://docs.travis-ci.com/user/environment-variables/: jobs of a matrix are numbered
    // `4711.2`, and have a name only where they are given one. TRAVIS_BRANCH of a pull request is
    // the branch it goes to, of a tag the tag.
    Ci {
        name: "travis",
        known_by: ("TRAVIS", None),
        repository: &[As("TRAVIS_REPO_SLUG")],
        job: &[As("TRAVIS_JOB_NAME"), As("TRAVIS_BUILD_STAGE_NAME")],
        leg: &[Behind("TRAVIS_JOB_NUMBER", ".")],
        branch: &[As("TRAVIS_PULL_REQUEST_BRANCH"), As("TRAVIS_BRANCH")],
        commit: &[As("TRAVIS_COMMIT")],
        run: &[As("TRAVIS_BUILD_NUMBER")],
        attempt: &[As("TRAVIS_JOB_ID")],
        ..NOTHING
    },
    // https://docs.drone.io/pipeline/environment/reference/: DRONE_BRANCH of a pull request is the
    // branch it goes to.
    Ci {
        name: "drone",
        known_by: ("DRONE", None),
        repository: &[As("DRONE_REPO")],
        pipeline: &[As("DRONE_STAGE_NAME")],
        job: &[As("DRONE_STEP_NAME")],
        branch: &[As("DRONE_SOURCE_BRANCH"), As("DRONE_BRANCH"), As("DRONE_TAG")],
        commit: &[As("DRONE_COMMIT_SHA")],
        run: &[As("DRONE_BUILD_NUMBER")],
        ..NOTHING
    },
    // https://woodpecker-ci.org/docs/usage/environment: CI_COMMIT_BRANCH of a pull request is the
    // branch it goes to. What a leg of a matrix is of has the names that the pipeline gives; the
    // platform is there always.
    Ci {
        name: "woodpecker",
        known_by: ("CI", Some("woodpecker")),
        repository: &[As("CI_REPO")],
        pipeline: &[As("CI_WORKFLOW_NAME")],
        job: &[As("CI_STEP_NAME")],
        leg: &[As("CI_SYSTEM_PLATFORM")],
        branch: &[As("CI_COMMIT_SOURCE_BRANCH"), As("CI_COMMIT_BRANCH"), As("CI_COMMIT_TAG")],
        commit: &[As("CI_COMMIT_SHA")],
        run: &[As("CI_PIPELINE_NUMBER")],
        ..NOTHING
    },
    // https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html: the id is
    // `project:uuid`, the ARN `arn:aws:codebuild:region:account:project/project`.
    // CODEBUILD_INITIATOR is another for each webhook, and CODEBUILD_SOURCE_VERSION a commit as
    // often as a branch.
    Ci {
        name: "aws-codebuild",
        known_by: ("CODEBUILD_BUILD_ID", None),
        repository: &[As("CODEBUILD_SOURCE_REPO_URL")],
        job: &[Before("CODEBUILD_BUILD_ID", ":")],
        leg: &[As("CODEBUILD_BATCH_BUILD_IDENTIFIER")],
        branch: &[As("CODEBUILD_WEBHOOK_HEAD_REF")],
        commit: &[As("CODEBUILD_RESOLVED_SOURCE_VERSION")],
        run: &[As("CODEBUILD_BUILD_NUMBER"), As("CODEBUILD_BUILD_ID")],
        ..NOTHING
    },
    // https://www.jetbrains.com/help/teamcity/predefined-build-parameters.html: the parameters that
    // are variables of every build; TEAMCITY_VERSION is not set outside of one. The branch is a
    // parameter and no variable.
    Ci {
        name: "teamcity",
        known_by: ("TEAMCITY_VERSION", None),
        pipeline: &[As("TEAMCITY_PROJECT_NAME")],
        job: &[As("TEAMCITY_BUILDCONF_NAME")],
        commit: &[As("BUILD_VCS_NUMBER")],
        run: &[As("BUILD_NUMBER")],
        ..NOTHING
    },
    // https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables: in a
    // multibranch project, where BRANCH_NAME is set, JOB_NAME ends in the branch (`team/app/PR-7`),
    // and JOB_BASE_NAME is nothing else.
    Ci {
        name: "jenkins",
        known_by: ("JENKINS_URL", None),
        repository: &[As("GIT_URL")],
        pipeline: &[Folder("JOB_NAME", "BRANCH_NAME"), As("JOB_NAME")],
        job: &[As("STAGE_NAME"), Without("JOB_BASE_NAME", "BRANCH_NAME")],
        branch: &[As("CHANGE_BRANCH"), As("BRANCH_NAME"), As("GIT_BRANCH")],
        commit: &[As("GIT_COMMIT")],
        run: &[As("BUILD_NUMBER")],
        ..NOTHING
    },
    // https://docs.cloud.google.com/build/docs/configuring-builds/substitute-variable-values:
    // substitutions, which are variables of a step under `options: automapSubstitutions: true`
    // only. _HEAD_BRANCH is that of a pull request.
    Ci {
        name: "google-cloud-build",
        known_by: ("TRIGGER_BUILD_CONFIG_PATH", None),
        repository: &[As("REPO_FULL_NAME"), As("REPO_NAME")],
        pipeline: &[As("TRIGGER_NAME")],
        branch: &[As("_HEAD_BRANCH"), As("BRANCH_NAME"), As("TAG_NAME")],
        commit: &[As("COMMIT_SHA")],
        run: &[As("BUILD_ID")],
        ..NOTHING
    },
];
