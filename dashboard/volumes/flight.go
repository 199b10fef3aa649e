package volumes

import (
	"context"
	"sync"

	"webmon/dashboard/budget"
	"webmon/fault"
)

// flights make things that several requests may want at once: each of them once. What nobody
// waits for any more is given up.
type flights struct {
	account *budget.Account // of what is made until it is sent
	slots   chan struct{}   // bounds how many are made at the same time
	failed  func(error)     // told of a panic
	wg      sync.WaitGroup

	mu       sync.Mutex // guards all below, and the fields of all flights
	under    map[string]*flight
	shared   uint64 // requests that were given what others had asked for
	given    uint64 // flights that were given up
	finished uint64
}

// flight is one thing that is being made, or was made and is being sent.
type flight struct {
	waiting int
	cancel  context.CancelFunc
	done    chan struct{} // closed when it is made
	data    []byte
	err     error
	taken   int64
}

func newFlights(account *budget.Account, slots int, failed func(error)) *flights {
	return &flights{account: account, slots: make(chan struct{}, slots), failed: failed, under: map[string]*flight{}}
}

// make returns what the function makes, or what it makes for another request of the same name. size is
// how many bytes that has about. release must be called when the data has been sent.
func (fs *flights) make(ctx context.Context, name string, size int64, f func(context.Context) ([]byte, error)) (data []byte, release func(), err error) {
	fs.mu.Lock()
	fl := fs.under[name]
	if fl == nil {
		making, cancel := context.WithCancel(context.WithoutCancel(ctx))
		fl = &flight{cancel: cancel, done: make(chan struct{})}
		fs.under[name] = fl
		fault.Go(&fs.wg, func() { fs.run(making, name, fl, size, f) }, fs.failed)
	} else {
		fs.shared++
	}
	fl.waiting++
	fs.mu.Unlock()
	leave := sync.OnceFunc(func() { fs.leave(name, fl) })
	select {
	case <-fl.done:
		if fl.err != nil {
			leave()
			return nil, nil, fl.err
		}
		return fl.data, leave, nil
	case <-ctx.Done():
		leave()
		return nil, nil, ctx.Err()
	}
}

// run makes the thing of a flight.
func (fs *flights) run(ctx context.Context, name string, fl *flight, size int64, f func(context.Context) ([]byte, error)) {
	data, err, taken := []byte(nil), context.Canceled, int64(0)
	defer func() { // also if f panics, which fault.Go then tells
		fs.mu.Lock()
		defer fs.mu.Unlock()
		fl.data, fl.err, fl.taken = data, err, taken
		fs.finished++
		if fs.under[name] == fl {
			delete(fs.under, name) // whoever comes now gets a newer one
		}
		if fl.waiting == 0 || err != nil {
			fs.account.Give(taken)
			fl.taken, fl.data = 0, nil
		}
		fl.cancel()
		close(fl.done)
	}()
	waiting, cancel := context.WithTimeout(ctx, budget.Patience)
	defer cancel()
	select {
	case fs.slots <- struct{}{}:
		defer func() { <-fs.slots }()
	case <-ctx.Done():
		return
	}
	if !fs.account.Wait(waiting, size) {
		if ctx.Err() == nil {
			err = &Failure{503, "Others are being answered, and there is no room for this answer besides: try again in a moment, or start webmon with more --memory."}
		}
		return
	}
	taken = size
	err = fault.Catch(func() (err error) {
		data, err = f(ctx)
		return err
	})
	fs.failed(err)
}

// leave is called when a request of a flight is over.
func (fs *flights) leave(name string, fl *flight) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fl.waiting--; fl.waiting > 0 {
		return
	}
	select {
	case <-fl.done:
		fs.account.Give(fl.taken)
		fl.taken, fl.data = 0, nil
	default:
		fs.given++
		fl.cancel()
		if fs.under[name] == fl {
			delete(fs.under, name)
		}
	}
}
