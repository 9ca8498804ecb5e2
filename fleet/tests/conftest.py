"""The program that was built beside this package, and logs to feed it."""

import os
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "sample-logs"


def pytest_configure(config):
    built = (ROOT / "target" / kind / "cachediag" for kind in ("release", "debug"))
    found = os.environ.get("CACHEDIAG") or next((str(path) for path in built if path.exists()), None)
    if found:
        os.environ["CACHEDIAG"] = found


@pytest.fixture(scope="session")
def series():
    """Logs of each sample without configuration of its own, and in /work's corpus where it is there: name to paths."""
    folders = [path for path in sorted(SAMPLES.iterdir()) if path.is_dir()]
    corpus = os.environ.get("CACHEDIAG_CORPUS")
    if corpus:
        folders += sorted({path.parent for path in pathlib.Path(corpus).glob("S*/*/run-01.log")})
    found = {str(folder): sorted(map(str, folder.glob("run-??.log"))) for folder in folders}
    return {name: logs for name, logs in found.items() if len(logs) > 1}


LOG = b"#5 [2/2] RUN make\n#5 DONE 1.5s\n"
