package maps_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"image/png"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"webmon/dashboard/maps"
	"webmon/dashboard/prefix"
	"webmon/dashboard/refusal"
	"webmon/dashboard/tab"
	shmmaps "webmon/shm/maps"
	"webmon/shm/maps/library"
	"webmon/shm/maps/made"
)

// shelves is a library of maps that are made up, in a folder of the test's.
func shelves(t testing.TB, plans ...made.Plan) (*library.Library, string) {
	t.Helper()
	dir := t.TempDir()
	for _, p := range plans {
		if err := made.Make(p).Write(dir); err != nil {
			t.Fatal(err)
		}
	}
	l := library.New(library.Options{Dirs: []string{dir}, Cache: t.TempDir()})
	l.Look()
	return l, dir
}

// page renders a page, and returns its HTML and text.
func page(t testing.TB, l maps.Library, path string) (markup, text string, err error) {
	t.Helper()
	all := maps.New(maps.Options{Library: l, Prefix: prefix.Of("/lab")})
	var got maps.Page
	mux := http.NewServeMux()
	for pattern, open := range all.Pages() {
		parts := strings.Split(pattern, "/")
		for i, part := range parts {
			if name, ok := strings.CutPrefix(part, ":"); ok {
				parts[i] = "{" + name + "}"
			}
		}
		mux.HandleFunc("GET "+strings.Join(parts, "/"), func(_ http.ResponseWriter, r *http.Request) {
			got, err = open(tab.View{Request: r, Moment: tab.Moment{Prefix: "/lab"}})
		})
	}
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
	if err != nil {
		return "", "", err
	}
	var b bytes.Buffer
	if err := got.Content.Render(context.Background(), &b); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if got.Title == "" {
		t.Errorf("%s has no title", path)
	}
	root, err := html.ParseWithOptions(bytes.NewReader(b.Bytes()), html.ParseOptionEnableScripting(false))
	if err != nil {
		t.Fatal(err)
	}
	var words strings.Builder
	ids := map[string]bool{}
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		for _, a := range n.Attr {
			switch {
			case a.Key == "style":
				t.Errorf("%s: a style, which the policy forbids", path)
			case a.Key == "id" && ids[a.Val]:
				t.Errorf("%s: two elements with the id %q", path, a.Val)
			case a.Key == "id":
				ids[a.Val] = true
			case (a.Key == "href" || a.Key == "src" || a.Key == "action") && !strings.HasPrefix(a.Val, "/lab/"):
				t.Errorf("%s leads to %q, which is not below the prefix", path, a.Val)
			}
		}
		if n.Type == html.TextNode {
			words.WriteString(n.Data + " ")
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(root)
	return b.String(), strings.Join(strings.Fields(words.String()), " "), nil
}

var everyPage = []string{
	"", "?run=0&color=dynamics&lines=1&bad=0", "?xs=0&ys=1&x=pDist&y=pDist", "?show=&project=all", "?x=nosuch&segment=99&show=7,x,-1&run=1e9&types=a&transform=percent&against=nosuch",
	"?y=sessCond&x=runIdx&color=type", "/run/0", "/run/0?stat=x,y&project=sliding&side=20", "/reports", "/reports/dynamics?y=density&measure=2d&bad=0&bad=1", "/reports/survival?types=1",
	"/reports/turnover?sessions=3", "/reports/segments?y=tortuosity", "/find", "/find?kind=stat&stat=x&op=<&value=3", "/find?kind=again", "/find?kind=notes&words=*", "/find?what=pairs&session=0&distance=9",
}

func TestEveryPageOfEveryKindOfMap(t *testing.T) {
	l, _ := shelves(t,
		made.Plan{Name: "plain", Seed: 1},
		made.Plan{Name: "cells", Seed: 2, Type: shmmaps.Other, Segments: -1},
		made.Plan{Name: "vessels", Seed: 3, Type: shmmaps.Node},
		made.Plan{Name: "late", Seed: 4, EmptyFirst: true, Shuffled: true, Commas: true, Blank: true},
		made.Plan{Name: "off", Seed: 5, SegMapOff: true, Channels: 3},
		made.Plan{Name: "flat", Seed: 6, NoSegMap: true, Missing: []string{"Int1", "l"}},
		made.Plan{Name: "one", Seed: 7, Sessions: 1},
		made.Plan{Name: "broken", Seed: 8, Broken: true},
	)
	for _, e := range l.List() {
		for _, below := range everyPage {
			_, text, err := page(t, l, "/maps/"+e.Key+below)
			if err != nil {
				t.Errorf("%s%s: %v", e.Key, below, err)
				continue
			}
			if strings.Contains(text, "NaN") || strings.Contains(text, "<nil>") {
				t.Errorf("%s%s says NaN or nil", e.Key, below)
			}
		}
	}
	for _, tt := range []struct {
		path, has, lacks string
	}{
		{"/maps/plain", "Map segment", "no segment map"},
		{"/maps/cells", "The map has no segment map", "Map segment"},
		{"/maps/off", "switched off by the !", "Map segment"},
		{"/maps/one", "one session, so nothing comes or goes", "always present"},
		{"/maps/one/reports", "It takes 2 sessions", "More options"},
		{"/maps/cells/reports/segments", "no traced segments", "tortuosity"},
		{"/maps/cells/find", "Too close together", "Ends of segments"},
		{"/maps/vessels", "nodes in", "spines"},
		{"/maps/broken", "not as they should be", ""},
	} {
		_, text, err := page(t, l, tt.path)
		if err != nil || !strings.Contains(text, tt.has) || tt.lacks != "" && strings.Contains(text, tt.lacks) {
			t.Errorf("%s: %v; it should say %q and not %q: %.300s", tt.path, err, tt.has, tt.lacks, text)
		}
	}
	for path, status := range map[string]int{"/maps/nosuch": 404, "/maps/plain/run/99999": 404, "/maps/plain/run/x": 404, "/maps/plain/reports/nosuch": 404, "/pools/nosuch": 404} {
		var f *maps.Failure
		if _, _, err := page(t, l, path); !errors.As(err, &f) || f.Status != status {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, _, err := page(t, l, "/maps/plain/run/0?stat=nosuch"); !errors.As(err, new(*refusal.Error)) {
		t.Errorf("a statistic that is not there: %v", err)
	}
}

func TestEveryOptionIsInTheAddress(t *testing.T) {
	markup, _, err := page(t, shelf{}, "/maps/rr30a?x=ubssSum_int1&segment=2&bad=0&bad=1&lines=0&show=0,5&project=sliding&run=12&transform=percent&against=a*")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<option value="ubssSum_int1" selected>`, `<option value="2" selected>`, `name="bad" value="1" checked`, `name="lines" value="1">`,
		`<option value="sliding" selected>`, `name="show" type="text" value="0,5"`, `<option value="percent" selected>`, `value="a*"`,
		// The form of the plot keeps what is chosen of the panes, and the other way round.
		`<input type="hidden" name="project" value="sliding">`, `<input type="hidden" name="x" value="ubssSum_int1">`,
		// The run is marked, and a click on another keeps the rest.
		`run 12`, `&amp;run=`, `slice=`, `rect=`,
	} {
		if !strings.Contains(markup, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(markup, `name="lines" value="1" checked`) {
		t.Error("lines are switched on")
	}
}

// pack makes a zip of files.
func pack(t testing.TB, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, data := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(f, data)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMapsAreTakenAndHostileOnesAreNot(t *testing.T) {
	l, dir := shelves(t, made.Plan{Name: "plain", Seed: 1})
	all := maps.New(maps.Options{Library: l})
	put := func(key, data string) (int, string) {
		r := httptest.NewRequest("PUT", "/api/v1/maps/"+key, strings.NewReader(data))
		r.SetPathValue("map", key)
		w := httptest.NewRecorder()
		for _, route := range all.Routes() {
			if route.Method != "PUT" {
				continue
			}
			err := route.Serve(w, r)
			var f *maps.Failure
			var no *refusal.Error
			switch {
			case errors.As(err, &f):
				return f.Status, f.Text
			case errors.As(err, &no):
				return 422, no.Text
			case err != nil:
				t.Fatal(err)
			}
		}
		return w.Code, w.Body.String()
	}
	if status, text := put("rr30a.zip", string(made.RR30aZip)); status != 201 || !strings.Contains(text, `"rr30a"`) {
		t.Fatalf("a real map: %d %s", status, text)
	}
	l.Look()
	if o, err := l.Open(t.Context(), "rr30a"); err != nil || len(o.Sessions) != 9 {
		t.Errorf("it is not there: %v", err)
	}
	for _, tt := range []struct {
		key, data string
		status    int
		says      string
	}{
		{"rr30a.zip", string(made.RR30aZip), 409, "already"},
		{"x", "", 405, ".zip"},
		{"..zip", "", 422, "cannot be the name"},
		{"a%2fb.zip", "x", 422, "cannot be the name"},
		{"empty.zip", "", 422, "empty"},
		{"text.zip", "this is no zip", 422, "no zip"},
		{"out.zip", pack(t, map[string]string{"m/m.txt": "x", "m/../../evil.txt": "x"}), 422, "outside"},
		{"none.zip", pack(t, map[string]string{"m/readme.txt": "x"}), 422, ""},
	} {
		status, text := put(tt.key, tt.data)
		if status != tt.status || !strings.Contains(text, tt.says) {
			t.Errorf("%s: %d %q, want %d %q", tt.key, status, text, tt.status, tt.says)
		}
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(dir), "evil.txt")); err == nil {
		t.Error("a file was written outside of the folder")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("the folder has %v, %v", left, err)
	}
}

func TestAPoolFindsWhatWasPlanted(t *testing.T) {
	var plans []made.Plan
	for i, name := range []string{"a1", "a2", "a3", "b1", "b2", "b3"} {
		p := made.Plan{Name: name, Seed: uint64(i + 1), Sessions: 4, Conditions: []string{"base", "base", "test1", "test2"}, Condition: name[:1]}
		if name[0] == 'a' {
			p.Effect = map[string]float64{"test1": 1.5, "test2": 1.5}
		}
		plans = append(plans, p)
	}
	l, _ := shelves(t, plans...)
	get := serve(t, l)
	const ask = "/values?stat=ubssSum_int1&groups=base,test*&transform=percent&baseline=base"
	v := decode[struct {
		Columns []string
		Rows    [][]any
	}](t, get("GET", "/api/v1/pools/all"+ask))
	sums, counts := map[string]float64{}, map[string]float64{}
	for _, row := range v.Rows {
		if row[4] == "test*" {
			sums[row[1].(string)] += row[5].(float64)
			counts[row[1].(string)]++
		}
	}
	if a, b := sums["a"]/counts["a"], sums["b"]/counts["b"]; math.Abs(a-50) > 8 || math.Abs(b) > 8 || counts["a"] < 20 {
		t.Errorf("planted 50 %% and none, found %.1f of %.0f and %.1f", a, counts["a"], b)
	}
	o, err := l.Open(t.Context(), "a1")
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := l.Size(); n > 2*o.Map.Size() {
		t.Errorf("a pool of 6 maps leaves %d bytes in memory, and one has %d", n, o.Map.Size())
	}
	lines, err := csv.NewReader(bytes.NewReader(body(t, get("GET", "/api/v1/pools/a/values.csv?stat=ubssSum_int1")))).ReadAll()
	if err != nil || len(lines) < 20 || lines[1][1] != "a" {
		t.Errorf("the pool of a as CSV has %d lines: %v", len(lines), err)
	}
	for _, below := range []string{"", ask[len("/values"):], "?n=map&by=map&dots=0&map-a1=0", "?by=segment&strict=1&mask=always&types=0", "?stat=nosuch", "?transform=some"} {
		_, text, err := page(t, l, "/pools/all"+below)
		if err != nil || strings.Contains(text, "NaN") {
			t.Errorf("%s: %v", below, err)
		}
		if wrong := strings.Contains(below, "nosuch"); wrong != strings.Contains(text, "no statistic") {
			t.Errorf("%s says %.300s", below, text)
		}
	}
	if r := get("GET", "/pools/a/figure.svg?by=map"); !strings.HasPrefix(string(body(t, r)), "<svg") || r.Header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("the figure is %v", r.Header)
	}
	picture, err := png.Decode(bytes.NewReader(body(t, get("GET", "/pools/a/figure.png?by=map&across=base&groups=test*"))))
	if err != nil || picture.Bounds().Dx() != 1920 {
		t.Errorf("the figure as a picture: %v", err)
	}
	// Condition against condition: a run's value as it is beside what became of it.
	against := decode[struct{ Rows [][]any }](t, get("GET", "/api/v1/pools/a/values?stat=ubssSum_int1&groups=test*&across=base&transform=divided&baseline=base"))
	plain := decode[struct{ Rows [][]any }](t, get("GET", "/api/v1/pools/a/values?stat=ubssSum_int1&groups=base,test*"))
	raw := map[string]any{}
	for _, row := range plain.Rows {
		raw[fmt.Sprint(row[0], row[2], row[4])] = row[5]
	}
	if len(against.Rows) < 20 {
		t.Errorf("%d runs have both conditions", len(against.Rows))
	}
	for _, row := range against.Rows {
		x, y := raw[fmt.Sprint(row[0], row[2], "base")].(float64), raw[fmt.Sprint(row[0], row[2], "test*")].(float64)
		if row[7] != x || math.Abs(row[5].(float64)-y/x) > 1e-9 {
			t.Fatalf("%v: want %g and %g", row, x, y/x)
		}
	}
	_, text, err := page(t, l, "/pools/all?across=base&groups=test*")
	if err != nil || !strings.Contains(text, "Slope") || strings.Contains(text, "NaN") {
		t.Errorf("the page of conditions against each other: %v", err)
	}
}

// BenchmarkPage is the page of a map of 20,000 spines, and what its scripts ask for before their first picture.
func BenchmarkPage(b *testing.B) {
	l, _ := shelves(b, made.Plan{Name: "large", Sessions: 10, Segments: 5, Spines: 400, Gain: 0.1, Loss: 0.1})
	all := maps.New(maps.Options{Library: l})
	render := all.Pages()["/maps/:map"]
	r := httptest.NewRequest("GET", "/maps/large", nil)
	r.SetPathValue("map", "large")
	b.Run("page", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p, err := render(tab.View{Request: r})
			if err != nil {
				b.Fatal(err)
			}
			var to bytes.Buffer
			if err := p.Content.Render(context.Background(), &to); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(to.Len()))
		}
	})
	for _, route := range all.Routes() {
		if route.Path != "/maps/:map/columns" {
			continue
		}
		for _, query := range []string{"stat=days,pDist&transformed=pDist", "stat=x,y,z,pDist,userType"} {
			b.Run(query, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					r := httptest.NewRequest("GET", "/maps/large/columns?"+query, nil)
					r.SetPathValue("map", "large")
					w := httptest.NewRecorder()
					if err := route.Serve(w, r); err != nil {
						b.Fatal(err)
					}
					b.SetBytes(int64(w.Body.Len()))
				}
			})
		}
	}
}
