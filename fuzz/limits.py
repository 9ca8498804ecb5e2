#!/usr/bin/env python3
"""Makes inputs that are large in one respect and measures what each costs: peak memory and processor time.

    fuzz/limits.py [--program FILE] [WORD]...     only rows that hold one of the words

A row fails where the program does not end with 0, 1 or 2, or takes more than 64 MiB. Time is looked at where an
input is taken once, twice and four times: it may grow 5.3-fold, 2.3 times each time (linear is four).
"""

import argparse
import gzip
import json
import os
import sqlite3
import struct
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

MOST = 64 << 20
GROWTH = 5.3

LOAD = "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n"
BUILD = LOAD + "#2 [1/2] FROM docker.io/library/alpine:3.20\n#2 CACHED\n\n#3 [2/2] RUN make\n#3 DONE 1.5s\n\n"
ROWS = []


def row(name, *sizes, args=("{}",), stdin=False):
    """Adds a row for each size: the function writes an input of so many bytes or parts to a path."""

    def add(make):
        ROWS.extend((name, size, make, args, stdin) for size in sizes)
        return make

    return add


def repeated(path, size, start, part, end="", separator=""):
    """Writes as many parts as have the size together; `part` takes their number."""
    with open(path, "w") as file:
        file.write(start)
        written = n = 0
        while written < size:
            written += file.write((separator if n else "") + part(n))
            n += 1
        file.write(end)


KB, MB = 1000, 1_000_000
# A configuration file is read up to 512 KiB.
ALMOST = (512 << 10) - 1000


def configured(name, kind, start, part, end="", separator="", sizes=(ALMOST,)):
    """A configuration file of a kind, beside a log."""

    def make(folder, size):
        folder.mkdir()
        (folder / "run.log").write_text(BUILD)
        path = folder / "checkout" / kind
        path.parent.mkdir(parents=True)
        repeated(path, size, start, part, end, separator)

    row(name, *sizes, args=("--config", "{}/checkout", "{}/run.log"))(make)


@row("GitLab: n keys merged in n jobs", 1_000, 2_000, 8_000, 100_000, args=("--config", "{}/.gitlab-ci.yml", "{}/run.log"))
def merges(folder, n):
    folder.mkdir()
    (folder / "run.log").write_text(BUILD)
    with open(folder / ".gitlab-ci.yml", "w") as file:
        file.write(".all: &all\n" + "".join(f"  key{i}: {i}\n" for i in range(n)))
        file.writelines(f"job{i}:\n  <<: *all\n  script: [make]\n" for i in range(n))


