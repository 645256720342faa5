// Package etl holds the files that the binary carries with it, so that init and
// demo need nothing else: the pipelines of the four APIs and their schemas.
package etl

import (
	"embed"
	"io/fs"
)

//go:embed pipelines.yaml
var pipelines []byte

//go:embed schemas/*/*.yaml
var schemas embed.FS

// Pipelines returns the text of pipelines.yaml.
func Pipelines() []byte { return append([]byte(nil), pipelines...) }

// Schemas returns the schema files, named "<system>/<stream>.yaml".
func Schemas() fs.FS {
	sub, err := fs.Sub(schemas, "schemas")
	if err != nil {
		panic("etl: " + err.Error()) // the name is right
	}
	return sub
}
