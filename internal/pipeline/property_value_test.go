package pipeline_test

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"etl/schemas"
)

// value makes a value of a column: its text in a page, and as it stands in a row.
func (m maker) value(c schemas.Column) (text, want string) {
	switch c.Type.Kind {
	case schemas.Bool:
		return m.boolean(c.Loose)
	case schemas.Int32, schemas.Int64:
		return m.integer(c.Type.Kind)
	case schemas.Float64:
		return m.float(c.Loose)
	case schemas.Decimal:
		return m.decimal(c)
	case schemas.String:
		if c.Loose && m.often(30) {
			n := m.digits(big.NewInt(int64(m.upTo(1000))), -m.upTo(3))
			return n, quote(n)
		}
		s := m.anyText()
		return m.str(s), quote(s)
	case schemas.Enum:
		code := pick(m, "0", "-1", "7", "99", "2147483647")
		if c.Type.Code == schemas.String {
			return m.str(code), quote(code)
		}
		return m.maybeQuoted(code), code
	case schemas.UUID:
		return m.uuid()
	case schemas.JSON:
		raw := m.anyJSON(3)
		return raw, quote(raw)
	case schemas.List:
		return m.list(c)
	case schemas.Struct:
		members, row := m.members(c.Type.Fields)
		return m.object(m.shuffled(members)), "{" + row + "}"
	}
	return m.moment(c.Type)
}

func (m maker) boolean(loose bool) (text, want string) {
	want = pick(m, "true", "false")
	if !loose || m.often(50) {
		return want, want
	}
	return m.maybeQuoted(map[string]string{"true": "1", "false": "0"}[want]), want
}

func (m maker) integer(kind schemas.Kind) (text, want string) {
	v := rapid.Int64().Draw(m.t, "integer")
	if kind == schemas.Int32 {
		v = int64(rapid.Int32().Draw(m.t, "integer"))
	}
	return m.maybeQuoted(m.digits(big.NewInt(v), 0)), fmt.Sprint(v)
}

func (m maker) float(loose bool) (text, want string) {
	v := rapid.OneOf(rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 0.1, math.SmallestNonzeroFloat64, math.MaxFloat64, 1 << 53, 1.0 / 3})).Draw(m.t, "float")
	text = strconv.FormatFloat(v, pick(m, byte('g'), 'e', 'E', 'f'), -1, 64)
	if loose {
		text = m.maybeQuoted(text)
	}
	return text, strconv.FormatFloat(v, 'g', -1, 64)
}

// decimal makes a decimal; where the column rounds, some with digits past the
// scale.
func (m maker) decimal(c schemas.Column) (text, want string) {
	p, s := c.Type.Precision, c.Type.Scale
	unscaled := m.unscaled(p)
	if c.Round && m.often(40) {
		more := 1 + m.upTo(3)
		fine := new(big.Int).Add(new(big.Int).Mul(unscaled, powerOfTen(more)), big.NewInt(int64(m.upTo(int(powerOfTen(more).Int64())-1))))
		if rounded := halfEven(fine, powerOfTen(more)); rounded.CmpAbs(powerOfTen(p)) < 0 {
			return m.maybeQuoted(m.digits(fine, -s-more)), quote(plain(rounded, -s))
		}
	}
	return m.maybeQuoted(m.digits(unscaled, -s)), quote(plain(unscaled, -s))
}

// unscaled makes an integer of at most p digits, the extreme ones among them.
func (m maker) unscaled(p int) *big.Int {
	most := new(big.Int).Sub(powerOfTen(p), big.NewInt(1))
	v := new(big.Int)
	switch m.upTo(3) {
	case 0:
		v.Set(most)
	case 1:
		v.SetInt64(int64(m.upTo(9)))
	default:
		text := rapid.StringOfN(rapid.RuneFrom([]rune("0123456789")), 1, p, -1).Draw(m.t, "digits")
		v.SetString(text, 10)
	}
	if m.often(50) {
		v.Neg(v)
	}
	return v
}

// halfEven divides and rounds to the nearest integer, and from the middle to
// the even one.
func halfEven(n, by *big.Int) *big.Int {
	floor, rest := new(big.Int).DivMod(n, by, new(big.Int))
	if c := new(big.Int).Lsh(rest, 1).Cmp(by); c > 0 || c == 0 && floor.Bit(0) == 1 {
		floor.Add(floor, big.NewInt(1))
	}
	return floor
}

