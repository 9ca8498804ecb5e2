"""cachediag-fleet: the one-machine way, between pipes.

  find logs -name '*.log' | cachediag-fleet frames | cachediag records > rows.ndjson
  cachediag-fleet groups rows.ndjson | cachediag judge > findings.ndjson
  cachediag-fleet report causes --records rows.ndjson --findings findings.ndjson
"""

import argparse
import json
import os
import sys

from . import filter as filters
from .tables import REPORTS


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="cachediag-fleet", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    steps = parser.add_subparsers(required=True)
    step = steps.add_parser("frames", help="paths on standard input, or a manifest, to frames")
    step.add_argument("--manifest", help="NDJSON, a line a log: uri, repository, pipeline, job, leg, branch, commit, run, attempt, recorded")
    step.add_argument("--folder-is-job", action="store_true", help="the folder of a path names its job")
    step.set_defaults(run=frames)
    step = steps.add_parser("groups", help="rows of records to groups for cachediag judge")
    step.add_argument("rows", nargs="+")
    step.add_argument("--by", default="pipeline_key")
    step.set_defaults(run=groups)
    step = steps.add_parser("report", help="one of the reports, by DuckDB")
    step.add_argument("report", choices=REPORTS)
    step.add_argument("--records", required=True, help="NDJSON or Parquet")
    step.add_argument("--findings", required=True, help="NDJSON or Parquet")
    step.set_defaults(run=report)
    options = parser.parse_args(arguments)
    try:
        options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except ValueError as error:
        sys.exit(f"error: {error}")


def frames(options):
    out = sys.stdout.buffer
    for row in manifest(options.manifest) if options.manifest else paths(options.folder_is_job):
        head, body = filters.frame(row)
        out.write(json.dumps(head).encode() + b"\n" + (body or b""))


def paths(folder_is_job):
    for path in map(str.strip, sys.stdin):
        if path:
            folder = os.path.dirname(path) if folder_is_job else None
            yield {"uri": path, "job": folder or None}


def manifest(path):
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                row["uri"]
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{path}:{number} is no row of a manifest: {error!r}") from None
            yield row


def groups(options):
    rows = {}
    for path in options.rows:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if row.get("record") is not None:
                    rows.setdefault(row[options.by], {})[row["id"]] = row
    for key in sorted(rows):
        of_key = sorted(rows[key].values(), key=lambda row: (row["job_key"], row["time"] or "", row["id"]))
        print(json.dumps({"key": key, "records": len(of_key)}))
        for row in of_key:
            print(row["record"])


def report(options):
    from . import duck

    print(duck.report(duck.connect(options.records, options.findings), options.report))


if __name__ == "__main__":
    main()
