"""The reports on one machine, by DuckDB."""

from importlib import resources

import duckdb

from .tables import RECORDS, fields

# Findings as the filter prints them, as the table has them.
PRINTED = (
    "key string, rule string, severity string, confidence string, title string, subject string, fingerprint string, "
    "impact struct<steps:int,seconds:double,runs:int>, seconds_per_run double, first timestamp, last timestamp"
)
FINDINGS = "SELECT * EXCLUDE (impact), impact.steps AS steps, impact.seconds AS seconds, impact.runs AS runs FROM {}"
# Caches that a run writes. BuildKit does not print where an export goes: what the run looks for counts then.
WRITES = (
    "CREATE VIEW writes AS SELECT DISTINCT id, job_key, pipeline_key, repository, pipeline, job, time, reference FROM ("
    "SELECT *, unnest(list_concat(list_transform(exports, lambda e: e.reference), "
    "CASE WHEN len(list_filter(exports, lambda e: e.ok AND e.reference IS NULL)) > 0 "
    "THEN list_transform(imports, lambda i: i.reference) ELSE [] END)) AS reference FROM records) WHERE reference IS NOT NULL"
)


def sql(name):
    """The text of a report, the same for Spark and DuckDB."""
    return resources.files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def connect(records, findings):
    """A session with the views `records`, `findings` and `writes`."""
    session = duckdb.connect()
    session.execute("SET TimeZone = 'UTC'")
    session.execute(f"CREATE VIEW records AS SELECT * FROM {_table(records, RECORDS)} WHERE id IS NOT NULL")
    found = _table(findings, PRINTED)
    found = found if _is_parquet(findings) else f"({FINDINGS.format(found)})"
    session.execute(f"CREATE VIEW findings AS SELECT * FROM {found} WHERE rule IS NOT NULL")
    session.execute(WRITES)
    return session


def report(session, name):
    return session.sql(sql(name))


def _is_parquet(path):
    return not path.endswith((".ndjson", ".json", ".ndjson.gz", ".ndjson.zst"))


def _table(path, ddl):
    quoted = path.replace("'", "''")
    if _is_parquet(path):
        return f"read_parquet('{quoted}', hive_partitioning = true)"
    # Types are said: of a list that is empty in every line DuckDB cannot know what is in it.
    columns = ", ".join(f"{name}: '{_type(kind)}'" for name, kind in fields(ddl))
    options = f"format = 'newline_delimited', columns = {{{columns}}}, maximum_object_size = 268435456"
    return f"read_json('{quoted}', {options})"


def _type(kind):
    """A type of `tables` in the words of DuckDB."""
    outer, _, inner = kind.partition("<")
    inner = inner.removesuffix(">")
    if outer == "array":
        return f"{_type(inner)}[]"
    if outer == "struct":
        return "STRUCT(" + ", ".join(f'"{name}" {_type(of)}' for name, of in fields(inner)) + ")"
    plain = {"string": "VARCHAR", "int": "INTEGER", "double": "DOUBLE", "boolean": "BOOLEAN", "timestamp": "TIMESTAMPTZ"}
    return plain[outer]