func powerOfTen(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// digits spells n·10^exponent, as JSON takes it: with a point, zeros at the end,
// an exponent.
func (m maker) digits(n *big.Int, exponent int) string {
	if m.often(60) {
		return plain(n, exponent)
	}
	shift := m.upTo(8) - 4
	text := plain(n, exponent-shift)
	if zeros := strings.Repeat("0", m.upTo(3)); zeros != "" && strings.Contains(text, ".") {
		text += zeros
	} else if zeros != "" {
		text += "." + zeros
	}
	if shift == 0 && m.often(50) {
		return text
	}
	return text + pick(m, "e", "E") + m.exponent(shift)
}

func (m maker) exponent(n int) string {
	sign := pick(m, "", "+")
	if n < 0 {
		sign, n = "-", -n
	}
	return sign + pick(m, "", "0", "00") + strconv.Itoa(n)
}

// plain writes n·10^exponent without an exponent.
func plain(n *big.Int, exponent int) string {
	text := new(big.Int).Abs(n).String()
	switch {
	case exponent > 0 && n.Sign() != 0:
		text += strings.Repeat("0", exponent)
	case exponent < 0:
		if missing := 1 - exponent - len(text); missing > 0 {
			text = strings.Repeat("0", missing) + text
		}
		text = text[:len(text)+exponent] + "." + text[len(text)+exponent:]
	}
	if n.Sign() < 0 {
		text = "-" + text
	}
	return text
}

func (m maker) maybeQuoted(text string) string {
	if m.often(30) {
		return `"` + text + `"`
	}
	return text
}

func (m maker) uuid() (text, want string) {
	hex := rapid.StringOfN(rapid.RuneFrom([]rune("0123456789abcdef")), 32, 32, -1).Draw(m.t, "uuid")
	want = hex[:8] + "-" + hex[8:12] + "-" + hex[12:16] + "-" + hex[16:20] + "-" + hex[20:]
	text = want
	if m.often(50) {
		text = strings.ToUpper(want)
	}
	return m.str(text), quote(want)
}

const (
	second      = int64(1e6)
	day         = 86400 * second
	firstMoment = -719162 * day // 0001-01-01
	lastMoment  = 2932897*day - 1
)

// moment makes a date, a time of day, a timestamp or a duration.
func (m maker) moment(t schemas.Type) (text, want string) {
	switch t.Kind {
	case schemas.Date:
		at := time.Unix(rapid.Int64Range(firstMoment/day, (lastMoment+1)/day-1).Draw(m.t, "day")*86400, 0).UTC()
		return m.str(at.Format(time.DateOnly)), quote(at.Format(time.DateOnly))
	case schemas.Time:
		us := rapid.Int64Range(0, day-1).Draw(m.t, "time")
		at := time.UnixMicro(us).UTC()
		if us%(60*second) == 0 && m.often(50) {
			return m.str(at.Format("15:04")), quote(at.Format("15:04:05"))
		}
		return m.str(at.Format("15:04:05") + m.fraction(us%second)), quote(at.Format("15:04:05.999999"))
	case schemas.Timestamp:
		return m.timestamp(t.Layouts)
	}
	v := rapid.Int64().Draw(m.t, "duration")
	form := pick(m, t.Forms...)
	text = m.duration(form, v)
	if form == schemas.SecondsDuration {
		return m.maybeQuoted(text), fmt.Sprint(v)
	}
	return m.str(text), fmt.Sprint(v)
}

func (m maker) timestamp(layouts []string) (text, want string) {
	us := rapid.Int64Range(firstMoment, lastMoment).Draw(m.t, "timestamp")
	if len(layouts) > 0 && m.often(50) {
		layout := pick(m, layouts...)
		unit := second
		if layout == time.DateOnly {
			unit = day
		}
		at := time.UnixMicro(us - (us%unit+unit)%unit).UTC()
		return m.str(at.Format(layout)), quote(at.Format("2006-01-02T15:04:05.000000Z"))
	}
	at := time.UnixMicro(us).UTC()
	offset := rapid.IntRange(-1439, 1439).Draw(m.t, "offset")
	local := at.In(time.FixedZone("", offset*60))
	if offset == 0 || local.Year() < 1 || local.Year() > 9999 {
		text = at.Format("2006-01-02T15:04:05") + m.fraction((us%second+second)%second) + pick(m, "Z", "+00:00", "-00:00", "z")
	} else {
		text = local.Format("2006-01-02T15:04:05") + m.fraction((us%second+second)%second) + local.Format("-07:00")
	}
	if m.often(10) {
		text = strings.Replace(text, "T", "t", 1)
	}
	return m.str(text), quote(at.Format("2006-01-02T15:04:05.000000Z"))
}

// fraction spells microseconds behind a second: with no digit more than needed,
// or with zeros.
func (m maker) fraction(us int64) string {
	digits := strings.TrimRight(fmt.Sprintf("%06d", us), "0") + strings.Repeat("0", m.upTo(4))
	if digits == "" {
		return ""
	}
	return "." + digits
}

// duration spells microseconds in a form.
func (m maker) duration(form schemas.DurationForm, v int64) string {
	all, sign := big.NewInt(v), ""
	if v < 0 && form != schemas.DjangoDuration { // whose days alone may be negative
		all, sign = all.Neg(all), "-"
	}
	days, rest := new(big.Int).DivMod(all, big.NewInt(day), new(big.Int))
	us := rest.Int64()
	h, min, s := us/second/3600, us/second/60%60, us/second%60
	switch form {
	case schemas.DjangoDuration:
		return days.String() + pick(m, " ", " days, ") + fmt.Sprintf("%02d:%02d:%02d", h, min, s) + m.fraction(us%second)
	case schemas.ISODuration:
		return sign + "P" + days.String() + "DT" + fmt.Sprintf("%dH%dM%d", h, min, s) + m.fraction(us%second) + "S"
	case schemas.HMSDuration:
		hours := new(big.Int).Add(new(big.Int).Mul(days, big.NewInt(24)), big.NewInt(h))
		return fmt.Sprintf("%s%02d:%02d:%02d", sign, hours, min, s) + m.fraction(us%second)
	}
	return m.digits(big.NewInt(v), -6)
}
