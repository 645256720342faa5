package propose

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"etl/schemas"

	"github.com/getkin/kin-openapi/openapi3"
)

// A List says how the rows are asked for.
type List struct {
	Name    string // a name for the pipeline
	Request string // what stands under request
	Paging  string
	Records string // path of the records; "$": the whole body
	Parent  string // pipeline whose rows the request is made for; empty: none
	Open    []string
}

// Names of the member that holds the records, the likeliest first.
var recordNames = []string{"results", "items", "data", "list", "records", "rows", "value", "content"}

// findRecords returns the record that a body holds, and notes where it stands.
func (p *Proposal) findRecords(body *openapi3.SchemaRef) (view, trail) {
	v := trail{}.look(body)
	t := trail(v.composed)
	if v.kind() == "array" {
		p.List.Records = "$"
		return t.look(v.items), append(t, t.look(v.items).composed...)
	}
	for _, name := range recordNames {
		w := t.look(v.properties[name])
		if w.kind() != "array" || !isEnvelope(v, body) {
			continue
		}
		inside := append(t, w.composed...)
		if record := inside.look(w.items); len(record.names) > 0 {
			p.List.Records = name
			if name != "results" {
				p.List.Open = append(p.List.Open, "records are taken from "+name)
			}
			return record, append(inside, record.composed...)
		}
	}
	p.List.Records, p.List.Paging = "$", "none"
	return v, t
}

// isEnvelope tells an object around a list from a record that has a list: the
// name of its schema says so, or members that go with lists, or that there is
// no id.
func isEnvelope(v view, body *openapi3.SchemaRef) bool {
	if strings.Contains(body.Ref, "/Paginated") {
		return true
	}
	for _, name := range []string{"count", "next", "total", "has_more", "cursor"} {
		if v.properties[name] != nil {
			return true
		}
	}
	return v.properties["id"] == nil && len(v.names) <= 6
}

// proposeKey makes the column id the key.
func (p *Proposal) proposeKey() {
	for i := range p.Columns {
		c := &p.Columns[i]
		switch c.Type.Kind {
		case schemas.Int32, schemas.Int64, schemas.UUID, schemas.String:
			if c.Name == "id" {
				c.Required, p.Key = true, []string{"id"}
				c.note("the key")
				return
			}
		}
	}
	p.Open = append(p.Open, "the key: no column is named id")
}

// listed says how the rows are asked for.
func (p *Proposal) listed(doc *openapi3.T, item *openapi3.PathItem, op *openapi3.Operation, o Operation) {
	l := &p.List
	path := l.path(doc, o.Path)
	query, sizes := parameters(item, op, &l.Open)
	if l.Paging == "" {
		l.Paging = l.paging(query, sizes, p.bodyMembers(op))
	}
	l.Request = "{ path: " + scalar(path)
	if strings.ToLower(o.Method) != "get" {
		l.Request = "{ method: " + strings.ToUpper(o.Method) + ", path: " + scalar(path)
		l.Open = append(l.Open, "the body of the request, under json")
	}
	if l.Paging != "none" && slices.Contains(query, "ordering") && len(p.Key) == 1 {
		l.Request += ", query: { ordering: " + p.Key[0] + " }"
	}
	l.Request += " }"
}

// bodyMembers returns the members of the body around the records.
func (p *Proposal) bodyMembers(op *openapi3.Operation) []string {
	body, err := answer(op)
	if err != nil {
		return nil
	}
	return trail{}.look(body).names
}

var pathParameter = regexp.MustCompile(`\{([^{}]*)\}`)

// path turns parameters of the path into those of a parent, and names the
// pipeline after the path.
func (l *List) path(doc *openapi3.T, path string) string {
	parameters := pathParameter.FindAllStringSubmatch(path, -1)
	l.Name = pipelineName(path)
	if len(parameters) == 0 {
		return path
	}
	l.Parent = "PARENT"
	before, after, _ := strings.Cut(path, parameters[0][0])
	if doc.Paths.Value(before) != nil || doc.Paths.Value(strings.TrimSuffix(before, "/")) != nil {
		l.Parent = pipelineName(before)
	}
	if l.Name == l.Parent || strings.Trim(after, "/") == "" {
		l.Name += "_details"
	}
	l.Open = append(l.Open, fmt.Sprintf("parents: that the rows of %s are those of {%s}", l.Parent, parameters[0][1]))
	if len(parameters) > 1 {
		l.Open = append(l.Open, "a path with several parameters: which column of a parent is which")
		return pathParameter.ReplaceAllString(path, "{parent.$1}")
	}
	return before + "{parent.id}" + after
}

