-- commit 42 of every; written anew with every commit
CREATE OR REPLACE VIEW "every" AS
SELECT
  CAST(NULL AS BIGINT) AS "id",
  CAST(NULL AS BOOLEAN) AS "flag",
  CAST(NULL AS INTEGER) AS "small",
  CAST(NULL AS BIGINT) AS "big",
  CAST(NULL AS DOUBLE) AS "share",
  CAST(NULL AS DECIMAL(16,2)) AS "price",
  CAST(NULL AS VARCHAR) AS "name",
  CAST(NULL AS INTEGER) AS "status",
  CAST(NULL AS VARCHAR) AS "status_label",
  CAST(NULL AS VARCHAR) AS "color",
  CAST(NULL AS VARCHAR) AS "color_label",
  CAST(NULL AS DATE) AS "day",
  CAST(NULL AS TIME) AS "at",
  CAST(NULL AS TIMESTAMPTZ) AS "created_at",
  CAST(NULL AS INTERVAL) AS "wait",
  CAST(NULL AS UUID) AS "bag",
  CAST(NULL AS JSON) AS "extra",
  CAST(NULL AS VARCHAR) AS "mail",
  CAST(NULL AS STRUCT("id" BIGINT, "name" VARCHAR)) AS "client",
  CAST(NULL AS STRUCT("flag" BOOLEAN, "small" INTEGER, "big" BIGINT, "share" DOUBLE, "price" DECIMAL(16,2), "name" VARCHAR, "status" INTEGER, "status_label" VARCHAR, "color" VARCHAR, "color_label" VARCHAR, "day" DATE, "at" TIME, "created_at" TIMESTAMPTZ, "wait" INTERVAL, "bag" UUID, "extra" JSON, "mail" VARCHAR, "inner" STRUCT("flag" BOOLEAN, "small" INTEGER, "big" BIGINT, "share" DOUBLE, "price" DECIMAL(16,2), "name" VARCHAR, "status" INTEGER, "status_label" VARCHAR, "color" VARCHAR, "color_label" VARCHAR, "day" DATE, "at" TIME, "created_at" TIMESTAMPTZ, "wait" INTERVAL, "bag" UUID, "extra" JSON, "mail" VARCHAR))) AS "contract",
  CAST(NULL AS VARCHAR[]) AS "tags",
  CAST(NULL AS INTERVAL[]) AS "waits",
  CAST(NULL AS STRUCT("id" BIGINT, "tariff_duration" INTERVAL, "service" STRUCT("tariffs" STRUCT("bag" UUID, "name" VARCHAR)[]))[]) AS "services",
  CAST(NULL AS JSON) AS "_extra"
WHERE false;
CREATE OR REPLACE VIEW "every__services" AS
SELECT
  key0 AS "every_id",
  struct_extract(element, 'id') AS "id",
  struct_extract(element, 'tariff_duration') AS "tariff_duration",
  struct_extract(element, 'service') AS "service"
FROM (SELECT "id" AS key0, unnest("services") AS element FROM "every");
