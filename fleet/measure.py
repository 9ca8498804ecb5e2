"""What the fleet costs: processor time, in ratios that hold on any machine.

    python fleet/measure.py FOLDER_OF_LOGS          # series: folders with run-*.log, such as sample-logs
    python fleet/measure.py FOLDER_OF_LOGS --spark  # the engine too: minutes

Each figure stands beside what it has to be. The program is $CACHEDIAG, else target/release/cachediag.
"""

import argparse
import collections
import itertools
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAM = os.environ.get("CACHEDIAG", str(ROOT / "target/release/cachediag"))
failed = []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", type=pathlib.Path)
    parser.add_argument("--spark", action="store_true", help="also the engine, on logs of 100 KB")
    options = parser.parse_args()
    folders = sorted({path.parent for path in options.logs.rglob("run-*.log")})
    series = [sorted(folder.glob("run-[0-9][0-9].log")) for folder in folders]
    series = [logs for logs in series if logs]
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        work = pathlib.Path(work)
        records(work, series)
        memory(work)
        judge(work, [logs for logs in series if len(logs) > 3] or series)
        one_job(work, max(series, key=len))
        summary(work, series)
        parquet(work, [logs for logs in series if len(logs) > 3] or series)
        if options.spark:
            engine(work)
    sys.exit(f"not met: {', '.join(failed)}" if failed else 0)


def said(name, value, unit, most=None, least=None):
    met = (most is None or value <= most) and (least is None or value >= least)
    bound = f"at most {most:g}" if most is not None else f"at least {least:g}" if least is not None else ""
    print(f"{'ok ' if met else 'NOT'}  {name}: {value:.3g} {unit}  {bound}".rstrip(), flush=True)
    if not met:
        failed.append(name)


def run(command, given=None, out=None):
    """Processor seconds."""
    streams = {0: given or os.devnull, 1: out or os.devnull, 2: os.devnull}
    flags = {0: os.O_RDONLY, 1: os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 2: os.O_WRONLY}
    opened = [(os.POSIX_SPAWN_OPEN, fd, path, flags[fd], 0o644) for fd, path in streams.items()]
    child = os.posix_spawn(command[0], list(map(str, command)), os.environ, file_actions=opened)
    _, status, used = os.wait4(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, 1), command
    return used.ru_utime + used.ru_stime


def peak(command, given):
    """Peak of memory in MiB, asked of a process so small that its own is not what counts."""
    code = "import os,resource,sys;os.spawnv(os.P_WAIT,sys.argv[1],sys.argv[1:]);print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    # What a child prints comes first, and the figure last.
    with open(given, "rb") as given:
        shell = ["sh", "-c", f'{sys.executable} -c "{code}" "$@" | tail -n 1', "sh", *map(str, command)]
        return int(subprocess.run(shell, stdin=given, capture_output=True, check=True).stdout) / 1024


def best(*commands):
    """The least of each of some commands, which take turns so that a busy machine is busy for all."""
    rounds = [[run(*command) for command in commands] for _ in range(3)]
    return [min(times) for times in zip(*rounds)]


def copies(work, series, number):
    """So many logs, each series a job of its own."""
    for n, logs in enumerate(itertools.cycle(series)):
        if number <= 0:
            return
        folder = work / "logs" / f"team-{n % 40:02}" / f"service-{n:05}"
        folder.mkdir(parents=True)
        for log in logs:
            (folder / log.name).write_bytes(log.read_bytes())
        number -= len(logs)


def records(work, series):
    copies(work, series, 3000)
    logs = sorted(map(str, (work / "logs").rglob("*.log")))
    with open("frames", "wb") as frames, open("named", "w") as named:
        for log in logs:
            body = pathlib.Path(log).read_bytes()
            frames.write(json.dumps({"name": log, "bytes": len(body)}).encode() + b"\n" + body)
            named.write(json.dumps({"name": log, "path": log}) + "\n")
    sent, named, once = best(
        ([PROGRAM, "records"], "frames"), ([PROGRAM, "records"], "named"), ([PROGRAM, "--format", "ndjson", *logs],)
    )
    said("records against one call of --format ndjson, logs sent", sent / once, "times", most=1.3)
    said("records against one call of --format ndjson, logs named", named / once, "times", most=1.3)
    each = sum(best(*(([PROGRAM, "--format", "ndjson", log],) for log in logs[:100]))) / 100
    said("a process a log against records", each / (sent / len(logs)), "times", least=20)


