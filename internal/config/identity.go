package config

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"slices"
	"time"
)

// An Identity tells whether two configurations of a pipeline ask the same of
// the same account. Each is a SHA-256 in hex. They do not depend on the order of
// keys, and hold neither what stands under auth nor any secret value.
type Identity struct {
	Source  string // base_url, account, headers, params: whose data it is
	Request string // Source, request and paging: what is asked for a parent
	All     string // Request, for_each, window, records and replies: what a slice holds
}

// Identity returns the identity of p.
func (p *Pipeline) Identity() Identity {
	source := digest(func(c canon) {
		c.texts(p.Source.Kind, p.Source.BaseURL)
		if p.Source.Account != "" {
			c.texts("account", p.Source.Account)
		}
		c.fields(p.Headers)
		c.fields(p.Params)
	})
	request := digest(func(c canon) {
		c.texts(source)
		c.request(p.Request)
		c.paging(p.Paging)
	})
	all := digest(func(c canon) {
		c.texts(request)
		c.forEach(p)
		c.window(p.Window)
		c.json(p.Records)
		c.json(len(p.Replies))
		for _, r := range p.Replies {
			c.json(r)
		}
	})
	return Identity{source, request, all}
}

// canon writes values so that different ones never look the same: each text
// with its length, each list with its number of elements.
type canon struct{ hash.Hash }

func digest(write func(canon)) string {
	c := canon{sha256.New()}
	write(c)
	return hex.EncodeToString(c.Sum(nil))
}

func (c canon) json(v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic("config: identity: " + err.Error()) // only plain structs come here
	}
	c.Write(append(text, '\n'))
}

func (c canon) texts(all ...string) { c.json(all) }

func (c canon) fields(fields []Field) {
	sorted := slices.Clone(fields)
	slices.SortStableFunc(sorted, func(a, b Field) int { return cmp.Compare(a.Name, b.Name) })
	c.json(len(sorted))
	for _, f := range sorted {
		c.texts(f.Name)
		c.value(f.Value)
	}
}

// value writes a parameter; of a secret only that it is there.
func (c canon) value(v Value) {
	if v.Secret {
		c.texts("secret")
		return
	}
	c.json(v.Kind)
	switch v.Kind {
	case Bool:
		c.json(v.Bool)
	case Number:
		c.texts(v.Number)
	case Text:
		c.json(v.Text)
	case List:
		c.json(len(v.List))
		for _, item := range v.List {
			c.value(item)
		}
	case Map:
		c.fields(v.Map)
	}
}

func (c canon) request(q Request) {
	c.texts(q.Method, q.Call)
	c.json(q.Path)
	c.fields(q.Query)
	c.json(q.JSON != nil)
	if q.JSON != nil {
		c.value(*q.JSON)
	}
	c.fields(q.Params)
	c.fields(q.Headers)
}

func (c canon) paging(p Paging) { c.json(p) }

func (c canon) forEach(p *Pipeline) {
	c.json(p.Covers)
	c.json(len(p.ForEach))
	for _, each := range p.ForEach {
		name := ""
		if each.Pipeline != nil {
			name = each.Pipeline.Name
		}
		c.texts(name, each.Changed)
		c.fields(each.Where)
		c.json(len(each.Values))
		for _, value := range each.Values {
			c.fields(value)
		}
	}
}

// window writes the grid and what its slices are checked by. How many slices
// are read again, and when they close, changes no slice.
func (c canon) window(w *Window) {
	c.json(w != nil)
	if w != nil {
		c.texts(w.Every, w.Start.UTC().Format(time.RFC3339), w.Start.Location().String(), w.Field)
	}
}
