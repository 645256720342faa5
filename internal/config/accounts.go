package config

import (
	"path/filepath"
	"regexp"
	"strconv"
)

// An account is one of the accounts of a source, and what {account.x} stands
// for there.
type account struct {
	name   string
	values *node // a map of single values
}

// accountName matches the names of accounts. They become names of folders.
var accountName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// fullName is the name of a source or a pipeline of an account.
func fullName(name string, a *account) string {
	if a == nil {
		return name
	}
	return name + "@" + a.name
}

// expand puts one source for each account in the place of a source that has
// accounts, and one pipeline for each account in the place of its pipelines.
func (d *decoder) expand(top *node) *node {
	sources, pipelines := top.get("sources"), top.get("pipelines")
	if sources == nil {
		return top
	}
	accounts := map[string][]*account{}
	all := *sources
	all.entries = nil
	for _, e := range sources.entries {
		e.unset = d.within(join("sources", e.key), nil, func() { accounts[e.key] = d.accounts(e.value.get("accounts")) })
		all.entries = append(all.entries, e.each(accounts[e.key])...)
	}
	top = top.with("sources", &all)
	if pipelines == nil {
		return top
	}
	if !d.limit(pipelines, accounts) {
		none := *pipelines
		none.entries = nil
		return top.with("pipelines", &none)
	}
	each := *pipelines
	each.entries = nil
	for _, e := range pipelines.entries {
		each.entries = append(each.entries, e.each(accounts[e.value.get("source").word()])...)
	}
	return top.with("pipelines", &each)
}

// each returns the entry once for each account; as it is if there are none.
func (e entry) each(accounts []*account) []entry {
	if len(accounts) == 0 {
		return []entry{e}
	}
	var all []entry
	for _, a := range accounts {
		e.account = a
		all = append(all, e)
	}
	return all
}

// accounts reads the accounts of a source: a map of maps, here or in a file.
// There are none if the file is missing and nobody needs the source.
func (d *decoder) accounts(n *node) (all []*account) {
	if n == nil || n.form == nullForm {
		return nil
	}
	if n.form == textForm {
		if n = d.accountsFile(n); n == nil {
			return nil
		}
	}
	if n.form != mapForm || len(n.entries) == 0 {
		d.at(n, `{ almaty: { tenant: "4" } }, or ${file:accounts.yaml}`, "a map of accounts is expected")
		return nil
	}
	n.hush(true)
	for _, e := range n.entries {
		switch {
		case !accountName.MatchString(e.key):
			d.at(e.at, "small letters, digits, _ and -, at most 64", "the name cannot be used")
		case e.value.form != mapForm && e.value.form != nullForm:
			d.at(e.value, `{ tenant: "4" }`, "a map of values is expected, not %s", e.value.form)
		}
		for _, v := range e.value.entries {
			if v.value.form == listForm || v.value.form == mapForm {
				d.at(v.value, "", "a single value is expected, not %s", v.value.form)
			}
		}
		all = append(all, &account{e.key, e.value})
	}
	return all
}

// accountsFile reads the YAML file that ${file:…} names; nil if there is none.
func (d *decoder) accountsFile(n *node) *node {
	pieces, err := split(n.scalar, false)
	if err != nil || len(pieces) != 1 || pieces[0].kind != variablePiece {
		d.at(n, "${file:accounts.yaml}", "a map of accounts or a file is expected")
		return nil
	}
	v, hint, err := parseVariable(pieces[0].text)
	if err != nil || !v.file {
		d.at(n, hint, "a map of accounts or ${file:…} is expected")
		return nil
	}
	text, open := d.file(n, v.name)
	if open {
		return nil
	}
	name := v.name
	if !filepath.IsAbs(name) {
		name = filepath.Join(d.folder, name)
	}
	return d.parse(newDocument(name, []byte(text)), []byte(text))
}

// accountValue returns what {account.x} stands for, with its type. It reports
// what is wrong and then returns false.
func (d *decoder) accountValue(n *node, name string, sc scope) (Value, bool) {
	if d.account == nil {
		if !d.used {
			d.unset = append(d.unset, "account."+name)
			return Value{Secret: sc.secret}, true
		}
		d.at(n, `accounts: { almaty: { `+name+`: … } } under the source`, "{account.%s} needs accounts", name)
		return Value{}, false
	}
	value := d.account.values.get(name)
	if value == nil {
		var names []string
		for _, e := range d.account.values.entries {
			names = append(names, e.key)
		}
		d.at(n, near(name, names), "account %s has no %q", d.account.name, name)
		return Value{}, false
	}
	of := d.account
	d.account = nil // values of an account name no others
	defer func() { d.account = of }()
	return d.value(value, scope{secret: sc.secret}), true
}

// plainText is the text of a single value, as it stands inside of longer text.
func (v Value) plainText() string {
	switch v.Kind {
	case Bool:
		return strconv.FormatBool(v.Bool)
	case Number:
		return v.Number
	case Text:
		text := ""
		for _, part := range v.Text {
			text += part.Literal
		}
		return text
	}
	return ""
}
