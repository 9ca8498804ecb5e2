#!/usr/bin/env bash
# PySpark 4.3.0: DataFrame.mapInArrow hands Arrow batches over and takes Arrow batches back, and refuses to be called
# where pandas is not installed. A worker image with PySpark and pyarrow alone cannot use it.
# Needs Java 17 or newer, and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pyspark==4.3.0 pyarrow==26.0.1
cat > "$work/run.py" <<'PY'
import importlib.util
import pyarrow, pyspark
from pyspark.sql import SparkSession

print("pyspark", pyspark.__version__, "pyarrow", pyarrow.__version__, "pandas", importlib.util.find_spec("pandas"))
session = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
try:
    session.range(3).mapInArrow(lambda batches: batches, "id long")
    print("mapInArrow works")
except Exception as error:
    print(f"{type(error).__name__}: {error}".splitlines()[0])
session.stop()
PY
SPARK_LOCAL_HOSTNAME=localhost PYSPARK_PYTHON="$work/venv/bin/python" "$work/venv/bin/python" "$work/run.py" 2>/dev/null | tee "$work/said"
# Seen: pyspark 4.3.0 pyarrow 26.0.1 pandas None
#       PySparkImportError: [PACKAGE_NOT_INSTALLED] Pandas >= 2.2.0 must be installed; however, it was not found.
grep -q '^PySparkImportError: \[PACKAGE_NOT_INSTALLED\] Pandas >= ' "$work/said"
