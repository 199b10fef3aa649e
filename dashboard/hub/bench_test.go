package hub

import (
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"webmon/dashboard/line"
)

// BenchmarkPublish is what a frame of 2 KB costs before any socket is written
// to: with nobody watching, and with deltas of which the last 32 are kept.
func BenchmarkPublish(b *testing.B) {
	data := make([]byte, 2048)
	for _, depth := range []int{1, 32} {
		name := "frames"
		if depth > 1 {
			name = "deltas"
		}
		b.Run(name, func(b *testing.B) {
			h := New(Options{})
			t := &Topic{name: "t", hub: h, depth: depth}
			t.tail.Store(&tail{})
			t.subs.Store(&[]*sub{})
			b.ReportAllocs()
			for b.Loop() {
				t.Publish(Text(data))
			}
		})
	}
}

// BenchmarkParse reads an acknowledgement.
func BenchmarkParse(b *testing.B) {
	ack := []byte(`{"type":"ack","n":123456,"ts":1700000000000.125}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parse(ack); err != nil {
			b.Fatal(err)
		}
	}
}

// nowhere is a connection that takes everything.
type nowhere struct {
	net.Conn
	file *os.File
}

func (n nowhere) SyscallConn() (syscall.RawConn, error) { return n.file.SyscallConn() }

// audience is a hub with n browsers that watch one topic and take everything.
func audience(tb testing.TB, n int) (*Topic, []*client) {
	file, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { file.Close() })
	h := New(Options{})
	t := &Topic{name: "t", hub: h, depth: 1}
	t.kept.account = h.opts.Budget.Browsers.Part("t", h.opts.Budget.OneBrowser)
	t.tail.Store(&tail{})
	t.subs.Store(&[]*sub{})
	clients := make([]*client, n)
	for i := range clients {
		c := &client{hub: h, wake: make(chan struct{}, 1), wire: newWire(nowhere{file: file}), line: line.New(time.Now())}
		s := newSub(t, c)
		t.add(s)
		c.subs.Store(subsOf([]*sub{s}))
		clients[i] = c
	}
	return t, clients
}

// BenchmarkFanOut is what a frame of 2 KB to n browsers costs beside the work of the sockets, with an acknowledgement of each of them for every sixth.
func BenchmarkFanOut(b *testing.B) {
	data := make([]byte, 2048)
	for _, n := range []int{1, 100, 3000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			t, clients := audience(b, n)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				t.Publish(Text(data))
				for j := i % 6; j < n; j += 6 {
					if err := clients[j].ack(clients[j].sent.Load(), clients[j].sent.Load(), 0); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/browser")
		})
	}
}

// BenchmarkAck is an acknowledgement of the last frame.
func BenchmarkAck(b *testing.B) {
	t, clients := audience(b, 1)
	m := Text(make([]byte, 2048))
	b.ReportAllocs()
	for n := uint64(1); b.Loop(); n++ {
		t.Publish(m)
		if err := clients[0].ack(n, n, 0); err != nil {
			b.Fatal(err)
		}
	}
}
