package answer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"webmon/dashboard/budget"
)

func small() *budget.Account { return budget.New(32 << 20).Answers } // 4 MiB

func TestABodyIsSentAsItWasMade(t *testing.T) {
	account := small()
	a := New(account, 2)
	var want bytes.Buffer
	body, err := a.Make(t.Context(), 10, func(b *Body) error {
		_, _ = b.WriteString("not this")
		b.Reset()
		for i := range 5000 {
			fmt.Fprintf(io.MultiWriter(b, &want), "line %d of %d,", i, 5000)
		}
		data := []byte(strings.Repeat("data", 1000))
		if err := b.Need(int64(want.Len() + len(data) + 128<<10)); err != nil {
			return err
		}
		want.Write(data)
		b.Adopt(data)
		want.WriteString("end")
		_, err := b.WriteString("end")
		return err
	})
	if err != nil || body.Len() != want.Len() {
		t.Fatalf("%d of %d bytes, %v", body.Len(), want.Len(), err)
	}
	if used := account.Used(); used < int64(want.Len()) || used > int64(want.Len())+128<<10 {
		t.Errorf("%d bytes are counted of %d", used, want.Len())
	}
	w := httptest.NewRecorder()
	if err := body.Send(w); err != nil || !bytes.Equal(w.Body.Bytes(), want.Bytes()) {
		t.Errorf("%d bytes were sent, %v", w.Body.Len(), err)
	}
	if account.Used() != 0 {
		t.Errorf("%d bytes are left", account.Used())
	}
}

func TestWhatDoesNotFitIsRefusedInWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		account := small()
		a := New(account, 2)
		write := func(n int) func(*Body) error {
			return func(b *Body) error {
				for range n >> 10 {
					if _, err := b.Write(make([]byte, 1<<10)); err != nil {
						return err
					}
				}
				return nil
			}
		}
		var busy *Busy
		if _, err := a.Make(t.Context(), 5<<20, write(0)); !errors.As(err, &busy) || !strings.Contains(err.Error(), "6 MiB, and webmon has 4 MiB") {
			t.Errorf("more than there is in all: %v", err)
		}
		if _, err := a.Make(t.Context(), 0, write(5<<20)); !errors.As(err, &busy) || account.Used() != 0 {
			t.Errorf("what grows beyond it: %v, %d bytes left", err, account.Used())
		}
		// The first is not read by anybody; the next one waits, and then gets its place.
		first, err := a.Make(t.Context(), 0, write(3<<20))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Make(t.Context(), 2<<20, write(0)); !errors.As(err, &busy) || !strings.Contains(err.Error(), "try again") {
			t.Errorf("beside another one: %v", err)
		}
		got := make(chan error)
		go func() {
			second, err := a.Make(t.Context(), 2<<20, write(2<<20))
			if err == nil {
				second.Close()
			}
			got <- err
		}()
		time.Sleep(time.Second)
		if err := first.Send(httptest.NewRecorder()); err != nil {
			t.Error(err)
		}
		if err := <-got; err != nil {
			t.Errorf("after the first was sent: %v", err)
		}
		wrong := errors.New("no such thing")
		if _, err := a.Make(t.Context(), 1<<20, func(*Body) error { return wrong }); err != wrong || account.Used() != 0 {
			t.Errorf("%v, %d bytes left", err, account.Used())
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := a.Make(ctx, 5<<20, write(0)); err == nil {
			t.Error("made for nobody")
		}
	})
}

// Slots are for making: a client that does not read holds none.
func TestWhoDoesNotReadHoldsNoSlot(t *testing.T) {
	account := small()
	a := New(account, 1)
	made := make(chan *Body, 8)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := a.Make(r.Context(), 0, func(b *Body) error { _, err := b.Write(make([]byte, 1<<20)); return err })
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		made <- body
		_ = body.Send(w)
	}))
	defer server.Close()
	var unread []net.Conn
	for range 3 {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		unread = append(unread, conn)
		<-made // although those before it have sent nothing yet
	}
	for _, conn := range unread {
		conn.Close()
	}
	resp, err := http.Get(server.URL)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%v, %v", resp, err)
	}
	b, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || len(b) != 1<<20 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

// slow takes a piece every few seconds.
type slow struct {
	http.ResponseWriter
	each time.Duration
	got  int
}

func (s *slow) Write(b []byte) (int, error) {
	time.Sleep(s.each)
	s.got += len(b)
	return len(b), nil
}

// A slow client is waited for as long as nobody else waits for its room.
func TestSlowClientsAreCutOffWhileOthersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		account := small()
		a := New(account, 2)
		big := func(b *Body) error { _, err := b.Write(make([]byte, 3<<20)); return err }
		body, err := a.Make(t.Context(), 0, big)
		if err != nil {
			t.Fatal(err)
		}
		alone := &slow{ResponseWriter: httptest.NewRecorder(), each: 5 * time.Second}
		if err := body.Send(alone); err != nil || alone.got != 3<<20 {
			t.Errorf("alone it has got %d bytes, %v", alone.got, err)
		}
		if body, err = a.Make(t.Context(), 0, big); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		all.Go(func() {
			contended := &slow{ResponseWriter: httptest.NewRecorder(), each: 5 * time.Second}
			if err := body.Send(contended); err == nil || contended.got > 1<<20 {
				t.Errorf("it has got %d bytes while another one waited, %v", contended.got, err)
			}
		})
		time.Sleep(8 * time.Second)
		other, err := a.Make(t.Context(), 3<<20, big)
		if err != nil {
			t.Errorf("the one that waited: %v", err)
		} else {
			other.Close()
		}
		all.Wait()
		if account.Used() != 0 {
			t.Errorf("%d bytes are left", account.Used())
		}
	})
}
