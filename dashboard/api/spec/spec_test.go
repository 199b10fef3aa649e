package spec_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"webmon/dashboard/api/spec"
)

func TestTable(t *testing.T) {
	if err := spec.Check(); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, g := range spec.Groups() {
		if seen[g.Title] {
			t.Errorf("the group %q is in two places", g.Title)
		}
		seen[g.Title] = true
		for _, r := range g.Routes {
			if strings.ContainsAny(r.Example(), "{}") {
				t.Errorf("%s %s: the example %s is none", r.Method, r.Path, r.Example())
			}
		}
	}
}

func TestCheckNamesMistakes(t *testing.T) {
	kept := spec.Routes
	defer func() { spec.Routes = kept }()
	good := spec.Route{Method: "GET", Path: "/x", Title: "x", Group: "g", Answers: []spec.Answer{{Status: 200}}}
	for want, change := range map[string]func(*spec.Route){
		"{thing}": func(r *spec.Route) { r.Path = "/{thing}" }, "title": func(r *spec.Route) { r.Title = "" },
		"body": func(r *spec.Route) { r.Body = &spec.Body{} }, "parameter": func(r *spec.Route) { r.Query = []spec.Param{{Name: "q"}} },
		"status 418": func(r *spec.Route) { r.Fails = []int{418} },
	} {
		bad := good
		change(&bad)
		spec.Routes = []spec.Route{bad}
		if err := spec.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	spec.Routes = []spec.Route{good, good}
	if err := spec.Check(); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("%v", err)
	}
}

func TestOpenAPI(t *testing.T) {
	b, err := spec.OpenAPI("/lab", "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	again, err := spec.OpenAPI("/lab", "1.2.3")
	if err != nil || string(b) != string(again) {
		t.Error("the same document is written in two ways")
	}
	var doc struct {
		OpenAPI string
		Servers []struct{ URL string }
		Paths   map[string]map[string]struct {
			OperationID string
			Security    []any
			Parameters  []struct {
				Name, In string
				Required bool
			}
			Responses map[string]struct {
				Description string
				Content     map[string]any
			}
		}
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" || len(doc.Servers) != 1 || doc.Servers[0].URL != "/lab" {
		t.Errorf("%s, %v", doc.OpenAPI, doc.Servers)
	}
	ids := map[string]string{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			what := method + " " + path
			if ids[op.OperationID] != "" || op.OperationID == "" {
				t.Errorf("%s has the id %q, as has %s", what, op.OperationID, ids[op.OperationID])
			}
			ids[op.OperationID] = what
			for _, status := range []string{"401", "403"} {
				if _, has := op.Responses[status]; has != (len(op.Security) > 0) {
					t.Errorf("%s: the answer %s and the security %v do not fit", what, status, op.Security)
				}
			}
			n := 0
			for _, p := range op.Parameters {
				if p.In == "path" {
					n++
					if !p.Required || !strings.Contains(path, "{"+p.Name+"}") {
						t.Errorf("%s: the parameter %s", what, p.Name)
					}
				}
			}
			if n != strings.Count(path, "{") {
				t.Errorf("%s has %d parameters", what, n)
			}
		}
	}
	// A table is beside its JSON, and an answer may have two content types.
	if _, ok := doc.Paths["/api/v1/maps/{map}/values.csv"]["get"].Responses["200"].Content["text/csv"]; !ok {
		t.Error("there is no table of values")
	}
	if n := len(doc.Paths["/api/v1/sources/{source}/events/{topic}"]["get"].Responses["200"].Content); n != 2 {
		t.Errorf("events have %d content types", n)
	}
}

// Whoever copies a command needs no more than the token.
func TestCurl(t *testing.T) {
	want := map[string]string{
		"GET /health":         `curl http://h:1/health`,
		"GET /api/v1/sources": `curl -H "Authorization: Bearer $TOKEN" http://h:1/api/v1/sources`,
		"POST /sources/{source}/commands/{name}": `curl -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" -d '{"show_grid":true}' ` +
			`http://h:1/sources/demo/commands/show_grid`,
		"DELETE /api/v1/links/{link}":   `curl -H "Authorization: Bearer $TOKEN" -X DELETE http://h:1/api/v1/links/a1b2c3`,
		"PUT /api/v1/maps/{map}.zip":    `curl -H "Authorization: Bearer $TOKEN" -T new.zip http://h:1/api/v1/maps/new.zip`,
		"POST /api/v1/maps/{map}/undo":  `curl -H "Authorization: Bearer $TOKEN" -X POST http://h:1/api/v1/maps/rr30a/undo`,
		"GET /api/v1/maps/{map}/values": `curl -H "Authorization: Bearer $TOKEN" "http://h:1/api/v1/maps/rr30a/values?stat=ubssSum_int1%2CpDist"`,
	}
	for _, r := range spec.Routes {
		what := fmt.Sprintf("%s %s", r.Method, r.Path)
		if w, ok := want[what]; ok && r.Curl("http://h:1/") != w {
			t.Errorf("%s: %s, want %s", what, r.Curl("http://h:1/"), w)
		}
		delete(want, what)
	}
	if len(want) > 0 {
		t.Errorf("there is no %v", want)
	}
}
