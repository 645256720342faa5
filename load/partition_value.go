package load

import (
	"encoding/binary"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"etl/schemas"
)

// maxName is how long the name of a folder may be, in bytes, on every file
// system that matters.
const maxName = 255

// textAt returns a value that is a text.
func textAt(a arrow.Array, row int) (string, bool) {
	if d, ok := a.(*array.Dictionary); ok {
		a, row = d.Dictionary(), d.GetValueIndex(row)
	}
	s, ok := a.(*array.String)
	if !ok {
		return "", false
	}
	return s.Value(row), true
}

// intAt returns a value that is an integer: what KeyBuilder.Int takes.
func intAt(a arrow.Array, row int) (int64, bool) {
	switch a := a.(type) {
	case *array.Boolean:
		if a.Value(row) {
			return 1, true
		}
		return 0, true
	case *array.Int32:
		return int64(a.Value(row)), true
	case *array.Int64:
		return a.Value(row), true
	case *array.Date32:
		return int64(a.Value(row)), true
	case *array.Time64:
		return int64(a.Value(row)), true
	case *array.Timestamp:
		return int64(a.Value(row)), true
	}
	return 0, false
}

// textValue returns the partition value of a text.
func (v *level) textValue(text string) string {
	if v.by == "bucket" {
		v.key128.Text([]byte(text))
		return v.bucket()
	}
	return v.readable(text)
}

func (v *level) intValue(x int64) string {
	if v.by == "bucket" {
		v.key128.Int(x)
		return v.bucket()
	}
	return plainText(v.source.source.Kind, x)
}

func (v *level) decimalValue(a arrow.Array, row int) string {
	d, ok := a.(*array.Decimal128)
	if !ok {
		return Other
	}
	if v.by == "bucket" {
		v.key128.Decimal(d.Value(row).HighBits(), d.Value(row).LowBits())
		return v.bucket()
	}
	return decimalText(d.Value(row).BigInt(), v.source.source.Scale)
}

// bucket returns the bucket of the value that was added to the key.
func (v *level) bucket() string {
	sum := v.key128.Sum()
	return strconv.FormatUint(binary.BigEndian.Uint64(sum[:8])%v.buckets, 10)
}

// plainText writes a value that is an integer in its column.
func plainText(k schemas.Kind, x int64) string {
	switch k {
	case schemas.Bool:
		return strconv.FormatBool(x != 0)
	case schemas.Date:
		return time.Unix(x*86400, 0).UTC().Format(time.DateOnly)
	case schemas.Time:
		return time.UnixMicro(x).UTC().Format("15:04:05.000000")
	case schemas.Timestamp:
		return time.UnixMicro(x).UTC().Format("2006-01-02T15:04:05.000000Z")
	}
	return strconv.FormatInt(x, 10)
}

// decimalText writes a decimal with exactly scale digits after the point.
func decimalText(unscaled *big.Int, scale int) string {
	digits := new(big.Int).Abs(unscaled).String()
	if missing := scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	whole, fraction := digits[:len(digits)-scale], digits[len(digits)-scale:]
	if fraction != "" {
		whole += "." + fraction
	}
	if unscaled.Sign() < 0 {
		whole = "-" + whole
	}
	return whole
}

// readable returns a text as a partition value, or Other if readers would not
// get it back from the name of a folder.
func (v *level) readable(text string) string {
	switch {
	case text == "", strings.EqualFold(text, "null"), text == "__HIVE_DEFAULT_PARTITION__":
		return Other
	case len(v.key)+1+len(text) > maxName, len(folderName(v.key, text)) > maxName:
		return Other
	}
	return text
}

// folderName returns the name of the folder of a partition value. Every byte
// that is not unreserved in URLs (RFC 3986, section 2.3) is percent-encoded,
// so that no value is taken for a path or a pattern.
func folderName(key, value string) string {
	const hex = "0123456789ABCDEF"
	name := append([]byte(key), '=')
	for i := range len(value) {
		c := value[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.~", c) >= 0 {
			name = append(name, c)
		} else {
			name = append(name, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(name)
}
