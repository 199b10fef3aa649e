//go:build linux

package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"webmon/e2e/webmontest"
	"webmon/lacking"
	"webmon/shm/process/naparitest"
)

// TestE2EReadme: what the README says of a napari on a server and in a notebook is done word for word, by a user with an empty
// home on a machine without a display.
func TestE2EReadme(t *testing.T) {
	endToEnd(t)
	if _, err := exec.LookPath("Xvfb"); err != nil {
		lacking.Skip(t, "Xvfb is not installed: .ci/system.sh says what to install")
	}
	python := naparitest.Python(t, "napari-latest")
	for _, name := range []string{"server", "notebook"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			script := filepath.Join(home, name+".py")
			if err := os.WriteFile(script, []byte(tried(t, name)), 0o600); err != nil {
				t.Fatal(err)
			}
			env := slices.DeleteFunc(userEnviron(t, home), func(v string) bool {
				return strings.HasPrefix(v, "DISPLAY=") || strings.HasPrefix(v, "WAYLAND_DISPLAY=") || strings.HasPrefix(v, "QT_")
			})
			env = append(env, "NAPARI_CONFIG=", "PYTHONDONTWRITEBYTECODE=1", "PYTHONPATH="+filepath.Join(webmontest.Root(), "shm/python/src"))
			command := func(args ...string) *exec.Cmd {
				cmd := exec.Command(python, args...)
				cmd.Env, cmd.Dir = env, home
				return cmd
			}
			if out, err := command("-c", `import numpy, tifffile
rows, columns = numpy.mgrid[:240, :320]
tifffile.imwrite("cells.tif", ((rows * columns) % 251).astype("uint8"))`).CombinedOutput(); err != nil {
				t.Fatalf("writing cells.tif: %v: %s", err, out)
			}
			w := startProgram(t, home, "--port", "0")

			if name == "notebook" {
				script = filepath.Join(webmontest.Root(), "e2e/testdata/cell.py")
			}
			cmd := command(script, name+".py")
			said := new(naparitest.Buffer)
			cmd.Stderr = said
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("it says:\n%s", said)
				}
			})
			ended := make(chan error, 1)
			lines := make(chan string, 1)
			go func() {
				line, _ := bufio.NewReader(out).ReadString('\n')
				lines <- line
				ended <- cmd.Wait()
			}()
			defer func() {
				// A kernel ends with its script, at the end of the input.
				if in.Close(); name == "server" {
					_ = cmd.Process.Kill()
				}
				<-ended
			}()

			w.source("napari", "attached", connected)
			until(t, "the canvas has a picture", func() string {
				file, err := w.text("/api/v1/sources/napari/arrays/canvas.png")
				if err != nil {
					return err.Error()
				}
				picture, err := png.Decode(strings.NewReader(file))
				if err != nil {
					return fmt.Sprintf("%v: %.300s", err, file)
				}
				values := map[uint8]bool{}
				for _, v := range opaque(picture).Pix {
					values[v] = true
				}
				if len(values) < 100 {
					return fmt.Sprintf("it has %d values", len(values))
				}
				return ""
			})
			if name != "notebook" {
				return
			}
			var cell struct {
				HTML, Error *string
				Text        string
			}
			if line := <-lines; json.Unmarshal([]byte(line), &cell) != nil || cell.Error != nil || cell.HTML == nil {
				t.Fatalf("the cell says %s", line)
			}
			// There is no Jupyter around the kernel, so it is a link, which lets one browser in: a notebook is passed on.
			if want := `href="` + w.base + `/viewer?view=canvas&amp;source=napari&amp;ticket=`; !strings.Contains(*cell.HTML, want) || strings.Contains(*cell.HTML, w.token) {
				t.Errorf("the cell shows %s, which has no %s, or the token", *cell.HTML, want)
			}
		})
	}
}

// tried is the block of code in the README that follows the mark of that name.
func tried(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(webmontest.Root(), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)<!-- tried: " + name + " -->\n```[a-z]*\n(.*?)```").FindSubmatch(text)
	if block == nil {
		t.Fatalf("the README has no block of code after the mark %q", name)
	}
	return string(block[1])
}
