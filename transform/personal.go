package transform

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"etl/schemas"

	"github.com/apache/arrow/go/v15/arrow/decimal128"
)

// A personal buffer holds what stands for personal data: texts made from the one
// spelling that a value has in its type, so that 7 and "7.0" hash alike.
type personal struct {
	text
	values buffer // of the type of the column; empty between values
	typ    schemas.Type
	hide   func(spelling []byte) []byte
}

func (f *personal) add(n *node) error {
	defer f.values.truncate(0)
	if err := f.values.add(n); err != nil {
		return err
	}
	return f.append(f.hide(f.spelling()))
}

// spelling returns the value as text: integers and decimals with their digits
// after the point, times in UTC with six of them, a duration as microseconds,
// and JSON as it was sent.
func (f *personal) spelling() []byte {
	switch values := f.values.(type) {
	case *boolean:
		return strconv.AppendBool(nil, values.values.at(0))
	case *fixed[int32]:
		if f.typ.Kind == schemas.Date {
			return time.Unix(int64(values.values[0])*86400, 0).UTC().AppendFormat(nil, time.DateOnly)
		}
		return strconv.AppendInt(nil, int64(values.values[0]), 10)
	case *fixed[int64]:
		return spellInt64(f.typ.Kind, values.values[0])
	case *fixed[float64]:
		return strconv.AppendFloat(nil, values.values[0], 'g', -1, 64)
	case *fixed[decimal128.Num]:
		return []byte(values.values[0].ToString(int32(f.typ.Scale)))
	case *text:
		return values.at(0)
	}
	return nil
}

func spellInt64(kind schemas.Kind, v int64) []byte {
	switch kind {
	case schemas.Timestamp:
		return time.UnixMicro(v).UTC().AppendFormat(nil, "2006-01-02T15:04:05.000000Z")
	case schemas.Time:
		return time.UnixMicro(v).UTC().AppendFormat(nil, "15:04:05.000000")
	}
	return strconv.AppendInt(nil, v, 10)
}

// hashed makes hashes of texts: HMAC-SHA256 in lower-case hex.
func hashed(key []byte) func([]byte) []byte {
	mac := hmac.New(sha256.New, key)
	return func(spelling []byte) []byte { return appendHash(nil, mac, spelling) }
}

func appendHash(b []byte, mac hash.Hash, spelling []byte) []byte {
	mac.Reset()
	mac.Write(spelling)
	var sum [sha256.Size]byte
	return hex.AppendEncode(b, mac.Sum(sum[:0]))
}

// shown is how many letters and digits a mask leaves, and hidden how many there
// must be before it leaves any.
const (
	shown  = 2
	hidden = 3
)

// masked puts * in the place of letters and digits, but for the last two. A text
// of which that would hide fewer than three is masked whole.
func masked(spelling []byte) []byte {
	letters := 0
	for _, r := range string(spelling) {
		if isLetter(r) {
			letters++
		}
	}
	hide := letters - shown
	if hide < hidden {
		hide = letters
	}
	mask := make([]byte, 0, len(spelling))
	for _, r := range string(spelling) {
		if isLetter(r) && hide > 0 {
			r = '*'
			hide--
		}
		mask = utf8.AppendRune(mask, r)
	}
	return mask
}

// isLetter tells letters, digits and the marks on them.
func isLetter(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) }
