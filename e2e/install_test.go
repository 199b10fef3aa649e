//go:build linux

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"webmon/components"
	"webmon/e2e/webmontest"
	"webmon/lacking"
	"webmon/shm/process/naparitest"
)

// newcomer is somebody with an empty home, without Go, outside of a checkout.
type newcomer struct {
	t    *testing.T
	home string
	env  []string
}

func newNewcomer(t *testing.T) *newcomer {
	t.Helper()
	home := t.TempDir()
	n := &newcomer{t: t, home: home}
	for name, folder := range map[string]string{"HOME": "", "XDG_RUNTIME_DIR": "run", "TMPDIR": "tmp"} {
		path := filepath.Join(home, folder)
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
		n.env = append(n.env, name+"="+path)
	}
	// Where the machine has its packages from, and whom it trusts, is not a matter of the home.
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if strings.HasPrefix(name, "PIP_") && name != "PIP_CACHE_DIR" || strings.HasSuffix(strings.ToLower(name), "_proxy") || strings.HasPrefix(name, "SSL_CERT_") {
			n.env = append(n.env, v)
		}
	}
	// The Python that others are made of, under the name that people type.
	base, err := exec.Command(naparitest.Python(t, "dist"), "-c", "import sys; print(sys._base_executable)").Output()
	if err != nil {
		t.Fatalf("asking for the Python: %v", err)
	}
	bin := filepath.Join(home, "usr", "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"python", "python3"} {
		script := fmt.Sprintf("#!/bin/sh\nexec %q \"$@\"\n", strings.TrimSpace(string(base)))
		if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	n.env = append(n.env, "PATH="+bin+":/usr/bin:/bin", "WEBMON_PORT=0", "LANG=C.UTF-8")
	if out, err := n.command("sh", "-c", "command -v go webmon").Output(); err == nil {
		lacking.Skip(t, "this machine has %s for everybody: a newcomer has neither Go nor webmon", out)
	}
	return n
}

// command is a command in the home of the newcomer.
func (n *newcomer) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command("/usr/bin/env", append([]string{"-i"}, append(append(n.env, name), args...)...)...)
	cmd.Dir = n.home
	return cmd
}

// sh types commands, which must succeed.
func (n *newcomer) sh(commands string) string {
	n.t.Helper()
	out, err := n.command("sh", "-e", "-c", commands).CombinedOutput()
	if err != nil {
		n.t.Fatalf("%s: %v\n%s", commands, err, out)
	}
	return string(out)
}

// script runs a Python script in the background until the test ends, and the webmon that it starts.
func (n *newcomer) script(name, text string) {
	n.t.Helper()
	if err := os.WriteFile(filepath.Join(n.home, name), []byte(text), 0o600); err != nil {
		n.t.Fatal(err)
	}
	cmd := n.command("try/bin/python", name)
	said := new(naparitest.Buffer)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if n.t.Failed() {
			n.t.Logf("%s says:\n%s", name, said)
		}
	})
}

// address is where the webmon is that the script has started.
func (n *newcomer) address() address {
	n.t.Helper()
	until(n.t, "the package has started webmon", func() string {
		if out, err := n.command("try/bin/python", "-m", "webmon", "where").CombinedOutput(); err != nil {
			return fmt.Sprintf("%v: %s", err, out)
		}
		return ""
	})
	a := readAddress(n.t, n.sh("try/bin/webmon 2>/dev/null"), false)
	n.t.Cleanup(func() {
		if status, err := a.try("POST", "/stop", "", nil); err != nil || status >= 400 {
			n.t.Errorf("stopping webmon: %d, %v", status, err)
		}
	})
	return a
}

// builtWheel builds a wheel for this machine, as the README says, and returns its path.
func builtWheel(t *testing.T) string {
	t.Helper()
	out := t.TempDir()
	cmd := exec.Command("go", "run", "./release", "build", "-o", out, "-python", naparitest.Python(t, "dist"), "-for", "here")
	cmd.Dir = webmontest.Root()
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the wheel: %v\n%s", err, text)
	}
	wheels, err := filepath.Glob(filepath.Join(out, "napari_webmon-*.whl"))
	if err != nil || len(wheels) != 1 {
		t.Fatalf("there are the wheels %q (%v)", wheels, err)
	}
	return wheels[0]
}

