package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"webmon/dashboard/instance"
	"webmon/logs"
	"webmon/private"
)

// notes are sentences about what this run cannot do as usual: in the log, on standard error,
// and on every page.
type notes struct {
	logger *slog.Logger // of everything else too
	stderr io.Writer
	filed  bool // the log goes to a file, and not to standard error
	texts  []string
}

// add takes a sentence; "" is none.
func (n *notes) add(text string) {
	if text == "" {
		return
	}
	n.texts = append(n.texts, text)
	n.mention(text)
}

// mention takes a sentence that is of no interest on the pages.
func (n *notes) mention(text string) {
	if n.filed {
		n.logger.Warn("not as usual", "reason", text)
	}
	fmt.Fprintf(n.stderr, "webmon: %s\n", text)
}

// runtimeDirs are the folders in which processes and webmons of the user find each other, the
// one to use first; none if there is no place for one.
func runtimeDirs(said *notes) []string {
	dirs, refused := instance.RuntimeDirs()
	for _, err := range refused {
		said.mention(fmt.Sprintf("The folder in which processes are found is another than usual: %v.", err))
	}
	if len(dirs) == 0 {
		said.add("There is no folder in which processes and other webmons could be found. This webmon shows what it was started for: name a process with --connect.")
	}
	return dirs
}

// keptToken returns the user's token, made at the first use and kept so that a bookmark lasts.
// said is a sentence about a token that is another than people expect, "" for the usual one.
func keptToken() (token, said string) {
	dir, err := instance.StateDir()
	var refused error
	if err == nil {
		token, refused, err = instance.Token(filepath.Join(dir, tokenFile))
	}
	switch {
	case err != nil:
		if token == "" {
			token = instance.RandomToken()
		}
		return token, fmt.Sprintf("The token is one of this run, and bookmarks end with it, because nothing can be kept: %v.", err)
	case refused != nil:
		return token, fmt.Sprintf("webmon has made a new token, so that bookmarks with the old one open nothing any more: %v.", refused)
	}
	return token, ""
}

// openLog opens the log, and begins the notes. The first says so if the log could not be opened
// where it is expected: only a file that was asked for is worth stopping for.
func openLog(cfg config, stderr io.Writer) (said *notes, closeLog func(), err error) {
	said = &notes{stderr: stderr}
	w, closeFile, unlogged := stderr, func() {}, ""
	path, asked := cfg.logPath, cfg.logPath != ""
	if !asked && cfg.launched {
		dir, err := instance.StateDir()
		if err == nil {
			err = private.Dir(dir)
		}
		if err != nil {
			unlogged = fmt.Sprintf("The log goes to standard error: %v.", err)
		} else {
			path = filepath.Join(dir, "webmon.log")
		}
	}
	if path != "" {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		switch {
		case err != nil && asked:
			return nil, nil, usagef("opening the log: %v", err)
		case err != nil:
			unlogged = fmt.Sprintf("The log goes to standard error: %v.", err)
		default:
			said.filed = true
			w, closeFile = &logFile{f, stderr}, func() { f.Close() }
		}
	}
	handler := logs.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: cfg.logLevel, ReplaceAttr: logs.Clip}))
	said.logger = slog.New(handler)
	said.add(unlogged)
	return said, func() {
		handler.Close()
		closeFile()
	}, nil
}

// logFile writes to standard error what the file does not take, as on a full disk.
type logFile struct {
	file   io.Writer
	stderr io.Writer
}

func (l *logFile) Write(b []byte) (int, error) {
	n, err := l.file.Write(b)
	if err != nil {
		_, err = l.stderr.Write(b[n:])
	}
	return len(b), err
}

// secretEnv are the environment variables that no program gets that webmon starts.
var secretEnv = []string{"WEBMON_TOKEN"}

// withoutSecrets returns the environment for a program that webmon starts.
func withoutSecrets(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(v string) bool {
		return slices.ContainsFunc(secretEnv, func(name string) bool { return strings.HasPrefix(v, name+"=") })
	})
}
