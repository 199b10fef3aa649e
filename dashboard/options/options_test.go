package options_test

import (
	"flag"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"webmon/dashboard/options"
)

func TestTablesAreWellFormed(t *testing.T) {
	for _, table := range [][]options.Option{options.Webmon, options.People} {
		seen, groups := map[string]bool{}, map[string]bool{}
		for _, g := range options.Groups(table) {
			if groups[g.Title] || g.Title == "" {
				t.Errorf("the group %q is in two places, or has no title", g.Title)
			}
			groups[g.Title] = true
			for _, o := range g.Options {
				switch {
				case !regexp.MustCompile(`^[A-Za-z][A-Za-z-]+$`).MatchString(o.Name) || seen[o.Name]:
					t.Errorf("the name %q is none, or is there twice", o.Name)
				case o.Text == "" || strings.HasSuffix(o.Text, ".") || strings.Count(o.Text, "`")%2 != 0:
					t.Errorf("--%s: the text %q", o.Name, o.Text)
				case o.Arg != strings.ToUpper(o.Arg):
					t.Errorf("--%s: the word %q for its value is not in capitals", o.Name, o.Arg)
				case !o.OfCommand && o.Env() != "WEBMON_"+strings.ToUpper(strings.ReplaceAll(o.Name, "-", "_")):
					t.Errorf("--%s: the variable %s", o.Name, o.Env())
				}
				seen[o.Name] = true
			}
		}
	}
}

func TestFlags(t *testing.T) {
	type list []string
	var (
		on    bool
		n     = 7
		x     float64
		word  = "kept"
		long  time.Duration
		level slog.Level
	)
	table := []options.Option{
		{Name: "on", Text: "a"}, {Name: "n", Arg: "N", Text: "a", Default: "5"}, {Name: "x", Arg: "X", Text: "a"},
		{Name: "word", Arg: "W", Text: "a"}, {Name: "long", Arg: "D", Text: "a", Default: "3s"}, {Name: "level", Arg: "L", Text: "a", Default: "warn"},
	}
	targets := map[string]any{"on": &on, "n": &n, "x": &x, "word": &word, "long": &long, "level": &level}
	fs, err := options.Flags("test", table, targets)
	if err != nil {
		t.Fatal(err)
	}
	if n != 5 || word != "kept" || long != 3*time.Second || level != slog.LevelWarn {
		t.Errorf("defaults: %v %v %v %v", n, word, long, level)
	}
	fs.Visit(func(f *flag.Flag) { t.Errorf("--%s counts as given", f.Name) })
	if err := fs.Parse([]string{"-on", "--n=6", "--x", "2.5", "--level", "debug", "--word", "w", "--long", "1m"}); err != nil {
		t.Fatal(err)
	}
	if !on || n != 6 || x != 2.5 || level != slog.LevelDebug || word != "w" || long != time.Minute {
		t.Errorf("given: %v %v %v %v %v %v", on, n, x, level, word, long)
	}
	for name, change := range map[string]func(){
		"no target":  func() { delete(targets, "x") },
		"no type":    func() { targets["x"] = &list{} },
		"one more":   func() { targets["y"] = &x },
		"no default": func() { table[1].Default = "five" },
	} {
		kept := table[1]
		change()
		if _, err := options.Flags("test", table, targets); err == nil {
			t.Errorf("%s: no error", name)
		}
		delete(targets, "y")
		targets["x"], table[1] = &x, kept
	}
}

func TestPrint(t *testing.T) {
	var b strings.Builder
	if err := options.Print(&b, options.Webmon); err != nil {
		t.Fatal(err)
	}
	if err := options.PrintCommands(&b, options.Commands); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 100 || strings.TrimRight(line, " \n") != strings.TrimRight(line, "\n") || strings.Contains(line, "`") {
			t.Errorf("the line %q is %d wide, has space at its end, or a mark", line, n)
		}
	}
	for _, o := range options.Webmon {
		if strings.Count(b.String(), "  "+o.Usage()+" ")+strings.Count(b.String(), "  "+o.Usage()+"\n") != 1 {
			t.Errorf("%s is not there once", o.Usage())
		}
	}
	if options.Print(broken{}, options.Webmon) != io.ErrClosedPipe {
		t.Error("an error of the writer is lost")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
