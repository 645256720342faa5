//go:build !linux

package load

import "os"

// writeParts writes parts to a file, one after the other.
func writeParts(file *os.File, parts [][]byte) error {
	for _, part := range parts {
		if _, err := file.Write(part); err != nil {
			return err
		}
	}
	return nil
}
