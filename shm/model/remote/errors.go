package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"webmon/shm/model/remote/zmtp"
)

func isProtocol(err error) bool { return errors.Is(err, zmtp.ErrProtocol) }

// reason says what an error of the network is, without a full stop.
func reason(err error, t timing) string {
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("no computer is known by the name %s", dns.Name)
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there"
	case errors.As(err, &op) && op.Op == "dial":
		if op.Timeout() {
			return fmt.Sprintf("it could not be reached within %v", t.connect)
		}
		return op.Err.Error()
	case errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Sprintf("it could not be reached within %v", t.connect)
	case silent(err):
		return fmt.Sprintf("it has said nothing for %v", t.answer)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "it has broken off the connection"
	}
	return err.Error()
}
