package remote

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// table is what a kernel of little-endian words writes.
const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:2328 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1001        0 1 1 0000000000000000 100 0 0 10 0
   1: 0100007F:2328 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1001        0 2 1 0000000000000000 20 4 30 10 -1
   2: 0100007F:9C40 0100007F:2328 01 00000000:00000000 00:00000000 00000000  1000        0 3 1 0000000000000000 20 4 30 10 -1
   3: 0100007F:9C41 0100007F:2328 06 00000000:00000000 00:00000000 00000000     0        0 0 3 0000000000000000
   4: 0200000A:9C42 0900000A:2329 01 00000000:00000000 00:00000000 00000000  1000        0 4 1 0000000000000000 20 4 30 10 -1
   5: 00000000000000000000000001000000:2328 00000000000000000000000001000000:9C43 01 0:0 0:0 0 1 0 5
   6: 0000000000000000FFFF00000100007F:9C44 0000000000000000FFFF00000100007F:2328 01 0:0 0:0 0 1 0 6
   7: 0100007F 0100007F:2328 01
   8: 01:1 02:2 01
   9: 0100007F:12345 0100007F:2328 01
`

func end(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func TestParseConnections(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the table is one of a little-endian machine")
	}
	want := []connection{
		{end("0.0.0.0:9000"), end("0.0.0.0:0"), true},
		{end("127.0.0.1:9000"), end("127.0.0.1:40000"), false},
		{end("127.0.0.1:40000"), end("127.0.0.1:9000"), false},
		{end("10.0.0.2:40002"), end("10.0.0.9:9001"), false},
		{end("[::1]:9000"), end("[::1]:40003"), false},
		{end("127.0.0.1:40004"), end("127.0.0.1:9000"), false},
	}
	if got := parseConnections(strings.NewReader(table)); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestConnected(t *testing.T) {
	listens := func(at string) connection { return connection{near: end(at), far: end("0.0.0.0:0"), listens: true} }
	pair := func(near, far string) connection { return connection{near: end(near), far: end(far)} }
	for name, tt := range map[string]struct {
		all    []connection
		server string
		own    string // "" before there is one
		here   bool
		want   bool
	}{
		"nobody":                      {nil, "127.0.0.1:9000", "", true, false},
		"it listens":                  {[]connection{listens("0.0.0.0:9000")}, "127.0.0.1:9000", "", true, false},
		"ourselves":                   {[]connection{listens("0.0.0.0:9000"), pair("127.0.0.1:4", "127.0.0.1:9000"), pair("127.0.0.1:9000", "127.0.0.1:4")}, "127.0.0.1:9000", "127.0.0.1:4", true, false},
		"another user":                {[]connection{pair("127.0.0.1:5", "127.0.0.1:9000")}, "127.0.0.1:9000", "", true, true},
		"another user beside us":      {[]connection{pair("127.0.0.1:4", "127.0.0.1:9000"), pair("127.0.0.1:5", "127.0.0.1:9000")}, "127.0.0.1:9000", "127.0.0.1:4", true, true},
		"from elsewhere to here":      {[]connection{listens("0.0.0.0:9000"), pair("10.0.0.2:9000", "10.0.0.7:5")}, "127.0.0.1:9000", "", true, true},
		"to another service here":     {[]connection{listens("10.0.0.2:9000"), listens("127.0.0.1:9000"), pair("10.0.0.2:9000", "10.0.0.7:5")}, "127.0.0.1:9000", "", true, false},
		"from here to elsewhere":      {[]connection{pair("10.0.0.2:5", "10.0.0.9:9000")}, "10.0.0.9:9000", "", false, true},
		"ourselves to elsewhere":      {[]connection{pair("10.0.0.2:5", "10.0.0.9:9000")}, "10.0.0.9:9000", "10.0.0.2:5", false, false},
		"another port":                {[]connection{pair("10.0.0.2:5", "10.0.0.9:9001")}, "10.0.0.9:9000", "", false, false},
		"the same port of this host":  {[]connection{listens("0.0.0.0:9000"), pair("10.0.0.2:9000", "10.0.0.7:5")}, "10.0.0.9:9000", "", false, false},
		"over version 6, listens too": {[]connection{listens("[::]:9000"), pair("[::1]:9000", "[::1]:5")}, "127.0.0.1:9000", "", true, true},
	} {
		var own netip.AddrPort
		if tt.own != "" {
			own = end(tt.own)
		}
		if got := connected(tt.all, end(tt.server), own, tt.here); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func FuzzParseConnections(f *testing.F) {
	f.Add(table)
	f.Fuzz(func(t *testing.T, s string) {
		for _, c := range parseConnections(strings.NewReader(s)) {
			if !c.near.IsValid() || !c.far.IsValid() {
				t.Errorf("%v", c)
			}
		}
	})
}
