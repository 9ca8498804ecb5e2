-- References of caches that more than one pipeline writes: the last writer wins.
SELECT reference, count(DISTINCT pipeline_key) AS pipelines, count(DISTINCT job_key) AS jobs, count(*) AS runs
FROM writes
GROUP BY reference
HAVING count(DISTINCT pipeline_key) > 1
ORDER BY pipelines DESC, reference
