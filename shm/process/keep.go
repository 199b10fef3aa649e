package process

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"time"

	"webmon/shm"
	"webmon/shm/manager"
	"webmon/shm/pickle"
)

// Keys of client_data.
const (
	keyReader = "reader"
	keyWant   = "want:" // and the webmon's id

	keyWatchers = "webmon:watchers:" // and the webmon's id
)

// staleClaim is how old a claim may be before another webmon takes its place.
const staleClaim = 5 * time.Second

// claim is what the webmon that takes the messages writes about itself.
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
	// People are shown this as a link.
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

// claim makes sure that one webmon alone takes the messages: the queue gives
// each to one reader only. With refresh our own claim may stand there already.
func (r *run) claim(ctx context.Context, conn *manager.Conn, refresh bool) error {
	now := time.Now()
	mine := pickle.NewDict("id", r.opt.ID, "pid", int64(os.Getpid()), "url", r.opt.URL, "t", seconds(now))
	var v pickle.Value
	var err error
	if refresh {
		v, err = conn.Call(ctx, r.res.clientData, "get", keyReader)
	}
	if v == nil && err == nil {
		v, err = conn.Call(ctx, r.res.clientData, "setdefault", keyReader, mine)
	}
	switch {
	case lost(ctx, err):
		return err
	case err != nil:
		v = nil // nonsense is no claim
	}
	other := parseClaim(v)
	if other.id != r.opt.ID && other.holds(now) {
		news := r.reading.Swap(false) || r.Info().Reader == ""
		r.setReader(other.url) // before the notice: who reads that looks here
		if news {
			r.sink.Notice("reader", fmt.Sprintf("Another webmon (process %d) takes the messages of this process; they arrive there", other.pid))
		}
		return nil
	}
	_, err = conn.Call(ctx, r.res.clientData, "update", pickle.NewDict(keyReader, mine))
	if lost(ctx, err) {
		return err
	}
	r.setReader("")
	if !r.reading.Swap(true) {
		signal(r.turn)
	}
	return nil
}

// keep does what has to be done once a second: look whether the owner lives,
// hold the claim, tell the process what is wanted, count what it costs.
func (r *run) keep(ctx context.Context, conn *manager.Conn) error {
	second := time.NewTicker(keepEvery)
	defer second.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.demand:
			if err := r.want(ctx, conn); err != nil {
				return err
			}
			continue
		case <-second.C:
		}
		if r.watch.orphaned() && (r.watch.manager.pid == 0 || r.watch.manager.alive()) {
			return r.orphan(ctx)
		}
		if r.watch.gone() {
			// Its connections may live on in what was forked from it.
			return fmt.Errorf("the process behind %s has died: %w", r.opt.Address, manager.ErrGone)
		}
		if err := r.claim(ctx, conn, true); err != nil {
			return err
		}
		if err := r.want(ctx, conn); err != nil {
			return err
		}
		r.out.expire(time.Now(), r.reading.Load())
		r.cost()
	}
}

func (r *run) cost() {
	st := r.client.Stats()
	r.sink.Cost(shm.Cost{Calls: st.Calls, Bytes: st.Bytes, Waiting: st.Waiting, Manager: r.watch.managerCPU()})
}

// want tells a process of ours what somebody watches. A plain napari never
// looks, so it is spared.
func (r *run) want(ctx context.Context, conn *manager.Conn) error {
	if !r.saidHello() {
		return nil
	}
	topics := pickle.NewDict()
	r.pace.topics.wanted(r.sink, func(name string, hz float64) {
		_ = topics.Set(name, hz) // a string is hashable
	})
	want := pickle.NewDict("topics", topics, "t", seconds(time.Now()))
	if ask := r.asked.number(); ask > 0 {
		_ = want.Set("ask", ask)
	}
	words := pickle.NewDict(keyWant+r.opt.ID, want)
	if r.opt.Watchers != nil {
		_ = words.Set(keyWatchers+r.opt.ID, int64(r.opt.Watchers()))
	}
	_, err := conn.Call(ctx, r.res.clientData, "update", words)
	if lost(ctx, err) {
		return err
	}
	return nil
}
