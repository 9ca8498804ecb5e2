"""The program that was built beside this package, and logs to feed it."""

import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "sample-logs"
SHARED = ROOT / "tests/rules/cache-ref-shared/fires/two-jobs"
CORPUS = pathlib.Path(os.environ.get("CACHEDIAG_CORPUS", ROOT.parent / "shared" / "corpus"))


def pytest_configure(config):
    built = (ROOT / "target" / kind / "cachediag" for kind in ("release", "debug"))
    found = os.environ.get("CACHEDIAG") or next((str(path) for path in built if path.exists()), None)
    if found:
        os.environ["CACHEDIAG"] = found


@pytest.fixture(scope="session")
def series():
    """Logs of each sample, and of each series of a corpus where one is there: folder to paths."""
    folders = [path for path in sorted(SAMPLES.iterdir()) if path.is_dir()]
    folders += [SHARED / job for job in ("api", "web")]
    folders += sorted({path.parent for path in CORPUS.rglob("run-01.log")})
    found = {str(folder): sorted(map(str, folder.glob("run-*.log"))) for folder in folders}
    return {name: logs for name, logs in found.items() if logs}


@pytest.fixture(scope="session")
def shared_logs():
    """Two jobs that write one reference: job to paths."""
    return {job: sorted(map(str, (SHARED / job).glob("run-*.log"))) for job in ("api", "web")}


@pytest.fixture(scope="session")
def reports(series):
    """What the program finds in the logs of each series, as it is called by hand."""
    return {folder: told(report(logs)["findings"]) for folder, logs in series.items()}


def told(found):
    """What has to be equal, whoever judges."""
    return sorted((line["rule"], line["confidence"], line["fingerprint"]) for line in found)


def report(logs):
    # From elsewhere: nothing of the folder's configuration, since records hold what logs say.
    command = [os.environ["CACHEDIAG"], "--format", "json", *logs]
    return json.loads(subprocess.run(command, cwd="/", capture_output=True, stdin=subprocess.DEVNULL).stdout)


LOG = b"#5 [2/2] RUN make\n#5 DONE 1.5s\n"
