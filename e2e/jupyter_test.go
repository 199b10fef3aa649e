//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"image"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"

	"webmon/e2e/webmontest"
	"webmon/shm/process/naparitest"
)

// lab is a JupyterLab of a user, with the package and jupyter-server-proxy in its environment, and a page that shows a notebook of it.
type lab struct {
	*page
	home string
	at   string // its address, with a slash at its end
	file string // the notebook
}

const labToken = "a-token-of-jupyter-s-own"

// startLab starts JupyterLab below base and opens a notebook with cells in a window. The webmon that it and its kernels start, if there
// is none, is the one under test.
func startLab(t *testing.T, b *browser, home, base, theme string, cells ...string) *lab {
	t.Helper()
	python := naparitest.Python(t, "jupyter")
	l := &lab{home: home, file: filepath.Join(home, "cells.ipynb")}
	settings := filepath.Join(home, "settings", "@jupyterlab", "apputils-extension")
	if err := os.MkdirAll(settings, 0o700); err != nil {
		t.Fatal(err)
	}
	var list []any
	for i, code := range cells {
		list = append(list, map[string]any{
			"id": fmt.Sprint("cell-", i), "cell_type": "code", "execution_count": nil, "metadata": struct{}{}, "outputs": []any{}, "source": code,
		})
	}
	notebook, err := json.Marshal(map[string]any{
		"cells": list, "nbformat": 4, "nbformat_minor": 5,
		"metadata": map[string]any{"kernelspec": map[string]string{"name": "python3", "display_name": "Python 3", "language": "python"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		l.file: string(notebook),
		filepath.Join(settings, "notification.jupyterlab-settings"): `{"fetchNews": "false", "checkForUpdates": false}`,
		filepath.Join(settings, "themes.jupyterlab-settings"):       fmt.Sprintf(`{"theme": %q}`, theme),
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	port := quietPort(t)
	l.at = "http://localhost:" + port + base
	said := new(naparitest.Buffer)
	cmd := exec.Command(python, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip", "127.0.0.1", "--port", port,
		"--ServerApp.port_retries=0", "--ServerApp.base_url="+base, "--ServerApp.root_dir="+home, "--IdentityProvider.token="+labToken,
		"--LabApp.user_settings_dir="+filepath.Join(home, "settings"))
	cmd.Env = append(userEnviron(t, home), "PYTHONDONTWRITEBYTECODE=1", "PYTHONPATH="+filepath.Join(webmontest.Root(), "shm/python/src"),
		"WEBMON="+webmonBinary(t), "WEBMON_PORT=0", "JUPYTER_PREFER_ENV_PATH=1")
	cmd.Dir, cmd.Stdout, cmd.Stderr = home, said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it ends its kernels
		_ = cmd.Wait()
		if record, err := l.record(); err == nil {
			_ = syscall.Kill(record.PID, syscall.SIGTERM)
			until(t, "webmon has ended", func() string {
				if syscall.Kill(record.PID, 0) == nil {
					return "it is there"
				}
				return ""
			})
		}
		if t.Failed() {
			t.Logf("JupyterLab says:\n%s", said)
			log, _ := os.ReadFile(filepath.Join(home, "state", "webmon", "webmon.log"))
			t.Logf("webmon's log:\n%s", log)
		}
	})
	until(t, "JupyterLab serves", func() string {
		resp, err := http.Get(l.at + "api")
		if err != nil {
			return err.Error()
		}
		resp.Body.Close()
		return ""
	})
	l.page = b.open(t, wide)
	l.openNotebook()
	return l
}

// openNotebook loads the page of the notebook and waits for its kernel.
func (l *lab) openNotebook() {
	l.t.Helper()
	l.visit(l.at + "lab/tree/cells.ipynb?reset&token=" + labToken)
	l.wait("the notebook is there", `document.querySelector(".jp-NotebookPanel-toolbar [data-command]") !== null`)
	l.ready()
}

// ready waits until the kernel waits for code, and the page is connected to it.
func (l *lab) ready() {
	l.t.Helper()
	until(l.t, "the kernel waits for code", func() string {
		var kernels []struct {
			State string `json:"execution_state"`
			Pages int    `json:"connections"`
		}
		resp, err := http.Get(l.at + "api/kernels?token=" + labToken)
		if err != nil {
			return err.Error()
		}
		defer resp.Body.Close()
		if err := json.NewDecoder(resp.Body).Decode(&kernels); err != nil {
			return err.Error()
		}
		if len(kernels) != 1 || kernels[0].State != "idle" || kernels[0].Pages == 0 {
			return fmt.Sprint(kernels)
		}
		return ""
	})
	l.wait("the page knows it", `document.querySelector(".jp-Notebook-ExecutionIndicator")?.dataset.status === "idle"`)
}

// run runs a cell of the notebook, as people do, and waits until it is done.
func (l *lab) run(cell int) {
	l.t.Helper()
	before := ask[string](l.page, l.prompt(cell))
	l.focus(cell)
	l.press("notebook:run-cell-and-select-next")
	l.wait(fmt.Sprintf("cell %d was run", cell), fmt.Sprintf(`/^\[\d+\]:$/.test(%s) && %s !== %q`, l.prompt(cell), l.prompt(cell), before))
	if text := l.text(fmt.Sprintf(`.jp-Notebook .jp-Cell:nth-of-type(%d) [data-mime-type="application/vnd.jupyter.stderr"], .jp-RenderedText[data-mime-type="application/vnd.jupyter.error"]`, cell+1)); text != "" {
		l.t.Fatalf("cell %d says: %s", cell, text)
	}
}

func (l *lab) cell(n int) string {
	return fmt.Sprintf(`document.querySelectorAll(".jp-Notebook .jp-Cell")[%d]`, n)
}

func (l *lab) prompt(cell int) string {
	return l.cell(cell) + `.querySelector(".jp-InputPrompt").textContent.trim()`
}

// focus clicks into the code of a cell, until the cursor is there: a notebook that has just been opened takes no clicks yet.
func (l *lab) focus(cell int) {
	l.t.Helper()
	until(l.t, fmt.Sprintf("the cursor is in cell %d", cell), func() string {
		l.do(chromedp.Evaluate[chromedp.Void](l.cell(cell) + `.querySelector(".cm-line").scrollIntoView({block: "center"})`))
		at := ask[[2]float64](l.page, `(r => [r.left + 20, r.top + 8])(`+l.cell(cell)+`.querySelector(".cm-line").getBoundingClientRect())`)
		l.do(chromedp.MouseClickXY(at[0], at[1]))
		if !ask[bool](l.page, l.cell(cell)+`.querySelector(".cm-content").contains(document.activeElement)`) {
			return "it is elsewhere"
		}
		return ""
	})
}

// frame is the document of the frame in the output of a cell, in JavaScript.
func (l *lab) frame(cell int) string {
	return l.cell(cell) + `?.querySelector("iframe")?.contentDocument`
}

// shows waits until the frame in the output of a cell is a live page of webmon for which an expression of its document d is true.
func (l *lab) shows(cell int, what, expression string) {
	l.t.Helper()
	l.wait(fmt.Sprintf("the frame of cell %d shows %s", cell, what), fmt.Sprintf(
		`(d => d && d.getElementById("socket-state")?.textContent.trim() === "live" && (%s))(%s)`, expression, l.frame(cell)))
}

// moves waits until the middle of the frame in the output of a cell has looked in several ways: it is live, and what a picture
// that stands still goes through on its way to the exact one are two at most.
func (l *lab) moves(cell int, name string) {
	l.t.Helper()
	l.do(chromedp.Evaluate[chromedp.Void](l.cell(cell) + `.querySelector("iframe").scrollIntoView({block: "center"})`))
	seen := map[string]bool{}
	until(l.t, fmt.Sprintf("the picture in cell %d moves", cell), func() string {
		r := ask[[4]float64](l.page, `(r => [r.left, r.top, r.width, r.height])(`+l.cell(cell)+`.querySelector("iframe").getBoundingClientRect())`)
		picture := l.picture(name)
		middle := image.Pt(int(r[0]+r[2]/2), int(r[1]+r[3]*0.4))
		var look []byte
		for y := -8; y < 8; y++ {
			for x := -8; x < 8; x++ {
				red, green, blue, _ := picture.At(middle.X+x, middle.Y+y).RGBA()
				look = append(look, byte(red>>8), byte(green>>8), byte(blue>>8))
			}
		}
		if slices.Max(look) > slices.Min(look) {
			seen[string(look)] = true // not one colour alone, as before there is a picture
		}
		if len(seen) < 5 {
			return fmt.Sprintf("it looked in %d ways", len(seen))
		}
		return ""
	})
}

// press presses a button of the toolbar.
func (l *lab) press(command string) {
	l.t.Helper()
	l.click(fmt.Sprintf(`.jp-NotebookPanel-toolbar [data-command=%q]`, command))
}

// restart restarts the kernel, as people do.
func (l *lab) restart() {
	l.t.Helper()
	l.press("notebook:restart-kernel")
	l.wait("it asks", `document.querySelector(".jp-Dialog .jp-mod-accept") !== null`)
	l.click(".jp-Dialog .jp-mod-accept")
	l.wait("the question is gone", `document.querySelector(".jp-Dialog") === null`)
	l.ready()
}

// save saves the notebook and returns the file.
func (l *lab) save() string {
	l.t.Helper()
	l.press("docmanager:save")
	l.wait("the notebook is saved", `!document.querySelector(".jp-mod-current")?.classList.contains("jp-mod-dirty")`)
	b, err := os.ReadFile(l.file)
	if err != nil {
		l.t.Fatal(err)
	}
	return string(b)
}

// labRecord is what the webmon of a user has left for others.
type labRecord struct {
	URL string `json:"url"`
	PID int    `json:"pid"`
}

func (l *lab) record() (r labRecord, err error) {
	b, err := os.ReadFile(filepath.Join(l.home, "run", "webmon", "webmon.json"))
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	return r, err
}

// webmon is the one that runs.
func (l *lab) webmon() address {
	l.t.Helper()
	r, err := l.record()
	if err != nil {
		l.t.Fatal(err)
	}
	return readAddress(l.t, r.URL, false)
}

// TestE2ENotebook: what the README says of a cell is done in a JupyterLab, which has a prefix and the dark theme, by somebody who runs
// cells twice, restarts the kernel, and opens the notebook again.
func TestE2ENotebook(t *testing.T) {
	endToEnd(t)
	const base = "/lab/user/x/"
	b := startBrowser(t)
	l := startLab(t, b, t.TempDir(), base, "JupyterLab Dark", tried(t, "show"), `webmon.show("exposure.ms")`, "webmon.show()", `webmon.show("gain", theme="light")`)
	l.run(0)
	l.shows(0, "the camera", `d.querySelector(".foot-name").textContent === "camera · scope" && d.querySelector(".head") === null`)
	l.moves(0, "notebook-camera")
	l.shows(0, "the camera in JupyterLab's theme", `d.documentElement.dataset.theme === "dark"`)
	if fits := ask[bool](l.page, `(d => d.documentElement.scrollHeight <= d.documentElement.clientHeight && d.documentElement.scrollWidth <= d.documentElement.clientWidth)(`+l.frame(0)+`)`); !fits {
		t.Error("the frame has scroll bars")
	}
	l.run(1)
	l.shows(1, "the chart", `!Number.isNaN(parseFloat(d.querySelector("[data-stat=median] .stat-value")?.textContent))`)
	l.run(2)
	l.shows(2, "the dashboard", `d.querySelector("#tabs a[aria-current=page]")?.textContent.trim() === "Arrays"`)
	l.run(3)
	l.shows(3, "the control", `[...d.querySelectorAll("[data-filter-item]:not([hidden])")].map(e => e.dataset.filterText).join() === "Gain gain"`)
	l.shows(3, "the control in the theme that was asked for", `d.documentElement.dataset.theme === "light"`)
	l.shot("notebook")

	w := l.webmon()
	w.onlySource("scope")
	first := w.source("scope", "connected", connected)
	u, _ := url.Parse(w.base)
	if u.Path != base+"webmon" {
		t.Errorf("webmon is at %s", w.base)
	}

	// A cell that is run again leaves one source and one array, and is live.
	l.run(0)
	l.moves(0, "notebook-again")
	if again := w.source("scope", "connected", connected); again.Instance != first.Instance {
		t.Errorf("the cell has made another process: %+v, and before %+v", again, first)
	}
	w.onlySource("scope")
	var arrays map[string]struct{ Name string }
	if w.get("/api/v1/sources/scope/arrays", &arrays); len(arrays) != 1 || arrays["camera"].Name != "camera" {
		t.Errorf("the arrays are %v", arrays)
	}

	// The frames say that the kernel has gone, and come back with it.
	l.restart()
	l.wait("the frame says that the process has ended", `(d => d?.querySelector(".foot [data-state=gone]") != null && d.querySelector(".foot-notices").innerText.includes("scope broke off"))(`+l.frame(0)+`)`)
	l.shot("notebook-restarted")
	l.run(0)
	l.moves(0, "notebook-after-restart")
	w.onlySource("scope")
	if again := w.source("scope", "connected", connected); again.Instance == first.Instance {
		t.Errorf("it is the process of before: %+v", again)
	}
	l.shows(1, "the chart of the new process, in the frame of before", `d.querySelector(".foot [data-state=live]") !== null`)

	// The file has no token in it. Whoever opens it again sees what runs, or why nothing is shown.
	file := l.save()
	if !strings.Contains(file, "<iframe") || strings.Contains(file, w.token) || strings.Contains(file, "token=") {
		t.Errorf("the notebook has no frame, or a token: %s", file)
	}
	l.openNotebook()
	l.moves(0, "notebook-opened-again")
	if _, err := w.try("POST", "/stop", "", nil); err != nil {
		t.Fatal(err)
	}
	until(t, "webmon has stopped", func() string {
		if r, err := l.record(); err == nil && readAddress(t, r.URL, false).base == w.base {
			return "it is there"
		}
		return ""
	})
	l.openNotebook()
	l.wait("the frame says what to do", `(d => d?.body.innerText.includes("Run the cell of the notebook again"))(`+l.frame(0)+`)`)
	l.shot("notebook-without-webmon")
	l.run(0)
	l.moves(0, "notebook-with-another-webmon")
	l.webmon().onlySource("scope")
}

// TestE2ENotebookBesideWebmon: a webmon that somebody has started before becomes a part of JupyterLab, without a second one, and its own
// address stays good.
func TestE2ENotebookBesideWebmon(t *testing.T) {
	endToEnd(t)
	home := t.TempDir()
	w := startProgram(t, home, "--port", "0", "--demo")
	b := startBrowser(t)
	before := b.open(t, narrow)
	before.visit(w.url)
	before.live()
	l := startLab(t, b, home, "/", "JupyterLab Light", tried(t, "show"))
	l.run(0)
	l.shows(0, "the camera", `d.querySelector(".foot-name").textContent === "camera · scope" && d.documentElement.dataset.theme === "light"`)
	l.moves(0, "notebook-beside")
	r, err := l.record()
	if err != nil || r.PID != w.cmd.Process.Pid {
		t.Errorf("the webmon that runs is %d, and not %d: %v", r.PID, w.cmd.Process.Pid, err)
	}
	// The page that was open goes on, and the address that was printed opens.
	before.key("2")
	before.live()
	before.visit(w.url)
	before.live()
	if path := ask[string](before, "location.pathname"); !strings.HasPrefix(path, "/webmon/") {
		t.Errorf("the address of before leads to %s", path)
	}
	// The entry of the launcher is the same webmon.
	entry := b.open(t, wide)
	entry.visit(l.at + "lab?token=" + labToken)
	entry.visit(l.at + "webmon/status?token=" + w.token)
	entry.live()
	entry.says("#live-status", "scope")
}

// onlySource fails the test if there is another source than one, and the demo.
func (a address) onlySource(id string) {
	a.t.Helper()
	for _, s := range a.sources() {
		if s.ID != id && s.ID != "demo" {
			a.t.Errorf("there is a source %+v beside %s", s, id)
		}
	}
}
