CREATE TABLE IF NOT EXISTS `acme.crm._etl_loads` (
  pipeline STRING NOT NULL, `commit` INT64 NOT NULL, `schema` STRING NOT NULL, elements STRING NOT NULL, row_count INT64 NOT NULL, loaded TIMESTAMP NOT NULL
) OPTIONS (description = 'Commit of each pipeline that etl has loaded.', labels = [('managed_by', 'etl')]);
CREATE TABLE IF NOT EXISTS `acme.crm._etl_parts` (
  pipeline STRING NOT NULL, part STRING NOT NULL, files STRING NOT NULL, row_count INT64 NOT NULL, `commit` INT64 NOT NULL, generation INT64 NOT NULL, done BOOL NOT NULL
) OPTIONS (description = 'Parts of each table that etl has loaded.', labels = [('managed_by', 'etl')]);
ASSERT TO_HEX(SHA256((SELECT COALESCE(STRING_AGG(line, '\n' ORDER BY line), '') FROM (SELECT CONCAT(pipeline, ' ', CAST(`commit` AS STRING)) AS line FROM `acme.crm._etl_loads` WHERE (pipeline = 'requests' OR STARTS_WITH(pipeline, 'requests@')) UNION ALL SELECT CONCAT(pipeline, ' ', part, ' ', files, ' ', CAST(generation AS STRING), ' ', CAST(done AS STRING)) FROM `acme.crm._etl_parts` WHERE (pipeline = 'requests' OR STARTS_WITH(pipeline, 'requests@')))))) = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' AS 'etl: another load came first';
CREATE TABLE IF NOT EXISTS `acme.crm._etl_stage_1582df77237748077421b69a` (
  `id` INT64 NOT NULL OPTIONS (description = 'id of the request'),
  `price` NUMERIC OPTIONS (description = 'what the client\'s rent costs'),
  `services` ARRAY<STRUCT<`name` STRING OPTIONS (description = 'as the screen shows it')>>
) OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 DAY), labels = [('managed_by', 'etl')]);
CREATE TABLE IF NOT EXISTS `acme.crm._etl_stage_66122f245aff9adb9860d802` (
  `id` INT64 NOT NULL OPTIONS (description = 'id of the request'),
  `price` NUMERIC OPTIONS (description = 'what the client\'s rent costs'),
  `services` ARRAY<STRUCT<`name` STRING OPTIONS (description = 'as the screen shows it')>>
) OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 DAY), labels = [('managed_by', 'etl')]);
-- job: {"labels":{"commit":"1","managed_by":"etl","pipeline":"requests"},"load":{"sourceUris":["gs://bucket/data/requests/day=1/000001-0001.parquet"],"sourceFormat":"PARQUET","destinationTable":{"projectId":"acme","datasetId":"crm","tableId":"_etl_stage_1582df77237748077421b69a"},"createDisposition":"CREATE_NEVER","writeDisposition":"WRITE_APPEND","decimalTargetTypes":["NUMERIC","BIGNUMERIC"],"parquetOptions":{"enableListInference":true}}}
-- job: {"labels":{"commit":"1","managed_by":"etl","pipeline":"requests"},"load":{"sourceUris":["gs://bucket/data/requests/day=2/000001-0002.parquet"],"sourceFormat":"PARQUET","destinationTable":{"projectId":"acme","datasetId":"crm","tableId":"_etl_stage_66122f245aff9adb9860d802"},"createDisposition":"CREATE_NEVER","writeDisposition":"WRITE_APPEND","decimalTargetTypes":["NUMERIC","BIGNUMERIC"],"parquetOptions":{"enableListInference":true}}}
ASSERT TO_HEX(SHA256((SELECT COALESCE(STRING_AGG(line, '\n' ORDER BY line), '') FROM (SELECT CONCAT(pipeline, ' ', CAST(`commit` AS STRING)) AS line FROM `acme.crm._etl_loads` WHERE (pipeline = 'requests' OR STARTS_WITH(pipeline, 'requests@')) UNION ALL SELECT CONCAT(pipeline, ' ', part, ' ', files, ' ', CAST(generation AS STRING), ' ', CAST(done AS STRING)) FROM `acme.crm._etl_parts` WHERE (pipeline = 'requests' OR STARTS_WITH(pipeline, 'requests@')))))) = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' AS 'etl: another load came first';
BEGIN TRANSACTION;
ASSERT TO_HEX(SHA256((SELECT COALESCE(STRING_AGG(line, '\n' ORDER BY line), '') FROM (SELECT CONCAT(pipeline, ' ', CAST(`commit` AS STRING)) AS line FROM `acme.crm._etl_loads` WHERE (pipeline = 'requests' OR STARTS_WITH(pipeline, 'requests@')) UNION ALL SELECT CONCAT(pipeline, ' ', part, ' ', files, ' ', CAST(generation AS STRING), ' ', CAST(done AS STRING)) FROM `acme.crm._etl_parts` WHERE (pipeline = 'requests' OR STARTS_WITH(pipeline, 'requests@')))))) = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' AS 'etl: another load came first';
DELETE FROM `acme.crm._etl_parts` WHERE (pipeline = 'requests' OR STARTS_WITH(pipeline, 'requests@'));
DELETE FROM `acme.crm._etl_loads` WHERE (pipeline = 'requests' OR STARTS_WITH(pipeline, 'requests@'));
INSERT INTO `acme.crm._etl_loads` VALUES ('requests', 0, '', '', 0, CURRENT_TIMESTAMP());
COMMIT TRANSACTION;
CREATE TABLE `acme.crm.requests` (
  `id` INT64 NOT NULL OPTIONS (description = 'id of the request'),
  `price` NUMERIC OPTIONS (description = 'what the client\'s rent costs'),
  `services` ARRAY<STRUCT<`name` STRING OPTIONS (description = 'as the screen shows it')>>,
  _etl_part STRING NOT NULL OPTIONS (description = 'Folder of the data set that the row lies in.')
) CLUSTER BY `id` OPTIONS (description = 'requests, loaded by etl', labels = [('managed_by', 'etl')]);
BEGIN TRANSACTION;
ASSERT TO_HEX(SHA256((SELECT COALESCE(STRING_AGG(line, '\n' ORDER BY line), '') FROM (SELECT CONCAT(pipeline, ' ', CAST(`commit` AS STRING)) AS line FROM `acme.crm._etl_loads` WHERE (pipeline = 'requests' OR STARTS_WITH(pipeline, 'requests@')) UNION ALL SELECT CONCAT(pipeline, ' ', part, ' ', files, ' ', CAST(generation AS STRING), ' ', CAST(done AS STRING)) FROM `acme.crm._etl_parts` WHERE (pipeline = 'requests' OR STARTS_WITH(pipeline, 'requests@')))))) = '66b1c7523a4e079c4ba2121cd60ed79840522b61ada35ed52f91f747aaac8447' AS 'etl: another load came first';
INSERT INTO `acme.crm.requests` (`id`, `price`, `services`, _etl_part)
SELECT `id`, `price`, `services`, 'day=1' FROM `acme.crm._etl_stage_1582df77237748077421b69a`
UNION ALL SELECT `id`, `price`, `services`, 'day=2' FROM `acme.crm._etl_stage_66122f245aff9adb9860d802`;
INSERT INTO `acme.crm._etl_parts` VALUES
  ('requests', 'day=1', 'f6b85ef09348c3f078d500f44bd1cf8436ebf20b5f1f7160419afbace719981f', 1, 1, 1, true),
  ('requests', 'day=2', 'ef2cb1d47a5a094fda5d2dfbdbc4389405d7d9a433b7c64d252e3a0734e62db2', 2, 1, 1, true);
DELETE FROM `acme.crm._etl_loads` WHERE (pipeline = 'requests' OR STARTS_WITH(pipeline, 'requests@'));
INSERT INTO `acme.crm._etl_loads` VALUES ('requests', 1, 'f1 ', 'requests__services', 3, CURRENT_TIMESTAMP());
ASSERT (SELECT COUNT(*) FROM `acme.crm.requests`) = 3 AS 'etl: the table has not the rows of the commit';
COMMIT TRANSACTION;
CREATE OR REPLACE VIEW `acme.crm.requests__services` AS
SELECT r.`id` AS `requests_id`, e.`name`
FROM `acme.crm.requests` AS r, UNNEST(r.`services`) AS e;
DROP TABLE IF EXISTS `acme.crm._etl_stage_1582df77237748077421b69a`;
DROP TABLE IF EXISTS `acme.crm._etl_stage_66122f245aff9adb9860d802`;
