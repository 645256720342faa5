package crmsim

import "strings"

// phraseForms are texts that readers have stumbled over. None is long often
// enough to weigh.
var phraseForms = []string{
	"",
	`"quoted" \back\slashed/ and slashed`,
	"two\nlines\tand a tab",
	"emoji 😀 and 𝔘nicode above the basic plane",
	"Қазақ тілі: әңғүұқөһі",
	" spaces around ",
	"null",
	"\u2028line separator\u2029 \u0001\u001f \u007f",
	"0012.50",
	"e\u0301 = \u00e9, \ufeff\u200f",
	strings.Repeat("длинный текст, который не кончается; ", 40),
	"a,b;c|d'e''f",
}

// documentForms are values of a field that takes any JSON, with spacing and
// spelling that only the text as sent keeps.
var documentForms = []string{
	`{}`,
	`[]`,
	`null`,
	`{ "b" : 1 ,  "a" : [ 1,2 ,3 ] }`,
	"{\n\t\"vin\": \"X\\u0041\\/1\",\n\t\"made\": \"2019\"\n}",
	`"just text with \"quotes\" and \ud83d\ude00"`,
	`12345678901234567890.500`,
	`-1.50E+3`,
	`true`,
	`[ { "деталь" : null }, [ ], "" ]`,
	`{"a":{"b":{"c":{"d":[[[{}]]]}}}}`,
	`""`,
}
