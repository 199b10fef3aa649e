package roster

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"webmon/dashboard/door"
)

// maxFile is how large a file of people may be, in bytes: some 8,000 people.
const maxFile = 1 << 20

// hashPrefix names what made the hash of a token.
//
// A plain SHA-256 is enough. Slow hashes with a salt make it expensive to try the
// passwords that people think of; here there is nothing to think of. A token has 160
// random bits, and nobody tries 2^160 of them, however fast each try is.
const hashPrefix = "sha256:"

// Hash is what the file keeps of a token.
type Hash [sha256.Size]byte

// HashOf returns the hash of a token.
func HashOf(token string) Hash { return sha256.Sum256([]byte(token)) }

// never stands in the file for no expiry.
const never = "never"

// Entry is a person in the file.
type Entry struct {
	Line  int // in the file, from 1
	Name  string
	Role  door.Role
	Hash  Hash
	Until time.Time // when the token ends; zero: never
}

// ended reports whether the token has expired.
func (e *Entry) ended(now time.Time) bool { return !e.Until.IsZero() && !now.Before(e.Until) }

// BadLine is a line that names nobody.
type BadLine struct {
	Line   int
	Reason string // holds nothing of the line: a token may stand in it by mistake
}

func (b BadLine) Error() string { return fmt.Sprintf("line %d: %s", b.Line, b.Reason) }

// Parse reads a file of people. Each line has a role, the day or the time until which
// the token lasts, the hash of the token, and the name:
//
//	# role  until       hash of the token      name
//	steer   never       sha256:5e88...42d8     Ada Lovelace
//	look    2027-01-31  sha256:9f86...0a08     ada@lab.org   # for the term
//
// A day counts to its end, by the clock of this machine. A line that cannot be read
// lets nobody in, and does not keep the others from being read. Lines that share a
// name or a token contradict each other, and let nobody in either.
func Parse(b []byte) ([]Entry, []BadLine) {
	var all []Entry
	var bad []BadLine
	n := 0
	for line := range bytes.Lines(bytes.TrimPrefix(b, []byte("\ufeff"))) {
		n++
		e, err := parseLine(string(line))
		switch {
		case err != nil:
			bad = append(bad, BadLine{n, err.Error()})
		case e.Name != "":
			e.Line = n
			all = append(all, e)
		}
	}
	names, hashes := map[string]int{}, map[Hash]int{}
	for _, e := range all {
		names[folded(e.Name)]++
		hashes[e.Hash]++
	}
	good := all[:0]
	for _, e := range all {
		switch {
		case names[folded(e.Name)] > 1:
			bad = append(bad, BadLine{e.Line, "another line has the same name: leave one of them"})
		case hashes[e.Hash] > 1:
			bad = append(bad, BadLine{e.Line, "another line has the same token: give each person one of their own"})
		default:
			good = append(good, e)
		}
	}
	slices.SortFunc(bad, func(a, b BadLine) int { return a.Line - b.Line })
	return good, bad
}

// folded is a name as it is compared with others.
func folded(name string) string { return strings.ToLower(name) }

// parseLine reads a line. Its entry has no name if the line is empty or a comment.
func parseLine(line string) (Entry, error) {
	if !utf8.ValidString(line) {
		return Entry{}, errors.New("it is not UTF-8")
	}
	line, _, _ = strings.Cut(line, "#")
	role, rest := word(line)
	if role == "" {
		return Entry{}, nil
	}
	until, rest := word(rest)
	hash, name := word(rest)
	var e Entry
	var is bool
	if e.Role, is = door.ParseRole(role); !is {
		return Entry{}, errors.New("it does not begin with a role: look, steer or manage")
	}
	var err error
	if e.Until, err = ParseUntil(until); err != nil {
		return Entry{}, errors.New("its second word is neither a day such as 2027-01-31, nor a time such as 2027-01-31T18:00:00+01:00, nor never")
	}
	digits, is := strings.CutPrefix(hash, hashPrefix)
	raw, err := hex.DecodeString(digits)
	if !is || err != nil || len(raw) != len(e.Hash) {
		return Entry{}, fmt.Errorf("its third word is not %s and 64 hex digits; webmon people add makes such lines", hashPrefix)
	}
	e.Hash = Hash(raw)
	e.Name = strings.TrimSpace(name)
	if err := door.CheckName(e.Name); err != nil {
		return Entry{}, fmt.Errorf("what follows the hash is no name: %w", err)
	}
	return e, nil
}

// word returns the first word of s and what follows it.
func word(s string) (first, rest string) {
	s = strings.TrimLeft(s, " \t\r\n")
	if i := strings.IndexAny(s, " \t\r\n"); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// ParseUntil reads when a token ends: a day, to its end by the clock of this machine,
// a time as in RFC 3339, or never, the zero time.
func ParseUntil(s string) (time.Time, error) {
	if s == never {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	day, err := time.ParseInLocation(time.DateOnly, s, time.Local)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is neither a day such as 2027-01-31 nor a time such as 2027-01-31T18:00:00+01:00", s)
	}
	return day.AddDate(0, 0, 1), nil
}
