package remote

import "os"

// connections returns the connections of this machine, of all users. It leaves out what it cannot read.
func connections() []connection {
	var out []connection
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		out = append(out, parseConnections(f)...)
		f.Close()
	}
	return out
}
