//go:build !unix

package hub

import "net"

// wire would write to a socket without waiting for it. This platform cannot do
// that, so everything is left to the client's own goroutine, which waits.
type wire struct{}

func newWire(net.Conn) *wire { return nil }

func (*wire) write([]byte) (int, error) { return 0, nil }
