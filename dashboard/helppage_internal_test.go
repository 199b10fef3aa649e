package dashboard

import (
	"encoding/json"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// Whoever adds a tab says in the README what it shows: the tab leads there.
func TestEveryTabLeadsToTheHelp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := New(Options{
		Listener: l, Prefix: "/lab", Docs: os.DirFS(".."), Models: noModels{}, Maps: noMaps{}, Logger: slog.New(slog.DiscardHandler),
		AddModel: func(json.RawMessage) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.release()
	ask := func(path string) (int, string) {
		answer := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "http://"+l.Addr().String()+path, nil)
		r.Header.Set("Accept", "text/html")
		s.echo.ServeHTTP(answer, r)
		return answer.Code, answer.Body.String()
	}
	_, pages := ask("/lab/help/pages")
	for i := range s.tabs {
		slug := s.tabs[i].Slug
		if href := s.book.ForTab("/lab", slug); href != "/lab/help/pages#"+slug || !strings.Contains(pages, `<li id="`+slug+`">`) {
			t.Errorf("the tab %s leads to %s: the README's list of pages has nothing of it", slug, href)
		}
	}
	status, text := ask("/lab/messages")
	for _, want := range []string{`<a class="link" href="/lab/help/pages#messages">About this page</a>`, `href="/lab/help">Help</a>`} {
		if status != 200 || !strings.Contains(text, want) {
			t.Errorf("the page Messages (%d) lacks %s", status, want)
		}
	}
	if _, text := ask("/lab/messages?embed=1"); strings.Contains(text, "About this page") {
		t.Error("a page in another one has the links of a page")
	}
	if status, text := ask("/lab/help/nosuch"); status != 404 || !strings.Contains(text, "/lab/help") {
		t.Errorf("a page that is not there: %d %s", status, text)
	}
	// The page of an item has a picker that leads to lists, not to a path with colons.
	if _, text := ask("/lab/help/keys"); strings.Contains(text, "/:") {
		t.Error("a link of the page has a colon")
	}
}
