package load

import "strings"

// QuoteName quotes an identifier of DuckDB's SQL.
func QuoteName(s string) string { return quote(s, `"`) }

// QuoteText quotes a text of DuckDB's SQL.
func QuoteText(s string) string { return quote(s, `'`) }

// quote is the one place where texts become part of DuckDB's SQL: the mark is
// doubled, and nothing else has a meaning between two marks. DuckDB has no way
// to write a NUL, so it is left out.
func quote(s, mark string) string {
	return mark + strings.ReplaceAll(strings.ReplaceAll(s, "\x00", ""), mark, mark+mark) + mark
}
