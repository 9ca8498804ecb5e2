#!/usr/bin/env python3
"""Damages files and gives them to the program, which ends with 0, 1 or 2 and needs 64 MiB at the most.

    fuzz/mutate.py [--program FILE] [--count N] [--seconds S] [--seed N]

Logs, configuration, evidence, histories and their exports, of those that lie in the repository. A seed makes the same
inputs again; what failed stays in target/mutated/.
"""

import argparse
import collections
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

MOST = 64 << 20
ROOT = Path(__file__).resolve().parent.parent
WORDS = [b"#1 ", b"#99 DONE", b"CACHED", b"ERROR: ", b"\x00", b"\xff\xfe", b"\x1b[1A", b"{", b"[" * 99, b"'", b'"', b"\n", b"\r\n", b"*a", b"&a ", b"<<: *a",
         b"sha256:", b"-1", b"9" * 30, b": ", b"- ", b"\t", b"${{ }}", b"COPY --from=", b"type=registry,ref=", "ü\u202e".encode()]


def damaged(data, other, dice):
    """One to four edits, by bytes or by lines."""
    data = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(data) + 1)
        end = min(len(data), at + dice.choice([1, 2, 8, 80, 800, 8000]))
        kind = dice.randrange(9)
        if kind == 0:
            del data[at:end]
        elif kind == 1:
            data[at:at] = data[at:end] * dice.randint(1, 20)
        elif kind == 2 and data:
            data[at % len(data)] ^= 1 << dice.randrange(8)
        elif kind == 3:
            data[at:at] = dice.choice(WORDS)
        elif kind == 4:
            del data[at:]
        elif kind == 5:
            start = dice.randrange(len(other) + 1)
            data[at:at] = other[start:start + dice.choice([10, 100, 5000])]
        elif kind == 6:
            lines = data.split(b"\n")
            one, two = dice.randrange(len(lines)), dice.randrange(len(lines))
            lines[one], lines[two] = lines[two], lines[one]
            data = bytearray(b"\n".join(lines))
        elif kind == 7:
            lines = data.split(b"\n")
            del lines[dice.randrange(len(lines))]
            data = bytearray(b"\n".join(lines))
        else:
            data[at:end] = bytes(dice.randrange(256) for _ in range(end - at))
    return bytes(data[:2 << 20])


def found(pattern, *folders):
    return [path for folder in folders for path in sorted((ROOT / folder).rglob(pattern)) if path.is_file()]


def configurations():
    names = ["*.yml", "*.yaml", "*.hcl", "docker-bake.json", "Dockerfile*", "cachediag.toml", ".dockerignore"]
    return [path for name in names for path in found(name, "sample-logs", "tests/fixes", "tests/rules", "tests/configs", "tests/checkouts")]


def evidence():
    return [path for name in ("*.json", "*.dockerbuild") for path in found(name, "tests/it/evidence", "tests/rules", "tests/fixes", "sample-logs")]


class Desk:
    def __init__(self, program, folder):
        self.program, self.folder = program, Path(folder)
        self.log = found("run-01.log", "sample-logs")[0]
        self.files = {
            "log": found("*.log", "sample-logs", "tests/rules", "tests/envelopes", "tests/dialects"),
            "configuration": configurations(),
            "evidence": evidence(),
        }
        history = self.folder / "seed.db"
        for log in found("*.log", "sample-logs")[:12]:
            self.run(["--history", history, "--job", log.parent.name, log])
        self.run(["history", "export", "--history", history], self.folder / "seed.ndjson")
        self.files["history"] = [history]
        self.files["export"] = [self.folder / "seed.ndjson"]
        self.files = {kind: files for kind, files in self.files.items() if files}

    def commands(self, kind, path, dice):
        if kind == "log":
            form = dice.choice(["json", "human", "sarif", "html", "junit", "github"])
            return dice.choice([["--format", form, path], ["compare", self.log, "--with", path], ["--history", self.folder / "h.db", path], ["--format", form, "-"]])
        if kind == "configuration":
            return dice.choice([["--config", path, self.log], ["fix", "--config", path], ["fix", "--unsafe", "--config", path, self.log]])
        if kind == "evidence":
            return [self.log, path]
        if kind == "history":
            return dice.choice([["--history", path, self.log], ["trend", "--history", path], ["history", "list", "--history", path], ["history", "prune", "--history", path], ["history", "export", "--history", path]])
        return ["history", "import", "--history", self.folder / "i.db", path]

    def run(self, args, out=os.devnull, given=os.devnull):
        args = [self.program, *map(str, args)]
        opened = [(os.POSIX_SPAWN_OPEN, 0, str(given), os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, str(out), os.O_WRONLY | os.O_CREAT, 0o600),
                  (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
        child = os.posix_spawn(self.program, args, os.environ, file_actions=opened)
        _, status, used = os.wait4(child, 0)
        return os.waitstatus_to_exitcode(status), used


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(ROOT / "target/release/cachediag"))
    parser.add_argument("--count", type=int, default=1 << 60)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    dice = random.Random(given.seed)
    ends, most, longest, failed, begun = collections.Counter(), 0, 0.0, 0, time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(os.path.abspath(given.program), folder)
        kinds = list(desk.files)
        for number in range(given.count):
            if time.monotonic() - begun > given.seconds:
                break
            kind = kinds[number % len(kinds)]
            source = dice.choice(desk.files[kind])
            other = dice.choice(desk.files[dice.choice(kinds)]).read_bytes()
            # The name tells the kind of a configuration.
            place = desk.folder / "input" / (source.name if kind != "log" else "run-02.log")
            if kind == "configuration" and ".github" in source.parts:
                place = desk.folder / "input/.github/workflows" / source.name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(damaged(source.read_bytes(), other, dice))
            args = desk.commands(kind, place, dice)
            code, used = desk.run(args, given=place if args[-1] == "-" else os.devnull)
            peak = used.ru_maxrss << 10
            ends[kind, code] += 1
            most, longest = max(most, peak), max(longest, used.ru_utime + used.ru_stime)
            if code not in (0, 1, 2) or peak > MOST:
                failed += 1
                kept = ROOT / "target/mutated" / f"{given.seed}-{number}-{place.name}"
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(place, kept)
                print(f"{kind}: ended with {code}, {peak >> 20} MiB: {' '.join(map(str, args))} ({kept})", flush=True)
            shutil.rmtree(desk.folder / "input")
            for left in desk.folder.glob("*.db*"):
                if left.name != "seed.db":
                    left.unlink()
    for (kind, code), times in sorted(ends.items()):
        print(f"{kind:14} exit {code:3} {times:7}")
    print(f"{sum(ends.values())} inputs, {failed} failed; at most {most >> 20} MiB (of which this script has some) and {longest:.2f} s")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