FLOW = ("stages: [", lambda n: f"s{n},", "a]\nbuild:\n  script: [docker build .]\n")
configured("GitLab: flow list", ".gitlab-ci.yml", *FLOW, sizes=(160 * KB, ALMOST, 8 * MB))
configured("GitLab: smallest flow list", ".gitlab-ci.yml", "stages: [", lambda n: "a,", "a]\n", sizes=(160 * KB, ALMOST, 8 * MB))
configured("GitLab: smallest flow map", ".gitlab-ci.yml", "variables: {", lambda n: f"{n:x}:,", "a: b}\n")
configured("GitLab: jobs", ".gitlab-ci.yml", "", lambda n: f"j{n}:\n  script: docker build .\n")
configured("GitLab: empty sequence items", ".gitlab-ci.yml", "build:\n  script:\n", lambda n: "  -\n")
configured("bake: nested lists", "docker-bake.hcl", "a = ", lambda n: "[" * 1000, sizes=(10 * KB, 40 * KB, ALMOST))
configured("GitLab: nested flow", ".gitlab-ci.yml", "stages: ", lambda n: "[" * 1000, sizes=(10 * KB, 40 * KB, ALMOST))
configured("GitLab: aliases", ".gitlab-ci.yml", "a: &a [b]\nc: [", lambda n: "*a,", "*a]\n")
configured("GitLab: comments", ".gitlab-ci.yml", "", lambda n: "#\n", "build:\n  script: docker build .\n")
TAGS = ('{"target":{"app":{"tags":[', lambda n: '"a"', "]}}}")
configured("bake.json: tags", "docker-bake.json", *TAGS, sizes=(160 * KB, 320 * KB, ALMOST, 8 * MB), separator=",")
configured("bake.json: targets", "docker-bake.json", '{"target":{', lambda n: f'"t{n}":{{}}', "}}", separator=",")
configured("bake.json: empty lists", "docker-bake.json", '{"target":{"app":{"tags":[', lambda n: "[]", "]}}}", separator=",")
configured("bake.hcl: tags", "docker-bake.hcl", 'target "app" {\n tags = [', lambda n: '"a",', '"b"]\n}\n')
configured("bake.hcl: targets", "docker-bake.hcl", "", lambda n: f'target "t{n}" {{}}\n')
configured("bake.hcl: variables", "docker-bake.hcl", "", lambda n: f'variable "v{n}" {{ default = "${{v{n + 1}}}" }}\n')
configured("workflow: steps", ".github/workflows/a.yml", "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n", lambda n: "    - run: docker build .\n")
configured("workflow: jobs", ".github/workflows/a.yml", "on: push\njobs:\n", lambda n: f"  j{n}:\n    runs-on: x\n    steps: [run: docker build .]\n")
configured("workflow: matrix", ".github/workflows/a.yml", "on: push\njobs:\n  a:\n    runs-on: x\n    strategy: {matrix: {" + ",".join(f"m{k}: [{','.join(map(str, range(40)))}]" for k in range(8)) + "}}\n    steps:\n", lambda n: "    - run: docker build .\n", sizes=(10 * KB,))
configured("workflow: one script", ".github/workflows/a.yml", "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - run: |\n", lambda n: "        docker build .\n")
configured("Bitbucket: steps", "bitbucket-pipelines.yml", "pipelines:\n  default:\n", lambda n: "  - step:\n      caches: [docker]\n      script: [docker build .]\n")
configured("Bitbucket: caches", "bitbucket-pipelines.yml", "definitions:\n  caches:\n", lambda n: f"    c{n}: d{n}\n", "pipelines:\n  default:\n  - step:\n      script: [docker build .]\n")
configured("Buildkite: steps", ".buildkite/pipeline.yml", "steps:\n", lambda n: "- command: docker build .\n")
configured("CircleCI: steps", ".circleci/config.yml", "version: 2.1\njobs:\n  a:\n    steps:\n", lambda n: "    - run: docker build .\n")
configured("Azure: steps", "azure-pipelines.yml", "steps:\n", lambda n: "- script: docker build .\n")
configured("compose: services", "compose.yml", "services:\n", lambda n: f"  s{n}: {{build: .}}\n")
configured("compose: cache_from", "compose.yml", "services:\n  a:\n    build:\n      context: .\n      cache_from: [", lambda n: "a,", "a]\n")
configured("Dockerfile: steps", "Dockerfile", "FROM alpine\n", lambda n: "RUN a\n")
configured("Dockerfile: stages", "Dockerfile", "", lambda n: f"FROM a AS s{n}\n")
configured("Dockerfile: ARGs", "Dockerfile", "FROM alpine\n", lambda n: f"ARG a{n}\n")
configured("Dockerfile: one step of lines", "Dockerfile", "FROM alpine\nRUN true", lambda n: " \\\n a", "\n")
configured(".dockerignore", ".dockerignore", "", lambda n: "a\n")
configured("Makefile", "Makefile", "all:\n", lambda n: "\tdocker build .\n")


@row("settings: cachediag.toml", ALMOST, 8 * MB, args=("--settings", "{}", "-"))
def settings(path, size):
    repeated(path, size, "ignore = [", lambda n: '"a",', "]\n")


@row("tar.gz: one long GNU name", 300 * MB)
def long_name(path, size):
    path = path.with_suffix(".tar.gz")
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, size
    with gzip.open(path, "wb", compresslevel=6) as file:
        file.write(header.tobuf(tarfile.GNU_FORMAT))
        for _ in range(size >> 20):
            file.write(b"a" * (1 << 20))
        file.write(b"a" * (size % (1 << 20) + -size % 512))
        file.write(tarfile.TarInfo("run.log").tobuf() + bytes(1024))
    return path


