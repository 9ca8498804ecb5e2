"""The reports on one machine, by DuckDB."""

from importlib import resources

import duckdb

# What the SQL of the reports reads: the tables of `tables`, whether they lie in Parquet or as the filters print them.
FINDINGS = (
    "SELECT key, rule, severity, confidence, title, subject, fingerprint, impact.steps AS steps, impact.seconds AS seconds, "
    "impact.runs AS runs, seconds_per_run, CAST(first AS TIMESTAMP) AS first, CAST(last AS TIMESTAMP) AS last FROM {} "
    "WHERE rule IS NOT NULL"
)
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
    session.execute(f"CREATE VIEW records AS SELECT * FROM {_table(records)} WHERE id IS NOT NULL")
    plain = f"SELECT * FROM {_table(findings)} WHERE rule IS NOT NULL"
    session.execute(f"CREATE VIEW findings AS {plain if _is_parquet(findings) else FINDINGS.format(_table(findings))}")
    session.execute(WRITES)
    return session


def report(session, name):
    return session.sql(sql(name))


def _is_parquet(path):
    return not path.endswith((".ndjson", ".json", ".ndjson.gz", ".ndjson.zst"))


def _table(path):
    quoted = path.replace("'", "''")
    if _is_parquet(path):
        return f"read_parquet('{quoted}', hive_partitioning = true)"
    options = "format = 'newline_delimited', union_by_name = true, maximum_object_size = 268435456, sample_size = -1"
    return f"read_json('{quoted}', {options})"
