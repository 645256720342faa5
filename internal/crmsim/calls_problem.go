package crmsim

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// A problem is an error of JSON-RPC. The zero value is none.
type problem struct {
	mnemonic string
	field    string // the parameter that is wrong; empty: none
	value    string // its value as JSON; empty: null
	message  string // empty: that of the mnemonic
	params   string // values in the message as JSON; empty: {}
}

// found tells whether there is a problem.
func (p problem) found() bool { return p.mnemonic != "" }

// codes are the codes of the mnemonics, which clients decide by: codes are not
// unique.
var codes = map[string]int{
	"parse_error": -32700, "invalid_request": -32600, "method_not_found": -32601,
	"data_type_error": -32602, "invalid_parameter_value": -32602, "unexpected_parameters": -32602,
	"required_parameter_missed": -32602, "invalid_parameters_combination": -32602, "sort_prohibited": -32602,
	"filter_prohibited": -32602, "date_interval_limit_reached": -32602, "entity_not_found": -32602,
	"tariff_restrictions": -32602, "error": -32602, "internal_error": -32603,
	"auth_error": -32001, "access_token_expired": -32001, "access_token_blocked": -32001, "access_token_invalid": -32001,
	"ip_not_whitelisted": -32003, "forbidden": -32003,
	"method_component_disabled": -32008, "parameter_component_disabled": -32008,
	"account_inactive": -32009, "limit_exceeded": -32029,
	"batch_opreations_not_supported": -32099, "notifications_not_supported": -32099, // as the API spells it
}

// callFaults are the errors of JSON-RPC, and replies that break its rules.
func callFaults() []Fault {
	var all []Fault
	for _, name := range slices.Sorted(maps.Keys(codes)) {
		all = append(all, Fault{Name: name, Doc: "the error with that mnemonic, with status 200"})
	}
	return append(all,
		Fault{Name: "rpc_id", Doc: "the id is that of another request", text: func(b []byte) []byte {
			return rpcID.ReplaceAll(b, []byte(`"jsonrpc":"2.0","id":"another"`))
		}},
		Fault{Name: "rpc_no_result", Doc: "neither a result nor an error", text: func(b []byte) []byte {
			return append(append([]byte("{"), rpcID.Find(b)...), '}')
		}},
		Fault{Name: "rpc_both", Doc: "a result and an error", text: func(b []byte) []byte {
			return append(b[:len(b)-1], `,"error":{"code":-32603,"message":"Internal error","data":{"mnemonic":"internal_error"}}}`...)
		}},
	)
}

// rpcID finds the id of a reply, beside which the version stands.
var rpcID = regexp.MustCompile(`"jsonrpc":"2\.0","id":(?:"[^"]*"|-?\d+)|"id":(?:"[^"]*"|-?\d+),"jsonrpc":"2\.0"`)

// failed answers with an error.
func (a *calls) failed(id json.RawMessage, p problem) reply {
	if p.message == "" {
		p.message = strings.ReplaceAll(p.mnemonic, "_", " ")
	}
	e := &encoder{}
	e.record()
	e.text("jsonrpc", "2.0")
	e.raw("id", orNull(string(id)))
	e.open("error")
	e.int("code", int64(codes[p.mnemonic]))
	e.text("message", p.message)
	e.open("data")
	e.text("mnemonic", p.mnemonic)
	e.nullIf(p.field == "").text("field", p.field)
	e.raw("value", orNull(p.value))
	if p.params == "" {
		p.params = "{}"
	}
	e.raw("params", p.params)
	e.none("extended_helper")
	e.raw("metadata", string(a.metadata(-1)))
	e.close()
	e.close()
	e.end()
	return content(http.StatusOK, jsonType, e.buf)
}

func orNull(raw string) string {
	if raw == "" {
		return "null"
	}
	return raw
}

// params are the parameters of a call.
type params map[string]json.RawMessage

// check refuses parameters beside those that are known, the first by name.
func (p params) check(known ...string) problem {
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if !slices.Contains(known, name) {
			return problem{mnemonic: "unexpected_parameters", field: name,
				message: fmt.Sprintf("Unexpected parameters: %s", name)}
		}
	}
	return problem{}
}

// text returns a parameter that has to be there and be text.
func (p params) text(name string) (string, problem) {
	raw, ok := p[name]
	if !ok {
		return "", problem{mnemonic: "required_parameter_missed", field: name}
	}
	var s *string
	if json.Unmarshal(raw, &s) != nil || s == nil {
		return "", problem{mnemonic: "data_type_error", field: name}
	}
	return *s, problem{}
}

// integer returns a parameter that has to be an integer from least to most, and
// is otherwise if it is not there.
func (p params) integer(name string, least, most, otherwise int64) (int64, problem) {
	raw, ok := p[name]
	if !ok {
		return otherwise, problem{}
	}
	var n *int64
	if json.Unmarshal(raw, &n) != nil || n == nil {
		return 0, problem{mnemonic: "data_type_error", field: name, value: string(raw)}
	}
	if *n < least || *n > most {
		return 0, problem{mnemonic: "invalid_parameter_value", field: name, value: string(raw)}
	}
	return *n, problem{}
}
