"""Spark, in one session with two executors of their own for all tests."""

import gzip
import json
import os
import sys

import pytest

pytest.importorskip("pyspark")
from pyspark.sql import SparkSession, functions as F  # noqa: E402

from cachediag_fleet import duck, spark, submit, tables  # noqa: E402
from conftest import LOG, SAMPLES, told  # noqa: E402

# A session of a minute is over before the second compiler of the JVM has paid for itself.
SHORT = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


@pytest.fixture(scope="module")
def session():
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    # A machine's own name need not have an address.
    os.environ.update(SPARK_LOCAL_HOSTNAME="localhost", SPARK_LOCAL_IP="127.0.0.1")
    builder = SparkSession.builder.master("local-cluster[2,1,1024]").appName("cachediag-fleet tests")
    settings = {
        "spark.executorEnv.CACHEDIAG": os.environ["CACHEDIAG"],
        "spark.driver.extraJavaOptions": SHORT,
        "spark.executor.extraJavaOptions": SHORT,
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": "512m",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


MANIFEST = "uri string, repository string, pipeline string, job string, run string, recorded string"


def manifest(session, rows):
    return session.createDataFrame([tuple(row.get(n.split()[0]) for n in MANIFEST.split(", ")) for row in rows], MANIFEST)


def of_series(series):
    """Each series is a pipeline."""
    return [
        {"uri": log, "repository": folder, "pipeline": "ci", "recorded": "2026-04-01T00:00:00Z"}
        for folder, logs in series.items()
        for log in logs
    ]


@pytest.fixture(scope="module")
def parsed(session, series, tmp_path_factory):
    """The records of all series, as Parquet."""
    out = str(tmp_path_factory.mktemp("records"))
    spark.write(spark.parse(manifest(session, of_series(series)).repartition(2)), out)
    return out


@pytest.fixture(scope="module")
def judged(session, parsed, tmp_path_factory):
    """The findings of these records, as Parquet."""
    out = str(tmp_path_factory.mktemp("findings"))
    found = spark.judge(session.read.parquet(parsed)).withColumn("day", F.lit("2026-04-01"))
    spark.write(found, out, ("key", "rule", "fingerprint"))
    return out


def test_findings_are_those_of_the_logs(session, reports, parsed, judged):
    records = session.read.parquet(parsed).select("repository", "pipeline_key").distinct()
    folders = {row["pipeline_key"]: row["repository"] for row in records.collect()}
    found = {folder: [] for folder in reports}
    for row in session.read.parquet(judged).collect():
        assert not row["problem"]
        found[folders[row["key"]]].append(row)
    assert {folder: told(rows) for folder, rows in found.items()} == reports


def test_a_second_run_writes_the_same(session, series, parsed):
    def content():
        return sorted(map(str, session.read.parquet(parsed).collect()))

    before = content()
    spark.write(spark.parse(manifest(session, reversed(of_series(series))).repartition(3)), parsed)
    assert content() == before


def test_the_steps_of_spark_submit(session, series, reports, tmp_path):
    [(folder, logs)] = [(folder, logs) for folder, logs in series.items() if folder.endswith("/inline-multi-stage")]
    rows = of_series({folder: logs})
    (tmp_path / "manifest.ndjson").write_text("".join(json.dumps({**row, "day": "2026-04-01"}) + "\n" for row in rows))
    submit.main(["parse", "--manifest", str(tmp_path / "manifest.ndjson"), "--out", str(tmp_path / "records")])
    judge = ["judge", "--records", str(tmp_path / "records"), "--out", str(tmp_path / "findings")]
    submit.main([*judge, "--since", "2026-03-01", "--last", "20"])
    assert told(session.read.parquet(str(tmp_path / "findings")).collect()) == reports[folder] != []


def test_an_executor_that_is_killed_loses_nothing(session, series, parsed, tmp_path):
    killed = str(tmp_path / "killed")
    rows = of_series(series)
    victim = "test://" + rows[len(rows) // 2]["uri"]

    def read(uri):
        import os
        import signal

        if uri == victim and not os.path.exists(killed):
            daemon = os.getppid()
            with open(f"/proc/{daemon}/stat") as stat:
                executor = int(stat.read().rsplit(")", 1)[1].split()[1])
            with open(f"/proc/{executor}/cmdline") as command, open(killed, "w") as said:
                said.write(command.read())
            os.kill(executor, signal.SIGKILL)
        with open(uri.removeprefix("test://"), "rb") as log:
            return log.read()

    sent = manifest(session, [{**row, "uri": "test://" + row["uri"]} for row in rows])
    after = spark.parse(sent.repartition(4), read).select("id", "hits", "repository").collect()
    assert "CoarseGrainedExecutorBackend" in (tmp_path / "killed").read_text()
    before = session.read.parquet(parsed).select("id", "hits", "repository").collect()
    assert sorted(after) == sorted(before)


def test_bad_input_costs_no_others(session, tmp_path):
    logs = {
        "gz.log.gz": gzip.compress(LOG), "utf-16.log": LOG.decode().encode("utf-16"), "empty.log": b"",
        "noise.log": b"\x00\x01\x02" * 1000, "when.log": LOG, "good.log": LOG,
    }
    for name, body in logs.items():
        (tmp_path / name).write_bytes(body)
    rows = [{"uri": str(tmp_path / name), "run": name} for name in [*logs, "missing.log"]]
    rows[-3]["recorded"] = "yesterday"
    rows += [{"uri": "nowhere://bucket/gone.log"}, {"run": "8"}]
    records = spark.parse(manifest(session, rows)).cache()
    found = {os.path.basename(row["name"]): row for row in records.collect()}
    assert len(found) == len(rows)
    assert {name for name, row in found.items() if row["total"] == 1} == {"gz.log.gz", "utf-16.log", "good.log"}
    assert all(row["problems"] for row in found.values() if row["total"] != 1)
    assert "is not the header of a frame" in found["when.log"]["problems"][0] and "uri" in found["row of the manifest without uri"]["problems"][0]

    # A record of a newer cachediag, and one that is none, among good ones of the same job.
    newer = records.where("run = 'good.log'").withColumns({"id": F.lit("n"), "record": F.lit('{"version":99}')})
    torn = newer.withColumns({"id": F.lit("t"), "record": F.lit("no\nrecord")})
    found = spark.judge(records.union(newer).union(torn)).where("problem IS NOT NULL").collect()
    assert len(found) == 2 and any("version 99" in row["problem"] for row in found)
    records.unpersist()

    with pytest.raises(ValueError, match="manifest has no column uri"):
        spark.parse(session.createDataFrame([("a",)], "url string"))
    with pytest.raises(ValueError, match="records has no columns .*record"):
        spark.judge(session.createDataFrame([("a",)], "id string"))


def test_twenty_thousand_runs_of_one_job(session):
    one = {"uri": str(SAMPLES / "compression-typo" / "run-01.log"), "repository": "team/app", "pipeline": "ci", "job": "web"}
    runs = session.range(20_000, numPartitions=2).select(
        *(F.lit(one[name]).alias(name) for name in one),
        F.col("id").cast("string").alias("run"),
        F.lit("2026-04-01T00:00:00Z").alias("recorded"),
    )
    records = spark.parse(runs).cache()
    ids, jobs = records.agg(F.countDistinct("id"), F.countDistinct("job_key")).first()
    assert (ids, jobs) == (20_000, 1)
    # All of them go through one filter, and of the newest few the same is found.
    assert told(spark.judge(records).collect()) == told(spark.judge(records, last=20).collect()) != []
    records.unpersist()


def test_references_of_several_pipelines_are_judged_together(session, shared_logs):
    rows = [
        {"uri": log, "repository": f"team/{job}", "pipeline": "ci", "run": str(run), "recorded": f"2026-04-0{run}T00:00:00Z"}
        for job, logs in shared_logs.items()
        for run, log in enumerate(logs, 1)
    ]
    records = spark.parse(manifest(session, rows).coalesce(1)).cache()
    [found] = spark.shared(records).collect()
    assert (found["rule"], found["problem"]) == ("cache-ref-shared", None)
    assert "cache-ref-shared" not in {row["rule"] for row in spark.judge(records).collect()}
    records.unpersist()


def test_the_reports_say_the_same_in_both_engines(session, parsed, judged):
    spark.views(session.read.parquet(parsed), session.read.parquet(judged))
    machine = duck.connect(f"{parsed}/**/*.parquet", f"{judged}/**/*.parquet")
    for name in tables.REPORTS:
        of_spark = [tuple(row) for row in session.sql(duck.sql(name)).collect()]
        assert of_spark == duck.report(machine, name).fetchall() != [], name
