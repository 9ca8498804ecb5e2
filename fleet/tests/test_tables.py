"""The columns are those of the schema, and the reports run in DuckDB."""

import json
from datetime import date

import pytest

from cachediag_fleet import tables
from conftest import ROOT

duckdb = pytest.importorskip("duckdb")


def definition(name):
    schema = json.loads((ROOT / "schema" / "fleet-v1.schema.json").read_text())
    return list(schema["$defs"][name]["properties"])


def test_every_fact_is_a_column():
    assert set(tables.columns(tables.RECORDS)) - {"problems", "day"} == set(definition("Facts"))
    for ddl, name in ((tables.STEP, "StepFacts"), (tables.TRANSFER, "TransferFacts")):
        assert set(tables.columns(ddl)) == set(definition(name))


def test_a_log_without_a_record_keeps_its_row():
    [row] = tables.record_rows("gone.log", [], ["no such object"], "2026-04-01")
    assert (row["name"], row["id"], row["problems"], row["day"]) == ("gone.log", None, ["no such object"], "2026-04-01")


def test_the_reports_of_one_machine(tmp_path):
    from cachediag_fleet import duck

    facts = {
        "name": "a", "id": "1", "job_key": "j", "pipeline_key": "p", "repository": "team/app", "pipeline": "ci", "job": "web",
        "time": "2026-04-01T00:00:00.000Z", "builds": 1, "hits": 1, "total": 4, "seconds": 12.5,
        "imports": [], "exports": [{"type": "registry", "reference": "r/app:cache", "ok": True}],
    }
    other = {**facts, "id": "2", "job_key": "k", "pipeline_key": "q", "repository": "team/api", "hits": 3}
    later = {**facts, "id": "3", "job_key": "l", "pipeline_key": "q", "repository": "team/api", "exports": []}
    later["time"] = "2026-04-08T00:00:00.000Z"
    finding = {
        "key": "p", "rule": "no-cache-import", "severity": "error", "confidence": "likely", "title": "t", "subject": "s",
        "fingerprint": "f", "impact": {"steps": 3, "seconds": 11.5, "runs": 1}, "seconds_per_run": 11.5,
        "first": "2026-04-01T00:00:00.000Z", "last": None,
    }
    longer = {**finding, "key": "q", "fingerprint": "g", "last": later["time"]}
    longer["impact"] = {"steps": 3, "seconds": 40.0, "runs": 2}
    ends = {"end": "a", "records": 1, "problems": []}
    write(tmp_path / "rows.ndjson", [facts, ends, other, later])
    write(tmp_path / "findings.ndjson", [finding, longer, {"end": "p", "runs": 1, "findings": 1, "verdict": "trouble", "unread": []}])
    session = duck.connect(str(tmp_path / "rows.ndjson"), str(tmp_path / "findings.ndjson"))
    rows = {name: duck.report(session, name).fetchall() for name in tables.REPORTS}
    assert rows["causes"] == [("no-cache-import", True, 2, 2, 3, 51.5)]
    weeks = [date(2026, 3, 30), date(2026, 4, 6)]
    # The time of one finding lies in both weeks, as its runs do.
    of_weeks = [(weeks[0], "no-cache-import", 2, 31.5), (weeks[1], "no-cache-import", 1, 20.0)]
    assert rows["causes_by_week"] == of_weeks
    assert rows["teams"] == [
        ("team", "team/api", "ci", 40.0, "no-cache-import"), ("team", "team/app", "ci", 11.5, "no-cache-import")
    ]
    assert rows["weeks"] == [(weeks[0], 2, 4, 8, 50.0, 25.0), (weeks[1], 1, 1, 4, 25.0, 12.5)]
    assert rows["shared_refs"] == [("r/app:cache", 2, 2, 2)]


def write(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
