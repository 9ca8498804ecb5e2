"""`cachediag mcp` as the official Python client of the protocol uses it.

    pip install -r integrations/tests/requirements.txt
    CACHEDIAG=target/release/cachediag python -m pytest integrations/tests
"""

import asyncio
import json
import os
from pathlib import Path

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("CACHEDIAG", str(ROOT / "target/release/cachediag"))
SAMPLES = ROOT / "sample-logs"


def asked(*calls):
    """What the server answers to calls of one session, each a tool and its arguments."""

    async def talk():
        server = StdioServerParameters(command=PROGRAM, args=["mcp"], cwd=str(ROOT))
        async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            return [await session.call_tool(tool, arguments) for tool, arguments in calls]

    return asyncio.run(asyncio.wait_for(talk(), timeout=60))


def failed(result):
    return getattr(result, "is_error", None) or getattr(result, "isError", None)


def said(result):
    assert not failed(result), result
    return json.loads(result.content[0].text)


def test_tools_are_declared_and_only_read():
    async def talk():
        async with stdio_client(StdioServerParameters(command=PROGRAM, args=["mcp"])) as (read, write):
            async with ClientSession(read, write) as session:
                await session.initialize()
                return (await session.list_tools()).tools

    tools = asyncio.run(asyncio.wait_for(talk(), timeout=60))
    assert [tool.name for tool in tools] == ["diagnose", "explain", "fix", "compare"]
    for tool in tools:
        hints = tool.annotations.model_dump(by_alias=True)
        assert hints["readOnlyHint"] is True and tool.description


def test_diagnose_answers_the_json_report():
    (answer,) = asked(("diagnose", {"paths": [str(SAMPLES / "every-second-run")]}))
    report = said(answer)
    assert report["verdict"] == "trouble"
    assert report["findings"][0]["rule"] == "inline-cache-lost-every-second-run"
    assert {"standing", "text"} <= report["findings"][0]["alternatives"][0].keys()


def test_a_log_can_be_given_as_text_and_secrets_in_it_are_masked():
    log = (SAMPLES / "compression-typo/run-01.log").read_text()
    token = "ghp_" + "a1B2c3D4" * 5
    log = log.rstrip() + f" https://user:{token}@registry.example.com\n"
    (answer,) = asked(("diagnose", {"log": log}))
    assert token not in answer.content[0].text
    assert said(answer)["findings"]


def test_healthy_is_said_in_one_word():
    (answer,) = asked(("diagnose", {"paths": [str(SAMPLES / "registry-mode-max-healthy")]}))
    assert said(answer)["verdict"] == "healthy" and said(answer)["findings"] == []


def test_fix_answers_a_patch_and_writes_nothing(tmp_path):
    pipelines = tmp_path / "bitbucket-pipelines.yml"
    text = (SAMPLES / "bitbucket-parallel-upload/bitbucket-pipelines.yml").read_text()
    pipelines.write_text(text)
    safe, whole = asked(
        ("fix", {"config": [str(pipelines)]}),
        ("fix", {"config": [str(pipelines)], "unsafe": True}),
    )
    assert said(safe)["needs_unsafe"] == ["parallel-steps-share-cache"] or said(safe)["patches"]
    (patch,) = said(whole)["patches"]
    assert patch["diff"].startswith("--- ") and patch["rules"] == ["parallel-steps-share-cache"]
    assert pipelines.read_text() == text and list(tmp_path.iterdir()) == [pipelines]


def test_compare_says_whether_it_helped():
    before, after = SAMPLES / "inline-multi-stage", SAMPLES / "registry-mode-max-healthy"
    (answer,) = asked(("compare", {"before": [str(before)], "after": [str(after)]}))
    assert said(answer)["schema_version"] == 1


def test_explain_and_what_is_meant():
    known, unknown = asked(("explain", {"rule": "cache-lost"}), ("explain", {"rule": "cache-lst"}))
    assert said(known)["id"] == "cache-lost" or said(known)["rule"]
    assert failed(unknown) and "did you mean cache-lost?" in unknown.content[0].text


@pytest.mark.parametrize(
    "arguments",
    [{}, {"paths": []}, {"paths": ["-"]}, {"paths": "run.log"}, {"path": ["x"]}, {"paths": ["/nowhere/run.log"]}],
)
def test_what_cannot_be_read_is_said_and_the_session_goes_on(arguments):
    wrong, right = asked(("diagnose", arguments), ("diagnose", {"log": "hello\n"}))
    assert failed(wrong) and wrong.content[0].text
    assert said(right)["verdict"] == "nothing-read"


def test_a_report_of_many_runs_is_bounded(tmp_path):
    log = (SAMPLES / "every-second-run/run-01.log").read_text()
    for number in range(300):
        (tmp_path / f"run-{number:03}.log").write_text(log.replace("RUN npm ci", f"RUN npm ci # {number}"))
    (answer,) = asked(("diagnose", {"paths": [str(tmp_path)]}))
    assert len(answer.content[0].text) <= 64 * 1024
    assert "300 of 300 runs" in answer.content[1].text
    assert said(answer)["verdict"]
