package load

// A File is one live file of a data set.
type File struct {
	Path      string            `json:"path" jsonschema:"name below the destination, with slashes"`
	Staged    string            `json:"staged" jsonschema:"name below the destination that it had before it was published"`
	Rows      int64             `json:"rows"`
	Bytes     int64             `json:"bytes"`
	SHA256    string            `json:"sha256" jsonschema:"of all bytes, in hex"`
	Partition map[string]string `json:"partition,omitempty" jsonschema:"values of the partition columns, as in the folder's name but not encoded"`
	Slice     string            `json:"slice,omitempty" jsonschema:"start of the slice that the rows came from"`
}

// A StagedFile is a finished file in a stage: on disk, closed and read back,
// but part of no commit yet.
type StagedFile struct {
	Staged    string            `json:"staged"` // name in the stage's folder; ends in .part
	Folder    string            `json:"folder"` // below data/<pipeline>/: "created_at_month=2026-01-01", or empty
	Rows      int64             `json:"rows"`
	Bytes     int64             `json:"bytes"`
	SHA256    string            `json:"sha256"` // in hex, of all bytes
	Partition map[string]string `json:"partition,omitempty"`
	Slice     string            `json:"slice,omitempty"`
	Stage     string            `json:"stage,omitempty"` // folder below the destination; empty: the stage that it is committed from
}
