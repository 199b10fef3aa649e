package dashboard

import (
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"webmon/dashboard/steer"
	"webmon/shm"
)

// Whatever a form or a JSON body holds, a process gets only values of the
// types and within the limits that its action names, or an answer says why not.
func FuzzCommandArguments(f *testing.F) {
	form, js := "application/x-www-form-urlencoded", "application/json"
	for _, seed := range [][2]string{
		{form, "on=true&x=3&n=4&mode=fast&note=hello"}, {form, "on=1&x=1e3&n=-0&mode=slow&note="},
		{js, `{"on": true, "x": 3.5, "n": 4, "mode": "fast", "note": "x"}`}, {js, `{"on": null}`}, {js, `{"x": 1e999}`},
		{js, `{"on": {"on": []}}`}, {form, "csrf=x&%00=%ff"}, {"text/plain", "x"}, {"", ""}, {form + "; charset=x", "on=true"},
	} {
		f.Add(seed[0], seed[1])
	}
	least, most := -10.0, 10.0
	action := shm.Action{Name: "all", Args: []shm.Control{
		{Name: "on", Type: shm.Bool},
		{Name: "x", Type: shm.Float, Min: &least, Max: &most},
		{Name: "n", Type: shm.Int},
		{Name: "mode", Type: shm.Choice, Choices: []string{"fast", "slow"}},
		{Name: "note", Type: shm.Text},
	}}
	f.Fuzz(func(t *testing.T, kind, body string) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header["Content-Type"] = []string{kind}
		given, err := readArgs(r)
		if err == nil {
			args, no := steer.Accept(action, given)
			if no == nil {
				checkArgs(t, args)
			} else if !strings.HasSuffix(no.Text, ".") || no.Gone || statusOf(no) != http.StatusUnprocessableEntity {
				t.Errorf("%+v is no answer to a mistake", no)
			}
			return
		}
		var he *echo.HTTPError
		if !errors.As(err, &he) || he.Code < 400 || he.Code >= 500 {
			t.Fatalf("%q %q: %v is no answer to a mistake", kind, body, err)
		}
		if text, ok := he.Message.(string); !ok || !strings.HasSuffix(text, ".") {
			t.Errorf("%v is no sentence", he.Message)
		}
	})
}

func checkArgs(t *testing.T, args map[string]shm.Value) {
	if len(args) != 5 {
		t.Fatalf("%d arguments: %v", len(args), args)
	}
	if _, ok := args["on"].(bool); !ok {
		t.Errorf("on is %T", args["on"])
	}
	if x, ok := args["x"].(float64); !ok || math.IsNaN(x) || x < -10 || x > 10 {
		t.Errorf("x is %v", args["x"])
	}
	if _, ok := args["n"].(int64); !ok {
		t.Errorf("n is %T", args["n"])
	}
	if mode := args["mode"]; mode != "fast" && mode != "slow" {
		t.Errorf("mode is %v", mode)
	}
	if note, ok := args["note"].(string); !ok || len(note) > 4096 {
		t.Errorf("note is %T", args["note"])
	}
}
