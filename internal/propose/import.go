package propose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"etl/internal/fault"

	"github.com/getkin/kin-openapi/openapi3"
)

// An Operation names a request of an OpenAPI document.
type Operation struct {
	Path   string // as the document writes it: "/v1/requests/{request_id}/"
	Method string // empty: get
}

// Import proposes the schema of the records that a request answers with, and
// how it is asked for. The text is an OpenAPI document of version 3.0 or later,
// JSON or YAML; name is what the proposal calls it. Errors are of class Config.
func Import(name string, text []byte, o Operation) (*Proposal, error) {
	doc, err := document(text)
	if err != nil {
		return nil, fault.New(fault.Config, "reading %s: %w", name, err)
	}
	if o.Method == "" {
		o.Method = "get"
	}
	item, op, err := find(doc, o)
	if err != nil {
		return nil, fault.New(fault.Config, "reading %s: %w", name, err)
	}
	body, err := answer(op)
	if err != nil {
		return nil, fault.New(fault.Config, "reading %s: %s %s: %w", name, o.Method, o.Path, err)
	}
	p := &Proposal{From: fmt.Sprintf("%s, %s %s", name, strings.ToUpper(o.Method), o.Path)}
	record, t := p.findRecords(body)
	p.Doc = withoutBullets(record.doc)
	m := &importer{django: djangoPattern.Match(text)}
	var open []string
	p.Columns, open = m.fields(record, t)
	p.Open = append(p.Open, open...)
	p.Open = append(p.Open, record.open...)
	if len(p.Columns) == 0 {
		return nil, fault.New(fault.Config, "reading %s: %s %s answers with no object whose members are known", name, o.Method, o.Path).
			WithHint("etl schema infer proposes a schema from live pages")
	}
	p.proposeKey()
	p.listed(doc, item, op, o)
	return p, nil
}

// document reads an OpenAPI document.
func document(text []byte) (*openapi3.T, error) {
	text, err := jsonOf(text)
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.") {
		return nil, fmt.Errorf("its openapi is %q, not 3.0 or later", oneLine(doc.OpenAPI))
	}
	return doc, nil
}

// find returns a request of the document.
func find(doc *openapi3.T, o Operation) (*openapi3.PathItem, *openapi3.Operation, error) {
	item := doc.Paths.Value(o.Path)
	if item == nil {
		return nil, nil, fault.New(fault.Config, "there is no path %s", o.Path).WithHint("its paths are %s", paths(doc))
	}
	op := item.Operations()[strings.ToUpper(o.Method)]
	if op == nil {
		return nil, nil, fault.New(fault.Config, "%s has no method %s", o.Path, o.Method)
	}
	return item, op, nil
}

// paths lists the paths of a document, as many as one reads.
func paths(doc *openapi3.T) string {
	all := doc.Paths.InMatchingOrder()
	slices.Sort(all)
	if len(all) > 30 {
		all = append(all[:30], "…")
	}
	return strings.Join(all, ", ")
}

// answer returns the schema of the JSON that a request answers with.
func answer(op *openapi3.Operation) (*openapi3.SchemaRef, error) {
	for _, status := range []string{"200", "201", "2XX", "2xx", "default"} {
		reply := op.Responses.Value(status)
		if reply == nil || reply.Value == nil {
			continue
		}
		for _, media := range sortedMedia(reply.Value.Content) {
			if content := reply.Value.Content[media]; content != nil && content.Schema != nil {
				return content.Schema, nil
			}
		}
	}
	return nil, fmt.Errorf("the document does not say what JSON it answers with")
}

// sortedMedia returns the media types that are JSON, application/json first.
func sortedMedia(content openapi3.Content) (all []string) {
	for media := range content {
		if base, _, _ := strings.Cut(media, ";"); strings.HasSuffix(strings.TrimSpace(base), "json") || base == "*/*" {
			all = append(all, media)
		}
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b)) })
	return all
}

func rank(media string) int {
	if strings.HasPrefix(media, "application/json") {
		return 0
	}
	return 1
}
