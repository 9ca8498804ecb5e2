"""The filters `cachediag records` and `cachediag judge`, as iterators.

One process serves many logs. A thread writes to it while its answers are read, so that neither waits for the other, and
what is in flight is what two pipes hold.
"""

import json
import os
import shutil
import subprocess
import sysconfig
import tempfile
import threading

IDENTITY = ("repository", "pipeline", "job", "leg", "branch", "commit", "run", "attempt")


class FilterError(RuntimeError):
    """The filter ended with an error: what it was given is no frame, or was cut."""


def binary():
    """The program: $CACHEDIAG, else the one beside this Python, else the one on the PATH."""
    here = os.path.join(sysconfig.get_path("scripts"), "cachediag")
    found = os.environ.get("CACHEDIAG") or (here if os.path.exists(here) else shutil.which("cachediag"))
    if not found:
        raise FilterError("cachediag is not installed here: pip install cachediag, or set CACHEDIAG to the program")
    return found


def frame(row, read=None):
    """The frame of one row of a manifest: its head and, where the log has to be sent, its bytes.

    A row has `uri`, and may have the fields of an identity and `recorded`. A log that cannot be read is a problem of its own
    row, never of the others.
    """
    uri = row.get("uri")
    if not isinstance(uri, str) or not uri:
        return {"name": "row of the manifest without uri", "problem": f"no uri in {_shown(row)}"}, None
    head = {"name": uri, "identity": {k: str(row[k]) for k in IDENTITY if row.get(k) is not None}}
    if row.get("recorded") is not None:
        head["recorded"] = timestamp(row["recorded"])
    path = local(uri)
    if path is not None:
        return {**head, "path": path}, None
    try:
        body = (read or fetch)(uri)
    except Exception as error:  # whatever the store raises, it is the problem of this log
        return {**head, "problem": f"{type(error).__name__}: {error}"}, None
    return {**head, "bytes": len(body)}, body


def _shown(row):
    return json.dumps({name: value for name, value in row.items() if value is not None}, default=str)


def timestamp(value):
    """RFC 3339; a time without a zone is UTC."""
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    text = text.replace(" ", "T", 1)
    return text if text.endswith("Z") or "+" in text[10:] or "-" in text[10:] else text + "Z"


def local(uri):
    """The path of a file that the filter can open itself."""
    if uri.startswith("file:"):
        return uri[5:] if not uri.startswith("file://") else "/" + uri[7:].lstrip("/")
    return None if "://" in uri else os.path.abspath(uri)


def fetch(uri):
    """The bytes of an object, through fsspec."""
    import fsspec

    with fsspec.open(uri, "rb", compression=None) as file:
        return file.read()


def records(frames, *args, program=None):
    """Rows of frames, log by log: `(name, rows, problems)` for each frame, in order."""
    rows = []
    for line in _lines(["records", *args], map(_frame_bytes, frames), program):
        if "end" not in line:
            rows.append(line)
            continue
        yield line["end"], rows, line["problems"]
        rows = []


def findings(groups, *args, program=None):
    """Findings of groups: `(key, findings, end)` for each group `(key, number, records)`, in order."""
    found = []
    for line in _lines(["judge", *args], _group_bytes(groups), program):
        if "end" not in line:
            found.append(line)
            continue
        yield line["end"], found, line
        found = []


def _frame_bytes(frame):
    head, body = frame
    return json.dumps(head).encode() + b"\n" + (body or b"")


def _group_bytes(groups):
    for key, number, lines in groups:
        yield json.dumps({"key": key, "records": number}).encode() + b"\n"
        for line in lines:
            # A record is one line, whatever a table holds.
            yield line.replace("\n", " ").encode() + b"\n"


def _lines(command, chunks, program):
    # A file, not a pipe: nobody would read it while answers are awaited.
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [program or binary(), *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, env=_environment()
        )
        writer = _Writer(process.stdin, chunks)
        writer.start()
        try:
            for line in process.stdout:
                yield json.loads(line)
            status = process.wait()
            writer.join()
            if writer.error is not None:
                raise writer.error
            if status != 0:
                said.seek(0)
                message = said.read().decode(errors="replace").strip()
                raise FilterError(f"cachediag {command[0]} ended with status {status}: {message}")
        finally:
            process.kill()
            process.stdout.close()
            process.wait()


def _environment():
    # Settings of this machine do not belong to the logs: the same input gives the same rows on every worker.
    return {name: value for name, value in os.environ.items() if not name.startswith("CACHEDIAG")}


class _Writer(threading.Thread):
    def __init__(self, pipe, chunks):
        super().__init__(daemon=True)
        self.pipe, self.chunks, self.error = pipe, chunks, None

    def run(self):
        try:
            with self.pipe:
                for chunk in self.chunks:
                    self.pipe.write(chunk)
        except (BrokenPipeError, ValueError):
            pass  # the filter ended first, and says why itself
        except BaseException as error:
            self.error = error
