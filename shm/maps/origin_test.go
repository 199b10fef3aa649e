package maps

import (
	"bytes"
	"strconv"
	"testing"
)

// Whatever a table is: what nobody changed is written as it was, and a note that was changed is read back, or refused.
func FuzzSaved(f *testing.F) {
	f.Add([]byte(someCSV), "a note")
	f.Add([]byte("\xef\xbb\xbfid;x;y;note\r\n1;1,5;2;\"a\"\"b\"\r\n\r\n2;3;4"), "x;\"y\"")
	f.Add([]byte("x\ty\tcomment\r1\t2\tcaf\xe9\r"), "\u00e9")
	f.Add([]byte("x,y,note\n1,2,\"two\nlines\"\n3,4\n"), " spaced ")
	f.Fuzz(func(t *testing.T, data []byte, note string) {
		p, err := ReadPoints(data)
		if err != nil || len(p.Rows) > 200 {
			return
		}
		c := p.Guess()
		m, err := FromTable("t", "t.csv", data, c, nil)
		if err != nil {
			return
		}
		out, _, err := m.Origin.Saved(m)
		if err == nil && !bytes.Equal(out, data) {
			t.Fatalf("%q is written as %q", data, out)
		}
		if err != nil || c.Note == "" {
			return
		}
		for j, s := range m.Sessions {
			if s.Len() == 0 {
				continue
			}
			row := s.Len() - 1
			changed, err := s.Table.Set(row, map[string]string{"note": note})
			if err != nil {
				return
			}
			m = m.With(func(m *Map) { m.Sessions[j] = s.With(func(s *Session) { s.Table = changed }) })
			// What would be read as something else is refused, and so it is not checked here.
			if out, read, err := m.Origin.Saved(m); err == nil && len(out) > 0 && read.Sessions[j].Len() != s.Len() {
				t.Errorf("session %d is read with %d objects", j, read.Sessions[j].Len())
			}
			return
		}
	})
}

// A table of many rows is written as fast as it is read.
func BenchmarkSaved(b *testing.B) {
	var text bytes.Buffer
	text.WriteString("id,t,x,y,z,note\n")
	for i := range 20_000 {
		text.WriteString(strconv.Itoa(i%2000) + "," + strconv.Itoa(i/2000) + ",1.5,2.5,3,\n")
	}
	p, err := ReadPoints(text.Bytes())
	if err != nil {
		b.Fatal(err)
	}
	m, err := FromTable("t", "t.csv", text.Bytes(), p.Guess(), nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if out, _, err := m.Origin.Saved(m); err != nil || !bytes.Equal(out, text.Bytes()) {
			b.Fatal("other bytes, or ", err)
		}
	}
}
