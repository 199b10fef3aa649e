package shm

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// What is said to be the size of a value is what the heap grows by.
func TestTheSizeOfAValueIsThatOnTheHeap(t *testing.T) {
	number := func(i int) Value { return float64(i) + 0.5 }
	key := func(i int) string { return fmt.Sprintf("key-%012d", i) }
	wide := func(n int) func(int) Value {
		return func(i int) Value {
			m := map[string]Value{}
			for j := range n {
				m[key(i*n+j)] = number(j)
			}
			return m
		}
	}
	for name, made := range map[string]func(i int) Value{
		"small maps":     wide(2),
		"maps of 8":      wide(8),
		"maps of 9":      wide(9),
		"maps of 1000":   wide(1000),
		"nested":         func(i int) Value { return map[string]Value{"a": map[string]Value{"b": []Value{number(i)}}} },
		"lists of lists": func(i int) Value { return []Value{[]Value{number(i), number(i)}, []Value{number(i)}} },
		"texts":          func(i int) Value { return strings.Repeat("x", 1000+i%7) },
		"lists of texts": func(i int) Value { return []Value{strings.Repeat("y", 64), strings.Repeat("z", 64)} },
		"controls": func(i int) Value {
			c := Control{Name: key(i), Type: Choice, Value: strings.Repeat("v", 16)}
			for j := range 64 {
				c.Choices = append(c.Choices, key(j))
			}
			return Controls{c}
		},
		"polls": func(i int) Value {
			return &TilePoll{Layers: []TileLayer{{ID: key(i), State: &TileState{Rows: make64(512), Cols: make64(512)}}}}
		},
		"arrays": func(i int) Value {
			return &Array{Descr: "<f8", Shape: []int{2}, Values: []Value{number(i), number(i)}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			const n = 2000
			kept := make([]Value, n)
			before, said := heap(), int64(0)
			for i := range n {
				kept[i] = made(i)
				said += SizeOf(kept[i])
			}
			grown := heap() - before
			runtime.KeepAlive(kept)
			if said < grown*2/3 || said > grown*2 {
				t.Errorf("%d bytes are said, and the heap has grown by %d", said, grown)
			}
		})
	}
}

func make64(n int) []int64 { return make([]int64, n) }

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
