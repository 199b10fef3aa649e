package main

import (
	"errors"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"crypto/rand"

	"webmon/private"
)

const (
	openPrefix = "open-"
	openSuffix = ".html"
	// openFor is how long the file stays that leads a browser to its address.
	openFor = time.Minute
)

// openBrowser shows the page to whoever sits at this machine. Everybody on it can read the
// command of a browser, so that the address, which holds the token, goes by way of a file in
// dir that only the user can read. The webmon that serves removes it; see sweepOpened.
func openBrowser(wanted bool, dir, address string) error {
	if !wanted {
		return nil
	}
	if dir == "" {
		return errors.New("opening the browser: there is no folder for the file that leads to the address without showing it to others")
	}
	path := filepath.Join(dir, openPrefix+rand.Text()+openSuffix)
	if err := private.Write(path, []byte(leading(address))); err != nil {
		return fmt.Errorf("opening the browser: %w", err)
	}
	command := []string{"xdg-open", path}
	switch runtime.GOOS {
	case "darwin":
		command = []string{"open", path}
	case "windows":
		command = []string{"rundll32", "url.dll,FileProtocolHandler", path}
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = withoutSecrets(os.Environ())
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("opening the browser: %w", errors.Join(err, os.Remove(path)))
	}
	return cmd.Process.Release()
}

// leading is a page that leads to an address, and tells nobody where from.
func leading(address string) string {
	address = html.EscapeString(address)
	return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url=` + address + `"><title>webmon</title></head>
<body><p><a href="` + address + `">Open webmon</a></p></body></html>
`
}

// sweepOpened removes the files of openBrowser that are older than age.
func sweepOpened(dir string, age time.Duration) {
	if dir == "" {
		return
	}
	names, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, entry := range names {
		if !strings.HasPrefix(entry.Name(), openPrefix) || !strings.HasSuffix(entry.Name(), openSuffix) {
			continue
		}
		if info, err := entry.Info(); err == nil && time.Since(info.ModTime()) >= age {
			_ = os.Remove(filepath.Join(dir, entry.Name())) // another webmon may have done it
		}
	}
}
