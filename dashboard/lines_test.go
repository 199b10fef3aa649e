package dashboard_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"webmon/dashboard"
)

// Who may manage sees the browsers, whose they are, and what was chosen there.
func TestBrowsers(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	get := func() (all []struct {
		Name, Role, From string
		Since            time.Time
		Wanted           string  `json:"pictures_wanted"`
		Limit            float64 `json:"limit_bytes_per_second"`
		Pictures         []struct{ Topic string }
	}) {
		t.Helper()
		status, body := s.ask("GET", "/api/v1/browsers", "", "Authorization", "Bearer "+token)
		if status != http.StatusOK {
			t.Fatalf("%d: %s", status, body)
		}
		if err := json.Unmarshal([]byte(body), &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	if all := get(); all == nil || len(all) != 0 {
		t.Errorf("there are browsers before one has come: %v", all)
	}
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.base, "http")+"/ws", http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"watch","topics":[],"takes":["parts","packed","jpeg"],"pictures":"exact","rate":250000}`)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the browser is told of", func() bool {
		all := get()
		return len(all) == 1 && all[0].Wanted == "exact"
	})
	if b := get()[0]; b.Name == "" || b.Role != "manage" || b.From != "127.0.0.1" || time.Since(b.Since) > time.Hour || b.Limit != 250000 || b.Pictures == nil {
		t.Errorf("the browser is %+v", b)
	}
	_, metrics := s.ask("GET", "/metrics", "", "Authorization", "Bearer "+token)
	if !strings.Contains(metrics, `webmon_pictures{rung="7"} 0`) {
		t.Error("the metrics say nothing of pictures by rung")
	}
}
