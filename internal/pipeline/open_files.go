package pipeline

import "syscall"

// Open files of a run: one for each open partition of each pipeline, some for
// each pipeline beside (spilled rows, keys, kept pages, connections), and some
// for the process.
const (
	filesOfPipeline = 64 + 24
	filesOfProcess  = 32
)

// mostPipelines is how many pipelines run at one time, by default.
const mostPipelines = 4

// openFiles returns how many files the process may have open; 0: not known.
func openFiles() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return uint64(limit.Cur) //nolint:unconvert // signed on some systems
}

// pipelinesAtOnce returns how many pipelines may run at one time where so many
// files may be open. It decides no byte of any file.
func pipelinesAtOnce(files uint64) int {
	if files == 0 {
		return mostPipelines
	}
	room := max(files, filesOfProcess) - filesOfProcess
	return int(min(mostPipelines, max(1, room/filesOfPipeline)))
}
