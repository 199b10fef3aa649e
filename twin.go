package main

import (
	"net"
	"strconv"
	"sync"

	"webmon/fault"
)

// beside opens the same port on the other loopback address too, so that every name
// below ".localhost" leads to this webmon: browsers resolve such names to 127.0.0.1 and
// to ::1. alone is false if somebody else has that port there, who would be sent what a
// browser has for webmon. A listener on another address is returned as it is.
func beside(l net.Listener) (both net.Listener, alone bool) {
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok || !addr.IP.IsLoopback() {
		return l, false
	}
	other := "::1"
	if addr.IP.To4() == nil {
		other = "127.0.0.1"
	}
	twin, err := net.Listen("tcp", net.JoinHostPort(other, strconv.Itoa(addr.Port)))
	if err != nil {
		return l, !taken(err) // otherwise the machine has no such address, and nobody is there
	}
	return &twins{Listener: l, twin: twin, ended: make(chan struct{})}, true
}

// twins accepts the connections of two listeners.
type twins struct {
	net.Listener // the one whose address is told
	twin         net.Listener

	begin    sync.Once
	accepted chan accepted
	end      sync.Once
	ended    chan struct{}
	wg       sync.WaitGroup
}

type accepted struct {
	conn net.Conn
	err  error
}

// Accept implements [net.Listener].
func (t *twins) Accept() (net.Conn, error) {
	t.begin.Do(func() {
		t.accepted = make(chan accepted)
		for _, l := range []net.Listener{t.Listener, t.twin} {
			fault.Go(&t.wg, func() { t.accept(l) }, func(err error) {
				select {
				case t.accepted <- accepted{nil, err}:
				case <-t.ended:
				}
			})
		}
	})
	select {
	case a := <-t.accepted:
		return a.conn, a.err
	case <-t.ended:
		return nil, net.ErrClosed
	}
}

func (t *twins) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		select {
		case t.accepted <- accepted{conn, err}:
		case <-t.ended:
			if err == nil {
				conn.Close()
			}
			return
		}
	}
}

// Close implements [net.Listener].
func (t *twins) Close() error {
	err := net.ErrClosed
	t.end.Do(func() {
		close(t.ended)
		err = t.Listener.Close()
		if other := t.twin.Close(); err == nil {
			err = other
		}
		t.wg.Wait()
	})
	return err
}
