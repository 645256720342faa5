-- commit 42 of every; written anew with every commit
CREATE OR REPLACE VIEW "every" AS
SELECT
  "id",
  "flag",
  "small",
  "big",
  "share",
  "price",
  "name",
  "status",
  "status_label",
  "color",
  "color_label",
  "day",
  "at",
  "created_at",
  to_microseconds("wait") AS "wait",
  CAST("bag" AS UUID) AS "bag",
  CAST("extra" AS JSON) AS "extra",
  "mail",
  "client",
  CASE WHEN "contract" IS NOT NULL THEN struct_pack("flag" := struct_extract("contract", 'flag'), "small" := struct_extract("contract", 'small'), "big" := struct_extract("contract", 'big'), "share" := struct_extract("contract", 'share'), "price" := struct_extract("contract", 'price'), "name" := struct_extract("contract", 'name'), "status" := struct_extract("contract", 'status'), "status_label" := struct_extract("contract", 'status_label'), "color" := struct_extract("contract", 'color'), "color_label" := struct_extract("contract", 'color_label'), "day" := struct_extract("contract", 'day'), "at" := struct_extract("contract", 'at'), "created_at" := struct_extract("contract", 'created_at'), "wait" := to_microseconds(struct_extract("contract", 'wait')), "bag" := CAST(struct_extract("contract", 'bag') AS UUID), "extra" := CAST(struct_extract("contract", 'extra') AS JSON), "mail" := struct_extract("contract", 'mail'), "inner" := CASE WHEN struct_extract("contract", 'inner') IS NOT NULL THEN struct_pack("flag" := struct_extract(struct_extract("contract", 'inner'), 'flag'), "small" := struct_extract(struct_extract("contract", 'inner'), 'small'), "big" := struct_extract(struct_extract("contract", 'inner'), 'big'), "share" := struct_extract(struct_extract("contract", 'inner'), 'share'), "price" := struct_extract(struct_extract("contract", 'inner'), 'price'), "name" := struct_extract(struct_extract("contract", 'inner'), 'name'), "status" := struct_extract(struct_extract("contract", 'inner'), 'status'), "status_label" := struct_extract(struct_extract("contract", 'inner'), 'status_label'), "color" := struct_extract(struct_extract("contract", 'inner'), 'color'), "color_label" := struct_extract(struct_extract("contract", 'inner'), 'color_label'), "day" := struct_extract(struct_extract("contract", 'inner'), 'day'), "at" := struct_extract(struct_extract("contract", 'inner'), 'at'), "created_at" := struct_extract(struct_extract("contract", 'inner'), 'created_at'), "wait" := to_microseconds(struct_extract(struct_extract("contract", 'inner'), 'wait')), "bag" := CAST(struct_extract(struct_extract("contract", 'inner'), 'bag') AS UUID), "extra" := CAST(struct_extract(struct_extract("contract", 'inner'), 'extra') AS JSON), "mail" := struct_extract(struct_extract("contract", 'inner'), 'mail')) END) END AS "contract",
  "tags",
  [to_microseconds(e0) FOR e0 IN "waits"] AS "waits",
  [CASE WHEN e0 IS NOT NULL THEN struct_pack("id" := struct_extract(e0, 'id'), "tariff_duration" := to_microseconds(struct_extract(e0, 'tariff_duration')), "service" := CASE WHEN struct_extract(e0, 'service') IS NOT NULL THEN struct_pack("tariffs" := [CASE WHEN e1 IS NOT NULL THEN struct_pack("bag" := CAST(struct_extract(e1, 'bag') AS UUID), "name" := struct_extract(e1, 'name')) END FOR e1 IN struct_extract(struct_extract(e0, 'service'), 'tariffs')]) END) END FOR e0 IN "services"] AS "services",
  CAST("_extra" AS JSON) AS "_extra"
FROM read_parquet([
  '/lake [[]of] ''mine''[?]/data/every/day=2026-01-01/000041-0001.parquet',
  '/lake [[]of] ''mine''[?]/data/every/name=a%20b/000042-0001.parquet'
], hive_partitioning = false);
CREATE OR REPLACE VIEW "every__services" AS
SELECT
  key0 AS "every_id",
  struct_extract(element, 'id') AS "id",
  struct_extract(element, 'tariff_duration') AS "tariff_duration",
  struct_extract(element, 'service') AS "service"
FROM (SELECT "id" AS key0, unnest("services") AS element FROM "every");
