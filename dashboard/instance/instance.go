// Package instance makes sure that a user has one webmon. The first one to start
// holds a lock and leaves a record that says where it serves. A later one hands
// its source to the first instead of serving itself.
//
//	in, err := instance.Acquire(instance.RuntimeDir())
//	if errors.Is(err, instance.ErrTaken) {
//		reply, err := instance.HandOver(ctx, dir, instance.Source{...})
//		...
//	}
//	defer in.Release()
//	in.Announce(instance.Record{URL: url, Secret: secret})
//
// The lock is the operating system's: it is released when the process ends,
// however that happens. A record without the lock is out of date.
package instance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"webmon/private"
)

const (
	lockName   = "webmon.lock"
	recordName = "webmon.json"
	maxRecord  = 64 << 10
	maxReply   = 64 << 10
)

// ErrTaken says that another webmon of this user is running.
var ErrTaken = errors.New("another webmon is running")

// Record is what a running webmon leaves for the next.
type Record struct {
	URL      string `json:"url"`      // for people, token included
	Handover string `json:"handover"` // URL to post a Source to
	// Secret seals what is handed over. It proves to each side that the other can
	// read this user's files, and is itself never sent. It is not the token: somebody who
	// may look at pages may not attach processes.
	Secret string `json:"secret"`
	PID    int    `json:"pid"`
	// Certificate is the fingerprint, SHA-256 in hex digits, of the certificate that the
	// webmon has for ServerName where Handover is an address of https. No authority has to
	// vouch for it.
	Certificate string `json:"certificate,omitempty"`
	ServerName  string `json:"server_name,omitempty"`
	// People is the file of people that the webmon reads, "" for none.
	People string `json:"people,omitempty"`
}

// Source is the source that is handed over.
type Source struct {
	Kind    string `json:"kind"` // "napari", "demo", "model", "map", NewToken, or "" for nothing
	Name    string `json:"name"`
	Address string `json:"address"` // host:port
	Authkey []byte `json:"authkey"` // base64 in JSON
	PID     int    `json:"pid"`
	Again   bool   `json:"again"` // keep trying
	// Model describes a source of the kind "model", and is read by package main.
	Model json.RawMessage `json:"model,omitempty"`
	// Folder is that of a source of the kind "map": below it are maps.
	Folder string `json:"folder,omitempty"`
}

// NewToken is the kind of a Source that is none: the running webmon is asked to replace
// its token.
const NewToken = "new-token"

// Instance is the right to serve.
type Instance struct {
	dir  string
	lock *flock.Flock
}

// Acquire takes the lock in dir, which it creates if need be. It returns
// ErrTaken if another process holds it. With dir "" there is no lock and no record: the
// instance finds no other and is found by none.
func Acquire(dir string) (*Instance, error) {
	if dir == "" {
		return &Instance{}, nil
	}
	if err := private.Dir(dir); err != nil {
		return nil, err
	}
	l := flock.New(filepath.Join(dir, lockName), flock.SetPermissions(0o600))
	ok, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", l.Path(), err)
	}
	if !ok {
		return nil, ErrTaken
	}
	in := &Instance{dir: dir, lock: l}
	// The record of one that was killed names an address that may be another program's now.
	// Nobody is to go there, or to send anything there, while this one starts.
	if err := in.forget(); err != nil {
		return nil, errors.Join(fmt.Errorf("removing an old record: %w", err), l.Unlock())
	}
	return in, nil
}

// forget removes the record.
func (in *Instance) forget() error {
	err := os.Remove(filepath.Join(in.dir, recordName))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// Announce leaves the record for the next webmon.
func (in *Instance) Announce(r Record) error {
	if in.lock == nil {
		return nil
	}
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return private.Write(filepath.Join(in.dir, recordName), b)
}

// Release withdraws the record and gives the lock back.
func (in *Instance) Release() error {
	if in.lock == nil {
		return nil
	}
	return errors.Join(in.forget(), in.lock.Unlock())
}

// HandOver gives src to the webmon that holds the lock in dir and returns its
// URL. If that webmon has just started and does not serve yet, HandOver waits for
// it as long as ctx allows.
func HandOver(ctx context.Context, dir string, src Source) (url string, err error) {
	var last error // that is more than the end of patience
	for {
		url, err = handOver(ctx, dir, src)
		var refused *RefusedError
		if err == nil || errors.As(err, &refused) {
			return url, err
		}
		if last == nil || ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("another webmon of yours is running but does not answer (%w): %w", ctx.Err(), last)
		case <-time.After(100 * time.Millisecond):
		}
		if in, lockErr := Acquire(dir); lockErr == nil {
			// The other webmon has ended meanwhile. The caller starts over.
			return "", errors.Join(ErrEnded, in.Release())
		}
	}
}

// ErrEnded says that the other webmon ended while it was asked.
var ErrEnded = errors.New("the other webmon has ended")

// RefusedError is the answer of a running webmon that could not attach to what
// it was handed.
type RefusedError struct {
	URL    string // of that webmon
	Reason string // one sentence
}

func (e *RefusedError) Error() string { return e.Reason }

// pinned accepts the certificate of the record and no other.
func (r *Record) pinned() *tls.Config {
	return &tls.Config{
		ServerName: r.ServerName,
		// The fingerprint takes the place of an authority.
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			sum := sha256.Sum256(state.PeerCertificates[0].Raw)
			if hex.EncodeToString(sum[:]) != r.Certificate {
				return errStranger
			}
			return nil
		},
	}
}

// readRecord returns what the running webmon has left.
func readRecord(dir string) (Record, error) {
	var r Record
	b, err := private.Read(filepath.Join(dir, recordName), maxRecord)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("reading the record of the running webmon: %w", err)
	}
	return r, nil
}

func handOver(ctx context.Context, dir string, src Source) (string, error) {
	r, err := readRecord(dir)
	if err != nil {
		return "", err
	}
	body, err := Posted(r.Secret, src)
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.Handover, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	// Without a proxy: what is for this machine is sent to no other. No redirect either.
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: r.pinned()}
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	if err != nil {
		return "", err
	}
	var out reply
	if err := unseal(r.Secret, "answer", answer, &out, body); err != nil {
		return "", fmt.Errorf("%w: %s", errStranger, resp.Status)
	}
	if out.Error != "" {
		return "", &RefusedError{URL: r.URL, Reason: out.Error}
	}
	return r.URL, nil
}
