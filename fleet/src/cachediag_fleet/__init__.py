"""cachediag over many pipelines: records of logs, and findings of records.

`filter` runs the two filters of the program, `spark` puts them into DataFrames, `tables` is what both engines keep.
"""

from .filter import FilterError, findings, frame, records

__all__ = ["FilterError", "findings", "frame", "records"]
