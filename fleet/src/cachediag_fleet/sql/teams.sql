-- Time lost by team (the first part of the repository) and pipeline, with the cause that costs most there.
WITH owners AS (
  SELECT pipeline_key, min(repository) AS repository, min(pipeline) AS pipeline FROM records GROUP BY pipeline_key
), ranked AS (
  SELECT key, rule, sum(seconds) AS seconds,
         row_number() OVER (PARTITION BY key ORDER BY sum(seconds) DESC, rule) AS place
  FROM findings WHERE rule IS NOT NULL GROUP BY key, rule
)
SELECT split_part(owners.repository, '/', 1) AS team, owners.repository, owners.pipeline,
       round(sum(ranked.seconds), 1) AS seconds, max(CASE WHEN ranked.place = 1 THEN ranked.rule END) AS first_cause
FROM ranked JOIN owners ON owners.pipeline_key = ranked.key
GROUP BY split_part(owners.repository, '/', 1), owners.repository, owners.pipeline
ORDER BY seconds DESC, owners.repository, owners.pipeline
