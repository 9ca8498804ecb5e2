"""The big picture in the program itself: thousands of jobs on one screen."""

import csv
import io
import itertools
import json
import os
import re
import subprocess

import pytest

LOGS = 5_000


@pytest.fixture(scope="module")
def many(series, tmp_path_factory):
    """So many logs of real forms: each series is a job with a folder and images of its own."""
    root = tmp_path_factory.mktemp("many")
    left = LOGS
    for n, logs in enumerate(itertools.cycle(series.values())):
        if left <= 0:
            return str(root)
        folder = root / f"team-{n % 40:02}" / f"service-{n:05}"
        folder.mkdir(parents=True)
        for log in logs:
            body = open(log, "rb").read()
            (folder / os.path.basename(log)).write_bytes(re.sub(rb"\b(team|shop|acme)/", rb"\1-%05d/" % n, body))
        left -= len(logs)


def run(*arguments):
    """What is printed, and the processor seconds that took: the least of three."""
    environment = {**os.environ, "COLUMNS": "80"}
    least = None
    for _ in range(3):
        before = os.times()
        done = subprocess.run([os.environ["CACHEDIAG"], *arguments], capture_output=True, env=environment, cwd="/")
        after = os.times()
        took = after.children_user + after.children_system - before.children_user - before.children_system
        least = took if least is None else min(least, took)
    return done.stdout.decode(), least


def seconds(duration):
    """`1 h 02 min`, `12 min 14 s`, `9.5 s`."""
    worth = {"h": 3600, "min": 60, "s": 1}
    return sum(float(number.replace(",", "")) * worth[unit] for number, unit in re.findall(r"([\d.,]+) (h|min|s)\b", duration))


def test_thousands_of_jobs_are_one_screen(many):
    screen, short = run("--summary", many)
    text, full = run("--format", "json", many)
    lines = screen.splitlines()
    assert len(lines) <= 40 and max(map(len, lines)) <= 80
    found = json.loads(text)["findings"]
    lost = sum(finding["impact"]["seconds"] for finding in found)
    [(total, number, causes)] = re.findall(r"^ *(\S.*?) {2,}in all, ([\d,]+) findings? of (\d+) causes?$", screen, re.M)
    assert int(number.replace(",", "")) == len(found) and int(causes) == len({finding["rule"] for finding in found})
    # A duration is printed in whole minutes where it is hours.
    assert abs(seconds(total) - lost) <= (60 if " h " in f"{total} " else 1)
    assert short < 1.5 * full, f"{short:.2f} s against {full:.2f} s"


def test_a_table_of_the_same_findings(many):
    table, _ = run("--format", "csv", many)
    text, _ = run("--format", "json", many)
    found = json.loads(text)["findings"]
    rows = list(csv.DictReader(io.StringIO(table)))
    assert sum(float(row["seconds"] or 0) for row in rows) == pytest.approx(sum(f["impact"]["seconds"] for f in found))
    assert len({(row["rule"], row["fingerprint"]) for row in rows}) == len(found)
    top, _ = run("--format", "csv", "--top", "1", many)
    assert len({row["fingerprint"] for row in csv.DictReader(io.StringIO(top))}) == 1


def test_a_finding_lists_its_series_jobs_and_runs(many):
    text, _ = run("--format", "json", many)
    report = json.loads(text)
    keys, labels = {series["key"] for series in report["series"]}, {run["label"] for run in report["runs"]}
    for finding in report["findings"]:
        assert finding["jobs"] and all(re.search(r"service-\d{5}", job) for job in finding["jobs"]), finding["title"]
        assert finding["runs"] and set(finding["runs"]) <= labels and set(finding["series"]) <= keys
        assert len(finding["runs"]) >= len(finding["jobs"])
