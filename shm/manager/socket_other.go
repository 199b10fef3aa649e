//go:build !linux

package manager

import "net"

// canPipeline is false where the kernel cannot be asked to acknowledge at
// once: with a single outstanding request the next request carries the
// acknowledgement.
const canPipeline = false

type quickAck struct{}

func newQuickAck(net.Conn) *quickAck { return nil }

func (*quickAck) now() {}
