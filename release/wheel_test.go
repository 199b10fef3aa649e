package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"debug/macho"
	"encoding/base64"
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"webmon/lacking"
)

// environmentBin returns a program of one of the Python environments in .venv.
func environmentBin(t *testing.T, env, program string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(root, ".venv", env, "bin", program))
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		lacking.Skip(t, "%v: .ci/venvs.sh %s makes it", err, env)
	}
	return path
}

// contents are the files of an archive in zip format, by name.
func contents(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	zr, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, f := range zr.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		r.Close()
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		if _, twice := out[f.Name]; twice {
			t.Errorf("%s is there twice", f.Name)
		}
		if f.Flags&8 != 0 {
			t.Errorf("%s has its size behind it", f.Name)
		}
		if want := map[bool]os.FileMode{true: 0o755, false: 0o644}[strings.Contains(f.Name, ".data/scripts/")]; f.Mode() != want {
			t.Errorf("%s has the mode %v, want %v", f.Name, f.Mode(), want)
		}
		if got := f.Modified.UTC(); !got.Equal(someday.date) {
			t.Errorf("%s is of %v, want %v", f.Name, got, someday.date)
		}
		out[f.Name] = text
	}
	return out
}

// What is built of the package in two folders, at two times, with two umasks, by whom ever,
// is the same.
func TestWheelsAreIdenticalAndWhole(t *testing.T) {
	python := environmentBin(t, "dist", "python")
	list, modules := []byte("{}"), []byte("words")
	var first, sdist []byte
	p := platform{"linux", "amd64"}
	for i, name := range []string{"one", "another folder/of a longer name"} {
		dir := filepath.Join(t.TempDir(), name)
		copySources(t, dir)
		if i > 0 {
			t.Setenv("TMPDIR", t.TempDir())
			t.Setenv("TZ", "Pacific/Auckland")
			t.Setenv("LANG", "tr_TR.UTF-8")
			// What tests and editors leave is no part of it.
			for _, left := range []string{"shm/python/src/webmon/__pycache__/x.pyc", "shm/python/src/napari_webmon.egg-info/SOURCES.txt", "shm/python/build/lib/x.py"} {
				path := filepath.Join(dir, left)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte("left"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		sources, pure, err := distributions(dir, python, someday)
		if err != nil {
			t.Fatal(err)
		}
		with, err := companions(root, list, modules)
		if err != nil {
			t.Fatal(err)
		}
		slices.Reverse(pure) // their order is ours
		got, content, err := wheel(pure, with, p, []byte("a program"), someday)
		if err != nil {
			t.Fatal(err)
		}
		if want := "napari_webmon-1.2.3-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64.whl"; got != want || sources.name != "napari_webmon-1.2.3.tar.gz" {
			t.Errorf("the files are called %s and %s", got, sources.name)
		}
		if i == 0 {
			first, sdist = content, sources.content
			continue
		}
		if !bytes.Equal(content, first) {
			t.Error("two wheels of the same sources differ")
		}
		if !bytes.Equal(sources.content, sdist) {
			t.Error("the sources are packed differently a second time")
		}
	}
	files := contents(t, first)
	const info = "napari_webmon-1.2.3.dist-info/"
	if string(files["napari_webmon-1.2.3.data/scripts/webmon"]) != "a program" {
		t.Error("the program is not in it")
	}
	if !strings.Contains(string(files["webmon/_version.py"]), "\n__version__ = \"1.2.3\"\n") {
		t.Errorf("the package does not have the version: %s", files["webmon/_version.py"])
	}
	for name, want := range map[string]string{
		info + "METADATA": "\nVersion: 1.2.3\n", info + "WHEEL": "\nRoot-Is-Purelib: false\nTag: py3-none-manylinux_2_17_x86_64\nTag: py3-none-manylinux2014_x86_64\nTag: py3-none-musllinux_1_1_x86_64\n",
		info + "entry_points.txt": "napari-webmon = webmon:napari.yaml", info + "sboms/webmon.cdx.json": "{}", info + "licenses/licences-go.txt": "words", info + "licenses/LICENSE": "Copyright",
		info + "licenses/licences-scripts.txt": "Apache", "webmon/napari.yaml": "", "webmon/py.typed": "", "webmon/icon.svg": "",
	} {
		if text, ok := files[name]; !ok || !strings.Contains(string(text), want) {
			t.Errorf("%s has no %q: %.400s", name, want, text)
		}
	}
	for _, want := range []string{"License-Expression: BSD-3-Clause AND ", "AND MIT\n", "\nLicense-File: licences-go.txt\n"} {
		if !strings.Contains(string(files[info+"METADATA"]), want) {
			t.Errorf("METADATA has no %q", want)
		}
	}

	// Each file but RECORD is in RECORD, with its sum and size, and nothing else.
	lines, err := csv.NewReader(bytes.NewReader(files[info+"RECORD"])).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	recorded := map[string]bool{}
	for _, line := range lines {
		text, ok := files[line[0]]
		sum := sha256.Sum256(text)
		want := []string{line[0], "sha256=" + base64.RawURLEncoding.EncodeToString(sum[:]), fmt.Sprint(len(text))}
		if line[0] == info+"RECORD" {
			want[1], want[2] = "", ""
		}
		if !ok || !slices.Equal(line, want) || recorded[line[0]] {
			t.Errorf("RECORD has %q, want %q", line, want)
		}
		recorded[line[0]] = true
	}
	if len(recorded) != len(files) {
		t.Errorf("%d files of %d are recorded", len(recorded), len(files))
	}
	if names := slices.Sorted(maps.Keys(files)); slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, "__pycache__") }) {
		t.Error("what Python compiled is in it")
	}

	// What others say of both.
	dir := t.TempDir()
	here := filepath.Join(dir, "napari_webmon-1.2.3-py3-none-manylinux2014_x86_64.musllinux_1_1_x86_64.manylinux_2_17_x86_64.whl")
	there := filepath.Join(dir, "napari_webmon-1.2.3.tar.gz")
	for path, content := range map[string][]byte{here: first, there: sdist} {
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, command := range [][]string{
		{environmentBin(t, "wheelcheck", "twine"), "check", "--strict", here, there},
		{environmentBin(t, "wheelcheck", "check-wheel-contents"), here},
		{python, "-m", "zipfile", "-t", here},
	} {
		cmd := exec.Command(command[0], command[1:]...)
		cmd.Env = append(os.Environ(), "NO_COLOR=1")
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", strings.Join(command, " "), err, text)
		}
	}

	// Two that pip cannot install: the program of another machine, and sources, which have none.
	for name, want := range map[string]string{
		"macosx_12_0_arm64": "is not a supported wheel on this platform", "win_amd64": "is not a supported wheel on this platform",
	} {
		path := filepath.Join(dir, "napari_webmon-1.2.3-py3-none-"+name+".whl")
		if err := os.WriteFile(path, first, 0o644); err != nil {
			t.Fatal(err)
		}
		if text, err := exec.Command(python, "-m", "pip", "install", "--dry-run", "--no-index", "--no-deps", path).CombinedOutput(); err == nil || !strings.Contains(string(text), want) {
			t.Errorf("pip says of %s: %s (%v)", name, text, err)
		}
	}
}

