// Package answer makes the bodies of answers that may be large, and sends them. A body is
// made under the budget before any of it is sent: whoever reads it slowly holds neither
// what it was made of nor a processor. Room is given back as it is sent, and who reads
// too slowly while others wait is cut off.
//
//	body, err := answers.Make(ctx, size, func(w *answer.Body) error { return write(w) })
//	if err != nil {
//		return err // a *answer.Busy if there was no room
//	}
//	body.Send(w)
package answer

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"webmon/dashboard/budget"
)

const (
	// chunk is how many bytes of a body are allocated at a time.
	chunk = 64 << 10
	// least is how many bytes are taken at first: most answers are short.
	least = 4 << 10
	// pieceWait is how long a client may take to receive a piece of a body.
	pieceWait = 30 * time.Second
	// hurryAfter and hurryRate say which clients are cut off while others wait for room:
	// those that after a while have received fewer bytes a second.
	hurryAfter = 10 * time.Second
	hurryRate  = 256 << 10
)

// Busy is the error where there is no room for a body.
type Busy struct {
	Bytes, Limit int64 // that were wanted, and that all answers together may have
}

// Error implements error, with a sentence for people.
func (b *Busy) Error() string {
	if b.Bytes > b.Limit {
		return fmt.Sprintf("This answer takes %d MiB, and webmon has %d MiB for all answers: ask for a part of it, or start webmon with more --memory.",
			b.Bytes>>20+1, b.Limit>>20)
	}
	return "Others are being answered, and there is no room for this answer besides: try again in a moment, or start webmon with more --memory."
}

// Answers makes bodies that share an account. Its methods are safe for concurrent use.
type Answers struct {
	account  *budget.Account
	slots    chan struct{}
	patience time.Duration
}

// New returns Answers whose bodies are counted in the account. At most slots of them are
// made at the same time.
func New(account *budget.Account, slots int) *Answers {
	return &Answers{account: account, slots: make(chan struct{}, slots), patience: budget.Patience}
}

// Make makes a body of about guess bytes, or that takes so many while it is made. It waits
// for a slot and for room, ten seconds at most; without them it returns a *Busy. Send or
// Close must follow.
func (a *Answers) Make(ctx context.Context, guess int64, write func(*Body) error) (*Body, error) {
	b := &Body{account: a.account, patience: a.patience, ctx: ctx}
	// Room first: who waits for it must not keep a slot from those that fit.
	if err := b.take(max(guess, least)); err != nil {
		return nil, err
	}
	waiting, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	select {
	case a.slots <- struct{}{}:
	case <-waiting.Done():
		b.Close()
		a.account.Refused()
		return nil, &Busy{Limit: a.account.Limit()}
	}
	made := false
	defer func() {
		<-a.slots
		if !made { // also if write has panicked
			b.Close()
		}
	}()
	if err := write(b); err != nil {
		return nil, err
	}
	made = true
	b.fit()
	return b, nil
}

// Body is the body of an answer. It is an io.Writer while it is made. It is not safe for
// concurrent use.
type Body struct {
	account  *budget.Account
	patience time.Duration
	ctx      context.Context // of the request that it answers

	chunks [][]byte
	size   int   // bytes written
	kept   int64 // bytes of the chunks
	taken  int64 // of the account
}

// take takes room for n more bytes.
func (b *Body) take(n int64) error {
	ctx, cancel := context.WithTimeout(b.ctx, b.patience)
	defer cancel()
	if !b.account.Wait(ctx, n) {
		return &Busy{Bytes: b.taken + n, Limit: b.account.Limit()}
	}
	b.taken += n
	return nil
}

// Need makes sure that there is room for n bytes in all, of the body and of what it is
// made of.
func (b *Body) Need(n int64) error {
	if n <= b.taken {
		return nil
	}
	return b.take(n - b.taken)
}

// Write implements io.Writer.
func (b *Body) Write(p []byte) (int, error) {
	written := len(p)
	for len(p) > 0 {
		last := len(b.chunks) - 1
		if last < 0 || len(b.chunks[last]) == cap(b.chunks[last]) {
			n := chunk
			if last < 0 {
				n = least
			}
			if err := b.Need(b.kept + int64(n)); err != nil {
				return written - len(p), err
			}
			b.kept += int64(n)
			b.chunks = append(b.chunks, make([]byte, 0, n))
			last++
		}
		c := b.chunks[last]
		n := copy(c[len(c):cap(c)], p)
		b.chunks[last] = c[:len(c)+n]
		b.size += n
		p = p[n:]
	}
	return written, nil
}

// WriteString implements io.StringWriter.
func (b *Body) WriteString(s string) (int, error) { return b.Write([]byte(s)) }

// Adopt appends data without copying it. It must not be changed afterwards, and the room
// for it must have been taken already.
func (b *Body) Adopt(data []byte) {
	if len(data) > 0 {
		b.chunks = append(b.chunks, data[:len(data):len(data)])
		b.size += len(data)
		b.kept += int64(cap(data))
	}
}

// Reset forgets what was written, to begin again.
func (b *Body) Reset() {
	clear(b.chunks)
	b.chunks, b.size, b.kept = b.chunks[:0], 0, 0
}

// Len is the size of the body in bytes.
func (b *Body) Len() int { return b.size }

// fit gives back the room that the body does not need now that it is made.
func (b *Body) fit() {
	if extra := b.taken - b.kept; extra > 0 {
		b.account.Give(extra)
		b.taken -= extra
	}
}

// Close gives back all room.
func (b *Body) Close() {
	b.Reset()
	b.account.Give(b.taken)
	b.taken = 0
}

// Send sends the body and closes it. The caller has written the head. An error says that
// the client is gone, or too slow.
func (b *Body) Send(w http.ResponseWriter) error {
	defer b.Close()
	control := http.NewResponseController(w)
	began, sent := time.Now(), 0
	for i, c := range b.chunks {
		rest := c
		for len(rest) > 0 {
			now := time.Now()
			if since := now.Sub(began); since > hurryAfter && b.account.Wanted() &&
				float64(sent) < hurryRate*since.Seconds() {
				// The rest would only be buffered.
				_ = control.SetWriteDeadline(now)
				return fmt.Errorf("others wait, and the client has received %d bytes in %.0f s", sent, since.Seconds())
			}
			// If the deadline cannot be set, as in tests, that of the request holds.
			_ = control.SetWriteDeadline(now.Add(pieceWait))
			n, err := w.Write(rest[:min(len(rest), chunk)])
			sent += n
			if err != nil {
				return err
			}
			rest = rest[n:]
		}
		b.chunks[i] = nil
		n := min(b.taken, int64(cap(c)))
		b.account.Give(n)
		b.taken -= n
	}
	return nil
}
