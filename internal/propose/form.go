package propose

import (
	"regexp"
	"strings"
)

// A form is what the text of a string looks like.
type form int

// The forms, in the order in which they are tried for a column.
const (
	timestampForm form = iota // RFC 3339
	datetimeForm              // 2006-01-02 15:04:05
	dateForm
	uuidForm
	timeForm // also a duration of less than a day
	djangoForm
	isoForm
	decimalForm // 12.50
	wholeForm   // 12
	codeForm    // in_process, OPEN
	formCount
)

var formNames = [formCount]string{"timestamps", "times like 2006-01-02 15:04:05", "dates", "UUIDs", "times of day", "durations",
	"durations", "numbers in quotes", "whole numbers in quotes", "codes"}

var formTexts = [formCount]*regexp.Regexp{
	timestampForm: regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$`),
	datetimeForm:  regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?$`),
	dateForm:      regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`),
	uuidForm:      regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`),
	timeForm:      regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?$`),
	djangoForm:    regexp.MustCompile(`^(-?[0-9]+ (days?, )?)?-?[0-9]{1,4}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?$`),
	isoForm:       regexp.MustCompile(`^[+-]?P([0-9]+W)?([0-9]+D)?(T([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]{1,6})?S)?)?$`),
	decimalForm:   regexp.MustCompile(`^-?(0|[1-9][0-9]*)\.[0-9]+$`),
	wholeForm:     regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`),
	codeForm:      regexp.MustCompile(`^([a-z][a-z0-9_.-]{0,31}|[A-Z][A-Z0-9_]{0,31})$`),
}

// What PHP and friends send for no value, beside null.
var blankTexts = []string{"", "0000-00-00", "0000-00-00 00:00:00"}

// masked hides what a text says and keeps its form: letters become x, digits 0.
func masked(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return '0'
		case strings.ContainsRune(` :;,.-+_/()@#'`, r):
			return r
		}
		return 'x'
	}, s)
	if len(s) > 40 {
		s = s[:40] + "…"
	}
	return s
}
