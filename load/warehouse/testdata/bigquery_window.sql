CREATE TABLE IF NOT EXISTS `acme.crm._etl_loads` (
  pipeline STRING NOT NULL, `commit` INT64 NOT NULL, `schema` STRING NOT NULL, elements STRING NOT NULL, row_count INT64 NOT NULL, loaded TIMESTAMP NOT NULL
) OPTIONS (description = 'Commit of each pipeline that etl has loaded.', labels = [('managed_by', 'etl')]);
CREATE TABLE IF NOT EXISTS `acme.crm._etl_parts` (
  pipeline STRING NOT NULL, part STRING NOT NULL, files STRING NOT NULL, row_count INT64 NOT NULL, `commit` INT64 NOT NULL, generation INT64 NOT NULL, done BOOL NOT NULL
) OPTIONS (description = 'Parts of each table that etl has loaded.', labels = [('managed_by', 'etl')]);
ASSERT TO_HEX(SHA256((SELECT COALESCE(STRING_AGG(line, '\n' ORDER BY line), '') FROM (SELECT CONCAT(pipeline, ' ', CAST(`commit` AS STRING)) AS line FROM `acme.crm._etl_loads` WHERE (pipeline = 'requests' OR STARTS_WITH(pipeline, 'requests@')) UNION ALL SELECT CONCAT(pipeline, ' ', part, ' ', files, ' ', CAST(generation AS STRING), ' ', CAST(done AS STRING)) FROM `acme.crm._etl_parts` WHERE (pipeline = 'requests' OR STARTS_WITH(pipeline, 'requests@')))))) = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' AS 'etl: another load came first';
CREATE TABLE IF NOT EXISTS `acme.crm._etl_stage_182692bdc28d581793fa2806` (
  `id` INT64 NOT NULL OPTIONS (description = 'id of the request'),
  `price` NUMERIC OPTIONS (description = 'what the client\'s rent costs'),
  `services` ARRAY<STRUCT<`name` STRING OPTIONS (description = 'as the screen shows it')>>
) OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 DAY), labels = [('managed_by', 'etl')]);
BEGIN TRANSACTION;
ASSERT TO_HEX(SHA256((SELECT COALESCE(STRING_AGG(line, '\n' ORDER BY line), '') FROM (SELECT CONCAT(pipeline, ' ', CAST(`commit` AS STRING)) AS line FROM `acme.crm._etl_loads` WHERE (pipeline = 'requests' OR STARTS_WITH(pipeline, 'requests@')) UNION ALL SELECT CONCAT(pipeline, ' ', part, ' ', files, ' ', CAST(generation AS STRING), ' ', CAST(done AS STRING)) FROM `acme.crm._etl_parts` WHERE (pipeline = 'requests' OR STARTS_WITH(pipeline, 'requests@')))))) = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' AS 'etl: another load came first';
DELETE FROM `acme.crm._etl_parts` WHERE (pipeline = 'requests' OR STARTS_WITH(pipeline, 'requests@'));
DELETE FROM `acme.crm._etl_loads` WHERE (pipeline = 'requests' OR STARTS_WITH(pipeline, 'requests@'));
INSERT INTO `acme.crm._etl_loads` VALUES ('requests', 0, '', '', 0, CURRENT_TIMESTAMP());
COMMIT TRANSACTION;
CREATE TABLE `acme.crm.requests` (
  `id` INT64 NOT NULL OPTIONS (description = 'id of the request'),
  `price` NUMERIC OPTIONS (description = 'what the client\'s rent costs'),
  `services` ARRAY<STRUCT<`name` STRING OPTIONS (description = 'as the screen shows it')>>
) PARTITION BY TIMESTAMP_TRUNC(_PARTITIONTIME, MONTH) CLUSTER BY `id` OPTIONS (description = 'requests, loaded by etl', labels = [('managed_by', 'etl')]);
BEGIN TRANSACTION;
ASSERT TO_HEX(SHA256((SELECT COALESCE(STRING_AGG(line, '\n' ORDER BY line), '') FROM (SELECT CONCAT(pipeline, ' ', CAST(`commit` AS STRING)) AS line FROM `acme.crm._etl_loads` WHERE (pipeline = 'requests' OR STARTS_WITH(pipeline, 'requests@')) UNION ALL SELECT CONCAT(pipeline, ' ', part, ' ', files, ' ', CAST(generation AS STRING), ' ', CAST(done AS STRING)) FROM `acme.crm._etl_parts` WHERE (pipeline = 'requests' OR STARTS_WITH(pipeline, 'requests@')))))) = '66b1c7523a4e079c4ba2121cd60ed79840522b61ada35ed52f91f747aaac8447' AS 'etl: another load came first';
INSERT INTO `acme.crm._etl_parts` VALUES
  ('requests', '2026-01-01', '7dfff7f1b6587840903b4534486b94c2af13bcfe7017bc77650bfe6f143e2b4d', 1, 2, 1, false),
  ('requests', '2026-02-01', 'cbe7d86bede81d43dabbc8e55cb1cb84f4f51c84545ed222a310d75e532f5005', 5, 2, 1, false);
