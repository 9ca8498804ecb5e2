"""Wrappers run by the runner of their CI, each on three real cases: healthy and silent, sick and acted upon, and the second
run knows the first. The Rust tests run all wrappers with the CI's programs played by scripts."""

import json
import os
import shutil
from pathlib import Path

from conftest import PATH, ROOT, SAMPLES, copy, git, run

GITLAB = """\
include:
  - local: templates/cachediag.yml
    inputs: { logs: "run-*.log", fail-on: error, job: image }
"""


def repository(folder, logs):
    """A repository with the component, and the logs that its build left."""
    (folder / "templates").mkdir(parents=True)
    shutil.copy(ROOT / "integrations/gitlab/templates/cachediag.yml", folder / "templates")
    (folder / ".gitlab-ci.yml").write_text(GITLAB)
    for log in logs:
        copy(log, folder)
    git(folder, "init", "--quiet", ".")
    git(folder, "remote", "add", "origin", "git@gitlab.example.com:team/app.git")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "all")
    return folder


def gitlab(folder, agent, status=0):
    """The job of the component, run in a shell with its cache and artifacts."""
    path = f"{agent}{os.pathsep}{PATH}"
    # The runner says that it is not GitLab.
    gitlab = ("--variable", "GITLAB_CI=true", "--variable", "CI=true")
    job = ("gitlab-ci-local", "--force-shell-executor", "--no-color", *gitlab, "cachediag")
    return run(*job, status=status, cwd=folder, env={"PATH": path})


def issues(folder):
    """What the merge request shows."""
    return json.loads((folder / "cachediag-reports/gl-code-quality.json").read_text())


def test_gitlab(tmp_path, agent):
    folder = repository(tmp_path / "healthy", ["registry-mode-max-healthy/run-04.log"])
    expanded = run("gitlab-ci-local", "--preview", cwd=folder)
    (tmp_path / "expanded.yml").write_text(expanded[expanded.index("---") : expanded.index("gl-code-quality.json") + 20])
    run("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", tmp_path / "expanded.yml")
    gitlab(folder, agent)
    assert issues(folder) == []

    folder = repository(tmp_path / "sick", ["compression-typo/run-01.log"])
    assert "error[cache-option-invalid]" in gitlab(folder, agent, status=1)
    assert [issue["check_name"] for issue in issues(folder)] == ["cache-option-invalid"]

    folder = repository(tmp_path / "again", ["every-second-run/run-01.log"])
    gitlab(folder, agent)
    copy("every-second-run/run-02.log", folder / "run-01.log")
    assert "1 earlier run looked at" in gitlab(folder, agent)


# npm leaves out the link to it.
BATS = ROOT / "integrations/tests/node_modules/bats/bin/bats"

HOOKS = """\
setup() {
    export PATH="$AGENT:$PATH" HOME="$BATS_TEST_TMPDIR"
    cd "$BATS_TEST_TMPDIR"
    stub buildkite-agent 'echo "$*" >>called; cat >>called'
}

stub() { mkdir -p bin; printf '#!/bin/sh\\n%s\\n' "$2" >"bin/$1"; chmod +x "bin/$1"; PATH=$PWD/bin:$PATH; }

hook() { BUILDKITE=true run "$HOOK"; }

@test "healthy and silent" {
    cp "$SAMPLES"/registry-mode-max-healthy/run-04.log build.log
    hook
    [ "$status" -eq 0 ]
    [ ! -e called ] || { cat called; false; }
}

@test "sick and acted upon" {
    cp "$SAMPLES"/compression-typo/run-01.log build.log
    BUILDKITE_PLUGIN_CACHEDIAG_FAIL_ON=error hook
    [ "$status" -eq 1 ]
    grep -q 'annotate --style error --context cachediag' called
    grep -q 'cache-option-invalid' called
}

@test "the second run knows the first" {
    export BUILDKITE_PLUGIN_CACHEDIAG_HISTORY=history.db BUILDKITE_PLUGIN_CACHEDIAG_JOB=image
    cp "$SAMPLES"/every-second-run/run-01.log build.log
    hook
    cp "$SAMPLES"/every-second-run/run-02.log build.log
    hook
    [[ "$output" == *"1 earlier run looked at"* ]]
}
"""


