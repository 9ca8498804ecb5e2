-- Causes by time lost, the costliest first.
SELECT rule, max(severity = 'error') AS is_error, count(DISTINCT key) AS pipelines, count(*) AS findings,
       sum(runs) AS runs, round(sum(seconds), 1) AS seconds
FROM findings
WHERE rule IS NOT NULL
GROUP BY rule
ORDER BY seconds DESC, rule