DELETE FROM `acme.crm._etl_loads` WHERE (pipeline = 'requests' OR STARTS_WITH(pipeline, 'requests@'));
INSERT INTO `acme.crm._etl_loads` VALUES ('requests', 0, 'f1 month', 'requests__services', 6, CURRENT_TIMESTAMP());
COMMIT TRANSACTION;
CREATE OR REPLACE VIEW `acme.crm.requests__services` AS
SELECT r.`id` AS `requests_id`, e.`name`
FROM `acme.crm.requests` AS r, UNNEST(r.`services`) AS e;
-- job: {"labels":{"commit":"2","managed_by":"etl","pipeline":"requests"},"load":{"sourceFormat":"PARQUET","destinationTable":{"projectId":"acme","datasetId":"crm","tableId":"requests$202601"},"createDisposition":"CREATE_NEVER","writeDisposition":"WRITE_TRUNCATE","decimalTargetTypes":["NUMERIC","BIGNUMERIC"],"parquetOptions":{"enableListInference":true}}}
--   with the file /lake/data/requests/window=2026-01-01/000002-0001.parquet
-- job: {"labels":{"commit":"2","managed_by":"etl","pipeline":"requests"},"load":{"sourceFormat":"PARQUET","destinationTable":{"projectId":"acme","datasetId":"crm","tableId":"_etl_stage_182692bdc28d581793fa2806"},"createDisposition":"CREATE_NEVER","writeDisposition":"WRITE_APPEND","decimalTargetTypes":["NUMERIC","BIGNUMERIC"],"parquetOptions":{"enableListInference":true}}}
--   with the file /lake/data/requests/window=2026-02-01/000002-0002.parquet
-- job: {"labels":{"commit":"2","managed_by":"etl","pipeline":"requests"},"load":{"sourceFormat":"PARQUET","destinationTable":{"projectId":"acme","datasetId":"crm","tableId":"_etl_stage_182692bdc28d581793fa2806"},"createDisposition":"CREATE_NEVER","writeDisposition":"WRITE_APPEND","decimalTargetTypes":["NUMERIC","BIGNUMERIC"],"parquetOptions":{"enableListInference":true}}}
--   with the file /lake/data/requests/window=2026-02-01/000002-0003.parquet
-- job: {"labels":{"commit":"2","managed_by":"etl","pipeline":"requests"},"copy":{"sourceTable":{"projectId":"acme","datasetId":"crm","tableId":"_etl_stage_182692bdc28d581793fa2806"},"destinationTable":{"projectId":"acme","datasetId":"crm","tableId":"requests$202602"},"createDisposition":"CREATE_NEVER","writeDisposition":"WRITE_TRUNCATE"}}
BEGIN TRANSACTION;
ASSERT TO_HEX(SHA256((SELECT COALESCE(STRING_AGG(line, '\n' ORDER BY line), '') FROM (SELECT CONCAT(pipeline, ' ', CAST(`commit` AS STRING)) AS line FROM `acme.crm._etl_loads` WHERE (pipeline = 'requests' OR STARTS_WITH(pipeline, 'requests@')) UNION ALL SELECT CONCAT(pipeline, ' ', part, ' ', files, ' ', CAST(generation AS STRING), ' ', CAST(done AS STRING)) FROM `acme.crm._etl_parts` WHERE (pipeline = 'requests' OR STARTS_WITH(pipeline, 'requests@')))))) = '0c9aed68c3ca6e437d24c58aaafd05871edb707c0858106c84cbbd69cf2277ce' AS 'etl: another load came first';
DELETE FROM `acme.crm._etl_parts` WHERE CONCAT(pipeline, ' ', part) IN ('requests 2026-01-01', 'requests 2026-02-01');
INSERT INTO `acme.crm._etl_parts` VALUES
  ('requests', '2026-01-01', '7dfff7f1b6587840903b4534486b94c2af13bcfe7017bc77650bfe6f143e2b4d', 1, 2, 1, true),
  ('requests', '2026-02-01', 'cbe7d86bede81d43dabbc8e55cb1cb84f4f51c84545ed222a310d75e532f5005', 5, 2, 1, true);
DELETE FROM `acme.crm._etl_loads` WHERE (pipeline = 'requests' OR STARTS_WITH(pipeline, 'requests@'));
INSERT INTO `acme.crm._etl_loads` VALUES ('requests', 2, 'f1 month', 'requests__services', 6, CURRENT_TIMESTAMP());
ASSERT (SELECT COUNT(*) FROM `acme.crm.requests`) = 6 AS 'etl: the table has not the rows of the commit';
COMMIT TRANSACTION;
DROP TABLE IF EXISTS `acme.crm._etl_stage_182692bdc28d581793fa2806`;
