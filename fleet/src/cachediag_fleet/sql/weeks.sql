-- Week by week: builds, share of steps from the cache, seconds that steps ran.
SELECT CAST(date_trunc('week', time) AS DATE) AS week, count(*) AS builds, sum(hits) AS hits, sum(total) AS total,
       round(100 * sum(hits) / nullif(sum(total), 0), 1) AS percent, round(sum(seconds), 1) AS seconds
FROM records
WHERE builds > 0
GROUP BY CAST(date_trunc('week', time) AS DATE)
ORDER BY week
