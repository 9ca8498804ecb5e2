"""The filters without an engine."""

import gzip
import itertools
import json
import subprocess
import sys
import threading

import pytest

from cachediag_fleet import FilterError, filter as filters, findings, frame, records
from conftest import LOG, told


def sent(name, body):
    return {"name": name, "bytes": len(body)}, body


def test_rows_come_log_by_log_in_order():
    answers = list(records([sent(str(n), LOG) for n in range(50)]))
    assert [name for name, _, _ in answers] == [str(n) for n in range(50)]
    assert all(len(rows) == 1 and rows[0]["total"] == 1 and not problems for _, rows, problems in answers)


def test_bad_logs_cost_no_others():
    frames = [
        sent("gz", gzip.compress(LOG)),
        sent("utf-16", LOG.decode().encode("utf-16")),
        sent("empty", b""),
        sent("noise", b"\x00\x01\x02" * 1000),
        frame({"uri": "/no/such/log"}),
        frame({"uri": "s3://b/k"}, read=lambda uri: (_ for _ in ()).throw(KeyError(uri))),
        sent("last", LOG),
    ]
    answers = {name: (rows, problems) for name, rows, problems in records(frames)}
    assert [len(answers[name][0]) for name in ("gz", "utf-16", "last")] == [1, 1, 1]
    for name in ("empty", "noise", "/no/such/log", "s3://b/k"):
        assert answers[name][1], name
    assert "KeyError" in answers["s3://b/k"][1][0]


def test_a_broken_frame_is_an_error_with_its_name():
    with pytest.raises(FilterError, match="cut.log.*ends after 3"):
        list(records([({"name": "cut.log", "bytes": 9}, b"abc")]))


def test_an_error_of_the_feeder_is_not_lost():
    def frames():
        yield sent("a", LOG)
        raise RuntimeError("the store is gone")

    with pytest.raises(RuntimeError, match="the store is gone"):
        list(records(frames()))


def test_who_has_seen_enough_leaves_no_process():
    answers = records(sent(str(n), LOG) for n in itertools.count())
    assert next(answers)[0] == "0"
    answers.close()


def test_an_empty_line_asks_for_what_is_ready():
    process = subprocess.Popen([filters.binary(), "records"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    head = json.dumps({"name": "a", "bytes": len(LOG)}).encode()
    # Cut where no frame ends.
    for part in (head[:7], head[7:] + b"\n" + LOG[:5], LOG[5:], b"\n"):
        process.stdin.write(part)
        process.stdin.flush()
    assert json.loads(process.stdout.readline())["name"] == "a"
    assert json.loads(process.stdout.readline())["end"] == "a"
    process.stdin.close()
    assert process.wait() == 0


def test_the_environment_and_the_clock_are_not_in_the_rows(monkeypatch):
    def rows():
        return [rows for _, rows, _ in records([sent("a", LOG)])]

    plain = rows()
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_REPOSITORY", "other/app")
    assert rows() == plain and plain[0][0]["repository"] is None


def test_findings_are_those_of_the_logs(series, reports):
    for folder, logs in series.items():
        # Without a time of their own logs come in the order of their names.
        sent = (frame({"uri": log, "recorded": "2026-04-01T00:00:00Z"}) for log in logs)
        rows = [row["record"] for _, rows, _ in records(sent) for row in rows]
        [(key, found, end)] = findings([(folder, len(rows), rows)])
        # A run that is there in two forms counts once.
        assert key == folder and 0 < end["runs"] <= len(logs) and not end["unread"]
        assert told(found) == reports[folder], folder


def test_a_record_of_a_newer_version_is_named():
    [(_, found, end)] = findings([("a", 1, ['{"version":99}'])])
    assert not found and "version 99" in end["unread"][0]


def test_the_one_machine_way(tmp_path, series):
    logs = "\n".join(itertools.chain.from_iterable(series.values()))
    module = [sys.executable, "-m", "cachediag_fleet.cli"]

    def piped(command, text):
        return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout

    rows = piped([filters.binary(), "records"], piped([*module, "frames", "--folder-is-job"], logs))
    (tmp_path / "rows.ndjson").write_text(rows)
    groups = piped([*module, "groups", str(tmp_path / "rows.ndjson"), "--by", "job_key"], "")
    lines = [json.loads(line) for line in piped([filters.binary(), "judge"], groups).splitlines()]
    assert sum("end" in line for line in lines) == len(series)
    assert any("rule" in line for line in lines)


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is read from /proc")
@pytest.mark.parametrize(("frames", "size"), [(100_000, 1_000), (2_000, 100_000)])
def test_memory_is_flat(frames, size):
    log = (LOG + b"#9 0.1 a line of output that says nothing\n" * (size // 40))[:size]
    one = json.dumps({"name": "a", "bytes": len(log)}).encode() + b"\n" + log
    process = subprocess.Popen([filters.binary(), "records"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    peak = []

    def feed():
        for _ in range(frames // 100):
            process.stdin.write(one * 100)
        process.stdin.flush()
        with open(f"/proc/{process.pid}/status") as status:
            peak.extend(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
        process.stdin.close()

    feeder = threading.Thread(target=feed)
    feeder.start()
    ends = sum(line.startswith(b'{"end"') for line in process.stdout)
    feeder.join()
    assert (process.wait(), ends) == (0, frames)
    assert peak[0] <= 32 << 10, f"{peak[0] >> 10} MiB"
