"""cachediag-fleet-spark: the two steps for spark-submit."""

import argparse

from pyspark.sql import SparkSession, functions as F

from . import spark


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="cachediag-fleet-spark", description=__doc__)
    steps = parser.add_subparsers(required=True)
    step = steps.add_parser("parse", help="logs to records")
    step.add_argument("--manifest", required=True, help="Parquet, or NDJSON: uri, identity, recorded, day")
    step.add_argument("--out", required=True)
    step.set_defaults(run=parse)
    step = steps.add_parser("judge", help="records to findings")
    step.add_argument("--records", required=True)
    step.add_argument("--out", required=True)
    step.add_argument("--since", help="first day that is looked at: 2026-03-01")
    step.add_argument("--until", help="last day; the findings are written as those of this day [default: the newest]")
    step.add_argument("--last", type=int, help="runs of each job that are looked at, the newest")
    step.set_defaults(run=judge)
    options = parser.parse_args(arguments)
    options.run(SparkSession.builder.appName("cachediag-fleet").getOrCreate(), options)


def parse(session, options):
    kind = "json" if options.manifest.endswith((".json", ".ndjson", ".json.gz")) else "parquet"
    spark.write(spark.parse(session.read.format(kind).load(options.manifest)), options.out)


def judge(session, options):
    records = session.read.parquet(options.records).withColumn("day", F.col("day").cast("string"))
    if options.since:
        records = records.where(F.col("day") >= options.since)
    if options.until:
        records = records.where(F.col("day") <= options.until)
    day = options.until or records.agg(F.max("day")).first()[0]
    found = spark.judge(records, last=options.last).unionByName(spark.shared(records, last=options.last))
    spark.write(found.withColumn("day", F.lit(day)), options.out, ("key", "rule", "fingerprint"))


if __name__ == "__main__":
    main()