// pipelineName is the last word of a path that is no parameter.
func pipelineName(path string) string {
	words := strings.Split(strings.Trim(pathParameter.ReplaceAllString(path, ""), "/"), "/")
	for _, word := range slices.Backward(words) {
		if name := strings.Trim(foreign.ReplaceAllString(word, "_"), "_"); name != "" {
			return strings.ToLower(name)
		}
	}
	return "pipeline"
}

// parameters returns the names of the parameters of the query, and the largest
// value of each that has one. It asks for those that must be sent.
func parameters(item *openapi3.PathItem, op *openapi3.Operation, open *[]string) (names []string, largest map[string]int) {
	largest = map[string]int{}
	for _, ref := range slices.Concat(item.Parameters, op.Parameters) {
		if ref == nil || ref.Value == nil || ref.Value.In != "query" {
			continue
		}
		p := ref.Value
		names = append(names, p.Name)
		if v := (trail{}).look(p.Schema); v.max != nil && *v.max >= 1 && *v.max <= 1_000_000 {
			largest[p.Name] = int(*v.max)
		}
		if p.Required {
			*open = append(*open, "the parameter "+oneLine(p.Name)+" of the query must be sent")
		}
	}
	return names, largest
}

// Names of the parameters of paging, the likeliest first.
var (
	pageNames   = []string{"page", "pageNumber", "page_number"}
	offsetNames = []string{"offset", "skip", "start"}
	cursorNames = []string{"cursor", "after", "page_token", "pageToken"}
	sizeNames   = []string{"pageSize", "page_size", "per_page", "perPage", "limit", "size", "count"}
)

// paging tells from the names of parameters and of members how pages are named.
func (l *List) paging(query []string, largest map[string]int, members []string) string {
	page, offset, cursor := oneOf(pageNames, query), oneOf(offsetNames, query), oneOf(cursorNames, query)
	size := oneOf(sizeNames, query)
	var sent, kind string
	switch {
	case page != "":
		kind, sent = "page", "page: "+page
	case offset != "":
		kind, sent = "offset", "offset: "+offset
	case cursor != "":
		kind, sent = "cursor", "cursor: "+cursor
		l.Open = append(l.Open, "read.cursor: where the reply holds the next cursor")
	case slices.Contains(members, "next"):
		return "{ kind: next, read: { next: next } }"
	default:
		l.Open = append(l.Open, "paging: no parameter tells it")
		return "none"
	}
	if size == "" {
		return "{ kind: " + kind + ", send: { " + sent + " }" + reads(members, kind) + " }"
	}
	rows := largest[size]
	if rows == 0 {
		rows = 100
		l.Open = append(l.Open, "size: how many rows a page can have; 100 are asked for")
	}
	return fmt.Sprintf("{ kind: %s, send: { %s, size: %s }, size: %d%s }", kind, sent, size, rows, reads(members, kind))
}

func oneOf(names, among []string) string {
	for _, name := range names {
		if slices.Contains(among, name) {
			return name
		}
	}
	return ""
}

// reads says where a reply tells of its list.
func reads(members []string, kind string) string {
	var read []string
	if total := oneOf([]string{"count", "total", "total_count", "totalCount"}, members); total != "" {
		read = append(read, "total: "+total)
	}
	if kind == "cursor" {
		read = append(read, "cursor: CURSOR")
	} else if slices.Contains(members, "next") {
		read = append(read, "next: next")
	}
	if len(read) == 0 {
		return ""
	}
	return ", read: { " + strings.Join(read, ", ") + " }"
}

// Pipeline returns the stanza for pipelines.yaml. The name of the source stands
// as SOURCE; schema is the file of the schema.
func (p *Proposal) Pipeline(schema string) []byte {
	var b bytes.Buffer
	for _, open := range append([]string{"source: its name stands as SOURCE"}, p.List.Open...) {
		fmt.Fprintf(&b, "  # undecided: %s\n", oneLine(open))
	}
	fmt.Fprintf(&b, "  %s:\n    source: SOURCE\n", scalar(p.List.Name))
	if p.List.Parent != "" {
		fmt.Fprintf(&b, "    for_each: { pipeline: %s }\n", scalar(p.List.Parent))
	}
	fmt.Fprintf(&b, "    request: %s\n    paging: %s\n    records: %s\n", p.List.Request, p.List.Paging, p.List.Records)
	if p.List.Parent != "" && p.List.Paging == "none" {
		fmt.Fprintln(&b, "    replies: [ { when: { http: 404 }, then: skip } ]")
	}
	fmt.Fprintf(&b, "    schema: %s\n", scalar(schema))
	if len(p.Key) > 0 {
		fmt.Fprintf(&b, "    key: %s\n", list(p.Key))
	}
	return b.Bytes()
}