def test_buildkite(tmp_path, agent):
    (tmp_path / "hook.bats").write_text(HOOKS)
    hook = ROOT / "integrations/buildkite/hooks/post-command"
    said = run(BATS, tmp_path / "hook.bats", env={"AGENT": str(agent), "SAMPLES": str(SAMPLES), "HOOK": str(hook)})
    assert "ok 3" in said


# Jenkins' own language, in its version, with the steps of Jenkins played.
STEPS = """\
def step = new GroovyShell(new Binding(env: System.getenv())).parse(new File(args[0]))
def environment = [:] + System.getenv()
step.metaClass.withEnv = { List<String> variables, Closure body ->
    variables.each { environment.put(*it.split('=', 2)) }
    body()
}
step.metaClass.sh = { String script ->
    def process = ['sh', '-xe', '-c', script].execute(environment.collect { "${it.key}=${it.value}" as String }, null)
    process.waitForProcessOutput(System.out, System.err)
    if (process.exitValue() != 0) throw new Exception("script returned exit code ${process.exitValue()}")
}
step.metaClass.error = { String message -> throw new Exception(message) }
step.metaClass.junit = { Map inputs -> println "junit ${inputs.testResults}" }
step.metaClass.archiveArtifacts = { Map inputs -> println "archiveArtifacts ${inputs.artifacts}" }
step.call(new groovy.json.JsonSlurper().parseText(args[1]))
"""


def test_jenkins(tmp_path, agent):
    (tmp_path / "steps.groovy").write_text(STEPS)
    java = Path(shutil.which("java")).resolve().parents[1]
    env = {"PATH": f"{agent}{os.pathsep}{PATH}", "HOME": str(tmp_path), "JAVA_HOME": str(java)}
    library = ROOT / "integrations/jenkins/vars/cachediag.groovy"

    def cachediag(status=0, **inputs):
        """What the step prints in the workspace."""
        inputs |= {"history": f"{inputs.get('job')}.db"}
        return run("groovy", "steps.groovy", library, json.dumps(inputs), status=status, cwd=tmp_path, env=env)

    copy("registry-mode-max-healthy/run-04.log", tmp_path / "build.log")
    said = cachediag(job="healthy")
    assert "error[" not in said and "warning[" not in said
    assert "junit cachediag-reports/junit.xml\narchiveArtifacts cachediag-reports/**\n" in said

    copy("compression-typo/run-01.log", tmp_path / "build.log")
    said = cachediag(status=1, failOn="error", job="sick")
    assert "error[cache-option-invalid]" in said and "script returned exit code 1" in said
    assert "junit cachediag-reports/junit.xml" in said

    copy("every-second-run/run-01.log", tmp_path / "build.log")
    cachediag(job="again")
    copy("every-second-run/run-02.log", tmp_path / "build.log")
    assert "1 earlier run looked at" in cachediag(job="again")

    assert "no such input: fail_on" in cachediag(status=1, fail_on="error")


HEALTHY = """\
FROM node:20.11-alpine@sha256:bf77dc26e48ea95fca9d1aceb5acfa69d2e546b765ec2abfb502975f1a2d4def
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
"""


def test_pre_commit(tmp_path, packages):
    """The hook is a repository of its own, and installs the wheel."""
    hook = tmp_path / "hook"
    shutil.copytree(ROOT / "integrations/pre-commit", hook)
    git(hook, "init", "--quiet", ".")
    git(hook, "add", "--all")
    git(hook, "commit", "--quiet", "--message", "hook")
    run("pre-commit", "validate-manifest", hook / ".pre-commit-hooks.yaml")

    repository = tmp_path / "repository"
    repository.mkdir()
    git(repository, "init", "--quiet", ".")
    (repository / "Dockerfile").write_text(HEALTHY)
    git(repository, "add", "--all")
    env = {"PIP_FIND_LINKS": str(packages), "PRE_COMMIT_HOME": str(tmp_path / "home")}
    asked = ("pre-commit", "try-repo", hook, "cachediag", "--all-files")
    assert "Passed" in run(*asked, cwd=repository, env=env)

    copy("bitbucket-parallel-upload/bitbucket-pipelines.yml", repository)
    git(repository, "add", "--all")
    said = run(*asked, status=1, cwd=repository, env=env)
    assert "error[parallel-steps-share-cache]" in said

    # What is known does not stop a commit again.
    (repository / "cachediag.toml").write_text('[rules.parallel-steps-share-cache]\nseverity = "off"\n')
    assert "Passed" in run(*asked, cwd=repository, env=env)
