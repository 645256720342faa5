package config

import (
	"time"

	"etl/schemas"
)

// A Config is a whole pipelines.yaml.
type Config struct {
	File        string // as it was named
	Destination string
	Sources     []*Source   // in the order of the file
	Pipelines   []*Pipeline // in the order of the file
	PIIKey      Secret      // of the hashes of personal data, from ETL_PII_KEY; empty: none
}

// PIIKeyVariable is the variable that holds the key of pii: hash.
const PIIKeyVariable = "ETL_PII_KEY"

// The kinds of sources.
const (
	HTTP    = "http"
	JSONRPC = "jsonrpc"
)

// A Source is one account of one API.
type Source struct {
	Name         string // of a source with accounts: name@account
	Account      string // empty: the source has no accounts
	Kind         string // HTTP or JSONRPC
	BaseURL      string // scheme, host and path, without a slash at the end
	Zone         *time.Location
	Headers      []Field // of every request
	Params       []Field // JSONRPC: params of every call of a pipeline
	Auth         Auth
	Limits       Limits
	Timeout      time.Duration // for one whole reply; 0: 2m
	Patience     time.Duration // until a reply begins; 0: 1m
	Retries      int           // tries after the first; -1: none; 0: the default of extract
	CAFile       string
	UserAgent    string
	InsecureHTTP bool // credentials over http to hosts other than loopback
	Budget       []Budget
	MaxWait      time.Duration // the longest wait that a reply may ask for; 0: 5m
	Unset        []string      // variables that Options.Only did not need and that are not set
}

// A Pipeline is one stream of a source and the data set that it ends in. What
// it inherits from its source is merged in.
type Pipeline struct {
	Name       string // of a source with accounts: name@account
	Stream     string // its name in the file, which it shares with those of the other accounts
	Source     *Source
	Request    Request
	Paging     Paging
	Records    Records
	Replies    []Reply // the pipeline's, then the source's; extract adds its own at the end
	ForEach    []ForEach
	Covers     bool // covers: all
	Window     *Window
	Schema     *schemas.Schema // with the source's defaults
	Key        []string
	Version    string // column; empty: none
	Merge      bool   // write: merge
	Partition  []Partition
	Complete   string  // the least proof; empty: the strongest that one reading can give
	MaxShrink  float64 // share of the rows that a commit may lose
	MaxGone    float64 // share of the asked parents that may be gone
	MinRows    int64
	MaxRejects MaxRejects
	Limits     Limits // of this pipeline alone, beside those of its source

	ResumeWithin time.Duration // how old a broken-off reading may be that a run goes on with; 0: none
	KeepFailed   time.Duration // how long a reading that did not fit its schema is kept; 0: none
	KeepReplaced time.Duration // how long replaced files are kept
	KeepPages    time.Duration // how long pages of committed readings are kept; 0: none

	Place   string   // "pipelines.yaml:12:3", for messages
	Headers []Field  // the source's, then the pipeline's; Request has them too
	Params  []Field  // JSONRPC: the source's, then the pipeline's; Request has them too
	Unset   []string // variables of it or its source that Options.Only did not need and that are not set
}

// Proofs, from the strongest to the weakest.
const (
	Settled  = "settled"
	Counted  = "counted"
	Walked   = "walked"
	Answered = "answered"
)

// MaxRejects is how many records may be set aside: a count, or a share of those
// served if Share is above 0.
type MaxRejects struct {
	Count int64
	Share float64
}

// A Request is what is asked for a page.
type Request struct {
	Method string   // HTTP: GET or POST
	Path   Template // HTTP: below the source's base URL; values are percent-encoded
	Query  []Field
	JSON   *Value // HTTP: the body; nil: none
	Call   string // JSONRPC: the method
	Params []Field
	// Headers and Params of a pipeline hold what it inherits: the source's, the
	// pipeline's, then those of the request itself.
	Headers []Field
}

// An Auth says how requests are authorized. Exactly one of Headers, Query,
// Basic, Param, Login and OAuth2 is set, or none.
type Auth struct {
	Kind    string // none, headers, query, basic, param, login, oauth2
	Headers []Field
	Query   []Field
	Basic   *Basic
	Params  []Field // kind param: members of params (JSONRPC) or of the body
	Login   *Login
	OAuth2  *OAuth2
}

// Basic is HTTP basic authentication.
type Basic struct{ Username, Password Secret }

// OAuth2 is a token from a token endpoint (RFC 6749).
type OAuth2 struct {
	TokenURL     string
	ClientID     Secret
	ClientSecret Secret
	RefreshToken Secret // the first one; empty: client credentials
	Scopes       []string
	InBody       bool    // the client's id and secret go into the body, not into the header
	Params       []Field // more of what the endpoint asks for, such as audience
}

// A Login asks for a token and sends it along. Of Header, Param and neither,
// neither means "Authorization: Bearer <token>".
type Login struct {
	Login   Request
	Refresh *Request // may name {token.x}; nil: log in again
	Token   Path     // where the token stands in the reply
	Header  string   // the header that takes the bare token
	Param   string   // the member of params that takes it
}

// Limits are what the API allows, and what share of it is used.
type Limits struct {
	Requests    int           // per period; 0: no limit
	Per         time.Duration // the period
	Share       float64       // of Requests; 0 means 1
	Concurrency int           // requests at one time; 0: the default of extract
}

