package propose

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"etl/schemas"

	"github.com/getkin/kin-openapi/openapi3"
)

// A code is one value of an enum: its text, and the kind that JSON gives it.
type code struct{ text, kind string }

// What a double holds exactly, and so what a document can say of an integer.
const exactInt = 1 << 53

// readEnum takes the values of an enum, or of a const, and their labels. texts
// is not nil if there were any.
func (v *view) readEnum(s *openapi3.Schema) {
	values := s.Enum
	if s.Const != nil {
		values = append(values[:len(values):len(values)], s.Const)
	}
	if len(values) == 0 {
		return
	}
	v.texts = bullets(s.Description)
	listed := listedLabels(s.Extensions)
	for i, value := range values {
		c := codeOf(value)
		switch {
		case c.kind == "null":
			v.nullable = true
			v.texts[""] = ""
			continue
		case c.text == "" && c.kind == "string":
			v.blank = true
			continue
		case !slices.Contains(v.codes, c):
			v.codes = append(v.codes, c)
		}
		if label := labelOf(listed, i, len(values), c.text); label != "" && v.texts[c.text] == "" {
			v.texts[c.text] = label
		}
		if s.Const != nil && s.Title != "" && v.texts[c.text] == "" {
			v.texts[c.text] = s.Title
		}
	}
	if len(v.texts) == 0 {
		v.texts[""] = ""
	}
}

// addCodes takes over the codes of another view.
func (v *view) addCodes(w view) {
	for _, c := range w.codes {
		if !slices.Contains(v.codes, c) {
			v.codes = append(v.codes, c)
		}
	}
	for c, text := range w.texts {
		if v.texts == nil {
			v.texts = map[string]string{}
		}
		if v.texts[c] == "" {
			v.texts[c] = text
		}
	}
}

func codeOf(value any) code {
	switch value := value.(type) {
	case nil:
		return code{kind: "null"}
	case string:
		return code{value, "string"}
	case bool:
		return code{strconv.FormatBool(value), "boolean"}
	case float64:
		if value == math.Trunc(value) && math.Abs(value) <= exactInt {
			return code{strconv.FormatFloat(value, 'f', -1, 64), "integer"}
		}
		return code{strconv.FormatFloat(value, 'g', -1, 64), "number"}
	}
	return code{fmt.Sprint(value), "object"}
}

// A line of a description that explains a code: "* `0` - Запрос".
var bullet = regexp.MustCompile("(?m)^[ \t]*[*-][ \t]*`([^`\n]*)`[ \t]*[-–—:=][ \t]*(.*?)[ \t]*$")

func bullets(description string) map[string]string {
	found := map[string]string{}
	for _, m := range bullet.FindAllStringSubmatch(description, -1) {
		if m[2] != "" && found[m[1]] == "" {
			found[m[1]] = m[2]
		}
	}
	return found
}

// withoutBullets returns what a description says beside the codes.
func withoutBullets(description string) string {
	return strings.TrimSpace(bullet.ReplaceAllString(description, ""))
}

// Extensions that name the values of an enum, the one that says most first.
var labelKeys = []string{"x-enum-descriptions", "x-enumDescriptions", "x-enumNames", "x-enum-varnames", "x-enum-names"}

func listedLabels(extensions map[string]any) any {
	for _, key := range labelKeys {
		if labels := extensions[key]; labels != nil {
			return labels
		}
	}
	return nil
}

// labelOf returns the label of the i-th of n codes in a list as long as that of
// the codes, or in a map from code to label.
func labelOf(labels any, i, n int, code string) string {
	switch labels := labels.(type) {
	case []any:
		if len(labels) == n {
			text, _ := labels[i].(string)
			return text
		}
	case map[string]any:
		text, _ := labels[code].(string)
		return text
	}
	return ""
}

// enumColumn makes c an enum if the view has codes that can be one. It reports
// whether the type of the column is decided.
func (v *view) enumColumn(c *Column) bool {
	if len(v.codes) == 0 {
		return false
	}
	kind := v.codes[0].kind
	if slices.ContainsFunc(v.codes, func(c code) bool { return c.kind != kind }) {
		c.toJSON("an enum of values of several kinds")
		return true
	}
	switch kind {
	case "boolean":
		c.Type = schemas.Type{Kind: schemas.Bool}
		return true
	case "integer":
		c.Type = enum(codeType(v.codes))
	case "string":
		c.Type = enum(schemas.String)
	default:
		return false
	}
	v.label(c, kind)
	return true
}

// codeType returns the smallest type that holds integer codes.
func codeType(codes []code) schemas.Kind {
	for _, c := range codes {
		if _, err := strconv.ParseInt(c.text, 10, 32); err != nil {
			return schemas.Int64
		}
	}
	return schemas.Int32
}

// label fills in labels, and asks for those that the document does not give.
func (v *view) label(c *Column, kind string) {
	var without []string
	for _, code := range v.codes {
		if text := oneLine(v.texts[code.text]); text != "" {
			c.Labels = append(c.Labels, schemas.Label{Code: code.text, Text: text})
		} else {
			without = append(without, scalar(code.text))
		}
	}
	if v.blank {
		c.NullIf = []string{""}
		c.note(`"" counts as NULL`)
	}
	switch {
	case len(without) == 0:
	case kind == "integer":
		c.ask("labels of the codes %s", strings.Join(without, ", "))
	default:
		c.note("no labels for %s", strings.Join(without, ", "))
	}
}