def large(log, size):
    """A log of a real form with this many bytes: a step that says much."""
    line = "#5 1.234 added 1 package, and audited 2 packages in 3s: {:07}\n"
    return log + "".join(line.format(n) for n in range(size // len(line))).encode() + b"#5 DONE 9.5s\n"


LOG = b"#5 [2/2] RUN npm ci\n"


def memory(work):
    body = large(LOG, 100_000)
    (work / "large.log").write_bytes(body)
    for number in (2_000, 20_000):
        with open("frames", "w") as frames:
            for n in range(number):
                frames.write(json.dumps({"name": str(n), "path": str(work / "large.log")}) + "\n")
        said(f"peak of records, {number:,} logs of 100 KB", peak([PROGRAM, "records"], "frames"), "MiB", most=32)
    with open("frames", "wb") as frames:
        for n in range(2_000):
            frames.write(json.dumps({"name": str(n), "bytes": len(body)}).encode() + b"\n" + body)
    said("peak of records, 2,000 logs of 100 KB that are sent", peak([PROGRAM, "records"], "frames"), "MiB", most=32)


def rows(series, jobs, runs, name="rows"):
    """Records of jobs, of so many runs each."""
    with open("frames", "w") as frames:
        for job in range(jobs):
            logs = series[job % len(series)]
            for n in range(runs):
                frames.write(json.dumps({**head(job, n), "path": str(logs[n % len(logs)])}) + "\n")
    run([PROGRAM, "records"], "frames", name)


def head(job, n):
    """Who run `n` of a job was, and when."""
    identity = {"repository": f"team-{job % 40:02}/app-{job}", "pipeline": "ci", "job": "web", "run": str(n)}
    day, minute = divmod(n, 1440)
    recorded = f"2026-{1 + day // 28 % 12:02}-{1 + day % 28:02}T{minute // 60:02}:{minute % 60:02}:{job % 60:02}Z"
    return {"name": f"s3://l/{job}/{n}.log", "identity": identity, "recorded": recorded}


def groups(name="rows", out="groups"):
    found = collections.defaultdict(list)
    with open(name) as lines:
        for row in map(json.loads, lines):
            if "record" in row:
                found[row["pipeline_key"]].append(row["record"])
    with open(out, "w") as written:
        for key, of_key in found.items():
            written.write(json.dumps({"key": key, "records": len(of_key)}) + "\n")
            written.writelines(record + "\n" for record in of_key)


def judge(work, series):
    for jobs, runs in ((500, 20), (200, 80)):
        rows(series, jobs, runs)
        groups()
        [seconds] = best(([PROGRAM, "judge"], "groups"))
        said(f"judge, {jobs} jobs of {runs} runs", seconds / (jobs * runs) * 1000, "ms a record", most=0.1)


def one_job(work, logs):
    for runs in (10_000, 50_000):
        rows([logs], 1, runs)
        groups(out=f"job-{runs}")
    few, many = best(([PROGRAM, "judge"], "job-10000"), ([PROGRAM, "judge"], "job-50000"))
    said("judge, one job of 50,000 runs against 10,000", many / few, "times", most=6)
    said("its memory", peak([PROGRAM, "judge"], "job-50000") * 1024 / 50_000, "KiB a run")


def summary(work, series):
    (work / "logs").rename(work / "some")
    copies(work, series, 5000)
    short, full = best(([PROGRAM, "--summary", "logs"],), ([PROGRAM, "--format", "json", "logs"],))
    said("--summary against --format json, 5,000 logs", short / full, "times", most=1.2)
    screen = subprocess.run([PROGRAM, "--summary", "logs"], env={**os.environ, "COLUMNS": "80"}, capture_output=True)
    lines = screen.stdout.decode().splitlines()
    said("its lines", len(lines), "lines", most=40)
    said("its width", max(map(len, lines)), "columns", most=80)


def jittered(log, chance):
    """No two builds take the same time, and each step of theirs says a few lines more or less."""
    longer = lambda found: b"%s%s.%d" % (found[1], found[2], chance.randrange(10))
    later = lambda found: found[0] + b"%s 0.1 make: Nothing to be done\n" % found[1] * chance.randrange(4)
    return re.sub(rb"(?m)^(#\d+) \[.*\n", later, re.sub(rb"( DONE )(\d+)\.\d", longer, log))


def parquet(work, series):
    import pyarrow
    from pyarrow import parquet

    from cachediag_fleet.tables import RECORDS, arrow, record_rows

    steps = lambda logs: sum(row["total"] for row in facts(logs)) / len(logs)
    seven = [logs for logs in series if round(steps(logs)) == 7]
    chance, table, counted, builds = random.Random(1), [], 0, 0
    with open("frames", "wb") as frames:
        for job, n in itertools.product(range(400), range(50)):
            logs = seven[job % len(seven)]
            body = jittered(logs[n % len(logs)].read_bytes(), chance)
            frames.write(json.dumps({**head(job, n), "bytes": len(body)}).encode() + b"\n" + body)
    run([PROGRAM, "records"], "frames", "rows")
    with open("rows") as lines:
        for row in map(json.loads, lines):
            if "record" in row:
                table.extend(record_rows(row["name"], [row], []))
                counted, builds = counted + row["total"], builds + row["builds"]
    for order, most in (("sorted", 100), ("unsorted", None)):
        if order == "sorted":
            table.sort(key=lambda row: (row["job_key"], row["time"], row["id"]))
        else:
            chance.shuffle(table)
        whole = pyarrow.Table.from_pylist(table, schema=arrow(RECORDS)).drop_columns(["day"])
        # As cachediag_fleet.spark.PARQUET has it.
        parquet.write_table(whole, order)
        leaves = parquet.ParquetFile(order).schema
        paths = [leaves.column(n).path for n in range(len(leaves))]
        alike = [path for path in paths if path not in ("record", "id", "name", "run")]
        settings = {"compression_level": 9, "data_page_size": 8 << 20, "use_dictionary": alike}
        parquet.write_table(whole, order, compression="zstd", **settings)
        size = os.path.getsize(order) / builds
        said(f"Parquet, {order}, builds of {counted / builds:.1f} steps, all columns", size, "bytes a build", most=most)


def facts(logs):
    frames = "".join(json.dumps({"name": str(log), "path": str(log)}) + "\n" for log in logs)
    done = subprocess.run([PROGRAM, "records", "--no-record"], input=frames, capture_output=True, text=True, check=True)
    return [row for row in map(json.loads, done.stdout.splitlines()) if "total" in row]


def engine(work):
    """Processor time of all of the engine's processes but the filters', over that of the filters."""
    from pyspark.sql import SparkSession, functions as F

    from cachediag_fleet import spark

    body = large(LOG, 100_000)
    for n in range(200):
        (work / f"large-{n}.log").write_bytes(body.replace(b"9.5s", f"{n}.5s".encode()))
    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = SparkSession.builder.master("local-cluster[2,1,1024]").config("spark.executorEnv.CACHEDIAG", PROGRAM)
    for name, value in {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "4"}.items():
        session = session.config(name, value)
    session = session.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")

    def parse(number, out):
        of = (F.col("id") % 200).cast("string")
        uri = F.concat(F.lit(f"file://{work}/large-"), of, F.lit(".log"))
        manifest = session.range(number, numPartitions=4).select(
            uri.alias("uri"),
            F.lit("team/app").alias("repository"),
            F.col("id").cast("string").alias("run"),
            F.lit("2026-04-01T00:00:00Z").alias("recorded"),
        )
        spark.write(spark.parse(manifest), str(work / out))

    for n in range(3):
        parse(4_000, "warm")
    before = used(session.sparkContext.applicationId)
    parse(20_000, "records")
    after = used(session.sparkContext.applicationId)
    with open("frames", "w") as frames:
        for n in range(20_000):
            identity = {"repository": "team/app", "run": str(n)}
            row = {"name": str(n), "identity": identity, "recorded": "2026-04-01T00:00:00Z"}
            frames.write(json.dumps({**row, "path": str(work / f"large-{n % 200}.log")}) + "\n")
    own = min(run([PROGRAM, "records"], "frames") for _ in range(3))
    # Waited-for children count with their parents: the filters are among those of the Python workers.
    said("engine (java and python) against cachediag, 20,000 logs of 100 KB, warm", (after - before - own) / own, "times", most=3)
    session.stop()


def used(application):
    """Processor seconds of this process and all below it, with those that ended."""
    stats = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        stats[int(path.parent.name)] = (int(fields[1]), sum(map(int, fields[11:15])))
    mine = {os.getpid()}
    while more := {pid for pid, (parent, _) in stats.items() if parent in mine} - mine:
        mine |= more
    return sum(stats[pid][1] for pid in mine) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
