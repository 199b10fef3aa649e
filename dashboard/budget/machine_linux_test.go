package budget

import (
	"io/fs"
	"testing"
)

func TestAContainerHasLessThanTheMachine(t *testing.T) {
	const info = "MemTotal:       16384000 kB\nMemFree: 1 kB\n"
	const all = 16384000 << 10
	for name, test := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"a machine":  {map[string]string{"/proc/meminfo": info, "/proc/self/cgroup": "0::/user.slice\n"}, all},
		"nothing":    {nil, 0},
		"no limit":   {map[string]string{"/proc/meminfo": info, "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "max\n"}, all},
		"its own":    {map[string]string{"/proc/meminfo": info, "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "536870912\n"}, 512 << 20},
		"its slice":  {map[string]string{"/proc/meminfo": info, "/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/memory.high": "1073741824\n"}, 1 << 30},
		"version 1":  {map[string]string{"/proc/meminfo": info, "/proc/self/cgroup": "5:cpu,memory:/x\n0::/\n", "/sys/fs/cgroup/memory/x/memory.limit_in_bytes": "268435456\n"}, 256 << 20},
		"none in v1": {map[string]string{"/proc/meminfo": info, "/proc/self/cgroup": "5:memory:/\n", "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, all},
		"nonsense":   {map[string]string{"/proc/meminfo": "MemTotal: many\n", "/proc/self/cgroup": "::\n0:x\n"}, 0},
	} {
		if got := machine(files(test.files)); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

func files(m map[string]string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if text, ok := m[name]; ok {
			return []byte(text), nil
		}
		return nil, fs.ErrNotExist
	}
}
