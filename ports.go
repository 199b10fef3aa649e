package main

import (
	"errors"
	"net"
	"slices"
	"strconv"
	"syscall"
)

// wsaAddrInUse is what Windows says of a port that is taken; Go's EADDRINUSE is
// not it there.
const wsaAddrInUse = syscall.Errno(10048)

// refusedPorts are those that no browser opens, whatever serves there: the table of
// bad ports in the Fetch standard, https://fetch.spec.whatwg.org/#port-blocking.
// They are in order.
var refusedPorts = []int{
	1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95,
	101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179,
	389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587,
	601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
	6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
}

// refused reports whether browsers open no page at the port.
func refused(port int) bool {
	_, found := slices.BinarySearch(refusedPorts, port)
	return found
}

// anyTries is how many ports of the system's choice are looked at.
const anyTries = 100

// listen opens the port. A port that is taken is an error only if it was asked
// for; otherwise the next free one serves that browsers open.
func (cfg *config) listen() (net.Listener, error) {
	open := func(port int) (net.Listener, error) {
		l, err := net.Listen("tcp", net.JoinHostPort(cfg.host, strconv.Itoa(port)))
		if err != nil && !taken(err) {
			return nil, usagef("cannot listen on %s port %d: %v", cfg.host, port, err)
		}
		return l, err
	}
	if cfg.port == 0 {
		return openAny(func() (net.Listener, error) { return open(0) })
	}
	tries := 1
	if !cfg.portAsked {
		tries = 50
	}
	for port := cfg.port; ; port++ {
		if !cfg.portAsked && refused(port) {
			continue
		}
		l, err := open(port)
		if err == nil || !taken(err) {
			return l, err
		}
		if tries--; tries == 0 {
			return nil, usagef("port %d is taken by another program: choose another with --port, or 0 for any free one", port)
		}
	}
}

// openAny opens ports of the system's choice until browsers open one. Those that they
// refuse stay open until then, so that the system chooses another.
func openAny(open func() (net.Listener, error)) (net.Listener, error) {
	for range anyTries {
		l, err := open()
		if err != nil {
			return nil, err
		}
		if a, ok := l.Addr().(*net.TCPAddr); !ok || !refused(a.Port) {
			return l, nil
		}
		defer l.Close()
	}
	return nil, usagef("the system gives out none but ports that browsers refuse to open: choose one with --port")
}

// taken reports whether another program has the port.
func taken(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, wsaAddrInUse)
}