@row("tar.gz: pax records", 300 * MB)
def pax(path, size):
    path = path.with_suffix(".tar.gz")
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, size
    with gzip.open(path, "wb", compresslevel=6) as file:
        file.write(header.tobuf(tarfile.USTAR_FORMAT))
        part = b"10 path=a\n" * 100_000
        for _ in range(size // len(part)):
            file.write(part)
        file.write(bytes(-size % 512))
        file.write(tarfile.TarInfo("run.log").tobuf() + bytes(1024))
    return path


def answer(write, size):
    write(b'{"url":"https://api.buildkite.com/","content":"')
    part = b"#2 [1/2] RUN make\\n" * 50_000
    for _ in range(size // len(part)):
        write(part)
    write(b'","size":1}')


@row("JSON document of Buildkite", 11 * MB, 300 * MB)
def document(path, size):
    with open(path, "wb") as file:
        answer(file.write, size)


@row("JSON document of Buildkite, .gz", 11 * MB, 300 * MB)
def packed_document(path, size):
    with gzip.open(path.with_suffix(".gz"), "wb", compresslevel=6) as file:
        answer(file.write, size)
    return path.with_suffix(".gz")


@row("JSON document of small parts", 11 * MB)
def small_parts(path, size):
    repeated(path, size, '{"url":"https://x","content":"a","x":[', lambda n: "[]", "]}", ",")


@row("JSON document of CircleCI", 11 * MB)
def circle(path, size):
    repeated(path, size, "[", lambda n: '{"message":"a"}', "]", ",")


@row("#N text, N counting", 1_600 * KB, 6_700 * KB, 64 * MB)
def counting(path, size):
    repeated(path, size, "", lambda n: f"#{n} text\n")


@row("#N text, N counting down", 64 * MB)
def counting_down(path, size):
    repeated(path, size, "", lambda n: f"#{9_000_000 - n} text\n")


@row("#1 x in every line of a file", 25 * MB, 100 * MB)
def one_vertex(path, size):
    repeated(path, size, LOAD, lambda n: "#1 x\n")


@row("#1 x in every line of a pipe", 100 * MB, stdin=True)
def piped_vertex(path, size):
    repeated(path, size, LOAD, lambda n: "#1 x\n")


def of_a_build(name, size, part):
    row(name, size)(lambda path, n: parts(path, n, part))


def parts(path, n, part):
    with open(path, "w") as file:
        file.write(BUILD)
        file.writelines(part(i) for i in range(4, n + 4))


OF_A_BUILD = {
    "imports": lambda i: f"#{i} importing cache manifest from r.example.com/team/app:{i}\n#{i} DONE 0.1s\n\n",
    "exports": lambda i: f"#{i} exporting cache to registry\n#{i} writing manifest r/a:{i}\n#{i} DONE 0.1s\n\n",
    "steps": lambda i: f"#{i} [{i}/{i + 1}] RUN task-{i} --now\n#{i} DONE 0.1s\n\n",
    "steps that fail": lambda i: f"#{i} [{i}/{i + 1}] RUN task-{i}\n#{i} ERROR: process \"task-{i}\" did not complete successfully: exit code: 2\n\n",
    "errors": lambda i: f"#3 ERROR: failed to push r.example.com/a:{i}: 401 Unauthorized\n",
    "errors of exports": lambda i: f"#{i} exporting cache to registry\n#{i} ERROR: error writing layer blob: 403 Forbidden of {i}\n\n",
    "pulls": lambda i: f"#3 sha256:{i:064x} 1MB / 1MB 0.1s done\n",
    "stages": lambda i: f"#{i} [s{i} 1/2] RUN make\n#{i} DONE 0.1s\n\n",
    "builds": lambda i: BUILD,
    "builds with a failing import": lambda i: BUILD + f"#4 importing cache manifest from r.example.com/a:{i}\n#4 ERROR: r.example.com/a:{i}: not found\n\n",
    "classic steps": lambda i: f"Step {i}/999999 : RUN task-{i}\n ---> Running in {i:012x}\n ---> {i:012x}\n",
    "caches of a CI": lambda i: f"Cache not found for input keys: build-{i}\n",
    "names of a vertex": lambda i: f"#{4 + i % 2} [{1 + i % 2}/2] RUN task-{i}\n",
    "images of a vertex": lambda i: ("#4 exporting to image\n" if i == 4 else "") + f"#4 naming to r.example.com/a:{i}\n",
    "final errors": lambda i: f"ERROR: failed to solve: task-{i} did not complete\n",
    "warnings": lambda i: f"WARNING: failed to get cache of r.example.com/a:{i}\n",
    "buildah steps": lambda i: f"STEP {i}/999999: RUN task-{i}\n--> {i:012x}\n",
    "kaniko steps": lambda i: f"INFO[0000] RUN task-{i}\nINFO[0001] Taking snapshot of full filesystem...\n",
    "kaniko lookups": lambda i: f"INFO[0000] No cached layer found for cmd RUN task-{i}\n",
    "docker load": lambda i: f"Loaded image: r.example.com/a:{i}\n",
    "commands": lambda i: f"+ docker buildx build -t app:{i} --cache-from r/a:{i} .\n",
    "JSON vertices": lambda i: f'{{"vertexes":[{{"digest":"sha256:{i:064x}","name":"[{i}/999999] RUN a-{i}","started":"2026-05-04T09:00:00.1Z","completed":"2026-05-04T09:00:01.2Z"}}]}}\n',
    "lines of jobs": lambda i: f"job{i}  | #1 [internal] load build definition from Dockerfile\n",
    "stamped groups": lambda i: f"2026-05-04T09:00:00.1000000Z ##[group]Run docker/build-push-action@v6\n2026-05-04T09:00:00.1000000Z with:\n2026-05-04T09:00:00.1000000Z   tags: a:{i}\n2026-05-04T09:00:00.1000000Z ##[endgroup]\n",
}
for said, part in OF_A_BUILD.items():
    of_a_build(f"{said} of a log", 100_000, part)


@row("zst: window of 128 MiB", 1)
def window(path, _):
    # A frame's header (RFC 8878): magic number, no checksum or content size, window descriptor 2^27, an RLE block.
    path = path.with_suffix(".zst")
    blocks = struct.pack("<I", (100_000 << 3) | 2)[:3] + b"a" + struct.pack("<I", (100_000 << 3) | 3)[:3] + b"\n"
    path.write_bytes(struct.pack("<I", 0xFD2FB528) + b"\0" + bytes([(27 - 10) << 3]) + blocks)
    return path


@row("zip: entries", 50_000, 250_000, 1_000_000)
def entries(path, n):
    path = path.with_suffix(".zip")
    with open(path, "wb") as file:
        directory = []
        for i in range(n):
            name = f"{i}_job.txt".encode()
            at = file.tell()
            file.write(struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 0, 0, 33, 0, 0, 0, len(name), 0) + name)
            directory.append((name, at))
        start = file.tell()
        for name, at in directory:
            file.write(struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 0, 0, 33, 0, 0, 0, len(name), 0, 0, 0, 0, 0, at) + name)
        end = file.tell()
        file.write(struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, n, n, end - start, start))
        file.write(struct.pack("<IIQI", 0x07064B50, 0, end, 1))
        few = min(n, 0xFFFF)
        file.write(struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, few, few, end - start, start, 0))
    return path


