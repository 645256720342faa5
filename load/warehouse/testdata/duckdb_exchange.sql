-- commit 2 of requests
BEGIN TRANSACTION;
CREATE TABLE IF NOT EXISTS _etl_loads (
  pipeline VARCHAR NOT NULL, "commit" BIGINT NOT NULL, kind VARCHAR NOT NULL, "schema" VARCHAR NOT NULL,
  elements VARCHAR[], "rows" BIGINT NOT NULL, loaded TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS _etl_files (
  pipeline VARCHAR NOT NULL, "file" VARCHAR NOT NULL, sha256 VARCHAR NOT NULL, "rows" BIGINT NOT NULL
);
SELECT CASE WHEN (SELECT list(pipeline || ' ' || "commit" ORDER BY pipeline) FROM _etl_loads WHERE (pipeline = 'requests' OR starts_with(pipeline, 'requests@'))) IS DISTINCT FROM ['requests 1'] THEN error('etl: another load came first') END;
DELETE FROM "requests" WHERE _etl_file IN ('000001-0002');
INSERT INTO "requests"
SELECT
  "id",
  "price",
  "services",
  parse_filename("_etl_file", true) AS "_etl_file"
FROM read_parquet([
  '/lake/data/requests/000002-0001.parquet'
], hive_partitioning = false, filename = '_etl_file');
DELETE FROM _etl_loads WHERE (pipeline = 'requests' OR starts_with(pipeline, 'requests@'));
DELETE FROM _etl_files WHERE pipeline = 'requests' AND "file" IN ('000001-0002');
INSERT INTO _etl_files VALUES
  ('requests', '000002-0001', 'sum of 000002-0001', 1);
INSERT INTO _etl_loads VALUES ('requests', 2, 'table', 'f1', ['requests__services'], 2, now());
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
COMMENT ON TABLE "requests" IS 'Loaded by etl: commit 2 of requests';
COMMENT ON COLUMN "requests"._etl_file IS 'File of the data set that the row lies in.';
COMMIT;
