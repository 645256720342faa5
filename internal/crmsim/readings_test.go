package crmsim

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The readings below tell what truth should say of a value on the wire, by ways
// of the standard library that the package itself does not use.

func asIs(_ *testing.T, wire string) any { return wire }

func asText(t *testing.T, wire string) any { return decode[string](t, wire) }

func asLower(t *testing.T, wire string) any { return strings.ToLower(decode[string](t, wire)) }

func asDecimal(t *testing.T, wire string) any {
	r, ok := new(big.Rat).SetString(strings.Trim(wire, `"`))
	if !ok {
		t.Fatalf("%s is no decimal", wire)
	}
	return strings.Replace(r.FloatString(2), "-0.00", "0.00", 1)
}

func asTime(t *testing.T, wire string) any {
	at, err := time.Parse(time.RFC3339Nano, decode[string](t, wire))
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC().Format("2006-01-02T15:04:05.000000Z")
}

var djangoDuration = regexp.MustCompile(`^(?:(-?\d+) )?(\d\d):(\d\d):(\d\d)(?:\.(\d{6}))?$`)

func asDuration(t *testing.T, wire string) any {
	parts := djangoDuration.FindStringSubmatch(decode[string](t, wire))
	if parts == nil {
		t.Fatalf("%s is no duration", wire)
	}
	var sum int64
	for i, unit := range []int64{86_400_000_000, 3_600_000_000, 60_000_000, 1_000_000, 1} {
		n, _ := strconv.ParseInt(parts[i+1], 10, 64) // empty is 0
		sum += n * unit
	}
	return strconv.FormatInt(sum, 10)
}

func asMoscow(t *testing.T, wire string) any { return wall(t, wire, moscow) }

func asWarsaw(t *testing.T, wire string) any { return wall(t, wire, warsaw) }

// wall reads a time without a zone: of two with one text, the first.
func wall(t *testing.T, wire string, zone *time.Location) any {
	text := decode[string](t, wire)
	if strings.HasPrefix(text, "0000") {
		return nil
	}
	at, err := time.ParseInLocation(time.DateTime, text, zone)
	if err != nil {
		t.Fatal(err)
	}
	if first := at.Add(-time.Hour); first.Format(time.DateTime) == text {
		at = first
	}
	return at.UTC().Format("2006-01-02T15:04:05.000000Z")
}

// asNumber reads a number that may be text.
func asNumber(_ *testing.T, wire string) any { return strings.Trim(wire, `"`) }

// asFlag reads a bool that may be 0 or 1.
func asFlag(_ *testing.T, wire string) any {
	return map[string]string{"0": "false", "1": "true"}[strings.Trim(wire, `"`)]
}

// asTextOrNull reads text; nothing in it is null.
func asTextOrNull(t *testing.T, wire string) any {
	if text := decode[string](t, wire); text != "" {
		return text
	}
	return nil
}

// asDigits reads an id that may be a number.
func asDigits(_ *testing.T, wire string) any {
	if digits := strings.Trim(wire, `"`); digits != "" {
		return digits
	}
	return nil
}

func asSeconds(_ *testing.T, wire string) any { return strings.TrimPrefix(wire+"000000", "000000") }

func asDate(t *testing.T, wire string) any {
	if text := decode[string](t, wire); text != "0000-00-00" {
		return text
	}
	return nil
}
