package roster

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"webmon/dashboard/door"
)

// hashed is the hash of a token as it stands in a file.
func hashed(token string) string {
	h := HashOf(token)
	return hashPrefix + hex.EncodeToString(h[:])
}

// says is what a file holds, in words.
func says(b string) string {
	people, bad := Parse([]byte(b))
	var out []string
	for _, e := range people {
		s := fmt.Sprintf("%d %s %v", e.Line, e.Name, e.Role)
		if !e.Until.IsZero() {
			s += e.Until.Format(" 2006-01-02T15:04")
		}
		out = append(out, s)
	}
	for _, line := range bad {
		out = append(out, fmt.Sprintf("bad %d", line.Line))
	}
	return strings.Join(out, ", ")
}

func TestParse(t *testing.T) {
	a, b := hashed("a"), hashed("b")
	for _, test := range []struct{ name, file, want string }{
		{"nothing", "", ""},
		{"comments", "# people\n\n   \n\t# and nobody\n", ""},
		{"one", "steer never " + a + " Ada Lovelace\n", "1 Ada Lovelace steer"},
		{"without a last newline", "look never " + a + " ada", "1 ada look"},
		{"tabs, spaces and a comment", "\n\t manage\tnever  \t" + a + "\t Ada  Lovelace \t# at home\n", "2 Ada  Lovelace manage"},
		{"of Windows", "\ufefflook never " + a + " ada\r\nlook never " + b + " bob\r\n", "1 ada look, 2 bob look"},
		{"to the end of a day", "look 2027-01-31 " + a + " ada", "1 ada look 2027-02-01T00:00"},
		{"to a time", "look 2027-01-31T18:00:00+01:00 " + a + " ada", "1 ada look 2027-01-31T18:00"},
		{"bad lines among good ones", "x\nlook never " + a + " ada\nlook\nlook never " + b + " bob\nsteer never", "2 ada look, 4 bob look, bad 1, bad 3, bad 5"},
		{"no role", "admin never " + a + " ada", "bad 1"},
		{"nobody as a role", "nobody never " + a + " ada", "bad 1"},
		{"no day", "look 2027-02-30 " + a + " ada", "bad 1"},
		{"no expiry", "look " + a + " ada", "bad 1"},
		{"the token itself", "look never " + strings.Repeat("a", 40) + " ada", "bad 1"},
		{"a short hash", "look never " + a[:len(a)-2] + " ada", "bad 1"},
		{"a long hash", "look never " + a + "00 ada", "bad 1"},
		{"no name", "look never " + a + " # ada", "bad 1"},
		{"a name that does not show", "look never " + a + " ad\u202ea", "bad 1"},
		{"the name of another", "look never " + a + " The owner", "bad 1"},
		{"no text", "look never " + a + " \xff", "bad 1"},
		// What contradicts itself lets nobody in, also not with the lesser role.
		{"one name twice", "look never " + a + " ada\nmanage never " + b + " Ada\n", "bad 1, bad 2"},
		{"one token twice", "look never " + a + " ada\nlook never " + a + " bob\nlook never " + b + " cyd", "3 cyd look, bad 1, bad 2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := says(test.file); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// What a person wrote in the wrong place may be a token, and reasons go into logs.
func TestReasonsHoldNothingOfTheLine(t *testing.T) {
	for _, line := range []string{
		"hunter2hunter2 never x ada", "look hunter2hunter2 x ada", "look never hunter2hunter2 ada", "look never sha256:hunter2hunter2 ada",
		"look never " + hashed("a") + " hunter2hunter2\x00",
	} {
		_, bad := Parse([]byte(line))
		if len(bad) != 1 || strings.Contains(bad[0].Error(), "hunter2") {
			t.Errorf("%q: %v", line, bad)
		}
	}
}

func FuzzParse(f *testing.F) {
	a := hashed("a")
	for _, seed := range []string{
		"", "# people\n", "steer never " + a + " Ada Lovelace # x\n", "look 2027-01-31 " + a + " ada\r\nlook never " + a + " bob",
		"manage 2027-01-31T18:00:00Z " + a + " ada", "\ufeffx\n\xff\n", "look never sha256:00 ada",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		people, bad := Parse(b)
		lines := strings.Count(string(b), "\n") + 1
		taken := map[int]bool{}
		names, hashes := map[string]bool{}, map[Hash]bool{}
		for _, e := range people {
			if e.Line < 1 || e.Line > lines || taken[e.Line] {
				t.Errorf("somebody is in line %d of %d", e.Line, lines)
			}
			taken[e.Line] = true
			if e.Role < door.Look || e.Role > door.Manage {
				t.Errorf("line %d gives %v", e.Line, e.Role)
			}
			if err := door.CheckName(e.Name); err != nil {
				t.Errorf("line %d: %q: %v", e.Line, e.Name, err)
			}
			if names[folded(e.Name)] || hashes[e.Hash] {
				t.Errorf("line %d has what another has", e.Line)
			}
			names[folded(e.Name)], hashes[e.Hash] = true, true
			// The hash is in the file, and somebody who is in it can be found and removed.
			if !strings.Contains(strings.ToLower(string(b)), hex.EncodeToString(e.Hash[:])) || len(named(b, e.Name)) != 1 {
				t.Errorf("line %d is not as it stands in the file", e.Line)
			}
		}
		for _, line := range bad {
			if line.Line < 1 || line.Line > lines || taken[line.Line] || line.Reason == "" {
				t.Errorf("bad is %+v of %d lines", line, lines)
			}
			taken[line.Line] = true
		}
	})
}

func TestUntil(t *testing.T) {
	for _, s := range []string{"", "tomorrow", "2027-1-1", "2027-01-31 18:00", "31.1.2027"} {
		if got, err := ParseUntil(s); err == nil {
			t.Errorf("%q is read as %v", s, got)
		}
	}
	got, err := ParseUntil("2026-12-31")
	if want := time.Date(2027, 1, 1, 0, 0, 0, 0, time.Local); err != nil || !got.Equal(want) {
		t.Errorf("a day ends at %v, %v; want %v", got, err, want)
	}
}
