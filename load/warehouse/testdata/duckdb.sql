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
CREATE OR REPLACE TABLE "requests" AS
SELECT
  CAST(NULL AS BIGINT) AS "id",
  CAST(NULL AS DECIMAL(16,2)) AS "price",
  CAST(NULL AS STRUCT("name" VARCHAR)[]) AS "services",
  CAST(NULL AS VARCHAR) AS "_etl_file"
WHERE false;
INSERT INTO "requests"
SELECT
  "id",
  "price",
  "services",
  parse_filename("_etl_file", true) AS "_etl_file"
FROM read_parquet([
  '/lake/data/requests/day=1/000001-0001.parquet',
  '/lake/data/requests/day=2/000001-0002.parquet'
], hive_partitioning = false, filename = '_etl_file');
DELETE FROM _etl_files WHERE (pipeline = 'requests' OR starts_with(pipeline, 'requests@'));
DELETE FROM _etl_loads WHERE (pipeline = 'requests' OR starts_with(pipeline, 'requests@'));
INSERT INTO _etl_files VALUES
  ('requests', '000001-0001', 'sum of day=1/000001-0001', 1),
  ('requests', '000001-0002', 'sum of day=2/000001-0002', 2);
INSERT INTO _etl_loads VALUES ('requests', 1, 'table', 'f1', ['requests__services'], 3, now());
SELECT CASE WHEN EXISTS (
  FROM (SELECT 'requests' AS pipeline, _etl_file AS "file", count(*) AS "rows" FROM "requests" GROUP BY ALL) AS there
  FULL JOIN (SELECT pipeline, "file", "rows" FROM _etl_files WHERE "rows" > 0 AND (pipeline = 'requests' OR starts_with(pipeline, 'requests@'))) AS noted USING (pipeline, "file")
  WHERE there."rows" IS DISTINCT FROM noted."rows"
) THEN error('etl: the table has not the rows of the commit') END;
CREATE OR REPLACE VIEW "requests__services" AS
SELECT
  key0 AS "requests_id",
  struct_extract(element, 'name') AS "name"
FROM (SELECT "id" AS key0, unnest("services") AS element FROM "requests");
COMMENT ON TABLE "requests" IS 'Loaded by etl: commit 1 of requests';
COMMENT ON COLUMN "requests"."id" IS 'id of the request';
COMMENT ON COLUMN "requests"."price" IS 'what the client''s rent costs';
COMMENT ON COLUMN "requests"._etl_file IS 'File of the data set that the row lies in.';
COMMIT;
