package crmsim

// An api is an entry of the table of APIs.
type api struct {
	name     string // prefix of its paths, variables and switches
	switches []Switch
	faults   []Fault // beside those that every API has
	open     func(Options, values) source
}

// apis is the table of APIs.
func apis() []api { return []api{rentalAPI(), projectsAPI(), meetingsAPI(), callsAPI()} }
