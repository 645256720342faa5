package schemas

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ElementName is the name of the column that stands for the elements of a list.
const ElementName = "element"

var kindNames = map[Kind]string{
	Bool: "bool", Int32: "int32", Int64: "int64", Float64: "float64", Decimal: "decimal", String: "string",
	Enum: "enum", Date: "date", Time: "time", Timestamp: "timestamp", Duration: "duration", UUID: "uuid",
	JSON: "json", List: "list", Struct: "struct",
}

// String returns the word that schema files use for the kind.
func (k Kind) String() string { return kindNames[k] }

// typeWords returns the types as they are written, for messages.
func typeWords() []string {
	return []string{"bool", "int32", "int64", "float64", "decimal(p,s)", "string", "enum(int32)", "enum(int64)", "enum(string)",
		"date", "time", "timestamp", "duration(django)", "uuid", "json", "list<…>", "struct"}
}

// String returns the type as a schema file writes it: "decimal(16,2)",
// "list<struct>", "duration(iso, seconds)". What a type's other keys say
// (fields, labels, layouts) is not part of it.
func (t Type) String() string {
	switch t.Kind {
	case Decimal:
		return fmt.Sprintf("decimal(%d,%d)", t.Precision, t.Scale)
	case Enum:
		return "enum(" + t.Code.String() + ")"
	case Duration:
		forms := make([]string, len(t.Forms))
		for i, f := range t.Forms {
			forms[i] = string(f)
		}
		return "duration(" + strings.Join(forms, ", ") + ")"
	case List:
		null := "?"
		if t.Element.Required {
			null = ""
		}
		return "list<" + t.Element.Type.String() + null + ">"
	}
	return t.Kind.String()
}

// leaf returns the type inside all lists.
func (t Type) leaf() Type {
	for t.Kind == List {
		t = t.Element.Type
	}
	return t
}

// parseType reads a type as String writes it. A "?" behind the elements of a
// list allows nulls among them.
func parseType(s string) (Type, error) {
	s = strings.TrimSpace(s)
	if inner, ok := strings.CutPrefix(s, "list<"); ok && strings.HasSuffix(inner, ">") {
		return listType(strings.TrimSuffix(inner, ">"))
	}
	word, args, err := splitType(s)
	if err != nil {
		return Type{}, err
	}
	switch word {
	case "decimal":
		return decimalType(args)
	case "enum":
		return enumType(args)
	case "duration":
		return durationType(args)
	}
	for kind, name := range kindNames {
		if name == word && kind != List {
			if len(args) > 0 {
				return Type{}, fmt.Errorf("type %s takes nothing in brackets", word)
			}
			return Type{Kind: kind}, nil
		}
	}
	return Type{}, fmt.Errorf("unknown type %q", s)
}

// splitType takes "word(a, b)" apart.
func splitType(s string) (word string, args []string, err error) {
	word, rest, found := strings.Cut(s, "(")
	if !found {
		return word, nil, nil
	}
	rest, closed := strings.CutSuffix(rest, ")")
	if !closed {
		return "", nil, fmt.Errorf("type %q has no closing bracket", s)
	}
	for arg := range strings.SplitSeq(rest, ",") {
		args = append(args, strings.TrimSpace(arg))
	}
	return word, args, nil
}

func listType(inner string) (Type, error) {
	inner, nullable := strings.CutSuffix(inner, "?")
	element, err := parseType(inner)
	if err != nil {
		return Type{}, err
	}
	return Type{Kind: List, Element: &Column{Name: ElementName, Type: element, Required: !nullable}}, nil
}

func decimalType(args []string) (Type, error) {
	if len(args) != 2 {
		return Type{}, fmt.Errorf("decimal needs its digits: decimal(16,2)")
	}
	p, perr := strconv.Atoi(args[0])
	s, serr := strconv.Atoi(args[1])
	if perr != nil || serr != nil || p < 1 || p > 38 || s < 0 || s > p {
		return Type{}, fmt.Errorf("decimal(p,s) needs 1 ≤ p ≤ 38 and 0 ≤ s ≤ p")
	}
	return Type{Kind: Decimal, Precision: p, Scale: s}, nil
}

func enumType(args []string) (Type, error) {
	for _, code := range []Kind{Int32, Int64, String} {
		if len(args) == 1 && args[0] == code.String() {
			return Type{Kind: Enum, Code: code}, nil
		}
	}
	return Type{}, fmt.Errorf("enum needs the type of its codes: enum(int32), enum(int64) or enum(string)")
}

func durationType(args []string) (Type, error) {
	t := Type{Kind: Duration}
	for _, arg := range args {
		form := DurationForm(arg)
		if !slices.Contains([]DurationForm{DjangoDuration, ISODuration, HMSDuration, SecondsDuration}, form) {
			return Type{}, fmt.Errorf("unknown form of duration %q: django, iso, hms, seconds", arg)
		}
		if slices.Contains(t.Forms, form) {
			return Type{}, fmt.Errorf("form of duration %q is given twice", arg)
		}
		t.Forms = append(t.Forms, form)
	}
	if len(t.Forms) == 0 {
		return Type{}, fmt.Errorf("duration needs its form: duration(django), iso, hms, seconds, or several")
	}
	return t, nil
}
