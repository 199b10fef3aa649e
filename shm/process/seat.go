package process

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync/atomic"
	"time"

	"webmon/shm"
	"webmon/shm/manager"
	"webmon/shm/pickle"
)

// keyReader is the key of client_data with the claim of the webmon that takes the messages.
const keyReader = "reader"

// staleClaim is how old a claim may be before another webmon may take the seat.
const staleClaim = 5 * time.Second

// claim is what the webmon that takes the messages says about itself.
type claim struct {
	id, url string
	pid     int64
	at      float64 // s since the epoch
}

func parseClaim(v pickle.Value) claim {
	d, _ := v.(*pickle.Dict)
	var c claim
	id, _ := d.Get("id")
	c.id, _ = id.(string)
	pid, _ := d.Get("pid")
	c.pid, _ = pid.(int64)
	at, _ := d.Get("t")
	c.at, _ = number(at)
	// People see the URL as a link.
	link, _ := d.Get("url")
	if s, ok := link.(string); ok && len(s) <= 500 {
		if u, err := url.Parse(s); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
			c.url = u.String()
		}
	}
	return c
}

// holds reports whether the claim still keeps others away.
func (c claim) holds(now time.Time) bool {
	age := seconds(now) - c.at
	return c.id != "" && age < staleClaim.Seconds() && age > -staleClaim.Seconds()
}

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// seat is the place of the one webmon that takes the messages. The queue gives each message
// to one reader only.
type seat struct {
	clientData *manager.Proxy
	id, url    string // of this webmon
	sink       shm.Sink
	setReader  func(url string) (first bool) // notes where the messages go, "" for here

	taken atomic.Bool   // this webmon has the seat, so it takes the messages
	turn  chan struct{} // capacity one; signalled when taken may have become true
}

// claim takes the seat, unless another webmon holds it. With refresh the claim of this webmon
// may be there already.
func (s *seat) claim(ctx context.Context, conn *manager.Conn, refresh bool) error {
	now := time.Now()
	mine := pickle.NewDict("id", s.id, "pid", int64(os.Getpid()), "url", s.url, "t", seconds(now))
	var v pickle.Value
	var err error
	if refresh {
		v, err = conn.Call(ctx, s.clientData, "get", keyReader)
	}
	if v == nil && err == nil {
		v, err = conn.Call(ctx, s.clientData, "setdefault", keyReader, mine)
	}
	switch {
	case lost(ctx, err):
		return err
	case err != nil:
		v = nil // what makes no sense is no claim
	}
	other := parseClaim(v)
	if other.id != s.id && other.holds(now) {
		held := s.taken.Swap(false)
		first := s.setReader(other.url) // before the notice, whose readers look here
		if held || first {
			s.sink.Notice("reader", fmt.Sprintf("Another webmon (process %d) takes the messages of this process; they arrive there", other.pid))
		}
		return nil
	}
	_, err = conn.Call(ctx, s.clientData, "update", pickle.NewDict(keyReader, mine))
	if lost(ctx, err) {
		return err
	}
	s.setReader("")
	if !s.taken.Swap(true) {
		shm.Signal(s.turn)
	}
	return nil
}

// leave gives the seat up, if this webmon holds it.
func (s *seat) leave(ctx context.Context, conn *manager.Conn) {
	if v, err := conn.Call(ctx, s.clientData, "get", keyReader); err == nil && parseClaim(v).id == s.id {
		_, _ = conn.Call(ctx, s.clientData, "pop", keyReader, nil)
	}
}
