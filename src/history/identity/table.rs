//! The variables that CI systems set in every job: one row a CI.
//!
//! Tekton and Argo set none that name the pipeline or the task: there flags say it (`--job $(context.taskRun.name)`).

/// Where a CI says which job it runs. Of several names the first that is set counts.
pub(super) struct Ci {
    #[cfg_attr(not(test), expect(dead_code, reason = "names the row, in tests and for who reads it"))]
    pub name: &'static str,
    /// A variable that only this CI sets, and the value it has where the name alone does not tell.
    pub known_by: (&'static str, Option<&'static str>),
    pub repository: &'static [&'static str],
    pub pipeline: &'static [&'static str],
    pub job: &'static [&'static str],
    pub leg: &'static [&'static str],
    pub branch: &'static [&'static str],
    pub commit: &'static [&'static str],
    pub run: &'static [&'static str],
    pub attempt: &'static [&'static str],
}

pub(super) static CIS: &[Ci] = &[
    // https://docs.github.com/actions/reference/workflows-and-actions/variables: a leg of a matrix has no variable.
    Ci {
        name: "github-actions",
        known_by: ("GITHUB_ACTIONS", Some("true")),
        repository: &["GITHUB_REPOSITORY"],
        pipeline: &["GITHUB_WORKFLOW"],
        job: &["GITHUB_JOB"],
        leg: &[],
        branch: &["GITHUB_HEAD_REF", "GITHUB_REF_NAME"],
        commit: &["GITHUB_SHA"],
        run: &["GITHUB_RUN_ID"],
        attempt: &["GITHUB_RUN_ATTEMPT"],
    },
    // https://docs.gitlab.com/ci/variables/predefined_variables/: CI_JOB_NAME holds the leg (`build: [arm64]`); a
    // job that is tried again has another CI_JOB_ID in the same pipeline.
    Ci {
        name: "gitlab",
        known_by: ("GITLAB_CI", None),
        repository: &["CI_PROJECT_PATH"],
        pipeline: &["CI_PIPELINE_NAME", "CI_CONFIG_PATH"],
        job: &["CI_JOB_NAME"],
        leg: &[],
        branch: &["CI_COMMIT_REF_NAME"],
        commit: &["CI_COMMIT_SHA"],
        run: &["CI_PIPELINE_ID"],
        attempt: &["CI_JOB_ID"],
    },
    // https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/: the name of a step has no variable, and
    // its UUID is another in each run.
    Ci {
        name: "bitbucket",
        known_by: ("BITBUCKET_BUILD_NUMBER", None),
        repository: &["BITBUCKET_REPO_FULL_NAME"],
        pipeline: &[],
        job: &[],
        leg: &["BITBUCKET_PARALLEL_STEP"],
        branch: &["BITBUCKET_BRANCH", "BITBUCKET_TAG"],
        commit: &["BITBUCKET_COMMIT"],
        run: &["BITBUCKET_BUILD_NUMBER"],
        attempt: &["BITBUCKET_STEP_RUN_NUMBER"],
    },
    // https://buildkite.com/docs/pipelines/configure/environment-variables
    Ci {
        name: "buildkite",
        known_by: ("BUILDKITE", None),
        repository: &["BUILDKITE_REPO"],
        pipeline: &["BUILDKITE_PIPELINE_SLUG"],
        job: &["BUILDKITE_STEP_KEY", "BUILDKITE_LABEL"],
        leg: &["BUILDKITE_PARALLEL_JOB"],
        branch: &["BUILDKITE_BRANCH"],
        commit: &["BUILDKITE_COMMIT"],
        run: &["BUILDKITE_BUILD_NUMBER"],
        attempt: &["BUILDKITE_RETRY_COUNT"],
    },
    // https://circleci.com/docs/reference/variables/
    Ci {
        name: "circleci",
        known_by: ("CIRCLECI", None),
        repository: &["CIRCLE_PROJECT_REPONAME"],
        pipeline: &[],
        job: &["CIRCLE_JOB"],
        leg: &["CIRCLE_NODE_INDEX"],
        branch: &["CIRCLE_BRANCH", "CIRCLE_TAG"],
        commit: &["CIRCLE_SHA1"],
        run: &["CIRCLE_WORKFLOW_ID", "CIRCLE_BUILD_NUM"],
        attempt: &["CIRCLE_BUILD_NUM"],
    },
    // https://learn.microsoft.com/azure/devops/pipelines/build/variables
    Ci {
        name: "azure-pipelines",
        known_by: ("TF_BUILD", None),
        repository: &["BUILD_REPOSITORY_NAME"],
        pipeline: &["BUILD_DEFINITIONNAME"],
        job: &["SYSTEM_PHASENAME", "SYSTEM_JOBNAME"],
        leg: &["SYSTEM_JOBNAME"],
        branch: &["SYSTEM_PULLREQUEST_SOURCEBRANCH", "BUILD_SOURCEBRANCH"],
        commit: &["BUILD_SOURCEVERSION"],
        run: &["BUILD_BUILDID"],
        attempt: &["SYSTEM_JOBATTEMPT"],
    },
    // https://docs.travis-ci.com/user/environment-variables/: jobs of a matrix are numbered `4711.2`.
    Ci {
        name: "travis",
        known_by: ("TRAVIS", None),
        repository: &["TRAVIS_REPO_SLUG"],
        pipeline: &[],
        job: &["TRAVIS_JOB_NAME", "TRAVIS_BUILD_STAGE_NAME"],
        leg: &["TRAVIS_CPU_ARCH"],
        branch: &["TRAVIS_PULL_REQUEST_BRANCH", "TRAVIS_BRANCH"],
        commit: &["TRAVIS_COMMIT"],
        run: &["TRAVIS_BUILD_NUMBER"],
        attempt: &["TRAVIS_JOB_ID"],
    },
    // https://docs.drone.io/pipeline/environment/reference/
    Ci {
        name: "drone",
        known_by: ("DRONE", None),
        repository: &["DRONE_REPO"],
        pipeline: &["DRONE_STAGE_NAME"],
        job: &["DRONE_STEP_NAME"],
        leg: &[],
        branch: &["DRONE_SOURCE_BRANCH", "DRONE_BRANCH"],
        commit: &["DRONE_COMMIT_SHA"],
        run: &["DRONE_BUILD_NUMBER"],
        attempt: &[],
    },
    // https://woodpecker-ci.org/docs/usage/environment
    Ci {
        name: "woodpecker",
        known_by: ("CI", Some("woodpecker")),
        repository: &["CI_REPO"],
        pipeline: &["CI_WORKFLOW_NAME"],
        job: &["CI_STEP_NAME"],
        leg: &["CI_SYSTEM_PLATFORM"],
        branch: &["CI_COMMIT_SOURCE_BRANCH", "CI_COMMIT_BRANCH"],
        commit: &["CI_COMMIT_SHA"],
        run: &["CI_PIPELINE_NUMBER"],
        attempt: &[],
    },
    // https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html: the id is `project:uuid`.
    Ci {
        name: "codebuild",
        known_by: ("CODEBUILD_BUILD_ID", None),
        repository: &["CODEBUILD_SOURCE_REPO_URL"],
        pipeline: &["CODEBUILD_INITIATOR"],
        job: &["CODEBUILD_PROJECT", "CODEBUILD_BUILD_ARN"],
        leg: &["CODEBUILD_BATCH_BUILD_IDENTIFIER"],
        branch: &["CODEBUILD_WEBHOOK_HEAD_REF", "CODEBUILD_SOURCE_VERSION"],
        commit: &["CODEBUILD_RESOLVED_SOURCE_VERSION"],
        run: &["CODEBUILD_BUILD_ID"],
        attempt: &[],
    },
    // https://www.jetbrains.com/help/teamcity/predefined-build-parameters.html: the parameters that are variables of
    // every build; TEAMCITY_VERSION is not set outside of one.
    Ci {
        name: "teamcity",
        known_by: ("TEAMCITY_VERSION", None),
        repository: &[],
        pipeline: &["TEAMCITY_PROJECT_NAME"],
        job: &["TEAMCITY_BUILDCONF_NAME"],
        leg: &[],
        branch: &["BRANCH_NAME"],
        commit: &["BUILD_VCS_NUMBER"],
        run: &["BUILD_NUMBER"],
        attempt: &[],
    },
    // https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables: JOB_NAME is the folder and the
    // branch too, in multibranch projects; JOB_BASE_NAME is then the branch.
    Ci {
        name: "jenkins",
        known_by: ("JENKINS_URL", None),
        repository: &["GIT_URL"],
        pipeline: &["JOB_NAME"],
        job: &["STAGE_NAME", "JOB_BASE_NAME"],
        leg: &[],
        branch: &["CHANGE_BRANCH", "BRANCH_NAME", "GIT_BRANCH"],
        commit: &["GIT_COMMIT"],
        run: &["BUILD_NUMBER"],
        attempt: &[],
    },
    // https://docs.cloud.google.com/build/docs/configuring-builds/substitute-variable-values: substitutions, which are
    // variables of a step under `options: automapSubstitutions: true` only.
    Ci {
        name: "cloud-build",
        known_by: ("TRIGGER_BUILD_CONFIG_PATH", None),
        repository: &["REPO_FULL_NAME"],
        pipeline: &["TRIGGER_NAME"],
        job: &[],
        leg: &[],
        branch: &["BRANCH_NAME", "TAG_NAME"],
        commit: &["COMMIT_SHA"],
        run: &["BUILD_ID"],
        attempt: &[],
    },
];
