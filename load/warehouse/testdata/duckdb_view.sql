-- commit 1 of requests
BEGIN TRANSACTION;
CREATE TABLE IF NOT EXISTS _etl_loads (
  pipeline VARCHAR NOT NULL, "commit" BIGINT NOT NULL, kind VARCHAR NOT NULL, "schema" VARCHAR NOT NULL,
  elements VARCHAR[], "rows" BIGINT NOT NULL, loaded TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS _etl_files (
  pipeline VARCHAR NOT NULL, "file" VARCHAR NOT NULL, sha256 VARCHAR NOT NULL, "rows" BIGINT NOT NULL
);
SELECT CASE WHEN EXISTS (FROM _etl_loads WHERE pipeline = 'requests' AND "commit" > 1) THEN error('etl: another load came first') END;
SELECT CASE WHEN NOT EXISTS (FROM _etl_loads WHERE (pipeline = 'requests' OR starts_with(pipeline, 'requests@'))) AND EXISTS (FROM information_schema.tables WHERE table_catalog = current_database() AND table_schema = current_schema() AND lower(table_name) = lower('requests')) THEN error('etl: there is a table or view of that name which etl has not made') END;
-- commit 1 of requests; written anew with every commit
CREATE OR REPLACE VIEW "requests" AS
SELECT
  "id",
  "price",
  "services"
FROM read_parquet([
  '/lake/data/requests/day=1/000001-0001.parquet',
  '/lake/data/requests/day=2/000001-0002.parquet'
], hive_partitioning = false);
CREATE OR REPLACE VIEW "requests__services" AS
SELECT
  key0 AS "requests_id",
  struct_extract(element, 'name') AS "name"
FROM (SELECT "id" AS key0, unnest("services") AS element FROM "requests");
DELETE FROM _etl_files WHERE (pipeline = 'requests' OR starts_with(pipeline, 'requests@'));
DELETE FROM _etl_loads WHERE (pipeline = 'requests' OR starts_with(pipeline, 'requests@'));
INSERT INTO _etl_loads VALUES ('requests', 1, 'view', 'f1', ['requests__services'], 3, now());
SELECT CASE WHEN (SELECT count(*) FROM "requests") <> 3 THEN error('etl: the table has not the rows of the commit') END;
COMMENT ON VIEW "requests" IS 'Loaded by etl: commit 1 of requests';
COMMENT ON COLUMN "requests"."id" IS 'id of the request';
COMMENT ON COLUMN "requests"."price" IS 'what the client''s rent costs';
COMMIT;
