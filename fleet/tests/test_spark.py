"""Spark, in one session with two executors of their own for all tests."""

import gzip
import itertools
import os
import subprocess
import sys
import threading
import time

import pytest

pytest.importorskip("pyspark")
from pyspark.sql import SparkSession, functions as F  # noqa: E402

from cachediag_fleet import duck, spark  # noqa: E402
from conftest import LOG  # noqa: E402
from test_filter import report, told  # noqa: E402


@pytest.fixture(scope="module")
def session():
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local-cluster[2,1,1024]").appName("cachediag-fleet tests")
    settings = {
        "spark.executorEnv.CACHEDIAG": os.environ["CACHEDIAG"],
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        "spark.driver.memory": "512m",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


MANIFEST = "uri string, repository string, pipeline string, job string, run string, recorded string"


def manifest(session, rows):
    return session.createDataFrame([tuple(row.get(n.split()[0]) for n in MANIFEST.split(", ")) for row in rows], MANIFEST)


@pytest.fixture(scope="module")
def parsed(session, series, tmp_path_factory):
    """The records of all series, each of them a pipeline, as Parquet."""
    rows = [
        {"uri": log, "repository": folder, "pipeline": "ci", "recorded": "2026-04-01T00:00:00Z"}
        for folder, logs in series.items()
        for log in logs
    ]
    out = str(tmp_path_factory.mktemp("records"))
    spark.write(spark.parse(manifest(session, rows).repartition(4)), out)
    return out


def test_findings_are_those_of_the_logs(session, series, parsed):
    found = spark.judge(session.read.parquet(parsed))
    keys = {row["repository"]: row["pipeline_key"] for row in session.read.parquet(parsed).collect()}
    rows = [row.asDict() for row in found.collect()]
    assert not [row for row in rows if row["problem"]]
    for folder, logs in series.items():
        mine = [row for row in rows if row["key"] == keys[folder]]
        assert told(mine) == told(report(logs)["findings"]), folder


def test_a_second_run_writes_the_same(session, series, parsed):
    def content():
        return sorted(map(str, session.read.parquet(parsed).drop("record").collect()))

    before = content()
    rows = [
        {"uri": log, "repository": folder, "pipeline": "ci", "recorded": "2026-04-01T00:00:00Z"}
        for folder, logs in series.items()
        for log in logs
    ]
    spark.write(spark.parse(manifest(session, rows).repartition(3)), parsed)
    assert content() == before


def test_bad_logs_cost_no_others(session, tmp_path):
    logs = {
        "gz.log.gz": gzip.compress(LOG), "utf-16.log": LOG.decode().encode("utf-16"), "empty.log": b"",
        "noise.log": b"\x00\x01\x02" * 1000, "good.log": LOG,
    }
    for name, body in logs.items():
        (tmp_path / name).write_bytes(body)
    rows = [{"uri": str(tmp_path / name)} for name in [*logs, "missing.log"]]
    found = {os.path.basename(row["name"]): row for row in spark.parse(manifest(session, rows)).collect()}
    assert len(found) == 6
    assert all(found[name]["total"] == 1 for name in ("gz.log.gz", "utf-16.log", "good.log"))
    assert all(found[name]["problems"] for name in ("empty.log", "noise.log", "missing.log"))


def test_twenty_thousand_runs_of_one_job(session, tmp_path):
    (tmp_path / "a.log").write_bytes(LOG)
    one = {"uri": str(tmp_path / "a.log"), "repository": "team/app", "pipeline": "ci", "job": "web"}
    runs = session.range(20_000).select(
        *(F.lit(one[name]).alias(name) for name in one),
        F.col("id").cast("string").alias("run"),
        F.lit("2026-04-01T00:00:00Z").alias("recorded"),
    )
    records = spark.parse(runs).cache()
    assert records.select("id").distinct().count() == 20_000
    assert records.select("job_key").distinct().count() == 1
    assert spark.judge(records, last=20).where(F.col("problem").isNotNull()).count() == 0
    records.unpersist()


def test_the_reports_say_the_same_in_both_engines(session, parsed, tmp_path):
    found = spark.judge(session.read.parquet(parsed)).withColumn("day", F.lit("2026-04-01"))
    spark.write(found, str(tmp_path / "findings"), ("key", "rule", "fingerprint"))
    records = session.read.parquet(parsed).where(F.col("id").isNotNull())
    records.createOrReplaceTempView("records")
    session.read.parquet(str(tmp_path / "findings")).createOrReplaceTempView("findings")
    records.select("*", F.explode("exports").alias("export")).select(
        "*", "export.reference"
    ).where(F.col("reference").isNotNull()).createOrReplaceTempView("exports")
    machine = duck.connect(f"{parsed}/**/*.parquet", f"{tmp_path}/findings/**/*.parquet")
    for name in ("causes", "teams", "shared_refs"):
        of_spark = [tuple(row) for row in session.sql(duck.sql(name)).collect()]
        assert of_spark == duck.report(machine, name).fetchall(), name
    assert session.sql(duck.sql("causes")).count() > 1


def test_an_executor_that_is_killed_loses_nothing(session, series):
    logs = list(itertools.chain.from_iterable(series.values())) * 40
    rows = [{"uri": log, "repository": "team/app", "run": str(n)} for n, log in enumerate(logs)]

    def names():
        table = spark.parse(manifest(session, rows).repartition(8))
        return sorted((row["id"], row["hits"]) for row in table.select("id", "hits").collect())

    before = names()
    killed = []

    def kill():
        time.sleep(1.0)
        running = subprocess.run(["pgrep", "-P", str(os.getpid()), "-f", "java"], capture_output=True, text=True)
        mine = descendants(int(running.stdout.split()[0]))
        workers = [pid for pid, command in mine if "CoarseGrainedExecutorBackend" in command]
        if workers:
            os.kill(workers[0], 9)
            killed.append(workers[0])

    thread = threading.Thread(target=kill)
    thread.start()
    after = names()
    thread.join()
    assert killed and after == before


def descendants(root):
    """Processes below one, with their command lines."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    found, parents = [], {root}
    for pid, parent, command in sorted((int(p), int(q), c) for p, q, c in rows):
        if parent in parents:
            parents.add(pid)
            found.append((pid, command))
    return found
