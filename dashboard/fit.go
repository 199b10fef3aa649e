package dashboard

import (
	"fmt"
	"regexp"
	"runtime/debug"
	"strconv"
	"sync"

	"webmon/components"
	"webmon/components/layout"
	"webmon/components/ui"
	"webmon/shm"
	"webmon/shm/python"
)

// release is the version that a release build is given (release/build.go), and commit what
// the Makefile gives to any other, such as "g0fe1e07abcde.dirty".
var release, commit string

// Version is the version of the program: that of the package, and behind it the commit from
// which it was built, if it was built in a checkout and is no release, as in
// "0.1.0+g0fe1e07abcde". ".dirty" follows where the checkout was changed.
var Version = sync.OnceValue(func() string {
	if release != "" {
		return release
	}
	if commit != "" {
		return python.Version() + "+" + commit
	}
	info, _ := debug.ReadBuildInfo()
	return versionOf(python.Version(), info)
})

// versionOf adds to a version what Go has noted of the commit.
func versionOf(number string, info *debug.BuildInfo) string {
	if info == nil || info.Main.Version == "v"+number {
		return number // of no checkout, or of a commit with the tag of the version
	}
	revision, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = "+g" + s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = ".dirty"
		}
	}
	if revision == "" {
		return number
	}
	return number + revision + dirty
}

var majorMinor = regexp.MustCompile(`^v?(\d{1,9})\.(\d{1,9})(\.|$)`)

// minorOf returns the major and the minor number of a version; ok is false for what is none.
func minorOf(version string) (major, minor int, ok bool) {
	m := majorMinor.FindStringSubmatch(version)
	if m == nil {
		return 0, 0, false
	}
	major, _ = strconv.Atoi(m[1])
	minor, _ = strconv.Atoi(m[2])
	return major, minor, true
}

// Fits is the major and minor version that a package must have to fit this webmon.
func Fits() string {
	major, minor, ok := minorOf(Version())
	if !ok {
		return ""
	}
	return fmt.Sprintf("%d.%d", major, minor)
}

// misfit returns the notice for a process whose package does not fit this webmon, nil if it
// does, or if the process has no package. They fit if they speak the same protocol and have
// the same major and minor version; the package has the same rule (_fit.py). Nothing is
// refused: what both know works.
func misfit(info shm.Info, own string) *layout.Notice {
	major, minor, known := minorOf(info.Package)
	ownMajor, ownMinor, ok := minorOf(own)
	sameMinor := !known || !ok || major == ownMajor && minor == ownMinor
	sameProtocol := info.Protocol == 0 || info.Protocol == shm.Protocol
	if info.Kind == shm.KindDemo || sameMinor && sameProtocol {
		return nil
	}
	text := fmt.Sprintf("The package webmon in %s is version %s, and this webmon is version %s", info.Name, info.Package, own)
	if !known {
		text = fmt.Sprintf("%s says no version of its package that is known, and this webmon is version %s", info.Name, own)
	}
	if !sameProtocol {
		text += fmt.Sprintf(": they speak protocol %d and %d", info.Protocol, shm.Protocol)
	}
	text += ". They belong together in one minor version only: parts of these pages may be missing or wrong. "
	if newer := major > ownMajor || major == ownMajor && minor > ownMinor; sameMinor && info.Protocol > shm.Protocol || !sameMinor && newer {
		return &layout.Notice{
			Key: "misfit", Severity: ui.Warning,
			Text: text + "The package is the newer one: stop this webmon on Status, and start the program of the package, with the Python of " + info.Name + ":",
			Code: "python -m webmon",
		}
	}
	return &layout.Notice{
		Key: "misfit", Severity: ui.Warning,
		Text: text + "The program is the newer one: install its package in the environment of " + info.Name + ", " + components.InstallPluginWhere + ", and start the process again:",
		Code: components.InstallPlugin,
	}
}
