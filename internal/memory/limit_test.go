package memory

import (
	"testing"
	"testing/fstest"
)

func TestLimit(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		want  int64 // 0: nothing is set
	}{
		{"no control groups", nil, 0},
		{"a container", map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1000\n"}, 900},
		{"without a limit", map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"}, 0},
		{"the root group has no such file", map[string]string{"proc/self/cgroup": "0::/\n"}, 0},
		{"a service", map[string]string{
			"proc/self/cgroup": "0::/system.slice/etl.service\n", "sys/fs/cgroup/system.slice/etl.service/memory.max": "2000\n",
		}, 1800},
		{"a group above has less", map[string]string{
			"proc/self/cgroup": "0::/pod/etl\n", "sys/fs/cgroup/pod/memory.max": "500\n", "sys/fs/cgroup/pod/etl/memory.max": "2000\n",
		}, 450},
		{"a group above has more", map[string]string{
			"proc/self/cgroup": "0::/pod/etl\n", "sys/fs/cgroup/pod/memory.max": "5000\n", "sys/fs/cgroup/pod/etl/memory.max": "2000\n",
		}, 1800},
		{"version 1", map[string]string{
			"proc/self/cgroup": "5:cpu,cpuacct:/a\n4:memory:/docker/b\n", "sys/fs/cgroup/memory/docker/b/memory.limit_in_bytes": "3000\n",
		}, 2700},
		{"version 1, seen from within", map[string]string{
			"proc/self/cgroup": "4:memory:/docker/b\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "3000\n",
		}, 2700},
		{"version 1 without a limit", map[string]string{
			"proc/self/cgroup": "4:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
		}, 0},
		{"another controller", map[string]string{"proc/self/cgroup": "4:pids:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "3000\n"}, 0},
		{"nothing that makes sense", map[string]string{"proc/self/cgroup": "a\n0::/\n", "sys/fs/cgroup/memory.max": "-1\n"}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := fstest.MapFS{}
			for name, text := range tt.files {
				root[name] = &fstest.MapFile{Data: []byte(text)}
			}
			var got int64
			set := func(n int64) int64 { got = n; return 0 }
			Limit(func(string) (string, bool) { return "", false }, root, set)
			if got != tt.want {
				t.Errorf("the limit is %d, want %d", got, tt.want)
			}
			got = 0
			Limit(func(string) (string, bool) { return "off", true }, root, set)
			if got != 0 {
				t.Errorf("GOMEMLIMIT is set, and the limit became %d", got)
			}
		})
	}
}
