"""DataFrame in, DataFrame out.

Rows are streamed through the filters partition by partition: no task holds a job, neither in Python nor in an Arrow batch.
"""

import itertools

from pyspark.sql import DataFrame, Window, functions as F

from . import filter as filters
from .tables import FINDINGS, RECORDS, arrow, day_of, finding_rows, record_rows

BATCH = 500

# Records of one job are alike: a page should hold many of them.
PARQUET = {
    "compression": "zstd",
    "parquet.compression.codec.zstd.level": "9",
    "parquet.page.size": str(8 << 20),
    # A dictionary of what is never said twice is a loss.
    **{f"parquet.enable.dictionary#{name}": "false" for name in ("record", "id", "name", "run")},
}


def parse(manifest: DataFrame, read=None, args=()) -> DataFrame:
    """The records of the logs that a manifest names: columns `uri`, and as far as known those of an identity, `recorded`
    and `day`, which is the partition that is written (else the day of `recorded`, else that of the log)."""
    _must_have("manifest", manifest, ["uri"])

    def rows(batches):
        days = {}

        def frames():
            for row in _rows(batches):
                head, body = filters.frame(row, read)
                days.setdefault(head["name"], []).append(row.get("day") or day_of(head.get("recorded")))
                yield head, body

        for name, found, problems in filters.records(frames(), *args):
            waiting = days[name]
            day = waiting.pop(0)
            if not waiting:
                del days[name]
            yield from record_rows(name, found, problems, day and str(day))

    return manifest.mapInArrow(lambda batches: _batches(rows(batches), RECORDS), RECORDS)


def judge(records: DataFrame, key="pipeline_key", last=None, args=()) -> DataFrame:
    """The findings of records. Jobs of one pipeline are judged together, since they may share a cache; of each job the
    newest `last` runs are looked at."""
    _must_have("table of records", records, [key, "job_key", "time", "id", "record"])
    asked = records.where(F.col("record").isNotNull()).dropDuplicates([key, "id"])
    if last is not None:
        newest = Window.partitionBy(key, "job_key").orderBy(F.col("time").desc_nulls_last(), F.col("id"))
        asked = asked.withColumn("_place", F.row_number().over(newest)).where(F.col("_place") <= last)
    counted = asked.withColumn("_number", F.count(F.lit(1)).over(Window.partitionBy(key)))
    fed = counted.select(F.col(key).alias("key"), "_number", "job_key", "time", "id", "record")
    fed = fed.repartition("key").sortWithinPartitions("key", "job_key", "time", "id").select("key", "_number", "record")

    def rows(batches):
        groups = itertools.groupby(_rows(batches), lambda row: (row["key"], row["_number"]))
        fed = ((key, number, (row["record"] for row in rows)) for (key, number), rows in groups)
        for key, found, end in filters.findings(fed, *args):
            yield from finding_rows(key, found, end)

    return fed.mapInArrow(lambda batches: _batches(rows(batches), FINDINGS), FINDINGS)


def shared(records: DataFrame, last=None, args=()) -> DataFrame:
    """The findings about references that more than one pipeline writes: their jobs are judged together, by reference."""
    written = writes(records)
    several = written.groupBy("reference").agg(F.countDistinct("pipeline_key").alias("_n")).where(F.col("_n") > 1)
    of_several = written.join(several.select("reference"), "reference").select("reference", "id")
    found = judge(records.join(of_several, "id"), "reference", last, args)
    return found.where((F.col("rule") == "cache-ref-shared") | F.col("problem").isNotNull())


def writes(records: DataFrame) -> DataFrame:
    """The caches that runs write. BuildKit does not print where an export goes: what the run looks for counts then."""
    unnamed = F.exists("exports", lambda export: export.ok & export.reference.isNull())
    sought = F.when(unnamed, F.col("imports.reference")).otherwise(F.array().cast("array<string>"))
    written = records.where(F.col("id").isNotNull()).select(
        *("id", "job_key", "pipeline_key", "repository", "pipeline", "job", "time"),
        F.explode(F.concat("exports.reference", sought)).alias("reference"),
    )
    return written.where(F.col("reference").isNotNull()).distinct()


def views(records: DataFrame, findings: DataFrame) -> None:
    """The views that the SQL of the reports reads: `records`, `findings` and `writes`."""
    records.where(F.col("id").isNotNull()).createOrReplaceTempView("records")
    findings.where(F.col("rule").isNotNull()).createOrReplaceTempView("findings")
    writes(records).createOrReplaceTempView("writes")


def write(table: DataFrame, out: str, order=("job_key", "time", "id")) -> None:
    """Parquet by day, sorted, which is half the size. A day that is written again is replaced as a whole."""
    kept = table.dropDuplicates(["name", "id"]) if "id" in table.columns else table
    kept = kept.repartition("day").sortWithinPartitions("day", *order)
    kept = kept.write.mode("overwrite").option("partitionOverwriteMode", "dynamic").options(**PARQUET)
    kept.partitionBy("day").parquet(out)


def _must_have(what, table, names):
    lacking = [name for name in names if name not in table.columns]
    if lacking:
        column = "column" if len(lacking) == 1 else "columns"
        raise ValueError(f"the {what} has no {column} {', '.join(lacking)}; there are {', '.join(table.columns)}")


def _rows(batches):
    for batch in batches:
        yield from batch.to_pylist()


def _batches(rows, ddl):
    import pyarrow

    schema = arrow(ddl)
    rows = iter(rows)
    while batch := list(itertools.islice(rows, BATCH)):
        yield pyarrow.RecordBatch.from_pylist(batch, schema=schema)
