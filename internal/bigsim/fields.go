package bigsim

import (
	"regexp"
)

// fields are the members that requests may have, from the discovery document of
// the API (https://bigquery.googleapis.com/discovery/v1/apis/bigquery/v2/rest,
// the schemas Job and QueryRequest), with what their values look like.
var fields = map[string]map[string]*regexp.Regexp{
	"jobs": {
		"jobReference.projectId":                                regexp.MustCompile(`^my-project$`),
		"jobReference.jobId":                                    regexp.MustCompile(`^[A-Za-z0-9_-]{1,1000}$`),
		"jobReference.location":                                 regexp.MustCompile(`^EU$`),
		"configuration.labels.managed_by":                       regexp.MustCompile(`^etl$`),
		"configuration.labels.pipeline":                         regexp.MustCompile(`^[a-z0-9_-]{0,63}$`),
		"configuration.labels.commit":                           regexp.MustCompile(`^[0-9]{1,63}$`),
		"configuration.query.query":                             regexp.MustCompile(`(?s)^.+$`),
		"configuration.query.useLegacySql":                      regexp.MustCompile(`^false$`),
		"configuration.load.sourceUris[]":                       regexp.MustCompile(`^gs://[^*?#]+\.parquet$`),
		"configuration.load.sourceFormat":                       regexp.MustCompile(`^PARQUET$`),
		"configuration.load.destinationTable.projectId":         regexp.MustCompile(`^my-project$`),
		"configuration.load.destinationTable.datasetId":         regexp.MustCompile(`^lake$`),
		"configuration.load.destinationTable.tableId":           regexp.MustCompile(`^[A-Za-z0-9_-]+(\$(\d{4}|\d{6}|\d{8}|\d{10}))?$`),
		"configuration.load.createDisposition":                  regexp.MustCompile(`^CREATE_(IF_NEEDED|NEVER)$`),
		"configuration.load.writeDisposition":                   regexp.MustCompile(`^WRITE_(TRUNCATE|APPEND|EMPTY|TRUNCATE_DATA)$`),
		"configuration.load.decimalTargetTypes[]":               regexp.MustCompile(`^(NUMERIC|BIGNUMERIC|STRING)$`),
		"configuration.load.parquetOptions.enableListInference": regexp.MustCompile(`^true$`),
		"configuration.copy.sourceTable.projectId":              regexp.MustCompile(`^my-project$`),
		"configuration.copy.sourceTable.datasetId":              regexp.MustCompile(`^lake$`),
		"configuration.copy.sourceTable.tableId":                regexp.MustCompile(`^[A-Za-z0-9_-]+$`),
		"configuration.copy.destinationTable.projectId":         regexp.MustCompile(`^my-project$`),
		"configuration.copy.destinationTable.datasetId":         regexp.MustCompile(`^lake$`),
		"configuration.copy.destinationTable.tableId":           regexp.MustCompile(`^[A-Za-z0-9_-]+\$\d{4,10}$`),
		"configuration.copy.createDisposition":                  regexp.MustCompile(`^CREATE_(IF_NEEDED|NEVER)$`),
		"configuration.copy.writeDisposition":                   regexp.MustCompile(`^WRITE_(TRUNCATE|APPEND|EMPTY|TRUNCATE_DATA)$`),
	},
	"queries": {
		"query":        regexp.MustCompile(`(?s)^.+$`),
		"useLegacySql": regexp.MustCompile(`^false$`),
		"location":     regexp.MustCompile(`^EU$`),
		"timeoutMs":    regexp.MustCompile(`^[0-9]+$`),
	},
}
