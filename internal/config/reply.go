package config

// reply builds a rule of a source or a pipeline.
func (b *builder) reply(k replyKeys, s *Source) Reply {
	r := Reply{Then: k.Then.s, As: k.As.s, For: k.For.path, Message: k.Message.path}
	if k.When != nil {
		r.When = k.When.Conditions
	}
	if k.Unless != nil {
		r.Unless = k.Unless.Conditions
	}
	if !k.Then.known() {
		return r
	}
	if r.Then == Fail && r.As == "" {
		r.As = "data"
	}
	switch {
	case k.When == nil && k.Unless == nil:
		b.at(k.at, "when: { http: 404 }", "a rule without conditions holds for every reply")
	case k.As.given() && r.Then != Fail:
		b.at(k.As.at, "", "as belongs to then: fail")
	case k.Message.given() && r.Then != Fail:
		b.at(k.Message.at, "", "message belongs to then: fail")
	case k.For.given() && r.Then != Wait:
		b.at(k.For.at, "", "for belongs to then: wait")
	case r.Then == LogIn && s.Auth.Kind != "login" && s.Auth.Kind != "oauth2":
		b.at(k.Then.at, "", "the source has no login")
	case s.Kind == HTTP && len(r.When.Mnemonic)+len(r.Unless.Mnemonic) > 0:
		b.at(k.at, "body.<path>", "mnemonic belongs to jsonrpc")
	}
	return r
}

// records builds where records are. A list needs to say it; else the whole
// reply is the record, or the list of records.
func (b *builder) records(k *recordsKeys, d *draft) Records {
	if k == nil {
		if d.Paging.Kind != PagingNone {
			b.at(d.at, "records: results, or $ for the whole body", "the key %q is missing", "records")
		}
		return Records{At: []RecordPath{{}}}
	}
	r := Records{MissingEmpty: k.Missing.s == "empty"}
	for _, at := range k.At {
		r.At = append(r.At, at.path)
	}
	if k.place.at.form == listForm && len(k.At) == 0 {
		b.at(k.place.at, "", "a path is expected")
	}
	return r
}
