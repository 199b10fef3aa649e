package maps_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"webmon/dashboard/door"
	"webmon/dashboard/maps"
	"webmon/dashboard/refusal"
	"webmon/shm/maps/edit"
	"webmon/shm/maps/library"
)

// TestEdits edits a folder over the API: two people, a conflict with the value, undo, and a save.
func TestEdits(t *testing.T) {
	dir := t.TempDir()
	for _, f := range rr30a().Files() {
		path := filepath.Join(dir, "rr30a", filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	desk := edit.NewDesk(edit.Options{})
	shelf := library.New(library.Options{Dirs: []string{dir}, Loaded: desk.Loaded})
	desk.Use(shelf)
	shelf.Look()
	t.Cleanup(desk.Close)
	var noted []string
	all := maps.New(maps.Options{Library: shelf, Editor: desk, Changed: func(ctx context.Context, name, to string, err error) {
		words := door.Of(ctx).Title() + " " + name + " " + to
		if err != nil {
			words += " refused"
		}
		noted = append(noted, words)
	}})
	// ask sends a request as somebody; it returns the status, and what the answer is.
	ask := func(who, method, what, body string) (int, map[string]any) {
		t.Helper()
		for _, route := range all.Routes() {
			if path, _, _ := strings.Cut(what, "?"); route.Method != method || route.Path != "/api/v1/maps/:map"+path {
				continue
			}
			r := httptest.NewRequest(method, "/api/v1/maps/rr30a"+what, strings.NewReader(body))
			r.SetPathValue("map", "rr30a")
			r = r.WithContext(door.With(r.Context(), door.Person{Name: who, Role: door.Steer, Session: who}))
			w := httptest.NewRecorder()
			if err := route.Serve(w, r); err != nil {
				var refused *refusal.Error
				var failed *maps.Failure
				switch {
				case errors.As(err, &refused):
					return http.StatusUnprocessableEntity, map[string]any{"error": refused.Text, "field": refused.Field}
				case errors.As(err, &failed):
					return failed.Status, map[string]any{"error": failed.Text}
				}
				t.Fatal(err)
			}
			var out map[string]any
			if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
				t.Fatalf("%s: %v", w.Body, err)
			}
			return w.Code, out
		}
		t.Fatalf("there is no %s %s", method, what)
		return 0, nil
	}
	_, about := ask("ada", "GET", "", "")
	seen := about["edition"].(string)
	put := func(who, edit string) (int, map[string]any) {
		t.Helper()
		return ask(who, "POST", "/edits", `{"edition":"`+seen+`",`+edit+`}`)
	}
	if status, got := put("ada", `"do":"note","session":0,"row":280,"note":"from ada"`); status != 200 || got["n"] != 1.0 || got["unsaved"] != 1.0 {
		t.Fatalf("ada's note: %d, %v", status, got)
	}
	status, got := put("bob", `"do":"bad","session":0,"row":280,"bad":true`)
	if value, _ := got["value"].(map[string]any); status != 409 || got["by"] != "ada" || value["note"] != "from ada" || !strings.Contains(got["error"].(string), "ada has changed its note") {
		t.Fatalf("bob is told %d, %v", status, got)
	}
	for body, says := range map[string]string{
		`"do":"userType","session":0,"row":280,"userType":11`:     "0 to 10",
		`"do":"note","session":0,"row":280,"note":"a\nb"`:         "one line",
		`"do":"note","session":0,"row":280,"colour":"red"`:        "colour",
		`"do":"link","session":0,"row":280,"to":1`:                "one type",
		`"do":"bad","row":280,"bad":true`:                         "Session must be named",
		`"do":"bad","session":0,"bad":true`:                       "Row must be named",
		`"do":"bad","session":0,"row":280,"bad":true} {`:          "one object",
		`"do":"move","session":0,"row":280,"x":-5,"y":1,"z":1e99`: "outside",
	} {
		if status, got := put("ada", body); status/100 != 4 || !strings.Contains(got["error"].(string), says) {
			t.Errorf("%s: %d, %v", body, status, got)
		}
	}
	if status, got := ask("ada", "POST", "/edits", `{"do":"bad","row":280,"bad":true}`); status != 422 || got["field"] != "edition" {
		t.Errorf("without an edition: %d, %v", status, got)
	}
	for _, body := range []string{"null", "[]", "1"} {
		if status, got := ask("ada", "POST", "/save", body); status != 400 {
			t.Errorf("save with %s: %d, %v", body, status, got)
		}
	}
	if status, got := ask("bob", "POST", "/undo", ""); status != 422 {
		t.Errorf("bob takes back nothing: %d, %v", status, got)
	}
	if status, got := put("bob", `"do":"delete","session":3,"row":200`); status != 200 || got["row"] != nil {
		t.Errorf("bob deletes: %d, %v", status, got)
	}
	if status, got := ask("ada", "GET", "/edits", ""); status != 200 || got["unsaved"] != 2.0 || got["undo"] != "note" || len(got["edits"].([]any)) != 2 {
		t.Errorf("the edits: %d, %v", status, got)
	}
	if status, got := ask("bob", "POST", "/undo", ""); status != 200 || got["did"] != "delete" || got["row"] != 200.0 {
		t.Errorf("bob takes back: %d, %v", status, got)
	}
	// Rows of an older edition are found again: one before it is gone, and comes back.
	find := func(query string) map[string]any {
		t.Helper()
		status, got := ask("ada", "GET", "/object?"+query, "")
		if status != 200 {
			t.Fatalf("object %s: %d, %v", query, status, got)
		}
		return got
	}
	_, now := ask("ada", "GET", "", "")
	before := now["edition"].(string)
	was := find("session=3&row=201")
	if _, got := ask("bob", "POST", "/edits", `{"edition":"`+before+`","do":"delete","session":3,"row":200}`); got["row"] != nil {
		t.Fatalf("bob deletes again: %v", got)
	}
	is := find("session=3&row=201&edition=" + before)
	if is["row"] != 200.0 || is["edition"] == before || is["value"].(map[string]any)["x"] != was["value"].(map[string]any)["x"] {
		t.Errorf("row 201 is %v, and was %v", is, was)
	}
	if gone := find("session=3&row=200&edition=" + before); gone["row"] != nil || gone["error"] != "bob has deleted it meanwhile." {
		t.Errorf("row 200 is %v", gone)
	}
	if got := find("session=3&row=200&edition=other-1"); got["row"] != nil || !strings.Contains(got["error"].(string), "nobody knows") {
		t.Errorf("a row of nothing is %v", got)
	}
	if status, got := ask("bob", "POST", "/undo", ""); status != 200 {
		t.Errorf("bob takes back again: %d, %v", status, got)
	}
	// What can be done is told, and what cannot.
	if root := find("session=3&row=0")["cannot"].(map[string]any); root["delete"] == nil || root["move"] == nil || root["note"] != nil {
		t.Errorf("of the landmark of the session it says %v", root)
	}
	if spine := find("session=0&row=280"); len(spine["cannot"].(map[string]any)) > 0 || spine["pivot"] == nil || spine["run"] == nil {
		t.Errorf("of a spine it says %v", spine)
	}
	for _, query := range []string{"", "session=0", "session=99&row=0", "session=0&row=-1", "session=0&row=100000"} {
		if status, got := ask("ada", "GET", "/object?"+query, ""); status != 422 {
			t.Errorf("object %s: %d, %v", query, status, got)
		}
	}
	if status, got := ask("ada", "POST", "/save", ""); status != 200 || len(got["files"].([]any)) != 1 {
		t.Errorf("ada saves: %d, %v", status, got)
	}
	if data, err := os.ReadFile(filepath.Join(dir, "rr30a", "stackdb", "rr30a_s0_db2.txt")); err != nil || !strings.Contains(string(data), ",from ada,") {
		t.Errorf("the note is not in the file, %v", err)
	}
	if len(noted) == 0 || noted[0] != "ada edit map rr30a note session 0 row 280: from ada" || !strings.HasSuffix(noted[1], "refused") {
		t.Errorf("the record has %q", noted)
	}
}
