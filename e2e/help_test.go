//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"webmon/e2e/webmontest"
	"webmon/shm/process/naparitest"
)

// helpShows is what a page of the help is found to show.
type helpShows struct {
	Wide  bool     `json:"wide"` // wider than its window
	H1    string   `json:"h1"`
	Links []string `json:"links"` // on this server
	Lost  []string `json:"lost"`  // within the page, to nothing
}

// TestE2EHelp walks all pages of the help, behind a prefix: every link inside leads somewhere, nothing is complained about, no page is wider
// than its window, and what is copied is what is shown.
func TestE2EHelp(t *testing.T) {
	endToEnd(t)
	w := startProgram(t, t.TempDir(), "--port", "0", "--demo", "--prefix", "/lab")
	b := startBrowser(t)
	p := b.open(t, wide)
	p.visit(w.url)
	p.live()

	// From any page by the header, and from the tab to what the help says of it.
	p.visit(w.base + "/arrays")
	p.live()
	p.click(".help-foot a")
	p.wait("what the help says of the tab Arrays", `location.pathname === "/lab/help/pages" && location.hash === "#arrays" && !!document.querySelector("li#arrays")`)
	p.visit(w.base + "/status")
	p.live()
	p.click(".help-foot a[href$='/help']")
	p.wait("the help's first page", `location.pathname === "/lab/help" && document.querySelectorAll(".manual-index > li").length > 8`)

	pages := ask[[]string](p, `[...document.querySelectorAll(".manual-list a")].map(a => a.pathname)`)
	if len(pages) < 10 {
		t.Fatalf("the help has the pages %v", pages)
	}
	p.shot("help-start")
	origin := strings.TrimSuffix(w.base, "/lab")
	links := map[string]string{} // to, from
	for _, path := range append([]string{"/lab/help"}, pages...) {
		p.look(wide)
		p.visit(origin + path)
		p.live()
		for _, v := range []view{wide, narrowLight} {
			p.look(v)
			is := ask[helpShows](p, `({
				wide: document.documentElement.scrollWidth > innerWidth,
				h1: document.querySelector(".manual-text h1").textContent,
				links: [...document.querySelectorAll("#tab a[href]")].filter(a => a.origin === location.origin).map(a => a.pathname + a.hash),
				lost: [...document.querySelectorAll(".manual-text a[href^='#']")].map(a => a.hash).filter(h => !document.getElementById(decodeURIComponent(h.slice(1)))),
			})`)
			if is.Wide || is.H1 == "" || len(is.Lost) > 0 {
				t.Errorf("%s at %v: %+v", path, v, is)
			}
			for _, to := range is.Links {
				links[to] = path
			}
			p.shot("help" + strings.ReplaceAll(strings.TrimPrefix(path, "/lab/help"), "/", "-") + "-" + v.String())
		}
	}
	for to, from := range links {
		path, id, anchored := strings.Cut(to, "#")
		text, err := w.text(strings.TrimPrefix(path, "/lab"))
		if err != nil || anchored && !strings.Contains(text, fmt.Sprintf("id=%q", id)) {
			t.Errorf("%s has a link to %s, where nothing is: %v", from, to, err)
		}
	}

	// A command is copied with this server's address, and without the token.
	p.look(wide)
	p.visit(origin + "/lab/help/api#get-api-v1-sources")
	p.wait("the address that the link names is open", `!!document.getElementById("get-api-v1-sources")?.closest("details").open`)
	// What is copied is caught on its way: a headless browser has a clipboard of its own
	ask[bool](p, `(navigator.clipboard.writeText = async text => { window.copied = text }, true)`)
	p.click(`[data-copy="curl-get-api-v1-sources"]`)
	p.wait("the button says that it has copied", `document.querySelector('[data-copy="curl-get-api-v1-sources"]').textContent.includes("Copied")`)
	copied := ask[string](p, `window.copied`)
	if want := `curl -H "Authorization: Bearer $TOKEN" ` + w.base + "/api/v1/sources"; copied != want {
		t.Errorf("copied is %q, want %q", copied, want)
	}
	if _, err := exec.LookPath("curl"); err == nil { // and works as it is
		cmd := exec.Command("sh", "-c", copied)
		cmd.Env = []string{"TOKEN=" + w.token, "PATH=" + os.Getenv("PATH")}
		out, err := cmd.Output()
		var list []struct{ ID string }
		if err != nil || json.Unmarshal(out, &list) != nil || len(list) == 0 {
			t.Errorf("the command gives %.200s, %v", out, err)
		}
	}

	// The headings are found by words.
	p.visit(origin + "/lab/help")
	p.enter("#manual-find", "slow lines")
	p.wait("one heading is left", `[...document.querySelectorAll(".manual-index li li:not([hidden])")].filter(e => e.getClientRects().length).map(e => e.textContent).join() === "Pictures over slow lines"`)
	p.calm()
}

// TestE2EReadmeScripts: the README's scripts do what it says, word for word.
func TestE2EReadmeScripts(t *testing.T) {
	endToEnd(t)
	python := naparitest.Python(t, "numpy2")
	home := t.TempDir()
	heat := filepath.Join(home, "heat.py")
	for name, file := range map[string]string{"simulation": heat, "script": filepath.Join(home, "script.py"), "volume": filepath.Join(home, "volume.py")} {
		if err := os.WriteFile(file, []byte(tried(t, name)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w := startProgram(t, home, "--port", "0", "--model", heat, "--python", python)
	for _, name := range []string{"script", "volume"} {
		cmd := exec.Command(python, name+".py")
		cmd.Dir = home
		cmd.Env = append(userEnviron(t, home), "PYTHONDONTWRITEBYTECODE=1", "PYTHONPATH="+filepath.Join(webmontest.Root(), "shm/python/src"))
		said := new(naparitest.Buffer)
		cmd.Stdout, cmd.Stderr = said, said
		in, err := cmd.StdinPipe() // one of them ends with Enter
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			in.Close()
			_ = cmd.Process.Signal(os.Interrupt) // the other one as Ctrl-C does
			_ = cmd.Wait()
			if t.Failed() {
				t.Logf("%s.py says: %s", name, said)
			}
		})
	}
	has := func(path string, words ...string) {
		until(t, path+" has "+strings.Join(words, ", "), func() string {
			text, err := w.text(path)
			if err != nil {
				return err.Error()
			}
			for _, word := range words {
				if !strings.Contains(text, word) {
					return fmt.Sprintf("%.500s", text)
				}
			}
			return ""
		})
	}
	has("/api/v1/sources/scope/arrays", `"camera"`, `"shape":[2048,2048]`)
	has("/api/v1/sources/scope/state", `"stage":{"x":1.5,"y":2`, `"set_exposure"`)
	has("/api/v1/sources/scope/events/exposure", `"ms":12.5`)
	has("/api/v1/sources/scope/arrays/camera/value?index=5,7", `"value":`)
	has("/api/v1/sources/brain/state", `"ball"`)
	has("/volumes/brain/ball", "ball")
	has("/api/v1/models", `"key":"heat"`, `"problem":""`)
	has("/models/heat", "Heat that spreads in a plate")
}