@row("tar: entries", 250_000)
def members(path, n):
    path = path.with_suffix(".tar")
    with open(path, "wb") as file:
        for i in range(n):
            file.write(tarfile.TarInfo(f"{i}_job.txt").tobuf(tarfile.USTAR_FORMAT))
        file.write(bytes(1024))
    return path


@row("tiny files that are no build", 40_000)
def tiny(folder, n):
    folder.mkdir()
    for i in range(n):
        (folder / f"{i}.log").write_text("nothing\n")


@row("tiny files of folders", 40_000)
def folders(folder, n):
    for i in range(n // 4):
        (folder / str(i)).mkdir(parents=True)
        for k in range(4):
            (folder / str(i) / f"{k}.log").write_text("nothing\n")


def history(path, log=BUILD):
    """A history with one run, made by the program itself."""
    given = Path(f"{path}.log")
    given.write_text(log)
    os.system(f"'{PROGRAM}' --history '{path}' '{given}' >'{os.devnull}' 2>&1")
    return sqlite3.connect(path)


@row("history: a row of 300 MB", 300 * MB, args=("--history", "{}", "{}.log"))
def wide_row(path, size):
    with history(path) as file:
        file.execute("UPDATE records SET body = zeroblob(?)", [size])


@row("history: a row of 300 MB, trend", 300 * MB, args=("trend", "--history", "{}"))
def wide_row_again(path, size):
    wide_row(path, size)


@row("history: an import line of 200 MB", 200 * MB, args=("history", "import", "--history", "{}.new", "{}"))
def import_line(path, size):
    repeated(path, size, '{"schema_version":1,"id":"', lambda n: "x" * MB, '"}\n')


@row("history: a log of 5,000 builds", 5_000, args=("--history", "{}.db", "{}"))
def of_many_builds(path, n):
    path.write_text("".join(BUILD.replace("make", f"make {i}") for i in range(n)))


@row("history: a run of 5,000 builds, read", 5_000, args=("trend", "--history", "{}"))
def read_many_builds(path, n):
    history(path, "".join(BUILD.replace("make", f"make {i}") for i in range(n))).close()


@row("history: runs", 5_000, args=("trend", "--history", "{}"))
def many_runs(path, n):
    with history(path) as file:
        for i in range(n):
            file.execute(
                "INSERT INTO records (id, job, recorded, sample, body)"
                " SELECT randomblob(16), job, recorded - ?, sample, body FROM records LIMIT 1",
                [i * 1_000_000],
            )


# Time: once, twice and four times of it.


def grows(name, n, args=("{}",)):
    def add(make):
        row(f"time: {name}", n, 2 * n, 4 * n, args=args)(make)
        return make

    return add


def linear(name, n, part):
    grows(name, n)(lambda path, n: parts(path, n, part))


linear("steps of a build", 10_000, OF_A_BUILD["steps"])
linear("steps of a classic build", 10_000, OF_A_BUILD["classic steps"])
linear("stages of a build", 2_000, OF_A_BUILD["stages"])
linear("stages with COPY --from", 2_000, lambda i: f"#{i} [s{i} 2/2] COPY --from=s{i - 1} /a /b\n#{i} DONE 0.1s\n\n")
linear("builds of 20 services in turns", 2_000, lambda i: BUILD.replace("make", f"make service-{i % 20}"))
linear("jobs in one log", 2_000, lambda i: "".join(f"job{i}  | {line}\n" for line in BUILD.splitlines()))
linear("builds with a finding each", 2_000, OF_A_BUILD["builds with a failing import"])
linear("kaniko builds", 2_000, lambda i: f"INFO[0000] Retrieving image manifest alpine:3.20\nINFO[0000] Built cross stage deps: map[]\nINFO[0000] Executing 0 build triggers\nINFO[0000] Checking for cached layer r/app/cache:{i:064x}...\nINFO[0000] No cached layer found for cmd RUN task\nINFO[0001] RUN task\n")
linear("lines of one command", 2_000, lambda i: ("+ docker buildx build" if i == 4 else f"  --build-arg A{i}=1") + " \\\n")
linear("#N text", 100_000, lambda i: f"#{i} text\n")


grows("page of the steps of a build", 6_000, ("--format", "html", "{}"))(lambda path, n: parts(path, n, OF_A_BUILD["steps"]))


def twice(name, n, part):
    def make(folder, n):
        folder.mkdir()
        for run in (1, 2):
            parts(folder / f"run-{run}.log", n, lambda i: part(i, run))

    grows(name, n)(make)


twice("compose services of two runs", 500, lambda i, run: "".join(f"#{i * 4 + k} [svc{i} {k}/4] RUN make-{i}-{k}\n#{i * 4 + k} DONE 0.1s\n\n" for k in (1, 2, 3)))
twice("JSON vertices of two runs", 5_000, lambda i, run: OF_A_BUILD["JSON vertices"](i))
twice("two runs of different steps", 2_000, lambda i, run: f"#{i} [{i}/{i + 1}] RUN task-{run}-{i}\n#{i} DONE 0.1s\n\n")


@grows("folders of two runs", 1_000)
def two_runs(folder, n):
    for i in range(n):
        (folder / f"job-{i}").mkdir(parents=True)
        for run in (1, 2):
            (folder / f"job-{i}" / f"run-{run}.log").write_text(BUILD.replace("make", f"make-{i}"))


@grows("files of one folder, distinct series", 2_000)
def distinct(folder, n):
    folder.mkdir()
    for i in range(n):
        (folder / f"{i}.log").write_text(BUILD.replace("make", f"make-{i}"))


def configuration(name, n, kind, start, part, end=""):
    def make(folder, n):
        folder.mkdir()
        (folder / "run.log").write_text(BUILD)
        path = folder / "checkout" / kind
        path.parent.mkdir(parents=True)
        path.write_text(start + "".join(map(part, range(n))) + end)

    grows(name, n, ("--config", "{}/checkout", "{}/run.log"))(make)


configuration("bake targets", 500, "docker-bake.hcl", "", lambda i: f'target "t{i}" {{ tags = ["a:{i}"] }}\n')
configuration("compose file, services", 400, "compose.yml", "services:\n", lambda i: f"  s{i}:\n    build: {{context: ., cache_from: [a:{i}]}}\n")
configuration("Bitbucket caches", 2_000, "bitbucket-pipelines.yml", "definitions:\n  caches:\n", lambda i: f"    c{i}: d{i}\n", "pipelines:\n  default:\n  - step:\n      script: [docker build .]\n")
configuration("Bitbucket steps", 500, "bitbucket-pipelines.yml", "pipelines:\n  default:\n", lambda i: f"  - step:\n      name: s{i}\n      caches: [docker]\n      script: [docker build -t a:{i} .]\n")
configuration("GitLab jobs", 500, ".gitlab-ci.yml", "", lambda i: f"j{i}:\n  script: docker build -t a:{i} .\n")
configuration("Buildkite steps", 500, ".buildkite/pipeline.yml", "steps:\n", lambda i: f"- command: docker build -t a:{i} .\n")
REF = "type=registry,ref=r.example.com/app-{}:cache"
configuration("bake targets, a finding and a patch each", 250, "docker-bake.hcl", "", lambda i: f'target "t{i}" {{\n  tags = ["r.example.com/app-{i}:1"]\n  no-cache = true\n  cache-from = ["{REF.format(i)}"]\n}}\n')
configuration("compose file, a finding and a patch each", 250, "compose.yml", "services:\n", lambda i: f"  s{i}:\n    image: r.example.com/app-{i}:1\n    build:\n      context: .\n      no_cache: true\n      cache_from: ['{REF.format(i)}']\n")
configuration("Dockerfile, steps", 5_000, "Dockerfile", "FROM alpine\n", lambda i: f"RUN make {i}\n")
configuration("Dockerfile, stages", 2_000, "Dockerfile", "", lambda i: f"FROM a AS s{i}\nCOPY --from=s{i - 1} a b\n")
configuration("nested flow sequence", 10_000, ".gitlab-ci.yml", "a: " , lambda i: "[", "")


@grows("script, a variable, a finding and a patch each", 200, ("--config", "{}", "{}/run.log"))
def script(folder, n):
    (folder / "ci").mkdir(parents=True)
    (folder / "run.log").write_text(BUILD)
    (folder / ".gitlab-ci.yml").write_text("build:\n  script: ./ci/build.sh\n")
    build = "docker buildx build --no-cache --cache-from {0} --cache-to {0},mode=max -t $A{1} --push .\n"
    lines = (f"A{i}=r.example.com/app-{i}:1\n" + build.format(REF.format(i), i) for i in range(n))
    (folder / "ci/build.sh").write_text("#!/bin/sh\n" + "".join(lines))


@grows("workflows, config only", 500, ("--config", "{}"))
def workflows(folder, n):
    (folder / ".github/workflows").mkdir(parents=True)
    for i in range(n):
        (folder / f".github/workflows/{i}.yml").write_text(f"on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - run: docker build -t a:{i} .\n")


@grows("zip: N_job.txt and job/1_a.txt", 2_500)
def copies(path, n):
    path = path.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as file:
        for i in range(n):
            file.writestr(f"{i}_job{i}.txt", BUILD)
            file.writestr(f"job{i}/1_a.txt", BUILD)
    return path


@grows("blank lines", 25 * MB)
def blank(path, n):
    repeated(path, n, BUILD, lambda n: "\n" * 100_000)


@row("run: blank lines", 1000 * MB, args=("run", "--", "cat", "{}"))
def blank_run(path, size):
    repeated(path, size, BUILD, lambda n: "\n" * 100_000)


def made(make, path, size):
    """Makes the input in a process of its own: a program counts the memory of the one that starts it."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            other = make(path, size)
            os.write(write, str(other or path).encode())
            os._exit(0)
        except BaseException as error:
            os.write(2, f"{error!r}\n".encode())
            os._exit(1)
    os.close(write)
    with os.fdopen(read) as pipe:
        other = pipe.read()
    if os.waitpid(child, 0)[1]:
        sys.exit("the input could not be made")
    return other


def measure(path, args, stdin):
    args = [PROGRAM, *(arg.replace("{}", str(path)) for arg in (["-"] if stdin else args))]
    with open(os.devnull, "r+b") as null, tempfile.TemporaryFile() as said:
        given = open(path, "rb") if stdin else null
        actions = [(os.POSIX_SPAWN_DUP2, file.fileno(), to) for file, to in ((given, 0), (null, 1), (said, 2))]
        child = os.posix_spawn(PROGRAM, args, {**os.environ, "TMPDIR": str(FOLDER)}, file_actions=actions)
        _, status, used = os.wait4(child, 0)
        said.seek(0)
        lines = said.read(2000).decode(errors="replace").splitlines() or [""]
    return os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss << 10, lines


def size_of(path):
    return int(os.popen(f"du -sb --apparent-size '{path}'").read().split()[0])


def main():
    global PROGRAM, FOLDER
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="target/release/cachediag")
    parser.add_argument("words", nargs="*", metavar="WORD")
    given = parser.parse_args()
    PROGRAM = os.path.abspath(given.program)
    bad, times = [], {}
    print(f"{'input':44} {'n':>11} {'bytes':>11} {'exit':>4} {'seconds':>8} {'MiB':>6}  said", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        FOLDER = Path(folder)
        for number, (name, size, make, args, stdin) in enumerate(ROWS):
            if given.words and not any(word in name for word in given.words):
                continue
            path = made(make, FOLDER / f"input-{number}", size)
            code, seconds, peak, said = measure(path, args, stdin)
            times.setdefault(name, []).append(seconds)
            wrong = code not in (0, 1, 2) or peak > MOST
            line = f"{name:44} {size:11,} {size_of(path):11,} {code:4} {seconds:8.2f} {peak >> 20:6}"
            print(f"{line}  {'TOO MUCH ' if wrong else ''}{said[-1][:90]}", flush=True)
            if wrong:
                bad.append(name)
            os.system(f"rm -rf '{path}' '{FOLDER}'/input-{number}*")
    for name, taken in times.items():
        if name.startswith("time") and taken[-1] > GROWTH * max(taken[0], 0.05):
            bad.append(name)
            print(f"{name}: {taken[-1] / taken[0]:.1f} times the time for four times the input")
    sys.exit(f"{len(bad)} too much: {', '.join(dict.fromkeys(bad))}" if bad else 0)


if __name__ == "__main__":
    main()
