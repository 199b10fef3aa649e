package manager

import (
	"net"
	"syscall"
)

// canPipeline says that several requests may be outstanding without running
// into delayed acknowledgements.
const canPipeline = true

// quickAck asks the kernel to acknowledge at once whatever comes in. The kernel may
// forget that at any time, so it is asked before every read.
type quickAck struct {
	raw syscall.RawConn
	set func(fd uintptr) // made once: a closure for each call would be garbage
}

func newQuickAck(nc net.Conn) *quickAck {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	return &quickAck{raw: raw, set: func(fd uintptr) {
		// Slower where it fails, but right.
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1)
	}}
}

func (q *quickAck) now() {
	if q != nil {
		_ = q.raw.Control(q.set)
	}
}
