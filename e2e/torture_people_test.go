//go:build linux

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ---- models of Python files

// openModel visits the page of a model, which starts it, and returns its source, or
// what is missing still.
func (x *torture) openModel(ctx context.Context, key string) (source, problem string) {
	status, _, err := x.ask(ctx, "GET", "/models/"+key, "")
	if err != nil || status != 200 {
		return "", fmt.Sprintf("its page: status %d, %v", status, err)
	}
	status, body, err := x.ask(ctx, "GET", "/api/v1/models", "")
	if err != nil || status != 200 {
		return "", fmt.Sprintf("the models: status %d, %v", status, err)
	}
	var all []simulation
	if err := json.Unmarshal(body, &all); err != nil {
		return "", err.Error()
	}
	i := slices.IndexFunc(all, func(m simulation) bool { return m.Key == key })
	if i < 0 || all[i].Source == "" {
		return "", fmt.Sprintf("the models are %.300s", body)
	}
	return all[i].Source, ""
}

// phase is what a model is doing.
func (x *torture) phase(source string) string {
	status, body, err := x.ask(x.t.Context(), "GET", "/api/v1/sources/"+source+"/state", "")
	var state struct{ Model struct{ Phase string } }
	if err != nil || status != 200 || json.Unmarshal(body, &state) != nil {
		return fmt.Sprintf("status %d, %v", status, err)
	}
	return state.Model.Phase
}

