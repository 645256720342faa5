package load

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
)

// What is packed must be what a decoder of zstd reads, whatever its length and its
// bytes are: headers have other forms from some lengths on.
func TestFrames(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	kinds := map[string]func(i int) byte{
		"even":    func(int) byte { return byte(random.Uint32()) },
		"uneven":  func(int) byte { return byte(random.ExpFloat64() * 8) },
		"two":     func(int) byte { return byte(random.IntN(2)) },
		"same":    func(int) byte { return 7 },
		"repeats": func(i int) byte { return byte(i * i % 251) },
	}
	for name, next := range kinds {
		for _, n := range []int{0, 1, 2, 7, 8, 255, 256, 1023, 1024, 16383, 16384, 65791, 65792, longestBlock, longestBlock + 1, 3*longestBlock - 1} {
			t.Run(fmt.Sprint(name, n), func(t *testing.T) {
				page := make([]byte, n)
				for i := range page {
					page[i] = next(i)
				}
				testFrames(t, page)
			})
		}
	}
}

// codecOfTests takes a while to make.
var codecOfTests = sync.OnceValue(newCodec)

// testFrames packs a page in every way.
func testFrames(t *testing.T, page []byte) {
	t.Helper()
	c, s := codecOfTests(), new(speller)
	for range 2 { // the second time in the memory of the first
		numbers, err := c.EncodeNumbers(nil, page, s)
		testFrame(t, page, numbers, err)
		spelled, err := s.frame(nil, page, true)
		testFrame(t, page, spelled, err)
		plain, err := s.frame(nil, page, false)
		testFrame(t, page, plain, err)
		if len(spelled) > len(plain) {
			t.Errorf("spelled the %d bytes take %d, as they are %d", len(page), len(spelled), len(plain))
		}
	}
}

func testFrame(t *testing.T, page, packed []byte, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := codecOfTests().Decode(nil, packed); err != nil || !bytes.Equal(got, page) {
		t.Fatalf("%d bytes came back as %d: %v", len(page), len(got), err)
	}
}

func FuzzFrames(f *testing.F) {
	f.Add([]byte("spelled by frequency"), uint16(3))
	f.Add([]byte{0}, uint16(1<<16-1))
	f.Fuzz(func(t *testing.T, data []byte, times uint16) {
		testFrames(t, bytes.Repeat(data, min(int(times), 4*longestBlock/(len(data)+1))))
	})
}

// Only what repeats itself is searched for what repeats, and only uneven bytes
// are spelled.
func TestSurvey(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		name            string
		next            func(i int) byte
		repeats, uneven bool
	}{
		{"even", func(int) byte { return byte(random.Uint32()) }, false, false},
		{"half of them zero", func(int) byte { return byte(random.Uint32() * (random.Uint32() & 1)) }, false, true},
		{"of seven bits", func(int) byte { return byte(random.Uint32() & 127) }, false, true},
		{"over and over", func(i int) byte { return byte(i * 37 % 200) }, true, false},
		{"all the same", func(int) byte { return 1 }, true, true},
	} {
		page := make([]byte, 4096)
		for i := range page {
			page[i] = c.next(i)
		}
		if repeats, uneven := survey(page); repeats != c.repeats || uneven != c.uneven {
			t.Errorf("%s: repeats %v, uneven %v", c.name, repeats, uneven)
		}
	}
}
