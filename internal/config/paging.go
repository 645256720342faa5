package config

// defaultMaxPages ends lists that go on without end.
const defaultMaxPages = 1_000_000

// A pagingKind lists what means something to a kind of paging: names to send,
// paths to read, and keys beside kind, in, end, size and max_pages.
type pagingKind struct{ send, read, own []string }

var pagingKinds = map[string]pagingKind{
	PagingNone:   {},
	PagingPage:   {send: []string{"page", "size"}, read: []string{"total", "next", "pages"}, own: []string{"first"}},
	PagingOffset: {send: []string{"offset", "size"}, read: []string{"total", "next", "pages"}, own: []string{"max_offset"}},
	PagingCursor: {send: []string{"cursor", "size"}, read: []string{"total", "next", "cursor"}},
	PagingNext:   {send: []string{"size"}, read: []string{"total", "next"}},
	PagingLink:   {send: []string{"size"}, read: []string{"total"}},
}

// keys returns the keys of the map of paging.
func (p pagingKind) keys() []string {
	if p.send == nil {
		return []string{"kind"}
	}
	return append([]string{"kind", "send", "read", "in", "end", "size", "max_pages"}, p.own...)
}

// paging builds how pages are asked for, with every default filled in.
func (b *builder) paging(k *pagingKeys, s *Source) Paging {
	p := Paging{Kind: PagingNone, First: 1, MaxPages: defaultMaxPages, In: InQuery}
	if s.Kind == JSONRPC {
		p.In = InParams
	}
	switch {
	case k == nil:
		return p
	case !k.Kind.given():
		b.at(k.place.at, "one of none, page, offset, cursor, next, link", "the key %q is missing", "kind")
		return p
	case !k.Kind.known():
		return p
	}
	p.Kind = k.Kind.s
	b.pagingKeys(k)
	p.Size = int(k.Size.n)
	if k.First.given() {
		p.First = int(k.First.n)
	}
	if k.MaxPages.known() && k.MaxPages.n > 0 {
		p.MaxPages = int(k.MaxPages.n)
	}
	p.MaxOffset = k.MaxOffset.n
	p.Send = send(k)
	p.Read = read(k)
	b.in(k, &p, s)
	b.end(k, &p)
	if p.Send.Size != "" && !k.Size.given() {
		b.at(k.place.at, "size: 100", "send.size needs a size")
	}
	return p
}

// pagingKeys checks that the keys fit the kind.
func (b *builder) pagingKeys(k *pagingKeys) {
	kind := k.Kind.s
	refuse := func(n *node, allowed []string) {
		if n == nil {
			return
		}
		for _, e := range n.entries {
			if !anyOf(e.key, allowed...) && e.value.form != nullForm && !b.told(e.at) {
				b.at(e.at, "", "the key means nothing with kind %s", kind)
			}
		}
	}
	names := pagingKinds[kind]
	if k.Send != nil {
		refuse(k.Send.at, names.send)
	}
	if k.Read != nil {
		refuse(k.Read.at, names.read)
	}
	if k.place.at.form == mapForm {
		refuse(k.place.at, names.keys())
	}
	if kind == PagingNext && (k.Read == nil || !k.Read.Next.given()) {
		b.at(k.place.at, "read: { next: next }", "kind next needs read.next")
	}
	if kind == PagingCursor && (k.Read == nil || !k.Read.Cursor.given()) {
		b.at(k.place.at, "read: { cursor: next_cursor }", "kind cursor needs read.cursor")
	}
}

// send returns the names of the parameters; what the kind itself needs has a
// default.
func send(k *pagingKeys) Send {
	var s Send
	if k.Send != nil {
		s = Send{Page: k.Send.Page.s, Offset: k.Send.Offset.s, Size: k.Send.Size.s, Cursor: k.Send.Cursor.s}
	}
	switch {
	case k.Kind.s == PagingPage && s.Page == "":
		s.Page = "page"
	case k.Kind.s == PagingOffset && s.Offset == "":
		s.Offset = "offset"
	case k.Kind.s == PagingCursor && s.Cursor == "":
		s.Cursor = "cursor"
	}
	return s
}

func read(k *pagingKeys) Read {
	if k.Read == nil {
		return Read{}
	}
	r := Read{Next: k.Read.Next.path, Pages: k.Read.Pages.path, Cursor: k.Read.Cursor.path}
	if k.Read.Total != nil {
		r.Total, r.TotalHint = k.Read.Total.At.path, k.Read.Total.Is.s == "hint"
	}
	return r
}

// in checks where the parameters go.
func (b *builder) in(k *pagingKeys, p *Paging, s *Source) {
	if s.Kind == JSONRPC && anyOf(p.Kind, PagingNext, PagingLink) && k.Kind.given() {
		b.at(k.Kind.at, "kind: cursor or kind: offset", "a jsonrpc source follows no links")
		return
	}
	if !k.In.known() {
		return
	}
	p.In = k.In.s
	switch {
	case s.Kind == JSONRPC && p.In != InParams:
		b.at(k.In.at, "in: params", "a jsonrpc source sends params only")
	case s.Kind == HTTP && p.In == InParams:
		b.at(k.In.at, "in: query or in: body", "params belong to jsonrpc")
	case anyOf(p.Kind, PagingNext, PagingLink) && p.In != InQuery:
		b.at(k.In.at, "", "of a link only the query is used")
	}
}

// end finds what ends the list: by default the strongest sign that is read. A
// total that is only a hint ends nothing, so an empty page does.
func (b *builder) end(k *pagingKeys, p *Paging) {
	linked := anyOf(p.Kind, PagingNext, PagingLink, PagingCursor)
	has := map[string]bool{
		EndTotal: len(p.Read.Total) > 0,
		EndNext:  linked || len(p.Read.Next) > 0,
		EndPages: len(p.Read.Pages) > 0,
		EndEmpty: true,
		EndShort: p.Size > 0,
	}
	if k.End.known() {
		p.End = k.End.s
		missing := map[string]string{EndTotal: "read.total", EndNext: "read.next", EndPages: "read.pages", EndShort: "size"}
		if !has[p.End] {
			b.at(k.End.at, "", "end %s needs %s", p.End, missing[p.End])
		}
		return
	}
	switch {
	case p.Kind == PagingNone:
	case linked:
		p.End = EndNext
	case has[EndTotal] && !p.Read.TotalHint:
		p.End = EndTotal
	case has[EndNext]:
		p.End = EndNext
	case has[EndPages]:
		p.End = EndPages
	default:
		p.End = EndEmpty
	}
}