// TestE2EFirstMinute does what the README says of the first minute, word for word: somebody who has a wheel and nothing else sees
// a picture of a script, and one of napari.
func TestE2EFirstMinute(t *testing.T) {
	endToEnd(t)
	wheel := builtWheel(t)
	b := startBrowser(t)

	t.Run("a script", func(t *testing.T) {
		n := newNewcomer(t)
		n.sh("ln -s " + wheel + " .")
		began := time.Now()
		n.sh(tried(t, "install"))
		installed := time.Since(began)
		n.script("rings.py", tried(t, "rings"))
		a := n.address()
		p := b.open(t, view{1400, 900, "dark"})
		p.visit(a.url)
		a.source("scope", "attached", connected)
		p.visit(a.home + "/arrays?source=scope&array=camera")
		p.live()
		p.wait("the rings are drawn", `(async () => {
  const root = document.querySelector("[data-array]");
  if (!(root?.dataset.pictures > 1)) return false;
  const {size} = root.viewer.stats();
  const all = await root.viewer.readPixels(0, 0, size.width, size.height);
  const seen = new Set();
  for (let i = 0; i < all.length; i += 4) seen.add(all[i]);
  return seen.size > 100;
})()`)
		t.Logf("installed after %.1f s, picture in the browser after %.1f s", installed.Seconds(), time.Since(began).Seconds())
		p.shot("first-minute-script")

		// Everything else that the wheel is to bring.
		version := strings.TrimSpace(n.sh("try/bin/webmon --version 2>&1"))
		for _, how := range []string{
			"try/bin/python -m webmon --version 2>&1",
			`try/bin/python -c 'import webmon; print("webmon", webmon.__version__)'`,
			`try/bin/python -c 'from importlib.metadata import version; print("webmon", version("napari-webmon"))'`,
		} {
			if got := strings.TrimSpace(n.sh(how)); got != version {
				t.Errorf("%s says %q, want %q", how, got, version)
			}
		}
		var about struct{ Version string }
		if a.get("/api/v1", &about); "webmon "+about.Version != version {
			t.Errorf("/api/v1 says %q, want %q", about.Version, version)
		}
		if got := n.sh(`try/bin/python -c 'import webmon; print(webmon.url())'`); strings.TrimSpace(got) != a.url {
			t.Errorf("webmon.url() is %q, want %q", got, a.url)
		}
		if got := n.sh("try/bin/python -m webmon where"); !strings.Contains(got, a.url) || !strings.Contains(got, "scope (process ") {
			t.Errorf("python -m webmon where says %q", got)
		}
		for _, group := range []string{"napari.manifest", "jupyter_serverproxy_servers"} {
			n.sh(`try/bin/python -c '
from importlib.metadata import entry_points, distribution
assert [e for e in distribution("napari-webmon").entry_points if e.group == "` + group + `"]'`)
		}
		// What Jupyter's launcher starts, with a PATH that has no webmon.
		n.sh(`try/bin/python -c '
from webmon import _announce, _jupyter
assert _jupyter.server()["launcher_entry"]["enabled"] and _announce.find_webmon().endswith("/try/bin/webmon")'`)
		n.sh("try/bin/pip check")
		n.sh("try/bin/pip uninstall -y napari-webmon && test ! -e try/bin/webmon")
	})

	t.Run("napari", func(t *testing.T) {
		if _, err := exec.LookPath("Xvfb"); err != nil {
			lacking.Skip(t, "Xvfb is not installed: .ci/system.sh says what to install")
		}
		// napari itself is as it came from the index into the environment of the other tests.
		site := filepath.Join(filepath.Dir(filepath.Dir(naparitest.Python(t, "napari-next"))), "lib")
		napari, err := filepath.Glob(filepath.Join(site, "python3.*", "site-packages"))
		if err != nil || len(napari) != 1 {
			t.Fatalf("napari's packages are in %q (%v)", napari, err)
		}
		n := newNewcomer(t)
		n.sh("ln -s " + wheel + " .\npython3 -m venv try\necho " + napari[0] + " >$(echo try/lib/python3.*/site-packages)/napari.pth\ntry/bin/pip install --no-deps ./napari_webmon-*.whl")
		n.script("rings.py", tried(t, "napari"))
		a := n.address()
		a.source("napari", "attached", connected)
		p := b.open(t, view{1400, 900, "dark"})
		p.visit(a.url)
		p.visit(a.home + "/viewer?view=canvas&source=napari")
		p.live()
		p.wait("napari's canvas is drawn", `document.querySelector("[data-canvas]")?.dataset.state === "live"`)
		p.shot("first-minute-napari")
	})

	t.Run("the checkout", func(t *testing.T) {
		n := newNewcomer(t)
		list := exec.Command("git", "ls-files", "-co", "--exclude-standard", "shm/python/src", "shm/python/pyproject.toml", "shm/python/README.md", "shm/python/LICENSE")
		list.Dir = webmontest.Root()
		names, err := list.Output()
		if err != nil {
			lacking.Skip(t, "git lists the files: %v", err)
		}
		for name := range strings.Lines(string(names)) {
			name = strings.TrimSpace(name)
			text, err := os.ReadFile(filepath.Join(webmontest.Root(), name))
			if err != nil {
				continue // removed and not committed yet
			}
			to := filepath.Join(n.home, name)
			if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(to, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		n.sh("python3 -m venv try\n. try/bin/activate\n" + components.InstallPlugin)
		out, err := n.command("try/bin/python", "-m", "webmon").CombinedOutput()
		if err == nil || !strings.Contains(string(out), "Put webmon on the PATH") {
			t.Errorf("without a program python -m webmon says %s (%v)", out, err)
		}
	})
}