// pip, and Python itself, agree on what the names of the wheels stand for.
func TestTagsAreThoseOfThePlatforms(t *testing.T) {
	python := environmentBin(t, "wheelcheck", "python")
	for _, p := range platforms {
		if len(tags[p]) == 0 {
			t.Errorf("%v has no tags", p)
		}
	}
	const of = `
import sys
from packaging import tags, utils
name, version, build, found = utils.parse_wheel_filename(sys.argv[1])
print(name, version, *sorted(t.platform for t in found))
if sys.argv[2] == "darwin":
    known = set(tags.mac_platforms((12, 0), {"amd64": "x86_64"}.get(sys.argv[3], sys.argv[3])))
    older = set(tags.mac_platforms((11, 0), {"amd64": "x86_64"}.get(sys.argv[3], sys.argv[3])))
    assert {t.platform for t in found} & known and not {t.platform for t in found} & older
`
	for _, p := range platforms {
		name := "napari_webmon-1.2.3+g12.dirty-py3-none-" + strings.Join(tags[p], ".") + ".whl"
		out, err := exec.Command(python, "-c", of, name, p.os, p.arch).CombinedOutput()
		want := slices.Sorted(slices.Values(tags[p]))
		if err != nil || strings.TrimSpace(string(out)) != "napari-webmon 1.2.3+g12.dirty "+strings.Join(want, " ") {
			t.Errorf("%v: %s (%v)", p, out, err)
		}
	}
}

