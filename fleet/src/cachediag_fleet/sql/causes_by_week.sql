-- Causes week by week, the costliest first: the time of a finding, spread over its pipeline's runs from its first to its last.
WITH placed AS (
  SELECT findings.key, findings.rule, findings.seconds, coalesce(records.time, findings.last, findings.first) AS time,
         count(*) OVER (PARTITION BY findings.key, findings.fingerprint) AS places
  FROM findings
  LEFT JOIN records ON records.pipeline_key = findings.key AND records.builds > 0
       AND records.time BETWEEN findings.first AND coalesce(findings.last, findings.first)
)
SELECT CAST(date_trunc('week', time) AS DATE) AS week, rule, count(DISTINCT key) AS pipelines,
       round(sum(seconds / places), 1) AS seconds
FROM placed
GROUP BY CAST(date_trunc('week', time) AS DATE), rule
ORDER BY week, seconds DESC, rule
