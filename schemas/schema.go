package schemas

// A Schema lists the columns of a stream, in the order in which they are
// written.
type Schema struct {
	Name    string // "rental/request"
	Doc     string
	Columns []Column
	Rules
}

// Rules say how records that the schema does not foresee are taken. The zero
// value holds the defaults.
type Rules struct {
	Unknown       Unknown // what becomes of members that no column names
	FailOnDrift   bool    // drift: fail; unknown, vanished and retyped fields end the run
	DuplicateKeys Policy  // members of one object with equal names
	Text          Policy  // strings that are no text
}

// Unknown says what becomes of members of a record that no column names.
type Unknown string

// KeepUnknown collects them in the column _extra; IgnoreUnknown counts and
// reports them only.
const (
	KeepUnknown   Unknown = "keep"
	IgnoreUnknown Unknown = "ignore"
)

// A Policy says what becomes of a record that breaks a rule of JSON text.
type Policy string

// The policies. Reject is the default, the others count what they do.
const (
	Reject  Policy = ""
	Last    Policy = "last"    // duplicate_keys: the last member counts
	Replace Policy = "replace" // text: U+FFFD stands for what is no text
)

// ExtraColumn is the column that holds, as a JSON object from path to value,
// what the schema does not know.
const ExtraColumn = "_extra"

// LabelSuffix ends the name of the column with the labels of an enum.
const LabelSuffix = "_label"

// A Column is one column of a row, or one field of a struct.
type Column struct {
	Name     string
	From     []Path // where it is found, first that exists; never empty
	Type     Type
	Required bool
	Doc      string
	NullIf   []string // texts that mean NULL
	Loose    bool     // takes what PHP and friends send: numbers as text, 0 and 1 as bool, [] for an empty object
	Min, Max string   // bounds of the value in its own spelling; empty: none
	PII      PII
	Misfit   Misfit
	Round    bool // decimal: round half even to the scale, counted, instead of a reject
}

// A Path leads from a record to a value: names of members from the outside in.
// A path of one name that begins with "@" is none of the record's: "@parent.id"
// is a value of the parent that the request was made for.
type Path []string

// A Misfit says what becomes of a value that does not fit its column.
type Misfit string

// RejectMisfit sets the whole record aside. ExtraMisfit writes NULL, keeps the
// exact text in _extra, and counts it.
const (
	RejectMisfit Misfit = ""
	ExtraMisfit  Misfit = "extra"
)

// PII says how a column with personal data is written.
type PII string

// The ways to write personal data. The zero value writes it as it is. Hashed and
// masked values are strings, made from the one spelling of the value in its type.
const (
	PIIHash PII = "hash" // HMAC-SHA256 in hex
	PIIMask PII = "mask" // letters and digits become *, but for the last two
	PIIDrop PII = "drop" // no column at all
)

// A Kind is what a type is at its root.
type Kind int

// The kinds of types.
const (
	Bool Kind = iota + 1
	Int32
	Int64
	Float64
	Decimal
	String
	Enum
	Date
	Time
	Timestamp
	Duration
	UUID
	JSON
	List
	Struct
)

// A Type is the type of a column.
type Type struct {
	Kind      Kind
	Precision int            // Decimal: 1 to 38 digits in all
	Scale     int            // Decimal: digits after the point, 0 to Precision
	Forms     []DurationForm // Duration: the forms to try, in order
	Layouts   []string       // Timestamp: layouts of Go's time package beside RFC 3339, in order
	Code      Kind           // Enum: Int32, Int64 or String
	Labels    []Label        // Enum: in the order of the file
	Element   *Column        // List: the type of the elements; its Name is "element", its From empty
	Fields    []Column       // Struct: its fields; their paths start at the struct's object
}

// A Label is the text that stands for a code of an enum.
type Label struct{ Code, Text string }

// A DurationForm is a way to write a duration.
type DurationForm string

// The forms of durations.
const (
	DjangoDuration  DurationForm = "django"  // [-]D HH:MM:SS[.ffffff], as Django's parse_duration reads it
	ISODuration     DurationForm = "iso"     // ISO 8601 without years and months
	HMSDuration     DurationForm = "hms"     // HH:MM:SS
	SecondsDuration DurationForm = "seconds" // a number of seconds
)

// Defaults are what a source says once for all of its columns.
type Defaults struct {
	Loose         bool
	NullIf        []string
	Layouts       []string // as schema files write them, names too
	Unknown       Unknown
	FailOnDrift   bool
	DuplicateKeys Policy
	Text          Policy
}
