package process

import (
	"context"
	"fmt"
	"time"

	"webmon/beat"
	"webmon/shm"
	"webmon/shm/manager"
	"webmon/shm/pickle"
)

// These are keys of client_data.
const (
	keyWant = "want:" // the id of the webmon follows

	keyWatchers = "webmon:watchers:" // the id of the webmon follows
)

// keep does what has to be done once a second. It looks whether the owner lives, holds the
// claim, tells the process what is wanted, and counts what watching costs.
func (r *run) keep(ctx context.Context, conn *manager.Conn) error {
	second := time.NewTimer(beat.Next(keepEvery))
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
			second.Reset(beat.Next(keepEvery))
		}
		now := r.watch.look()
		if now.orphaned && (r.watch.manager.pid == 0 || now.lives) {
			return r.orphan(ctx)
		}
		if now.gone {
			// Its connections may live on in processes that were forked from it.
			return fmt.Errorf("the process behind %s has died: %w", r.opt.Address, manager.ErrGone)
		}
		if err := r.seat.claim(ctx, conn, true); err != nil {
			return err
		}
		if err := r.want(ctx, conn); err != nil {
			return err
		}
		r.out.expire(time.Now(), r.seat.taken.Load())
		r.cost(now.cpu)
	}
}

func (r *run) cost(manager time.Duration) {
	st := r.client.Stats()
	r.sink.Cost(shm.Cost{Calls: st.Calls, Bytes: st.Bytes, Waiting: st.Waiting, Manager: manager})
}

// want tells a process with the package what somebody watches. A plain napari is not told,
// because it never looks.
func (r *run) want(ctx context.Context, conn *manager.Conn) error {
	if !r.saidHello() {
		return nil
	}
	topics, sizes := pickle.NewDict(), pickle.NewDict()
	sizer, _ := r.sink.(shm.Sizer)
	r.pace.topics.wanted(r.sink, func(name string, hz float64) {
		_ = topics.Set(name, hz) // a string is hashable
		if sizer == nil || !isArray(name) {
			return
		}
		if rows, cols := sizer.Size(name); rows > 0 && cols > 0 {
			_ = sizes.Set(name, []pickle.Value{int64(rows), int64(cols)})
		}
	})
	want := pickle.NewDict("topics", topics, "t", seconds(time.Now()))
	if r.opt.Version != "" {
		_ = want.Set("version", r.opt.Version)
		_ = want.Set("protocol", int64(shm.Protocol))
	}
	if sizes.Len() > 0 {
		_ = want.Set("sizes", sizes)
	}
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
