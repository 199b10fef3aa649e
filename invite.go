package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"webmon/dashboard/door"
	"webmon/dashboard/door/roster"
	"webmon/dashboard/instance"
	"webmon/dashboard/options"
)

const peopleUsage = `webmon people says who may open webmon, besides whoever has its own token.

Usage:
  webmon people add NAME [--role look|steer|manage] [--until DATE] [--people FILE]
  webmon people list [--people FILE]
  webmon people remove NAME [--people FILE]

add gives NAME a token and prints their address, once: only a hash of the token is kept.
A webmon that was started with --people FILE reads the file again at once. Whoever is
taken out, or may do something else from now on, is out at once too.

The file has a line for each person, and is yours alone (mode 0600):

  # role  until       hash of the token     name
  steer   never       sha256:5e88...42d8    Ada Lovelace
  look    2027-01-31  sha256:9f86...0a08    ada@lab.org   # for the term

`

// peopleCommand is "webmon people".
func peopleCommand(args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	var role, until string
	file := getenv("WEBMON_PEOPLE")
	fs, err := options.Flags("webmon people", options.People, map[string]any{"role": &role, "until": &until, "people": &file})
	if err != nil {
		return err
	}
	var words []string
	for rest := args; ; { // options may stand before, between and behind
		if err := fs.Parse(rest); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return peopleHelp(stderr)
			}
			return usagef("%v; webmon people --help lists the options", err)
		}
		if fs.NArg() == 0 {
			break
		}
		words, rest = append(words, fs.Arg(0)), fs.Args()[1:]
	}
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if len(words) == 0 {
		return peopleHelp(stderr)
	}
	running := instance.Running(instance.RuntimeDir())
	path, err := peopleFile(file, running)
	if err != nil {
		return err
	}
	verb, names := words[0], words[1:]
	if verb != "add" && (given["role"] || given["until"]) {
		return usagef("--role and --until are of use with webmon people add only")
	}
	switch {
	case verb == "list" && len(names) == 0:
		return listPeople(path, stdout, stderr)
	case (verb == "add" || verb == "remove") && len(names) != 1:
		return usagef("webmon people %s needs one name; put a name of several words in quotes", verb)
	case verb == "add":
		as, is := door.ParseRole(role)
		if !is {
			return usagef("--role %q is none: use look, steer or manage", role)
		}
		token, err := roster.Add(path, names[0], as, until, time.Now())
		if err != nil {
			return err
		}
		fmt.Fprintln(stdout, invitation(token, path, running))
		return nil
	case verb == "remove":
		return roster.Remove(path, names[0])
	}
	return usagef("%q is nothing that webmon people does; webmon people --help says what is", strings.Join(words, " "))
}

func peopleHelp(stderr io.Writer) error {
	fmt.Fprint(stderr, peopleUsage)
	_ = options.Print(stderr, options.People)
	return flag.ErrHelp
}

// peopleFile is the file of people that is meant.
func peopleFile(named string, running *instance.Record) (string, error) {
	if named != "" {
		return filepath.Abs(named)
	}
	if running != nil && running.People != "" {
		return running.People, nil
	}
	dir, err := instance.StateDir()
	return filepath.Join(dir, "people"), err
}

// invitation is the address of a person with the token.
func invitation(token, path string, running *instance.Record) string {
	if running == nil || running.People != path {
		return fmt.Sprintf("The token is %s\nNo webmon that reads %[2]s is running. Start one:\n  webmon --people %[2]s\nThe person's address is the one that it prints, with this token in place of its own.", token, path)
	}
	u, err := url.Parse(running.URL)
	if err != nil {
		return token
	}
	u.RawQuery = url.Values{"token": {token}}.Encode()
	return u.String()
}

// midnight is when the day of t begins.
func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// listPeople writes who is in the file. Lines that let nobody in are an error.
func listPeople(path string, stdout, stderr io.Writer) error {
	people, bad, err := roster.Read(path)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tROLE\tUNTIL")
	now := time.Now()
	for _, p := range people {
		until := "never"
		if !p.Until.IsZero() {
			end := p.Until.Local()
			until = end.Format("2006-01-02 15:04")
			if end.Equal(midnight(end)) {
				until = end.AddDate(0, 0, -1).Format(time.DateOnly) // as it was given: to the end of that day
			}
			if !now.Before(p.Until) {
				until += " (over)"
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", p.Name, p.Role, until)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, line := range bad {
		fmt.Fprintf(stderr, "webmon: %s: %v\n", path, line)
	}
	if len(bad) > 0 {
		return fmt.Errorf("%d lines of %s let nobody in", len(bad), path)
	}
	return nil
}
