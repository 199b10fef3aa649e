package shm

import "fmt"

// Array is a NumPy array inside a message. It always has its description. It has its
// values only if it is small enough to be worth writing out.
type Array struct {
	Descr  string  // NumPy's dtype string, such as "<f8" or "|u1"
	Shape  []int   // in array order
	Values []Value // nested lists in row-major order of Shape; nil if the array is too large
}

// String describes the array in one line, such as "array <f8 (1024, 1024)".
func (a *Array) String() string {
	s := "array " + a.Descr + " ("
	for i, n := range a.Shape {
		if i > 0 {
			s += ", "
		}
		s += fmt.Sprint(n)
	}
	return s + ")"
}

// MarshalJSON writes the values as nested lists, or the description if there are no
// values.
func (a *Array) MarshalJSON() ([]byte, error) { return a.appendJSON(nil), nil }

func (a *Array) appendJSON(b []byte) []byte {
	if a.Values == nil {
		return appendString(b, a.String())
	}
	if len(a.Shape) == 0 && len(a.Values) == 1 {
		b, _ = AppendJSON(b, a.Values[0])
		return b
	}
	b, _ = AppendJSON(b, a.Values) // plain values only: cannot fail
	return b
}
