-- commit 1 of p@north; written anew with every commit
-- commit 2 of p@south; written anew with every commit
CREATE OR REPLACE VIEW "p" AS
SELECT
  "id",
  to_microseconds("wait") AS "wait",
  CAST("_extra" AS JSON) AS "_extra",
  'north' AS "_account"
FROM read_parquet([
  '/lake/data/p/_account=north/000001-0001.parquet'
], hive_partitioning = false)
UNION ALL BY NAME
SELECT
  "id",
  to_microseconds("wait") AS "wait",
  CAST("_extra" AS JSON) AS "_extra",
  'south' AS "_account"
FROM read_parquet([
  '/lake/data/p/_account=south/000002-0001.parquet'
], hive_partitioning = false);
