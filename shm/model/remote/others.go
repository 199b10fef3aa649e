package remote

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// errTaken says that another program speaks to the server.
var errTaken = errors.New("another program speaks to it")

// free returns errTaken if somebody else is connected to a server, as far as this machine
// knows. If the server runs on this machine, the machine knows every connection to it.
// Otherwise it knows the connections of its own programs, of every user. own is webmon's end
// of a connection to the server, and not valid before there is one. free returns nil where
// the machine does not tell its connections.
func free(server, own netip.AddrPort) error {
	if connected(connections(), server, own, isOurs(server.Addr())) {
		return errTaken
	}
	return nil
}

// isOurs reports whether an address belongs to this machine.
func isOurs(a netip.Addr) bool {
	if a.IsLoopback() {
		return true
	}
	ours, _ := net.InterfaceAddrs() // without them the address counts as another machine's
	for _, o := range ours {
		if n, ok := o.(*net.IPNet); ok {
			if addr, ok := netip.AddrFromSlice(n.IP); ok && addr.Unmap() == a {
				return true
			}
		}
	}
	return false
}

// connection is a line of the kernel's table of TCP.
type connection struct {
	near, far netip.AddrPort
	listens   bool // it is no connection, but a program that waits for one at near
}

// connected reports whether one of the connections leads from somebody else to the server.
// here says that the server runs on this machine. Then the table has the server's ends of
// the connections too.
func connected(all []connection, server, own netip.AddrPort, here bool) bool {
	// A server that listens at every address of the machine has connections at other addresses too.
	everywhere := false
	for _, c := range all {
		everywhere = everywhere || here && c.listens && c.near.Port() == server.Port() && c.near.Addr().IsUnspecified()
	}
	for _, c := range all {
		switch {
		case c.listens:
		case c.far == server && c.near != own:
			return true
		case here && c.far != own && (c.near == server || everywhere && c.near.Port() == server.Port()):
			return true
		}
	}
	return false
}

// The states of TCP in the table that matter.
const (
	tcpEstablished = "01"
	tcpListen      = "0A"
)

// maxConnections is how many lines of the table are read.
const maxConnections = 1 << 16

// parseConnections reads the established connections and the listening sockets out of a table
// as Linux writes it in /proc/net/tcp and tcp6. It skips lines that it does not understand.
func parseConnections(r io.Reader) []connection {
	var out []connection
	lines := bufio.NewScanner(r)
	for n := 0; lines.Scan() && n < maxConnections; n++ {
		words := strings.Fields(lines.Text())
		if len(words) < 4 || words[3] != tcpEstablished && words[3] != tcpListen {
			continue
		}
		near, err := parseEnd(words[1])
		if err != nil {
			continue
		}
		far, err := parseEnd(words[2])
		if err != nil {
			continue
		}
		out = append(out, connection{near: near, far: far, listens: words[3] == tcpListen})
	}
	return out
}

// parseEnd reads address:port: both in hexadecimal digits, the address in words of 32 bits
// in the byte order of the machine.
func parseEnd(s string) (netip.AddrPort, error) {
	address, port, _ := strings.Cut(s, ":")
	b, err := hex.DecodeString(address)
	if err != nil || len(b)%4 != 0 {
		return netip.AddrPort{}, fmt.Errorf("%q is no address", s)
	}
	for w := 0; w < len(b); w += 4 {
		binary.BigEndian.PutUint32(b[w:], binary.NativeEndian.Uint32(b[w:]))
	}
	a, ok := netip.AddrFromSlice(b)
	n, err := strconv.ParseUint(port, 16, 16)
	if !ok || err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is no address with a port", s)
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(n)), nil
}
