package load

// A File is one live file of a data set.
type File struct {
	Path      string            `json:"path"`   // below data/<pipeline>/, with slashes
	Staged    string            `json:"staged"` // where it lay before it was published
	Rows      int64             `json:"rows"`
	Bytes     int64             `json:"bytes"`
	SHA256    string            `json:"sha256"` // in hex, of all bytes
	Partition map[string]string `json:"partition,omitempty"`
	Slice     string            `json:"slice,omitempty"`
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
}
