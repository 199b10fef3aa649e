package pickle_test

import (
	"fmt"

	"webmon/shm/pickle"
)

func ExampleDecode() {
	// {"delta_ms": 16.5, "bad": os.system("rm -rf /")}
	data := []byte("\x80\x04}(\x8c\x08delta_msG@0\x80\x00\x00\x00\x00\x00\x8c\x03badcos\nsystem\n\x8c\x08rm -rf /\x85Ru.")
	v, err := pickle.Decode(data, pickle.Limits{})
	fmt.Println(v, err)
	// Output: {'delta_ms': 16.5, 'bad': os.system('rm -rf /')} <nil>
}

func ExampleArray() {
	seen, _ := pickle.Int64Array([]int64{0, 7, 1, 8, 2, 9}, true, 3, 2) // Fortran order, as napari's tiles
	data, _ := pickle.Encode(map[string]any{"seen": seen})
	v, _ := pickle.Decode(data, pickle.Limits{})
	a, _ := v.(*pickle.Dict).Get("seen")
	cols, err := a.(*pickle.Array).AppendColumn(nil, 1)
	fmt.Println(a, cols, err)
	// Output: array <i8 (3, 2) [7 8 9] <nil>
}
