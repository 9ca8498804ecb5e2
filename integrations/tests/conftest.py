"""What the tests of the wrappers share: the program, its samples, and tools of other people."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "sample-logs"
PROGRAM = Path(os.environ.get("CACHEDIAG", ROOT / "target/release/cachediag")).resolve()
TOOLS = [Path(sys.executable).parent, Path(__file__).parent / "node_modules/.bin"]
PATH = os.pathsep.join([*map(str, TOOLS), os.environ["PATH"]])


def run(*command, status=0, **options):
    """Both streams of a command that must end with this status."""
    environment = {**os.environ, "PATH": PATH, **options.pop("env", {})}
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        timeout=150,
        **options,
    )
    assert done.returncode == status, f"{command} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def git(folder, *arguments):
    run("git", "-c", "user.name=test", "-c", "user.email=test@example.com", *arguments, cwd=folder)


@pytest.fixture
def agent(tmp_path):
    """A folder of programs as a runner has them: `cachediag` and the script of all wrappers."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "cachediag").symlink_to(PROGRAM)
    (programs / "cachediag-judge").symlink_to(ROOT / "integrations/judge.sh")
    return programs


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """Every package of the program, made once."""
    out = tmp_path_factory.mktemp("packages")
    target = f"{os.uname().machine}-unknown-linux-gnu"
    run(sys.executable, ROOT / "packaging/release.py", "--level", "1", "--binary", PROGRAM, "--target", target, "--out", out)
    return out


def copy(sample, to):
    shutil.copy(SAMPLES / sample, to)
