"""The tables that both engines keep: columns in the words of Spark, and rows of what the filters say.

A test holds the columns against schema/fleet-v1.schema.json.
"""

import json
import re
from datetime import datetime, timezone

# What the reports are called: sql/NAME.sql.
REPORTS = ("causes", "causes_by_week", "teams", "weeks", "shared_refs")

STEP = "stage string, instruction string, text string, outcome string, seconds double"
TRANSFER = "type string, reference string, ok boolean"

RECORDS = (
    "name string, id string, job_key string, pipeline_key string, repository string, pipeline string, job string, leg string, "
    "branch string, commit string, run string, attempt string, time timestamp, ci string, tool string, builds int, "
    "outcome string, hits int, total int, seconds double, "
    f"steps array<struct<{STEP.replace(' ', ':').replace(',:', ',')}>>, "
    f"imports array<struct<{TRANSFER.replace(' ', ':').replace(',:', ',')}>>, "
    f"exports array<struct<{TRANSFER.replace(' ', ':').replace(',:', ',')}>>, "
    "record string, problems array<string>, day string"
)

FINDINGS = (
    "key string, rule string, severity string, confidence string, title string, subject string, fingerprint string, "
    "steps int, seconds double, runs int, seconds_per_run double, first timestamp, last timestamp, finding string, "
    "problem string"
)


def columns(ddl):
    """Names of the columns of a table."""
    return [name for name, _ in fields(ddl)]


def arrow(ddl):
    """The same table in the words of Arrow."""
    import pyarrow

    return pyarrow.schema([(name, _arrow_type(kind)) for name, kind in fields(ddl)])


def fields(ddl):
    """`(name, type)` of each field, of a table or inside a struct."""
    depth, word = 0, ""
    for char in ddl + ",":
        depth += (char == "<") - (char == ">")
        if char == "," and depth == 0:
            # A field of a table is `name type`, one of a struct `name:type`.
            name, kind = word.replace(":", " ", 1).split(None, 1) if "<" not in word else word.split(None, 1)
            yield name, kind
            word = ""
        else:
            word += char


def _arrow_type(kind):
    import pyarrow

    outer, _, inner = kind.strip().partition("<")
    inner = inner.removesuffix(">")
    if outer == "array":
        return pyarrow.list_(_arrow_type(inner))
    if outer == "struct":
        return pyarrow.struct([(name, _arrow_type(of)) for name, of in fields(inner)])
    plain = {"string": "string", "int": "int32", "double": "float64", "boolean": "bool"}
    return pyarrow.timestamp("us", "UTC") if outer == "timestamp" else pyarrow.type_for_alias(plain[outer])


def time_of(text):
    return None if text is None else datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)


def day_of(text):
    """The day of a time, as a partition is called; `None` where it is no time."""
    return text[:10] if text and re.match(r"\d{4}-\d\d-\d\d", text) else None


def record_rows(name, rows, problems, day=None):
    """Rows of the table `records` of one log; a log without any is kept as a row that says why."""
    for row in rows or [{"name": name}]:
        time = time_of(row.get("time"))
        known = {column: row.get(column) for column in columns(RECORDS)}
        yield {**known, "time": time, "problems": problems, "day": day or (f"{time:%Y-%m-%d}" if time else "unknown")}


def finding_rows(key, found, end):
    """Rows of the table `findings` of one group; a record that cannot be read is a row that says so."""
    for line in found:
        known = {column: line.get(column) for column in columns(FINDINGS)}
        impact = line["impact"]
        yield {
            **known,
            "steps": impact["steps"],
            "seconds": impact["seconds"],
            "runs": impact["runs"],
            "first": time_of(line["first"]),
            "last": time_of(line["last"]),
            "finding": json.dumps(line, ensure_ascii=False, separators=(",", ":")),
        }
    for problem in end["unread"]:
        yield {**dict.fromkeys(columns(FINDINGS)), "key": key, "problem": problem}
