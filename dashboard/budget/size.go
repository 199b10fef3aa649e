package budget

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Part of the machine's memory that the budget is by default.
const machinePart = 4

// Default is the budget where nobody names one: a quarter of the memory that the machine,
// or the container, has. Where that is not known it is 1 GiB.
func Default() int64 {
	if machine := Machine(); machine > 0 {
		return max(Least, machine/machinePart)
	}
	return 1 << 30
}

var units = []struct {
	suffix string
	bytes  float64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40},
	{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12},
	{"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}, {"t", 1 << 40},
	{"b", 1}, {"", 1},
}

// ParseSize reads a budget: a number of bytes with a unit, such as 512MiB, 2GB or 1.5G, or
// a part of the machine's memory, such as 25%. The error says what would be right.
func ParseSize(text string) (int64, error) {
	s := strings.ToLower(strings.TrimSpace(text))
	bad := fmt.Errorf("%q is no amount of memory: use one such as 512MiB, 2GiB or 25%%", text)
	if part, ok := strings.CutSuffix(s, "%"); ok {
		x, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		switch machine := Machine(); {
		case err != nil || !(x > 0 && x <= 100):
			return 0, bad
		case machine <= 0:
			return 0, fmt.Errorf("how much memory this machine has is not known: use an amount such as 512MiB")
		default:
			return checked(text, x/100*float64(machine))
		}
	}
	for _, u := range units {
		if number, ok := strings.CutSuffix(s, u.suffix); ok {
			x, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
			if err != nil || !(x > 0) || math.IsInf(x, 0) {
				return 0, bad
			}
			return checked(text, x*u.bytes)
		}
	}
	return 0, bad
}

func checked(text string, bytes float64) (int64, error) {
	switch {
	case bytes < Least:
		return 0, fmt.Errorf("%s is too little: webmon needs %d MiB at least", text, Least>>20)
	case bytes >= 1<<50:
		return 0, fmt.Errorf("%s is more than any machine has", text)
	}
	return int64(bytes), nil
}
