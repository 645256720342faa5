package load

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

func TestPlainPagesAreFramesOfZstd(t *testing.T) {
	reader, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for _, size := range []int{0, 1, frameBlock - 1, frameBlock, frameBlock + 1, 2 * frameBlock, 5*frameBlock + 7} {
		body := make([]byte, size)
		for i := range body {
			body[i] = byte(rand.Uint32())
		}
		frame := bytes.Join(plainFrame(body), nil)
		if got, err := reader.DecodeAll(frame, nil); err != nil || !bytes.Equal(got, body) {
			t.Errorf("%d bytes come back as %d, %v", size, len(got), err)
		}
		if got, err := reader.DecodeAll(frame[:len(frame)-1], nil); err == nil {
			t.Errorf("%d bytes without the last come back as %d", size, len(got))
		}
	}
}

func TestPagesArePackedAsThereIsTime(t *testing.T) {
	const second = int64(packPerSecond)
	for _, test := range []struct {
		about         string
		after         time.Duration
		packed, plain int64
		size          int
		want          bool
	}{
		{"the first pages", 0, 0, 0, packAtOnce, true},
		{"more at once", 0, packAtOnce, 0, 1, false},
		{"a second later", time.Second, packAtOnce, 0, packPerSecond, true},
		{"more than a second allows", time.Second, packAtOnce, 0, packPerSecond + 1, false},
		{"pages that come slowly", time.Hour, 3599 * second, mostPlain, 1 << 20, true},
		{"as many as may lie plain", 0, packAtOnce, mostPlain - 5, 5, false},
		{"one more", 0, packAtOnce, mostPlain - 5, 6, true},
	} {
		of := thrift{now: clock(test.after), since: noon, most: mostPlain, packed: test.packed, plain: test.plain}
		if got := of.packs(test.size); got != test.want {
			t.Errorf("%s: packed is %v", test.about, got)
		}
		if of.packed+of.plain != test.packed+test.plain+int64(test.size) {
			t.Errorf("%s: %d packed, %d plain", test.about, of.packed, of.plain)
		}
	}
}

func TestKeptPagesComeBackPackedOrPlain(t *testing.T) {
	dir := t.TempDir()
	p := openPages(t, dir)
	big := bytes.Repeat(pageBody(1), packAtOnce/1000)
	for n, most := range []int64{packAtOnce / 10, packAtOnce * 2} {
		ref, err := p.Put("all", n, PageMeta{}, big, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, body, err := p.Get("all", ref); err != nil || !bytes.Equal(body, big) {
			t.Errorf("page %d holds %.10q, %v", n, body, err)
		}
		info, err := os.Stat(filepath.Join(dir, pageName("all", n, zstdPage)))
		if err != nil || info.Size() > most || n == 1 && info.Size() < int64(len(big)) {
			t.Errorf("page %d takes %d bytes, %v", n, info.Size(), err)
		}
	}
}
