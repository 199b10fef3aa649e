package shm

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
)

// Value is something a process sent, in a form that is safe to keep and to
// show: nil, bool, int64, float64, string, []Value, map[string]Value, or a
// type of this package that says in its MarshalJSON how it is written
// (*TilePoll, *Array). An adapter bounds depth and size before it hands one
// over; there are no cycles. Integers beyond 64 bits are strings.
type Value = any

// AppendJSON appends v as JSON to b. NaN and the infinities become null, since
// JSON has no word for them; map keys are sorted so that equal values give
// equal bytes.
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
	case string:
		return appendString(b, v), nil
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
	}
	return 0, false
}
