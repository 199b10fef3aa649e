package dashboard

import (
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"webmon/dashboard/door"
	"webmon/dashboard/squeeze"
	"webmon/public"
)

// squeezed are the types of content that become smaller. Whatever else is sent is compressed already, or pixels, or a stream whose events
// must not wait.
var squeezed = []string{"text/html", "text/csv", "text/plain", "application/json", "image/svg+xml"}

// squeezing returns a handler whose answers are compressed as they are sent, for clients that accept gzip and are not on this machine.
//
// Secrets beside what an attacker chose can be guessed by the sizes of compressed answers (BREACH), if he can have the victim's
// browser ask again and again. Pages have the token of their forms beside what their address says. So what another site, or another port of this host, has a browser
// ask for is never compressed; where a browser does not say who asks, it does so because nothing is encrypted, and then there is nothing to guess.
func squeezing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodPost || r.Header.Get("Upgrade") != "" {
			next.ServeHTTP(w, r)
			return
		}
		s := &squeezer{ResponseWriter: w, may: wanted(r)}
		defer s.end()
		next.ServeHTTP(s, r)
		s.done = true
	})
}

// wanted reports whether the client of a request is to be sent compressed answers.
func wanted(r *http.Request) bool {
	return public.AcceptsGzip(r.Header.Get("Accept-Encoding")) && r.Header.Get("Range") == "" && !local(r) && !door.Elsewhere(r)
}

// local reports whether a request comes from this machine, where no line is that compression would relieve. A proxy on this machine
// asks for somebody else.
func local(r *http.Request) bool {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && at.Addr().Unmap().IsLoopback() && door.Direct(r)
}

// squeezer is an answer that may be compressed. Whether it is, is decided once its head and its first bytes are known.
type squeezer struct {
	http.ResponseWriter
	may     bool // the client takes it
	done    bool // the handler has returned; false: it has panicked
	status  int  // that waits to be written; 0: none
	decided bool
	first   []byte          // that came before it was decided, fewer than squeeze.Least
	gz      *squeeze.Writer // nil: the answer goes as it is
}

// Unwrap is for http.ResponseController.
func (a *squeezer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (a *squeezer) WriteHeader(status int) {
	if a.decided || status < 200 { // of which there may be several
		a.ResponseWriter.WriteHeader(status)
		return
	}
	if a.status != 0 {
		return // as in net/http, the first one counts
	}
	a.status = status
	h := a.Header()
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	squeezable := slices.Contains(squeezed, strings.TrimSpace(kind)) && h.Get("Content-Encoding") == "" && h.Get("Content-Range") == "" &&
		h.Get("ETag") == "" && // which would have to tell the two forms apart
		status != http.StatusNoContent && status != http.StatusNotModified
	if squeezable {
		h.Add("Vary", "Accept-Encoding")
	}
	size, err := strconv.Atoi(h.Get("Content-Length"))
	switch {
	case !a.may || !squeezable:
		a.decide(false)
	case err == nil:
		a.decide(size >= squeeze.Least)
	}
}

// decide ends the waiting.
func (a *squeezer) decide(squeezed bool) {
	a.decided = true
	if squeezed {
		h := a.Header()
		h.Del("Content-Length")
		h.Set("Content-Encoding", "gzip")
		a.gz = squeeze.NewWriter(a.ResponseWriter)
	}
	if a.status != 0 {
		a.ResponseWriter.WriteHeader(a.status)
	}
	first := a.first
	a.first = nil
	if len(first) > 0 {
		_, _ = a.write(first) // an error comes again with the next bytes
	}
}

// Write implements io.Writer.
func (a *squeezer) Write(b []byte) (int, error) {
	if !a.decided && a.status == 0 {
		if a.Header().Get("Content-Type") == "" {
			a.Header().Set("Content-Type", http.DetectContentType(b))
		}
		a.WriteHeader(http.StatusOK)
	}
	if !a.decided {
		if len(a.first)+len(b) < squeeze.Least {
			a.first = append(a.first, b...)
			return len(b), nil
		}
		a.decide(true)
	}
	return a.write(b)
}

func (a *squeezer) write(b []byte) (int, error) {
	if a.gz != nil {
		return a.gz.Write(b)
	}
	return a.ResponseWriter.Write(b)
}

// FlushError is what http.ResponseController flushes by: what has been written so far goes to the client.
func (a *squeezer) FlushError() error {
	if !a.decided && a.status != 0 {
		a.decide(false) // it is flushed because it comes piece by piece
	}
	if a.gz != nil {
		if err := a.gz.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(a.ResponseWriter).Flush()
}

// Flush implements http.Flusher.
func (a *squeezer) Flush() { _ = a.FlushError() } // as there, an error comes again with the next bytes

// end sends what is left. After a panic the answer is left as broken as it is.
func (a *squeezer) end() {
	if a.done && !a.decided && a.status != 0 {
		a.decide(false)
	}
	if a.gz != nil && a.done {
		_ = a.gz.Close() // an error: the client is gone
	}
}
