package load

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"

	"etl/schemas"
)

// spread puts the members of _extra back to where they came from.
func (o *object) spread(extra json.RawMessage) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(extra, &members); err != nil {
		return err
	}
	d := json.NewDecoder(strings.NewReader(string(extra)))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		o.putBack(name.(string), value)
	}
	return nil
}

// putBack sets a value at a path such as services[0].note.
func (o *object) putBack(path string, value json.RawMessage) {
	at := o
	for {
		step, rest, more := strings.Cut(path, ".")
		name, index, isElement := strings.Cut(step, "[")
		if !isElement {
			if !more {
				at.set([]string{name}, value)
				return
			}
			inner, ok := at.values[name].(*object)
			if !ok {
				at.set(strings.Split(path, "."), value)
				return
			}
			at, path = inner, rest
			continue
		}
		list, _ := at.values[name].([]any)
		i, err := strconv.Atoi(strings.TrimSuffix(index, "]"))
		if err != nil || i >= len(list) || !more {
			at.set([]string{path}, value) // a name with a bracket, or a list that is gone
			return
		}
		inner, ok := list[i].(*object)
		if !ok {
			return
		}
		at, path = inner, rest
	}
}

// storedDecimal returns the text of a decimal of a type such as decimal(16,2).
func storedDecimal(typ string, v parquet.Value) string {
	_, scaleText, _ := strings.Cut(strings.TrimSuffix(typ, ")"), ",")
	scale, _ := strconv.Atoi(scaleText) // written by Type.String
	unscaled := new(big.Int)
	switch v.Kind() {
	case parquet.Int32, parquet.Int64:
		unscaled.SetInt64(v.Int64())
	default:
		b := v.ByteArray()
		unscaled.SetBytes(b)
		if len(b) > 0 && b[0]&0x80 != 0 { // two's complement
			unscaled.Sub(unscaled, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
	}
	return decimalText(unscaled, scale)
}

// durationText writes microseconds in a form of durations.
func durationText(form schemas.DurationForm, micros int64) string {
	sign, magnitude := "", uint64(micros)
	if micros < 0 {
		sign, magnitude = "-", -magnitude
	}
	seconds, fraction := magnitude/1e6, magnitude%1e6
	switch form {
	case schemas.ISODuration:
		return fmt.Sprintf("%sPT%d.%06dS", sign, seconds, fraction)
	case schemas.SecondsDuration:
		return fmt.Sprintf("%s%d.%06d", sign, seconds, fraction)
	case schemas.HMSDuration:
		return fmt.Sprintf("%s%02d:%02d:%02d.%06d", sign, seconds/3600, seconds/60%60, seconds%60, fraction)
	}
	const day = 86_400_000_000
	days, rest := micros/day, micros%day
	if rest < 0 { // Django counts days below zero and time up
		days, rest = days-1, rest+day
	}
	return fmt.Sprintf("%d %02d:%02d:%02d.%06d", days, rest/3_600_000_000, rest/60_000_000%60, rest/1_000_000%60, rest%1_000_000)
}
