package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"webmon/dashboard"
	"webmon/dashboard/instance"
	"webmon/private"
)

// Names in the state folder.
const (
	tokenFile = "token"
	linksFile = "links.json"
)

// errTokenGiven refuses to replace a token that this program does not keep.
var errTokenGiven = errors.New("the token was given with --token or WEBMON_TOKEN, so it cannot be replaced here: " +
	"change it where it is given, and start webmon again")

// rotator replaces the token of a webmon that serves.
type rotator struct {
	cfg    *config
	server *dashboard.Server
	tell   func() error // lets later webmons know the new address
}

// rotate makes a new token and ends all sessions and links. A webmon that serves
// with a token for this run alone replaces both: its own, and the one that is kept.
func (r *rotator) rotate() error {
	if r.cfg.noToken {
		return errors.New("the webmon that runs asks for no token (--no-token), so there is none to replace")
	}
	if !r.cfg.tokenMade {
		return errTokenGiven
	}
	token := instance.RandomToken()
	kept := token
	if r.cfg.moved {
		kept = instance.RandomToken()
	}
	dir, err := instance.StateDir()
	if err == nil {
		err = instance.KeepToken(filepath.Join(dir, tokenFile), kept)
	}
	if err != nil {
		// Whoever has the old one is shut out all the same, as long as this run lasts.
		err = fmt.Errorf("the token was replaced for this run only: %w", err)
	}
	return errors.Join(r.server.Rotate(token), r.tell(), err)
}

// privateFile is the path of a file that nobody but the user can read or write.
type privateFile string

// Load implements [door.Store].
func (f privateFile) Load() ([]byte, error) {
	b, err := private.Read(string(f), 1<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// Save implements [door.Store].
func (f privateFile) Save(b []byte) error { return private.Write(string(f), b) }

// tokenCommand is "webmon token rotate".
func tokenCommand(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	if len(args) != 1 || args[0] != "rotate" {
		return usagef("webmon token knows one word: webmon token rotate makes a new token and ends all sessions and links")
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	dir := instance.RuntimeDir()
	for {
		in, err := instance.Acquire(dir)
		if err == nil {
			defer in.Release()
			return rotateKept(getenv, stdout)
		}
		if !errors.Is(err, instance.ErrTaken) {
			return fmt.Errorf("finding the webmon that runs: %w", err)
		}
		_, err = instance.HandOver(ctx, dir, instance.Source{Kind: instance.NewToken})
		if errors.Is(err, instance.ErrEnded) {
			continue
		}
		if err != nil {
			return err
		}
		url, err := instance.HandOver(ctx, dir, instance.Source{})
		if err != nil {
			return fmt.Errorf("the token was replaced, and the webmon that runs does not tell its address: %w", err)
		}
		fmt.Fprintln(stderr, "The token was replaced. All sessions and links have ended. The new address:")
		fmt.Fprintln(stdout, url)
		return nil
	}
}

// rotateKept replaces the token that the next webmon will have.
func rotateKept(getenv func(string) string, stdout io.Writer) error {
	if getenv("WEBMON_TOKEN") != "" {
		return errTokenGiven
	}
	dir, err := instance.StateDir()
	if err != nil {
		return err
	}
	if err := instance.KeepToken(filepath.Join(dir, tokenFile), instance.RandomToken()); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(dir, linksFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("the token was replaced, and the links are still there: %w", err)
	}
	fmt.Fprintln(stdout, "The token was replaced, and all links have ended. webmon prints the new address when it starts.")
	return nil
}
