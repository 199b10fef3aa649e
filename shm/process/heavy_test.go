package process

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"webmon/shm"
	"webmon/shm/pickle"
)

// allocated is how many bytes f allocates, kept or not.
func allocated(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

func zeros(t *testing.T, shape ...int) *pickle.Array {
	t.Helper()
	d, err := pickle.ParseDType("<f8")
	if err != nil {
		t.Fatal(err)
	}
	n := 8
	for _, side := range shape {
		n *= side
	}
	a, err := pickle.NewArray(d, shape, false, make([]byte, n))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// A pickle holds a value once, however often it is named. Whatever is made of it must not
// grow with how often that is.
func TestWhatIsSharedDoesNotMultiply(t *testing.T) {
	long := pickle.NewList()
	for i := range 1024 {
		long.Items = append(long.Items, fmt.Sprintf("choice %d %s", i, strings.Repeat("x", 150)))
	}
	choice := pickle.NewDict("type", "choice", "value", long.Items[0], "choices", long, "labels", long)
	controls := pickle.NewDict()
	for i := range 4096 {
		_ = controls.Set(fmt.Sprint("control", i), choice)
	}
	args := pickle.NewList()
	for i := range 64 {
		args.Items = append(args.Items, pickle.NewDict("name", fmt.Sprint("arg", i), "type", "choice", "choices", long))
	}
	actions := pickle.NewDict()
	for i := range 256 {
		_ = actions.Set(fmt.Sprint("action", i), pickle.NewDict("args", args))
	}
	fields := pickle.NewDict()
	for i := range 256 {
		_ = fields.Set(fmt.Sprint("field", i), pickle.NewDict("title", strings.Repeat("t", 190), "unit", "mm"))
	}
	topics := pickle.NewDict()
	for i := range 256 {
		_ = topics.Set(fmt.Sprint("topic", i), pickle.NewDict("kind", "state", "fields", fields))
	}
	record := pickle.NewList()
	for i := range 256 {
		record.Items = append(record.Items, pickle.Tuple{fmt.Sprint("column", i, strings.Repeat("c", 60)), "<f8"})
	}
	arrays := pickle.NewDict()
	for i := range 256 {
		_ = arrays.Set(fmt.Sprint("array", i), declaredArray("dtype", record))
	}
	seen := zeros(t, 1<<19, 2)
	layers := pickle.NewDict()
	for i := range int64(1000) {
		_ = layers.Set(i, pickle.NewDict("tile_state", pickle.NewDict("seen", seen, "loading", seen)))
	}
	item := pickle.NewDict("text", strings.Repeat("m", 10_000))
	same := pickle.NewList()
	for range 200_000 {
		same.Items = append(same.Items, item)
	}
	small := zeros(t, 1000)
	lists := pickle.NewList()
	for range 10_000 {
		lists.Items = append(lists.Items, small)
	}
	sink := func(shm.Event) {}
	for name, test := range map[string]struct {
		sent pickle.Value
		do   func(v pickle.Value) []note
		most int64 // bytes; 0: a few MiB
	}{
		"choices of controls":  {controls, func(v pickle.Value) []note { _, n := decodeControls(v); return n }, 0},
		"arguments of actions": {actions, func(v pickle.Value) []note { _, n := decodeActions(v); return n }, 0},
		"fields of topics":     {topics, func(v pickle.Value) []note { _, _, n := decodeTopics(v); return n }, 0},
		"fields of arrays":     {arrays, func(v pickle.Value) []note { _, n := decodeArrays(v); return n }, 0},
		"tiles of layers": {pickle.NewDict("layers", layers), func(v pickle.Value) []note {
			_, _, err := decodePoll(v)
			return []note{{"poll", fmt.Sprint(err)}}
		}, 0},
		"events in a list": {pickle.NewDict("log", same), func(v pickle.Value) []note {
			return append(events(v, nil, true, sink), note{"", "written out"})
		}, 16 << 20},
		"arrays in a list": {pickle.NewDict("log", lists), func(v pickle.Value) []note {
			return append(events(v, nil, false, sink), note{"", "written out"})
		}, 32 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			var said []note
			n := allocated(func() { said = test.do(test.sent) })
			t.Logf("%d KiB are allocated: %v", n>>10, said)
			if n > max(test.most, 4<<20) {
				t.Errorf("%d bytes are allocated", n)
			}
			if len(said) == 0 || !strings.Contains(fmt.Sprint(said), "written out") {
				t.Errorf("the notes are %v", said)
			}
		})
	}
}

// What is shared in measure is shown.
func TestChoicesThatAreSharedInMeasure(t *testing.T) {
	long := pickle.NewList()
	for i := range 1000 {
		long.Items = append(long.Items, fmt.Sprint("choice", i))
	}
	controls := pickle.NewDict()
	for i := range 50 {
		_ = controls.Set(fmt.Sprint("c", i), pickle.NewDict("type", "choice", "value", "choice1", "choices", long))
	}
	list, said := decodeControls(controls)
	if len(list) != 50 || len(list[49].Choices) != 1000 || len(said) != 0 {
		t.Errorf("%d controls, %v", len(list), said)
	}
}

// A message of a million topics names a few hundred, and what is wrong in it is said in a
// few sentences.
func TestAMessageOfManyTopics(t *testing.T) {
	const n = 100_000
	many, wrong, odd := pickle.NewDict(), pickle.NewDict(), pickle.NewDict()
	big := pickle.NewList()
	for range 2 * maxNodes {
		big.Items = append(big.Items, int64(1))
	}
	for i := range n {
		_ = many.Set(fmt.Sprint("topic", i), 1.5)
		_ = odd.Set(fmt.Sprint("not a name ", i), int64(i))
	}
	for i := range 250 {
		_ = wrong.Set(fmt.Sprint("topic", i), big)
	}
	got := map[string]bool{}
	said := events(many, nil, false, func(e shm.Event) { got[e.Topic] = true })
	if len(got) != maxKeys || len(said) != 1 || !strings.Contains(said[0].text, "100000 topics") {
		t.Errorf("%d topics, %v", len(got), said)
	}
	if said := events(wrong, nil, false, func(shm.Event) {}); len(said) != maxNotes+1 || !strings.Contains(said[maxNotes].text, "the rest of it") {
		t.Errorf("%d notes", len(said))
	}
	for what, notes := range map[string][]note{
		"controls": second(decodeControls(odd)), "actions": second(decodeActions(odd)), "arrays": second(decodeArrays(odd)),
	} {
		if len(notes) > maxNotes {
			t.Errorf("%s: %d notes", what, len(notes))
		}
	}
	// Of each something else is wrong: the time this takes must not grow with their square.
	bad := pickle.NewDict()
	for i := range 30_000 {
		_ = bad.Set(fmt.Sprint("c", i), int64(i))
	}
	if notes := second(decodeControls(bad)); len(notes) != maxNotes {
		t.Errorf("%d notes", len(notes))
	}
}

func second[A any](_ A, notes []note) []note { return notes }
