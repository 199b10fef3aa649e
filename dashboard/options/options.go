// Package options has what can be said to webmon on its command line: one table, from
// which the flags are made, `webmon --help` is printed, and the page and the README's
// section are written.
//
//	fs, err := options.Flags("webmon", options.Webmon, map[string]any{"host": &host, "port": &port, ...})
//
// To add an option: a line in the table, and the variable that takes it where the flags
// are made. `.ci/generate.sh` then writes the README's table.
package options

import (
	"encoding"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// Option is one option.
type Option struct {
	Name string // without the dashes
	// Arg is the word for its value, "" for an option that is on or off.
	Arg string
	// Default is its value where nobody gives one, as it would be given; "" for the zero
	// value of its type.
	Default string
	// Usual says what holds where nobody gives it, if Default does not say that.
	Usual  string
	Repeat bool   // it may be given several times
	Group  string // the heading that it stands under; options of a group stand together
	// Text says what it does, in one sentence or a few without a full stop at the end. Code in it
	// stands between backticks.
	Text string
	See  string // the heading of the README that has more, "" for none
	// OfCommand says that it is given in a command alone, and not in the environment.
	OfCommand bool
}

// Env is the environment variable that has the same effect, "" for none.
func (o Option) Env() string {
	if o.OfCommand {
		return ""
	}
	return "WEBMON_" + strings.ToUpper(strings.ReplaceAll(o.Name, "-", "_"))
}

// Usage is how it is given, as --host ADDRESS.
func (o Option) Usage() string {
	if o.Arg == "" {
		return "--" + o.Name
	}
	return "--" + o.Name + " " + o.Arg
}

// Otherwise is what holds where nobody gives it, "" if that goes without saying.
func (o Option) Otherwise() string {
	if o.Usual != "" {
		return o.Usual
	}
	return o.Default
}

// Plain is its text without marks, and with what is left out of Text: that it may be
// repeated.
func (o Option) Plain() string {
	text := strings.ReplaceAll(o.Text, "`", "")
	if o.Repeat {
		text += "; may be repeated"
	}
	return text
}

// Group is a heading and the options below it.
type Group struct {
	Title   string
	Options []Option
}

// Groups are the options of a table by their groups, in the order of the table.
func Groups(table []Option) (out []Group) {
	for _, o := range table {
		if len(out) == 0 || out[len(out)-1].Title != o.Group {
			out = append(out, Group{Title: o.Group})
		}
		g := &out[len(out)-1]
		g.Options = append(g.Options, o)
	}
	return out
}

// Flags makes the flags of a table. targets has for each option where its value goes: a pointer
// to a bool, an int, a float64, a string, a [time.Duration], a [flag.Value], or what reads itself
// from text. Each gets the option's default first; without one it keeps what it has. The error is a
// mistake in the table or in targets.
func Flags(name string, table []Option, targets map[string]any) (*flag.FlagSet, error) {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard) // its errors come out once, by way of the caller
	for _, o := range table {
		switch to := targets[o.Name].(type) {
		case *bool:
			fs.BoolVar(to, o.Name, *to, o.Plain())
		case *int:
			fs.IntVar(to, o.Name, *to, o.Plain())
		case *float64:
			fs.Float64Var(to, o.Name, *to, o.Plain())
		case *string:
			fs.StringVar(to, o.Name, *to, o.Plain())
		case *time.Duration:
			fs.DurationVar(to, o.Name, *to, o.Plain())
		case flag.Value:
			fs.Var(to, o.Name, o.Plain())
		case interface {
			encoding.TextUnmarshaler
			encoding.TextMarshaler
		}:
			fs.TextVar(to, o.Name, to, o.Plain())
		default:
			return nil, fmt.Errorf("nothing takes the option --%s: its target is a %T", o.Name, to)
		}
		if o.Default == "" {
			continue
		}
		// Not by fs.Set, after which the option would count as given.
		if err := fs.Lookup(o.Name).Value.Set(o.Default); err != nil {
			return nil, fmt.Errorf("the default %q of --%s: %w", o.Default, o.Name, err)
		}
	}
	if len(targets) != len(table) {
		return nil, fmt.Errorf("%d targets for %d options: each option has one", len(targets), len(table))
	}
	return fs, nil
}

// Of a line of the help.
const (
	lineWidth = 100 // characters
	textFrom  = 30  // where texts begin
)

// Print writes a table as the help of a program shows it.
func Print(w io.Writer, table []Option) error {
	var b strings.Builder
	for i, g := range Groups(table) {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(g.Title + ":\n")
		for _, o := range g.Options {
			text := o.Plain()
			if otherwise := o.Otherwise(); otherwise != "" {
				text += " (default: " + otherwise + ")"
			}
			entry(&b, o.Usage(), text)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// PrintCommands writes a table of commands in the same form.
func PrintCommands(w io.Writer, table []Command) error {
	var b strings.Builder
	b.WriteString("Commands:\n")
	for _, c := range table {
		entry(&b, c.Usage, c.Text)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// entry writes what can be said, and beside it what that does, in as many lines as it needs.
func entry(b *strings.Builder, usage, text string) {
	line := "  " + usage
	at := utf8.RuneCountInString(line)
	if at+2 > textFrom {
		b.WriteString(line + "\n")
		line, at = "", 0
	}
	b.WriteString(line + strings.Repeat(" ", textFrom-at))
	at = textFrom
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case at+1+n > lineWidth:
			b.WriteString("\n" + strings.Repeat(" ", textFrom))
			at = textFrom
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += n
	}
	b.WriteByte('\n')
}

// Markdown is a table as the README has it.
func Markdown(table []Option) string {
	var b strings.Builder
	for _, g := range Groups(table) {
		fmt.Fprintf(&b, "**%s**\n\n| Option | Default | |\n|---|---|---|\n", g.Title)
		for _, o := range g.Options {
			text := o.Text
			if o.Repeat {
				text += "; may be repeated"
			}
			if o.See != "" {
				text += fmt.Sprintf("; see [%s](#%s)", o.See, strings.ToLower(strings.ReplaceAll(o.See, " ", "-")))
			}
			otherwise := o.Otherwise()
			if otherwise != "" {
				otherwise += " "
			}
			fmt.Fprintf(&b, "| `%s` | %s| %s |\n", cell(o.Usage()), cell(otherwise), cell(text))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// MarkdownCommands is a table of commands as the README has it.
func MarkdownCommands(table []Command) string {
	var b strings.Builder
	b.WriteString("| Command | |\n|---|---|\n")
	for _, c := range table {
		fmt.Fprintf(&b, "| `webmon %s` | %s |\n", cell(c.Usage), cell(c.Text))
	}
	b.WriteByte('\n')
	return b.String()
}

// cell is text inside a cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
