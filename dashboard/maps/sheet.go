package maps

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"mime"
	"net/http"
	"strconv"

	"webmon/dashboard/answer"
	"webmon/dashboard/source"
)

// cell is one value of an answer: a number, a text, a truth, or nothing.
type cell struct {
	kind byte // 0 nothing, 'n' number, 's' text, 'b' truth
	n    float64
	s    string
}

// num is a number; nothing for NaN and the infinities, which JSON does not know.
func num(v float64) cell {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return cell{}
	}
	return cell{kind: 'n', n: v}
}

// index is a count from 0; nothing below 0.
func index[N int | int32](v N) cell {
	if v < 0 {
		return cell{}
	}
	return cell{kind: 'n', n: float64(v)}
}

// known is a number that is not known if it is 0.
func known(v float64) cell {
	if v == 0 {
		return cell{}
	}
	return num(v)
}

func words(s string) cell {
	if s == "" {
		return cell{}
	}
	return cell{kind: 's', s: s}
}

func truth(b bool) cell {
	if b {
		return cell{kind: 'b', n: 1}
	}
	return cell{kind: 'b'}
}

// appendNumber writes a number as JSON has it, with all of its digits.
func appendNumber(b []byte, v float64) []byte {
	format := byte('f')
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(b, v, format, -1, 64)
}

func (c cell) appendJSON(b []byte) []byte {
	switch c.kind {
	case 'n':
		return appendNumber(b, c.n)
	case 'b':
		return strconv.AppendBool(b, c.n != 0)
	case 's':
		text, _ := json.Marshal(c.s)
		return append(b, text...)
	}
	return append(b, "null"...)
}

// csv is the cell as a CSV has it. Truths are 1 and 0, as in the files of maps.
func (c cell) csv() string {
	switch c.kind {
	case 'n', 'b':
		return string(appendNumber(nil, c.n))
	case 's':
		return source.Cell(c.s)
	}
	return ""
}

// sheet is a table as an answer: the names of its columns, and its cells by row.
type sheet struct {
	names []string
	rows  int
	cell  func(row, col int) cell
}

// writeRows writes the rows as JSON lists: [[..],[..]].
func (s *sheet) writeRows(w io.Writer) error { return s.write(w, false) }

// writeObjects writes the rows as JSON objects: [{..},{..}].
func (s *sheet) writeObjects(w io.Writer) error { return s.write(w, true) }

func (s *sheet) write(w io.Writer, objects bool) error {
	from, to := byte('['), byte(']')
	keys := make([]string, len(s.names))
	if objects {
		from, to = '{', '}'
		for i, name := range s.names {
			key, _ := json.Marshal(name)
			keys[i] = string(key) + ":"
		}
	}
	b := make([]byte, 0, 16<<10)
	b = append(b, '[')
	for row := range s.rows {
		if row > 0 {
			b = append(b, ',')
		}
		b = append(b, from)
		for col := range s.names {
			if col > 0 {
				b = append(b, ',')
			}
			b = append(b, keys[col]...)
			b = s.cell(row, col).appendJSON(b)
		}
		b = append(b, to)
		if len(b) > 12<<10 {
			if _, err := w.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	_, err := w.Write(append(b, ']'))
	return err
}

func (s *sheet) writeCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	line := make([]string, len(s.names))
	for i, name := range s.names {
		line[i] = source.Cell(name)
	}
	if err := out.Write(line); err != nil {
		return err
	}
	for row := range s.rows {
		for col := range s.names {
			line[col] = s.cell(row, col).csv()
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// answerSheet answers with a table: as a CSV of that name, or as the JSON that write
// writes.
func (m *Maps) answerSheet(w http.ResponseWriter, r *http.Request, asCSV bool, name string, s *sheet, write func(io.Writer) error) error {
	if asCSV {
		w.Header().Set("Content-Disposition", attachment(name+".csv"))
		return m.send(w, r, m.texts, "text/csv; charset=utf-8", 0, func(b *answer.Body) error { return s.writeCSV(b) })
	}
	return m.send(w, r, m.texts, "application/json", 0, func(b *answer.Body) error {
		if err := write(b); err != nil {
			return err
		}
		_, err := b.WriteString("\n")
		return err
	})
}

// attachment has a browser save an answer as a file of that name.
func attachment(name string) string {
	return mime.FormatMediaType("attachment", map[string]string{"filename": name})
}
