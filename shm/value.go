package shm

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
)

// Value is something that a process sent, in a form that is safe to keep and to
// show: nil, bool, int64, float64, string, []Value, map[string]Value, or a type of
// this package with a MarshalJSON (*TilePoll, *Array). A whole number beyond int64
// is a *big.Int, which nobody changes. Another number with more digits than float64
// has is a Decimal. An adapter bounds the depth and the size of a value before it
// hands the value over. A value has no cycles.
type Value = any

// Decimal is a number as JSON writes it, with more digits than float64 has.
type Decimal string

// MarshalJSON implements json.Marshaler.
func (d Decimal) MarshalJSON() ([]byte, error) { return []byte(d), nil }

// AppendJSON appends v as JSON to b. NaN and the infinities become null, because
// JSON has no word for them. Map keys are sorted, so that equal values give equal
// bytes.
func AppendJSON(b []byte, v Value) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return append(b, "null"...), nil
		}
		return appendFloat(b, v), nil
	case *big.Int:
		return v.Append(b, 10), nil
	case Decimal:
		return append(b, v...), nil
	case string:
		return appendString(b, v), nil
	case []float64:
		b = append(b, '[')
		for i, x := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b, _ = AppendJSON(b, x) // a number cannot fail
		}
		return append(b, ']'), nil
	case []Value:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			var err error
			if b, err = AppendJSON(b, e); err != nil {
				return b, err
			}
		}
		return append(b, ']'), nil
	case map[string]Value:
		b = append(b, '{')
		for i, k := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendString(b, k), ':')
			var err error
			if b, err = AppendJSON(b, v[k]); err != nil {
				return b, fmt.Errorf("%s: %w", k, err)
			}
		}
		return append(b, '}'), nil
	case jsonAppender:
		return v.appendJSON(b), nil
	default:
		enc, err := json.Marshal(v)
		return append(b, enc...), err
	}
}

// flushAt is from how many bytes on WriteJSON writes what it has.
const flushAt = 32 << 10

// WriteJSON writes v as AppendJSON appends it, in pieces, so that the whole is never in
// memory. An error may come after a part was written.
func WriteJSON(w io.Writer, v Value) error {
	j := &jsonWriter{w: w}
	if err := j.value(v); err != nil {
		return err
	}
	_, err := w.Write(j.b)
	return err
}

type jsonWriter struct {
	w io.Writer
	b []byte
}

// value appends v to what is to be written, and writes it once it is long.
func (j *jsonWriter) value(v Value) (err error) {
	switch v := v.(type) {
	case []Value:
		j.b = append(j.b, '[')
		for i, e := range v {
			if i > 0 {
				j.b = append(j.b, ',')
			}
			if err := j.value(e); err != nil {
				return err
			}
		}
		j.b = append(j.b, ']')
	case map[string]Value:
		j.b = append(j.b, '{')
		for i, k := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				j.b = append(j.b, ',')
			}
			j.b = append(appendString(j.b, k), ':')
			if err := j.value(v[k]); err != nil {
				return fmt.Errorf("%s: %w", k, err)
			}
		}
		j.b = append(j.b, '}')
	default:
		j.b, err = AppendJSON(j.b, v)
	}
	if err == nil && len(j.b) >= flushAt {
		_, err = j.w.Write(j.b)
		if j.b = j.b[:0]; cap(j.b) > 8*flushAt {
			j.b = nil
		}
	}
	return err
}

type jsonAppender interface{ appendJSON(b []byte) []byte }

func appendFloat(b []byte, f float64) []byte {
	// 'g' with an exponent for the very small and large, as encoding/json does.
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, f, 'f', -1, 64)
}

func appendString(b []byte, s string) []byte {
	enc, _ := json.Marshal(s) // a string cannot fail: invalid UTF-8 is replaced
	return append(b, enc...)
}

// Number returns v as a float64 if it is a number. A bool is not a number.
func Number(v Value) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	case *big.Int:
		x, _ := new(big.Float).SetInt(v).Float64()
		return x, true
	case Decimal:
		x, err := strconv.ParseFloat(string(v), 64)
		return x, err == nil
	}
	return 0, false
}

// NumberText writes a number with as many digits as it takes to read the same number
// back. NaN and the infinities are "". ok is false for a value that is no number.
func NumberText(v Value) (text string, ok bool) {
	x, ok := Number(v)
	if !ok || math.IsNaN(x) {
		return "", ok
	}
	if f, isFloat := v.(float64); isFloat && math.IsInf(f, 0) {
		return "", true
	}
	b, err := AppendJSON(nil, v)
	return string(b), err == nil
}
