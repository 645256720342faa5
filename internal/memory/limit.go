package memory

import (
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// unlimited is above every limit that means anything: control groups of version
// 1 without a limit show the largest number of whole pages.
const unlimited = 1 << 60

// Limit lets the garbage collector know how much memory there is: 90 % of
// what the control groups of this process allow, so that it works harder before
// the kernel ends the process. It leaves alone what GOMEMLIMIT says, and a
// machine without such a limit. root is the root of the file system, and set is
// debug.SetMemoryLimit.
func Limit(lookup func(string) (string, bool), root fs.FS, set func(int64) int64) {
	if value, _ := lookup("GOMEMLIMIT"); value != "" {
		return
	}
	if limit := leastLimit(root); limit > 0 {
		set(limit / 10 * 9)
	}
}

// leastLimit returns the least limit, in bytes, of the control groups that this
// process is in, and of those above them; 0: there is none. See cgroups(7): a
// line of /proc/self/cgroup is number:controllers:group, and the only one of
// version 2 is 0::group.
func leastLimit(root fs.FS) (least int64) {
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(groups)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		mount, file := "sys/fs/cgroup", "memory.max"
		if fields[1] != "" {
			mount, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		}
		if fields[1] != "" && fields[1] != "memory" {
			continue
		}
		for group := path.Clean("/" + fields[2]); ; group = path.Dir(group) {
			if n := limitIn(root, path.Join(mount, group, file)); n > 0 && (least == 0 || n < least) {
				least = n
			}
			if group == "/" {
				break
			}
		}
	}
	return least
}

// limitIn reads the limit of one group; 0: it has none. In a container the files
// of the groups above its own are often not there.
func limitIn(root fs.FS, file string) int64 {
	text, err := fs.ReadFile(root, file)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64) // "max" is no number
	if err != nil || n >= unlimited {
		return 0
	}
	return n
}