// A tag promises that the program runs there: on Linux without any library of the system, on
// macOS from the version on that Go asks for.
func TestProgramsAreAsTheirTagsPromise(t *testing.T) {
	if testing.Short() {
		t.Skip("links programs")
	}
	dir := t.TempDir()
	for _, p := range []platform{{"linux", "arm64"}, {"darwin", "arm64"}} { // `make cross` has compiled them
		path := filepath.Join(dir, p.String())
		if err := compile(root, path, "1.2.3", p); err != nil {
			t.Fatal(err)
		}
		switch p.os {
		case "linux":
			f, err := elf.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			libraries, err := f.ImportedLibraries()
			if err != nil || len(libraries) > 0 || f.Section(".interp") != nil {
				t.Errorf("%v needs %v (%v)", p, libraries, err)
			}
			f.Close()
		case "darwin":
			f, err := macho.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			const buildVersion = 0x32 // LC_BUILD_VERSION: command, size, platform, the least version
			var least string
			for _, load := range f.Loads {
				if raw := load.Raw(); f.ByteOrder.Uint32(raw) == buildVersion {
					v := binary.LittleEndian.Uint32(raw[12:])
					least = fmt.Sprintf("macosx_%d_%d_", v>>16, v>>8&0xff)
				}
			}
			for _, tag := range tags[p] {
				if least == "" || !strings.HasPrefix(tag, least) {
					t.Errorf("%v is tagged %s and needs %q", p, tag, least)
				}
			}
			f.Close()
		}
	}
}

func TestPlatformsAreChosenByName(t *testing.T) {
	if got, err := chosen(""); err != nil || len(got) != len(platforms) {
		t.Errorf("all are %v (%v)", got, err)
	}
	if got, err := chosen("here"); err != nil || len(got) != 1 || got[0] != (platform{runtime.GOOS, runtime.GOARCH}) {
		t.Errorf("this machine is %v (%v)", got, err)
	}
	if _, err := chosen("amiga-m68k"); err == nil || !strings.Contains(err.Error(), "linux-amd64") {
		t.Errorf("another is refused with %v", err)
	}
}

// What the last build has left goes, and nothing else.
func TestAnEarlierBuildGoes(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"old.whl", "mine.txt", "../beside"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { os.Remove(filepath.Join(dir, "../beside")) })
	sums := fmt.Sprintf("%064x  old.whl\n%064x  ../beside\n%064x  gone.whl\nnonsense\n", 1, 2, 3)
	if err := os.WriteFile(filepath.Join(dir, sumsName), []byte(sums), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := clear(dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"old.whl": false, "mine.txt": true, "../beside": true} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", name, err == nil, want)
		}
	}
	if err := clear(t.TempDir()); err != nil {
		t.Errorf("a new folder: %v", err)
	}
}

func TestMetadataThatIsNotUnderstoodIsAnError(t *testing.T) {
	for _, text := range []string{"", "Name: x\n", "Name: x\n\nbody", "Name: x\nLicense-Expression: MIT\nLicense-File: LICENSE\n\nbody"} {
		if got, err := metadata([]byte(text), companion{licence: "MIT"}); err == nil {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}