// Budget names where replies say what is left of the allowance.
type Budget struct {
	Left     Path   // requests left
	ResetsIn Path   // seconds until there are more
	In       []Path // objects that Left and ResetsIn start at; empty: the body
}

// Kinds of paging.
const (
	PagingNone   = "none"
	PagingPage   = "page"
	PagingOffset = "offset"
	PagingCursor = "cursor"
	PagingNext   = "next"
	PagingLink   = "link"
)

// Where the parameters of paging are sent.
const (
	InQuery  = "query"
	InBody   = "body"
	InParams = "params"
)

// Ends of a list.
const (
	EndTotal = "total" // as many rows as declared
	EndNext  = "next"  // no link to a next page
	EndPages = "pages" // as many pages as declared
	EndEmpty = "empty" // an empty page
	EndShort = "short" // a page with fewer rows than asked for
)

// Paging says how the pages of a list are asked for. Every field is filled in.
type Paging struct {
	Kind      string
	Send      Send
	Size      int // rows per page; 0: not sent
	First     int // number of the first page
	In        string
	Read      Read
	End       string
	MaxPages  int
	MaxOffset int64 // 0: no limit
}

// Send names the parameters of paging. An empty one is not sent.
type Send struct{ Page, Offset, Size, Cursor string }

// Read says where a reply tells about paging. An empty path is not read.
type Read struct {
	Total     Path
	TotalHint bool // the API does not keep to its total
	Next      Path // kind next: link; next with other kinds: a sign that more follows
	Pages     Path
	Cursor    Path
}

// A Path leads from a reply's body to a value. An empty one is the body itself,
// or, where a path need not be given, nothing.
type Path []string

// Records says where the records of a reply are: at the first place that
// exists.
type Records struct {
	At           []RecordPath
	MissingEmpty bool // missing: empty
}

// A RecordPath is a place of records. With List it exists only if it is a list.
type RecordPath struct {
	Path Path
	List bool
}

// Verbs of replies.
const (
	Fail  = "fail"
	Retry = "retry"
	Wait  = "wait"
	LogIn = "login"
	End   = "end"
	Skip  = "skip"
	Empty = "empty"
)

// A Reply is a rule: when it holds, Then says what a reply means.
type Reply struct {
	When    Conditions
	Unless  Conditions
	Then    string
	As      string // Fail: auth, config, data or transient
	For     Path   // Wait: where the seconds stand
	Message Path   // Fail: where the text for the user stands
	Text    string // built-in rules: the text for the user
}

// Conditions hold if all that are given hold. The zero value has none.
type Conditions struct {
	HTTP     []Range         // status codes
	Body     []BodyCondition // values in the body
	Mnemonic []string        // JSONRPC: error.data.mnemonic
	Page     *Range          // number of the page in its list
}

// Given tells whether there is any condition.
func (c Conditions) Given() bool {
	return len(c.HTTP)+len(c.Body)+len(c.Mnemonic) > 0 || c.Page != nil
}

// A Range holds from Min to Max, both included.
type Range struct{ Min, Max int }

// A BodyCondition holds if the value at Path is one of Values, which are JSON
// texts of scalars; text is compared as text, numbers as numbers.
type BodyCondition struct {
	Path   Path
	Values []string
}

// A ForEach makes a request for each of its parents. Exactly one of Values and
// Pipeline is set (values of a file are read into Values).
type ForEach struct {
	Values   [][]Field // each a parent: names and scalar values
	FromFile bool      // Values are those of a file
	Pipeline *Pipeline
	Where    []Field // columns of the parent pipeline and the value that they must have
	Changed  string  // column of the parent pipeline; empty: ask every parent
}

// A Window cuts a pipeline into slices on a calendar grid in the source's zone.
type Window struct {
	Every string // hour, day, week, month
	Start time.Time
	Field string        // column that must lie in the slice; empty: not checked
	Again int           // newest committed slices to read again
	Lag   time.Duration // a slice is closed this long after its end
}

// A Partition is one level of folders of a data set.
type Partition struct {
	By string // year, month, day, hour, value, bucket
	N  int    // bucket: how many
	Of string // column
}

// A Field is a named value, in the order of the file.
type Field struct {
	Name  string
	Value Value
}

// A Value is a parameter.
type Value struct {
	Kind   ValueKind
	Text   Template // Text: may hold placeholders
	Number string   // Number: as JSON writes it
	Bool   bool
	List   []Value
	Map    []Field
	Secret bool // never shown, never part of an identity
}

// A ValueKind is the kind of a Value.
type ValueKind int

// The kinds of values. An Absent value is that of an unset optional variable:
// the parameter is left out.
const (
	Absent ValueKind = iota
	Null
	Bool
	Number
	Text
	List
	Map
)

// A Template is text with placeholders. A template that is exactly one
// placeholder takes the type of what fills it.
type Template []Part

// A Part is literal text, or a placeholder if Name is set.
type Part struct {
	Literal string
	Name    string // since, until, last, page, offset, size, cursor, parent.x, token.x
	Layout  string // since, until, last: date, datetime, rfc3339, unix or a Go layout
}

// A Secret is a text that prints as ***.
type Secret string

// String hides the text.
func (Secret) String() string { return "***" }

// GoString hides the text.
func (Secret) GoString() string { return "***" }

// MarshalText hides the text.
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }
