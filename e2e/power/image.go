package power

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// An Image is what is found after the power went.
type Image struct {
	What  string            // was lost
	Files map[string][]byte // nil: a folder
	key   string
}

// A loss says what becomes of the data of a file that was not synced.
type loss func(n *node, random *rand.Rand) []byte

func nothing(n *node, _ *rand.Rand) []byte { return n.seen() }
func all(n *node, _ *rand.Rand) []byte     { return n.data }

// half leaves the first half of a file, or what was safe, if that is more.
func half(n *node, _ *rand.Rand) []byte {
	data := n.seen()
	return data[:max(len(data)/2, min(len(n.data), len(data)))]
}

// zeros gives a file its length, and zeros in the place of what was written.
func zeros(n *node, _ *rand.Rand) []byte {
	data := bytes.Clone(n.data)
	for _, e := range n.unsynced {
		if e.data != nil {
			e.data = make([]byte, len(e.data))
		}
		data = e.apply(data)
	}
	return data
}

// some of what was written comes to an end, anywhere in a call.
func some(n *node, random *rand.Rand) []byte {
	data := bytes.Clone(n.data)
	for _, e := range n.unsynced[:random.IntN(len(n.unsynced))] {
		data = e.apply(data)
	}
	if next := n.unsynced[random.IntN(len(n.unsynced))]; len(next.data) > 0 && next.at <= int64(len(data)) {
		next.data = next.data[:random.IntN(len(next.data))]
		data = next.apply(data)
	}
	return data
}

// mixed has a fate of its own for each file.
func mixed(n *node, random *rand.Rand) []byte {
	return []loss{nothing, all, half, zeros, some}[random.IntN(5)](n, random)
}

// Images returns what the disk may hold if the power goes now: a few of all
// ways, of which chance picks some. Those that were seen before are left out.
func (d *Disk) Images(random *rand.Rand, seen map[string]bool) (images []Image) {
	every := func(int) bool { return true }
	first := random.IntN(len(d.pending) + 1)
	chance := func(int) bool { return random.IntN(2) == 0 }
	for _, way := range []struct {
		what string
		name func(i int) bool // whether a change of a name that is not safe is there
		data loss
	}{
		{"all that was not synced", func(int) bool { return false }, all},
		{"all data that was not synced", every, all},
		{"half of the data", every, half},
		{"all but the length of data", every, zeros},
		{"the end of data", every, some},
		{"the last names", func(i int) bool { return i < first }, mixed},
		{"names by chance, and no data", chance, nothing},
		{"names and data by chance", chance, mixed},
		{"names and data by another chance", chance, mixed},
	} {
		i := d.image(way.what, way.name, way.data, random)
		if !seen[i.key] {
			seen[i.key] = true
			images = append(images, i)
		}
	}
	return images
}

// image returns what is found with some of the names and some of the data.
func (d *Disk) image(what string, kept func(i int) bool, data loss, random *rand.Rand) Image {
	names, there := map[*node]map[string]*node{}, map[*change]bool{}
	for i, c := range d.pending {
		lacking := func(needed *change) bool { return slices.Contains(d.pending, needed) && !there[needed] }
		if !kept(i) || slices.ContainsFunc(c.needs, lacking) {
			continue
		}
		there[c] = true
		if names[c.dir] == nil {
			names[c.dir] = maps.Clone(c.dir.safe)
		}
		c.apply(names[c.dir])
	}
	image, key := Image{what, map[string][]byte{}, ""}, sha256.New()
	contents := map[*node][]byte{} // a file with two names is one file
	var walk func(n *node, dir string)
	walk = func(n *node, dir string) {
		in := n.safe
		if names[n] != nil {
			in = names[n]
		}
		for _, name := range slices.Sorted(maps.Keys(in)) {
			at, n := dir+name, in[name]
			if n.dir {
				image.Files[at] = nil
				fmt.Fprintf(key, "%s/\n", at)
				walk(n, at+"/")
				continue
			}
			if contents[n] == nil {
				contents[n] = n.found(data, random)
			}
			image.Files[at] = contents[n]
			fmt.Fprintf(key, "%s %s\n", at, n.sumOf(contents[n]))
		}
	}
	walk(d.root, "")
	image.key = string(key.Sum(nil))
	return image
}

// found returns the data of a file after a loss, never nil.
func (n *node) found(by loss, random *rand.Rand) []byte {
	data := n.data
	if len(n.unsynced) > 0 {
		data = by(n, random)
	}
	if data == nil {
		data = []byte{}
	}
	return data
}

// sumOf returns a hash of data that was found of a file.
func (n *node) sumOf(data []byte) string {
	if len(n.unsynced) > 0 {
		return fmt.Sprintf("%x", sha256.Sum256(data))
	}
	if n.sum == "" {
		n.sum = fmt.Sprintf("%x", sha256.Sum256(data))
	}
	return n.sum
}

// WriteTo puts an image into a folder that does not exist yet. Where the files
// speak of the folder that they come from, they speak of this one: both names
// must be of one length.
func (i Image) WriteTo(dir, from string) error {
	if len(dir) != len(from) {
		return fmt.Errorf("%s and %s are not of one length", dir, from)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(i.Files)) {
		to, data := filepath.Join(dir, filepath.FromSlash(name)), i.Files[name]
		if data == nil {
			if err := os.Mkdir(to, 0o750); err != nil {
				return err
			}
			continue
		}
		if !strings.HasSuffix(name, ".parquet") {
			data = bytes.ReplaceAll(data, []byte(from), []byte(dir))
		}
		if err := os.WriteFile(to, data, 0o600); err != nil {
			return err
		}
	}
	return nil
}
