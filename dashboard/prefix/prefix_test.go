package prefix

import (
	"strings"
	"sync"
	"testing"
)

func TestValid(t *testing.T) {
	for path, want := range map[string]bool{
		"/lab": true, "/user/ada/webmon": true, "/user/ada_1~2-3/proxy/absolute/5050": true,
		"": false, "/": false, "lab": false, "/lab/": false, "//lab": false, "/lab//x": false, "/../lab": false,
		"/lab?x": false, "/lab#x": false, "/l b": false, "/l\nb": false, `/l\b`: false, "/ä": false, "/%2e": false,
		"/" + strings.Repeat("x", 1024): false,
	} {
		if got := Valid(path); got != want {
			t.Errorf("Valid(%.40q) = %t, want %t", path, got, want)
		}
	}
}

func TestTake(t *testing.T) {
	p := Of("")
	if p.String() != "" || !p.Take("/lab") || p.String() != "/lab" {
		t.Errorf("a prefix that took /lab is %q", p)
	}
	if !p.Take("/lab") || p.Take("/other") || p.String() != "/lab" {
		t.Errorf("a prefix that has /lab is %q", p)
	}
	var none *Prefix
	if none.String() != "" {
		t.Errorf("no prefix is %q", none)
	}
}

// Of several that ask at once one gets its path.
func TestTakeAtOnce(t *testing.T) {
	p := Of("")
	var wg sync.WaitGroup
	got := make([]bool, 8)
	for i := range got {
		wg.Go(func() { got[i] = p.Take("/" + string(rune('a'+i))) })
	}
	wg.Wait()
	n := 0
	for i, took := range got {
		if took {
			n++
			if want := "/" + string(rune('a'+i)); p.String() != want {
				t.Errorf("%s was taken, and the prefix is %s", want, p)
			}
		}
	}
	if n != 1 {
		t.Errorf("%d of them took theirs", n)
	}
}
