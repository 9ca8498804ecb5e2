"""The files of each wrapper have the form that its CI reads, by the checkers that the CI's people use."""

import re

import pytest
import yaml
from conftest import ROOT, run

WRAPPERS = ROOT / "integrations"


def examples(word):
    """Blocks of YAML in the page about CI that hold a word."""
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/ci.md").read_text(), re.DOTALL)
    found = [block for block in blocks if word in block]
    assert found, word
    return found


def check(schema, path):
    run("check-jsonschema", "--builtin-schema", f"vendor.{schema}", path)


def test_github():
    check("github-actions", ROOT / "action.yml")
    check("github-workflows", ROOT / ".github/workflows/release.yml")
    run("actionlint", ".github/workflows/release.yml", cwd=ROOT)
    run("zizmor", "--offline", "action.yml", ".github/workflows/release.yml", cwd=ROOT)


def test_scripts():
    scripts = ["judge.sh", "buildkite/hooks/post-command", "bitbucket/pipe.sh", "woodpecker/plugin.sh"]
    run("shellcheck", *scripts, cwd=WRAPPERS)


def test_bitbucket(tmp_path):
    (step,) = examples("cachediag/bitbucket-pipe")
    step = yaml.safe_load(step)
    pipeline = {"pipelines": {"default": [{"step": {"script": ["docker build . | tee build.log"], **step}}]}}
    (tmp_path / "bitbucket-pipelines.yml").write_text(yaml.safe_dump(pipeline))
    check("bitbucket-pipelines", tmp_path / "bitbucket-pipelines.yml")
    pipe = yaml.safe_load((WRAPPERS / "bitbucket/pipe.yml").read_text())
    assert {"name", "image", "category", "description", "repository", "vendor", "tags", "variables"} <= pipe.keys()


def test_buildkite(tmp_path):
    (step,) = examples("cachediag#v")
    (tmp_path / "pipeline.yml").write_text(yaml.safe_dump({"steps": yaml.safe_load(step)}))
    check("buildkite", tmp_path / "pipeline.yml")
    plugin = yaml.safe_load((WRAPPERS / "buildkite/plugin.yml").read_text())
    assert plugin.keys() == {"name", "description", "author", "requirements", "configuration"}
    assert plugin["configuration"].keys() == {"properties", "required", "additionalProperties"}


def test_circleci(tmp_path):
    """What `circleci orb pack` does: files of folders become entries. An orb is a configuration without jobs."""
    orb = yaml.safe_load((WRAPPERS / "circleci/src/@orb.yml").read_text())
    commands = (WRAPPERS / "circleci/src/commands").glob("*.yml")
    orb["commands"] = {path.stem: yaml.safe_load(path.read_text()) for path in commands}
    used = {"docker": [{"image": "cimg/base:current"}], "steps": ["checkout", {"cachediag/judge": {"fail-on": "error"}}]}
    whole = {"version": 2.1, "orbs": {"cachediag": orb}, "jobs": {"build": used}}
    (tmp_path / "config.yml").write_text(yaml.safe_dump(whole))
    check("circle-ci", tmp_path / "config.yml")


@pytest.mark.parametrize("schema", ["woodpecker-ci", "drone-ci"])
def test_woodpecker_and_drone(tmp_path, schema):
    (step,) = examples("woodpecker-plugin")
    step = {"name": "cachediag", **yaml.safe_load(step)[0]}
    pipeline = {"steps": [step]}
    if schema == "drone-ci":
        pipeline = {"kind": "pipeline", "type": "docker", "name": "default", **pipeline}
    (tmp_path / "pipeline.yml").write_text(yaml.safe_dump(pipeline))
    check(schema, tmp_path / "pipeline.yml")


def test_tekton():
    run("tekton-lint", "integrations/tekton/cachediag.yaml", cwd=ROOT)


def test_azure():
    """The vendor's schema knows tasks of Microsoft only: what it must hold is looked up here."""
    template = yaml.safe_load((WRAPPERS / "azure/cachediag.yml").read_text())
    assert template.keys() == {"parameters", "steps"}
    names = {parameter["name"] for parameter in template["parameters"]}
    used = set(re.findall(r"\$\{\{ parameters\.([\w-]+) \}\}", (WRAPPERS / "azure/cachediag.yml").read_text()))
    assert used <= names
