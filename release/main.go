// Command release makes what is published, the same byte for byte however often and in
// whatever folder it is built: for each platform an archive of the program and a wheel of
// the Python package with the program inside, the sources of that package, and the list of
// what is in all of it (SBOM). `make dist` and `make sbom` run it:
//
//	go run ./release sbom -o dist/webmon.cdx.json
//	go run ./release build -o dist -python .venv/dist/bin/python -for here
//
// The date of everything is $SOURCE_DATE_EPOCH, or that of the commit.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("say sbom or build")
	}
	fs := flag.NewFlagSet(args[0], flag.ContinueOnError)
	root := fs.String("C", ".", "`folder` of the checkout")
	out := fs.String("o", "dist", "`path` to write to")
	python := fs.String("python", "python3", "`program` that has the setuptools of .ci/requirements/dist.txt")
	only := fs.String("for", "", "the `platform` to build for, such as linux-amd64, or here; default: all")
	if err := fs.Parse(args[1:]); err != nil {
		return err
	}
	targets, err := chosen(*only)
	if err != nil {
		return err
	}
	id, err := identify(*root)
	if err != nil {
		return err
	}
	switch args[0] {
	case "sbom":
		text, err := sbom(*root, id)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(*out), 0o755); err != nil {
			return err
		}
		return os.WriteFile(*out, text, 0o644)
	case "build":
		return build(*root, *out, *python, targets, id)
	}
	return fmt.Errorf("%q is neither sbom nor build", args[0])
}

// identity is what a release is called, and from when it is.
type identity struct {
	version string // without a leading v
	date    time.Time
}

var packageVersion = regexp.MustCompile(`__version__ = "([^"]+)"`)

// identify reads the version from the Python package. Behind it stands the commit, unless
// that has the version as its tag, and ".dirty" where the checkout was changed.
func identify(root string) (id identity, err error) {
	text, err := os.ReadFile(filepath.Join(root, "shm/python/src/webmon/_version.py"))
	if err != nil {
		return id, err
	}
	m := packageVersion.FindSubmatch(text)
	if m == nil {
		return id, fmt.Errorf("_version.py has no version")
	}
	id.version = string(m[1])
	git := func(args ...string) string {
		out, err := exec.Command("git", append([]string{"-C", root}, args...)...).Output()
		if err != nil {
			return "" // no checkout, or no commit: what follows says what that means
		}
		return strings.TrimSpace(string(out))
	}
	changed := git("status", "--porcelain") != ""
	if tag := git("describe", "--exact-match", "--tags", "--match", "v[0-9]*"); tag != "" && !changed {
		// A tag that does not fit the package is a mistake which users would meet.
		if tag != "v"+id.version {
			return id, fmt.Errorf("the commit has the tag %s, and _version.py has %s", tag, id.version)
		}
	} else if commit := git("rev-parse", "--short=12", "HEAD"); commit != "" {
		id.version += "+g" + commit // a number alone would lose its leading zeros
		if changed {
			id.version += ".dirty"
		}
	}
	seconds := os.Getenv("SOURCE_DATE_EPOCH")
	if seconds == "" {
		seconds = git("log", "-1", "--format=%ct")
	}
	if seconds == "" {
		return id, fmt.Errorf("this is no checkout of git: set SOURCE_DATE_EPOCH to the date of the release")
	}
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || n < 0 {
		return id, fmt.Errorf("SOURCE_DATE_EPOCH is %q: give the seconds since 1970", seconds)
	}
	id.date = time.Unix(n, 0).UTC()
	return id, nil
}
