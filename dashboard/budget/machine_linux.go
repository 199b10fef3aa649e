package budget

import (
	"bytes"
	"os"
	"path"
	"strconv"
	"strings"
)

// Machine is how many bytes of memory there are for this process: those of the machine,
// or of the container where its control group has fewer. 0: not known.
func Machine() int64 { return machine(os.ReadFile) }

// machine is Machine with the files that read gives.
func machine(read func(string) ([]byte, error)) int64 {
	least := int64(0)
	take := func(n int64) {
		if n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	if b, err := read("/proc/meminfo"); err == nil {
		for line := range bytes.Lines(b) {
			if rest, ok := bytes.CutPrefix(line, []byte("MemTotal:")); ok {
				kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(string(rest)), " kB"), 10, 64)
				take(kb << 10)
			}
		}
	}
	// Of a hierarchy the least limit counts. Inside of a container its own group is the root.
	groups, _ := read("/proc/self/cgroup")
	for line := range bytes.Lines(groups) {
		parts := strings.SplitN(strings.TrimSpace(string(line)), ":", 3)
		if len(parts) != 3 {
			continue
		}
		root, files := "/sys/fs/cgroup", []string{"memory.max", "memory.high"}
		if parts[0] != "0" { // the first version
			if !strings.Contains(","+parts[1]+",", ",memory,") {
				continue
			}
			root, files = "/sys/fs/cgroup/memory", []string{"memory.limit_in_bytes"}
		}
		for group := path.Join("/", parts[2]); ; group = path.Dir(group) {
			for _, file := range files {
				b, err := read(path.Join(root, group, file))
				if err != nil {
					continue
				}
				n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
				if err == nil { // otherwise "max": there is no limit
					take(n)
				}
			}
			if group == "/" {
				break
			}
		}
	}
	return least
}
