package transform

import (
	"bytes"
	"slices"
	"time"

	"etl/internal/jsonspan"
)

// A zoned turns wall times into instants of one zone. It remembers the offset of
// the stretch between two changes of clocks in which the last one lay.
type zoned struct {
	zone        *time.Location
	from, until int64 // wall times at which offset is surely right
	offset      int64
}

// margin is more than any clocks are ahead of UTC or put forward or back, in
// microseconds.
const margin = 2 * day

// instant resolves a wall time, both in microseconds since 1970-01-01.
func (z *zoned) instant(wall int64) int64 {
	if z.from <= wall && wall < z.until {
		return wall - z.offset
	}
	t := resolve(time.UnixMicro(wall).UTC(), z.zone)
	from, until := int64(firstTimestamp), int64(lastTimestamp)
	start, end := t.In(z.zone).ZoneBounds()
	if !start.IsZero() {
		from = start.UnixMicro() + margin
	}
	if !end.IsZero() {
		until = end.UnixMicro() - margin
	}
	if from <= wall && wall < until {
		z.from, z.until, z.offset = from, until, wall-t.UnixMicro()
	}
	return t.UnixMicro()
}

// quickTimestamp reads RFC 3339, and the layouts datetime and date if no other
// comes first.
func quickTimestamp(r timestamps) func([]byte, int) (int64, int) {
	usual := slices.IndexFunc(r.layouts, func(l string) bool { return l != time.DateTime && l != time.DateOnly })
	if usual < 0 {
		usual = len(r.layouts)
	}
	z := &zoned{zone: r.zone}
	withTime, withoutTime := slices.Contains(r.layouts[:usual], time.DateTime), slices.Contains(r.layouts[:usual], time.DateOnly)
	if r.zone == nil {
		withTime, withoutTime = false, false
	}
	return func(text []byte, pos int) (int64, int) {
		end, holds := jsonspan.StringEnd(text, pos)
		if end < 0 || holds != 0 {
			return 0, none
		}
		v, err := readRFC3339(text[pos+1 : end-1])
		if err != nil {
			wall, hasTime, ok := cutWall(text[pos+1 : end-1])
			if !ok || hasTime && !withTime || !hasTime && !withoutTime {
				return 0, none
			}
			v = z.instant(wall)
		}
		if v < firstTimestamp || v > lastTimestamp {
			return 0, none
		}
		return v, end
	}
}

// cutWall reads "2006-01-02 15:04:05" or "2006-01-02".
func cutWall(text []byte) (wall int64, hasTime, ok bool) {
	days, rest, err := cutDate(text)
	if err != nil || len(rest) == 0 {
		return int64(days) * day, false, err == nil
	}
	if len(rest) != len(" 15:04:05") || !bytes.HasPrefix(rest, []byte(" ")) {
		return 0, true, false
	}
	of, _, err := cutTime(rest[1:])
	return int64(days)*day + of, true, err == nil
}
