package remote

import "os"

// connections are those of this machine, of all users. What cannot be read is left out.
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
