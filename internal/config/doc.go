// Package config reads pipelines.yaml.
//
// It turns the text into a Config whose variables are filled in, whose
// defaults are merged and whose schemas are read, so that nobody after it
// needs to know how the file is written. It reports all mistakes at once, each
// with file, line, column, the line itself and a hint. It refuses unknown
// keys, and it asks no network.
package config
