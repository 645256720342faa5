package transform

import "errors"

// Checks that a schema makes of values.
const (
	CheckRequired = "required"
	CheckMin      = "min"
	CheckMax      = "max"
)

// A Breach names a check of the schema that a value did not stand, and its
// column, "services.price".
type Breach struct{ Check, Column string }

// A breachError says that a value did not stand a check.
type breachError struct{ check, reason string }

func (e *breachError) Error() string { return e.reason }

var (
	errMissing = &breachError{CheckRequired, "a required value is missing"}
	errNull    = &breachError{CheckRequired, "a required value is null"}
	errBelow   = &breachError{CheckMin, "outside of min and max"}
	errAbove   = &breachError{CheckMax, "outside of min and max"}
)

// checkOf returns the check that an error speaks of; empty: none.
func checkOf(err error) string {
	if e, ok := errors.AsType[*breachError](err); ok {
		return e.check
	}
	return ""
}

// breach notes what a value did that is told although its record is accepted,
// or that its record was set aside for.
func (s *scope) breach(r *refusal) {
	if r.check != "" {
		s.breaches = append(s.breaches, Breach{r.check, r.column})
	}
}

// takeBreaches returns how often each check of a page was not stood, and begins
// anew; nil: all were.
func (s *scope) takeBreaches() map[Breach]int64 {
	if len(s.breaches) == 0 {
		return nil
	}
	all := map[Breach]int64{}
	for _, b := range s.breaches {
		all[b]++
	}
	s.breaches = s.breaches[:0]
	return all
}