// modelsOf returns the processes that run models of a class.
func (x *torture) modelsOf(class string) (pids []int) {
	all, _ := os.ReadDir("/proc")
	for _, one := range all {
		pid, err := strconv.Atoi(one.Name())
		if err != nil {
			continue
		}
		text, _ := os.ReadFile("/proc/" + one.Name() + "/cmdline")
		words := strings.Split(strings.TrimRight(string(text), "\x00"), "\x00")
		environ, _ := os.ReadFile("/proc/" + one.Name() + "/environ")
		if words[len(words)-1] == class && bytes.Contains(environ, []byte("HOME="+x.home+"\x00")) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// killModel kills the process of the good model, which webmon says, and starts again when
// it is asked to.
func (x *torture) killModel(*page) {
	x.model.down()
	pids := x.modelsOf("Even")
	if len(pids) != 1 {
		x.t.Fatalf("%d processes run the good model: %v", len(pids), pids)
	}
	if err := syscall.Kill(pids[0], syscall.SIGKILL); err != nil {
		x.t.Fatal(err)
	}
	x.count("kill -9 of the model")
	until(x.t, "webmon says that the model has failed", func() string {
		x.alive()
		if phase := x.phase(x.model.source); phase != "failed" {
			return "it is " + phase
		}
		return ""
	})
	if status, body, err := x.ask(x.t.Context(), "POST", "/sources/"+x.model.source+"/commands/restart", "{}"); err != nil || status != 202 {
		x.t.Fatalf("the model is started again: status %d, %v: %.200s", status, err, body)
	}
}

// hostileModel visits a model that does wrong, and has it begin again.
func (x *torture) hostileModel(ctx context.Context, rng *mathrand.Rand) {
	defer pause(ctx, 200*time.Millisecond)
	source, problem := x.openModel(ctx, "restless")
	if problem != "" {
		return // webmon is down
	}
	conn, err := x.dial(ctx, http.Header{"Authorization": {"Bearer " + x.token}})
	if err != nil {
		return
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	x.count("model: visits")
	topics := []string{
		source + "/array/density/x,y/0,0,24,16/1", source + "/array/density/x,y/0,0,2000,1500/4", source + "/array/tracers/y,x/0,0,2,300000/1/n", source + "/model", source + "/people",
		source + "/html/models", source + "/html/controls", source + "/html/arrays",
	}
	if conn.WriteJSON(map[string]any{"type": "watch", "topics": topics}) != nil {
		return
	}
	_ = conn.SetReadDeadline(time.Now().Add(time.Duration(1+rng.IntN(4)) * time.Second))
	for n := 1; ; n++ {
		if _, _, err := conn.ReadMessage(); err != nil {
			break
		}
		hand := map[string]any{"type": "hand", "source": source, "x": rng.Float64(), "y": rng.Float64(), "down": true}
		if conn.WriteJSON(map[string]any{"type": "ack", "n": n}) != nil || conn.WriteJSON(hand) != nil {
			break
		}
	}
	for range 1 + rng.IntN(3) {
		_, _, _ = x.ask(ctx, "POST", "/sources/"+source+"/commands/"+[]string{"restart", "reset", "step", "start"}[rng.IntN(4)], "{}")
	}
	_, _, _ = x.ask(ctx, "POST", "/sources/"+source+"/commands/restart", "{}")
}

// ---- floods

// floodCommands sends commands as fast as it can, most of them such as people send.
func (x *torture) floodCommands(ctx context.Context, rng *mathrand.Rand) {
	defer pause(ctx, time.Duration(200+rng.IntN(2000))*time.Millisecond)
	client := &http.Client{Timeout: patience, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	x.count("browser: floods of commands")
	kind := rng.IntN(5)
	for i := range 700 { // more than are remembered of one source
		path, body := "/sources/good-1/commands/noise", fmt.Sprintf(`{"noise": %d}`, i)
		switch kind {
		case 1:
			path, body = "/sources/good-2/commands/add", fmt.Sprintf(`{"a": %d, "b": 1}`, i)
		case 2:
			path, body = "/sources/hostile-declarations/commands/c1", `{"c1": 1}`
		case 3:
			path, body = "/sources/"+x.model.source+"/commands/reset_tracers", "{}"
		case 4:
			path, body = "/sources/restless/commands/restart", "{}"
		}
		req, err := http.NewRequestWithContext(ctx, "POST", "http://127.0.0.1:"+x.port+path, strings.NewReader(body))
		if err != nil {
			panic(err) // of a path above
		}
		req.Header.Set("Authorization", "Bearer "+x.token)
		req.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(req)
		if err != nil {
			return // webmon is down
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		x.count("browser: commands of a flood")
		if resp.StatusCode >= 500 && resp.StatusCode != http.StatusServiceUnavailable {
			x.fail("POST %s in a flood: %s", path, resp.Status)
		}
	}
}

// floodSet drags sliders as fast as it can.
func (x *torture) floodSet(ctx context.Context, rng *mathrand.Rand) {
	defer pause(ctx, time.Duration(200+rng.IntN(2000))*time.Millisecond)
	conn, err := x.dial(ctx, http.Header{"Authorization": {"Bearer " + x.token}})
	if err != nil {
		return
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	for i := range 3000 {
		message := map[string]any{"type": "set", "source": "good-2", "name": "noise", "value": i, "hand": fmt.Sprintf("%08x", rng.Uint32()), "n": i}
		if i%3 == 0 {
			message = map[string]any{"type": "hand", "source": x.model.source, "x": rng.Float64(), "y": rng.Float64(), "down": i%2 == 0}
		}
		_ = conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
		if conn.WriteJSON(message) != nil {
			return
		}
		x.count("browser: values of a flood")
	}
}

// floodSessions has itself let in again and again, each time as another browser.
func (x *torture) floodSessions(ctx context.Context, rng *mathrand.Rand) {
	defer pause(ctx, time.Duration(200+rng.IntN(1000))*time.Millisecond)
	client := &http.Client{Timeout: patience, Transport: &http.Transport{}, CheckRedirect: x.client.CheckRedirect}
	defer client.CloseIdleConnections()
	for range 400 {
		req, err := http.NewRequestWithContext(ctx, "GET", "http://127.0.0.1:"+x.port+"/?token="+x.token, nil)
		if err != nil {
			panic(err) // of a constant
		}
		req.Header.Set("Accept", "text/html")
		resp, err := client.Do(req)
		if err != nil {
			return // webmon is down
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		x.count("browser: sessions begun")
		if len(resp.Cookies()) > 0 && rng.IntN(2) == 0 { // one that is used counts for more
			req.URL.RawQuery, req.URL.Path = "", "/api/v1/sources"
			req.AddCookie(resp.Cookies()[0])
			if resp, err := client.Do(req); err == nil {
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		}
	}
}

// keepSession has one session, and uses it until webmon is killed.
func (x *torture) keepSession(ctx context.Context, _ *mathrand.Rand) {
	defer pause(ctx, 100*time.Millisecond)
	life, up := x.life()
	req, err := http.NewRequestWithContext(ctx, "GET", "http://127.0.0.1:"+x.port+"/?token="+x.token, nil)
	if err != nil {
		panic(err) // of a constant
	}
	req.Header.Set("Accept", "text/html")
	resp, err := x.client.Do(req)
	if !up || err != nil {
		return
	}
	resp.Body.Close()
	if len(resp.Cookies()) == 0 {
		if x.same(life) && ctx.Err() == nil {
			x.fail("whoever has the token gets no session: %s", resp.Status)
		}
		return
	}
	req.URL.RawQuery, req.URL.Path = "", "/api/v1/sources"
	req.AddCookie(resp.Cookies()[0])
	for ; ; pause(ctx, 100*time.Millisecond) {
		resp, err := x.client.Do(req)
		if !x.same(life) || ctx.Err() != nil {
			return
		}
		if err != nil {
			x.fail("with a session: %v", err)
			return
		}
		resp.Body.Close()
		if resp.StatusCode != 200 {
			x.fail("a session that is in use is answered with %s", resp.Status)
			return
		}
		x.count("kept: sessions")
	}
}

// ---- roles

// link makes a link and returns its secret, which is sent as a token.
func (x *torture) link(role, note string) (secret string) {
	secret, _, err := x.makeLink(x.t.Context(), role, note)
	if err != nil {
		x.t.Fatal(err)
	}
	return secret
}

func (x *torture) makeLink(ctx context.Context, role, note string) (secret, id string, err error) {
	status, body, err := x.ask(ctx, "POST", "/api/v1/links", fmt.Sprintf(`{"role": %q, "note": %q, "seconds": 3600}`, role, note))
	if err != nil {
		return "", "", err
	}
	var made struct{ ID, Address string }
	if err := json.Unmarshal(body, &made); err != nil || status != 201 {
		return "", "", fmt.Errorf("a link: status %d: %.200s", status, body)
	}
	address, err := url.Parse(made.Address)
	if err != nil {
		return "", "", err
	}
	return address.Query().Get("link"), made.ID, nil
}

// looker comes by a link by which one may only look, tries everything else, and goes on
// when the link has been revoked.
func (x *torture) looker(ctx context.Context, rng *mathrand.Rand) {
	defer pause(ctx, time.Duration(rng.IntN(500))*time.Millisecond)
	life, up := x.life()
	if !up {
		return
	}
	undisturbed := func() bool { return ctx.Err() == nil && x.same(life) }
	secret, id, err := x.makeLink(ctx, "look", "the wall")
	if err != nil {
		if undisturbed() {
			x.fail("%v", err)
		}
		return
	}
	conn, err := x.dial(ctx, http.Header{"Authorization": {"Bearer " + secret}})
	if err != nil {
		if undisturbed() {
			x.fail("who may look is let in: %v", err)
		}
		return
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	for range 20 {
		path, body := "/sources/good-1/commands/gain", fmt.Sprintf(`{"gain": %d}`, poison)
		switch rng.IntN(6) {
		case 1:
			path, body = "/stop", "{}"
		case 2:
			path, body = "/api/v1/links", `{"role": "steer"}`
		case 3:
			path, body = "/models/even/parameters", fmt.Sprintf(`{"gain": %d}`, poison%1_000_000)
		case 4:
			path, body = "/sources/good-1/dismiss", "{}"
		case 5:
			path, body = "/links/"+id+"/revoke", "{}"
		}
		status, answer, err := x.askAs(ctx, secret, "POST", path, body)
		set := map[string]any{"type": "set", "source": "good-1", "name": "gain", "value": poison, "hand": "0a1b2c3d", "n": 1}
		hand := map[string]any{"type": "hand", "source": x.model.source, "x": 0.5, "y": 0.5, "down": true}
		sent := conn.WriteJSON(set) == nil && conn.WriteJSON(hand) == nil
		if !undisturbed() {
			return
		}
		if err != nil || status != http.StatusForbidden {
			x.fail("POST %s by who may look: status %d, %v: %.200s", path, status, err, answer)
		}
		x.count("browser: forbidden to who may look")
		if !sent {
			break // what is not allowed may cost the connection
		}
	}
	for _, g := range x.good {
		if status, state, err := x.ask(ctx, "GET", "/api/v1/sources/"+g.source+"/state", ""); err == nil && status == 200 && bytes.Contains(state, []byte(fmt.Sprint(poison))) {
			x.fail("who may only look has changed %s", g.name)
		}
	}
	status, body, err := x.ask(ctx, "DELETE", "/api/v1/links/"+id, "")
	if !undisturbed() {
		return
	}
	if err != nil || status >= 300 {
		x.fail("a link is revoked: status %d, %v: %.200s", status, err, body)
		return
	}
	status, _, err = x.askAs(ctx, secret, "GET", "/api/v1/sources", "")
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			if os.IsTimeout(err) && undisturbed() {
				x.fail("the socket of a link that was revoked stays open")
			}
			break
		}
	}
	if undisturbed() && (err != nil || status != http.StatusUnauthorized) {
		x.fail("by a link that was revoked: status %d, %v", status, err)
	}
}

// ---- what lasts

// recordSomething changes something now and then, which must be on record for as long as the
// state folder is there.
func (x *torture) recordSomething(ctx context.Context, _ *mathrand.Rand) {
	defer pause(ctx, 3*time.Second)
	life, up := x.life()
	g := x.good[0]
	mine, there := g.life()
	if !up || !there {
		return
	}
	undisturbed := func() bool {
		now, _ := g.life()
		return ctx.Err() == nil && x.same(life) && now == mine
	}
	value := int(x.seed.Add(1)) + 1_000_000
	if x.command(ctx, undisturbed, x.steerer, g, "kept", float64(value)) {
		x.mu.Lock()
		x.kept, x.keptAt = value, time.Now()
		x.mu.Unlock()
	}
}

// checkKept fails if webmon, after it was killed, does not know what it knew: the links, and
// the record of what people have changed, but for the last moment.
func (x *torture) checkKept(killed time.Time) {
	if status, body, err := x.askAs(x.t.Context(), x.steerer, "GET", "/api/v1/sources", ""); err != nil || status != 200 {
		x.t.Fatalf("the link of before: status %d, %v: %.200s", status, err, body)
	}
	x.count("kept: links")
	x.mu.Lock()
	want, at := x.kept, x.keptAt
	x.mu.Unlock()
	if want == 0 || killed.Sub(at) < 2*time.Second || killed.Sub(at) > 30*time.Second {
		return // it may be on its way to the file, or so old that it was pushed out
	}
	status, body, err := x.ask(x.t.Context(), "GET", "/api/v1/changes?source="+x.good[0].source, "")
	var changes []struct{ Name, To string }
	if err != nil || status != 200 || json.Unmarshal(body, &changes) != nil {
		x.t.Fatalf("the record: status %d, %v: %.200s", status, err, body)
	}
	last := 0
	for _, c := range changes {
		if n, err := strconv.Atoi(strings.NewReplacer(" ", "", ",", "").Replace(c.To)); err == nil && c.Name == "kept" {
			last = max(last, n)
		}
	}
	if last < want {
		x.t.Fatalf("of %d changes on record the last of them is %d, and %d was applied %v before the kill", len(changes), last, want, killed.Sub(at))
	}
	x.count("kept: records")
}
