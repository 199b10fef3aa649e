// Fill writes the tables of a Markdown file that the program itself is the source of:
//
//	go run ./dashboard/help/fill README.md
//
// Each stands between two comments with its name, and takes the place of what stood there.
package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"webmon/dashboard/api/spec"
	"webmon/dashboard/options"
)

// parts are what can be written, by name.
var parts = map[string]func() string{
	"api": spec.Markdown,
	"options": func() string {
		return options.Markdown(options.Webmon) + "What webmon does beside serving:\n\n" + options.MarkdownCommands(options.Commands)
	},
}

func main() {
	for _, name := range os.Args[1:] {
		if err := fillFile(name); err != nil {
			fmt.Fprintln(os.Stderr, "fill:", err)
			os.Exit(1)
		}
	}
}

func fillFile(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	filled, err := fill(text)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if bytes.Equal(filled, text) {
		return nil
	}
	return os.WriteFile(name, filled, 0o644)
}

// fill replaces each part of a text.
func fill(text []byte) ([]byte, error) {
	out := string(text)
	for name, part := range parts {
		begin, end := "<!-- begin "+name+": written by dashboard/help/fill -->\n", "<!-- end "+name+" -->\n"
		before, rest, begun := strings.Cut(out, begin)
		_, after, ended := strings.Cut(rest, end)
		if !begun || !ended {
			return nil, fmt.Errorf("the part %q has no place between %q and %q", name, strings.TrimSpace(begin), strings.TrimSpace(end))
		}
		out = before + begin + "\n" + part() + end + after
	}
	return []byte(out), nil
}
