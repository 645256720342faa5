package config

// maxPipelines bounds the pipelines of a file, one for each account where there
// are accounts.
const maxPipelines = 10_000

// limit refuses a file of more pipelines than a run could ever read, before one
// is made for each account.
func (d *decoder) limit(pipelines *node, accounts map[string][]*account) bool {
	n := 0
	for _, e := range pipelines.entries {
		n += max(1, len(accounts[e.value.get("source").word()]))
	}
	if n > maxPipelines {
		d.at(pipelines, "divide them among several files", "%d pipelines, and no more than %d are possible", n, maxPipelines)
	}
	return n <= maxPipelines
}
