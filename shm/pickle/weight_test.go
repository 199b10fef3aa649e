package pickle

import (
	"errors"
	"math/rand/v2"
	"testing"
)

// plainWeight is what Weight says, without any memory of what was weighed before.
func plainWeight(v Value) int64 {
	n := int64(weightOfValue)
	switch v := v.(type) {
	case *List:
		for _, e := range v.Items {
			n += weightOfValue + plainWeight(e)
		}
	case Tuple:
		if len(v) == 0 {
			return 0
		}
		for _, e := range v {
			n += weightOfValue + plainWeight(e)
		}
	case *Dict:
		for _, e := range v.Entries {
			n += weightOfEntry + plainWeight(e.Key) + plainWeight(e.Value)
		}
	case string:
		return int64(len(v))
	default:
		return 8
	}
	return n
}

func TestWeightIsThatOfTheTree(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	made := []Value{int64(1), "text", 2.5}
	for range 600 { // of which later ones hold earlier ones, several times
		pick := func() Value { return made[max(0, len(made)-1-random.IntN(40))] }
		var v Value
		switch random.IntN(3) {
		case 0:
			v = NewList(pick(), "x")
		case 1:
			v = Tuple{pick(), int64(2)}
		default:
			v = NewDict("a", pick(), int64(7), "b")
		}
		if plainWeight(v) < 1<<20 {
			made = append(made, v)
		}
	}
	all := NewList(made...)
	got, err := Weight(all, WeightOptions{Most: 1 << 40, MaxDepth: 10_000})
	if want := plainWeight(all); err != nil || got != want {
		t.Errorf("%d, %v; want %d", got, err, want)
	}
	if _, err := Weight(all, WeightOptions{Most: got - 1, MaxDepth: 10_000}); !errors.Is(err, ErrLimit) {
		t.Errorf("more than allowed: %v", err)
	}
}

func TestWeightOfWhatIsInManyPlaces(t *testing.T) {
	// Each level holds the one below it ten times: thirty of them are 10^30.
	var levels Value = NewList(int64(1))
	for range 30 {
		next := &List{}
		for range 10 {
			next.Items = append(next.Items, levels)
		}
		levels = next
	}
	tuples := Value(Tuple{"x"})
	for range 30 {
		tuples = Tuple{tuples, tuples, tuples, tuples}
	}
	long := &List{}
	for range 1000 {
		long.Items = append(long.Items, "a choice of some bytes")
	}
	choices := &List{}
	for range 4000 {
		choices.Items = append(choices.Items, NewDict("choices", long))
	}
	itself := &List{}
	for range 400 {
		itself.Items = append(itself.Items, NewList(int64(1)))
	}
	itself.Items = append(itself.Items, itself)
	deep := Value(NewList())
	for range 100_000 {
		deep = NewList(deep)
	}
	text := &List{}
	for range 200 {
		text.Items = append(text.Items, string(make([]byte, 1<<20)))
	}
	for name, v := range map[string]Value{"levels": levels, "tuples": tuples, "choices": choices, "itself": itself, "deep": deep, "texts": text} {
		if got, err := Weight(v, WeightOptions{}); !errors.Is(err, ErrLimit) {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
}

func BenchmarkWeight(b *testing.B) {
	v := NewDict("frame_time", NewDict("time", 1.5, "delta_ms", 16.7))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Weight(v, WeightOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
