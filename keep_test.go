package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"webmon/dashboard/instance"
)

// page loads a page with the token of its address.
func (p *program) page(path string) string {
	p.t.Helper()
	base, token, _ := strings.Cut(p.url, "?token=")
	req, err := http.NewRequest("GET", strings.TrimSuffix(base, "/")+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	client := &http.Client{}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		p.t.Fatalf("%s: %d %s %v", path, resp.StatusCode, b, err)
	}
	return string(b)
}

// end stops the program and returns what it wrote to standard error.
func (p *program) end() string {
	p.t.Helper()
	p.stop()
	status := <-p.status
	p.status <- status
	if status != 0 {
		p.t.Errorf("ended with %d: %s", status, p.stderr)
	}
	return p.stderr.String()
}

// TestNothingCanBeKept: webmon serves with a token for this run, and says so where people see
// it.
func TestNothingCanBeKept(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("homes are found in another way there")
	}
	for _, test := range []struct {
		name    string
		prepare func(t *testing.T)
	}{
		{"a file where the folder should be", func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("XDG_STATE_HOME", file)
		}},
		{"no home", func(t *testing.T) {
			t.Setenv("XDG_STATE_HOME", "")
			t.Setenv("HOME", "")
		}},
		{"a home that is no path", func(t *testing.T) {
			t.Setenv("XDG_STATE_HOME", "")
			t.Setenv("HOME", "nowhere")
		}},
		{"a read-only home", func(t *testing.T) { t.Setenv("XDG_STATE_HOME", readOnly(t)) }},
		{"a folder that all may write to", func(t *testing.T) {
			dir := t.TempDir()
			if err := errors.Join(os.Mkdir(filepath.Join(dir, "webmon"), 0o700), os.Chmod(filepath.Join(dir, "webmon"), 0o777)); err != nil {
				t.Fatal(err)
			}
			t.Setenv("XDG_STATE_HOME", dir)
		}},
		{"a full disk", func(t *testing.T) { t.Setenv("XDG_STATE_HOME", fullDisk(t)) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			env := newEnvironment(t)
			test.prepare(t)
			p := launch(t, env, "--port", "0", "--demo")
			_, token, _ := strings.Cut(p.url, "?token=")
			if len(token) != 40 {
				t.Errorf("printed %q", p.url)
			}
			if page := p.page("/status"); !strings.Contains(page, "The token is one of this run") {
				t.Error("the page does not say so")
			}
			if said := p.end(); !strings.Contains(said, "The token is one of this run") {
				t.Errorf("says %q", said)
			}
			if again := launch(t, env, "--port", "0", "--demo"); strings.Contains(again.url, token) {
				t.Error("the token of another run")
			}
		})
	}
}

// A token that is kept is read where nothing can be written.
func TestAReadOnlyHomeWithAToken(t *testing.T) {
	env := newEnvironment(t)
	dir := filepath.Join(os.Getenv("XDG_STATE_HOME"), "webmon")
	const token = "0123456789012345678901234567890123456789"
	if err := instance.KeepToken(filepath.Join(dir, "token"), token); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if p := launch(t, env, "--port", "0"); !strings.HasSuffix(p.url, "?token="+token) {
		t.Errorf("printed %q", p.url)
	}
}

func TestATokenThatOthersMayKnow(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("folders of a user are closed to others there")
	}
	env := newEnvironment(t)
	path := filepath.Join(os.Getenv("XDG_STATE_HOME"), "webmon", "token")
	const token = "0123456789012345678901234567890123456789"
	if err := errors.Join(instance.KeepToken(path, token), os.Chmod(path, 0o644)); err != nil {
		t.Fatal(err)
	}
	p := launch(t, env, "--port", "0", "--demo")
	if strings.Contains(p.url, token) {
		t.Errorf("it is believed: %q", p.url)
	}
	if page := p.page("/status"); !strings.Contains(page, "made a new token") {
		t.Error("the page does not say so")
	}
	if said := p.end(); !strings.Contains(said, "others have access to it") {
		t.Errorf("says %q", said)
	}
	if again := launch(t, env, "--port", "0"); again.url[strings.Index(again.url, "token="):] != p.url[strings.Index(p.url, "token="):] {
		t.Error("the new one does not last")
	}
}

// TestTheLogFallsBack: a webmon that a process started has its log in the state folder; where
// that cannot be, on standard error.
func TestTheLogFallsBack(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	newEnvironment(t)
	t.Setenv("XDG_STATE_HOME", file)
	var stderr bytes.Buffer
	said, closeLog, err := openLog(config{launched: true}, &stderr)
	if err != nil {
		t.Fatal(err)
	}
	said.logger.Info("a line of the log")
	closeLog()
	if !strings.Contains(stderr.String(), "a line of the log") || !strings.Contains(strings.Join(said.texts, " "), "The log goes to standard error") {
		t.Errorf("wrote %q, says %q", stderr.String(), said.texts)
	}
	if n := strings.Count(stderr.String(), "The log goes to standard error"); n != 1 {
		t.Errorf("says so %d times: %s", n, stderr.String())
	}
	// And where the disk is full, line by line.
	stderr.Reset()
	broken := &logFile{failing{}, &stderr}
	if n, err := broken.Write([]byte("a line")); n != 6 || err != nil || stderr.String() != "a line" {
		t.Errorf("%d, %v, wrote %q", n, err, stderr.String())
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// withoutSystemDir has the test run as if the system gave nobody a folder.
func withoutSystemDir(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the system gives every user a folder")
	}
	before := instance.SystemDir
	instance.SystemDir = t.TempDir()
	t.Cleanup(func() { instance.SystemDir = before })
}

// TestNoFolderToBeFoundIn: webmon serves what it was started for, alone.
func TestNoFolderToBeFoundIn(t *testing.T) {
	withoutSystemDir(t)
	env := newEnvironment(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"XDG_RUNTIME_DIR", "TMPDIR", "XDG_STATE_HOME"} {
		t.Setenv(name, file)
	}
	p := launchIn(t, env, os.DevNull, "--port", "0", "--demo")
	if page := p.page("/status"); !strings.Contains(page, "no folder in which processes") {
		t.Error("the page does not say so")
	}
	if got := p.state(); got != "demo" {
		t.Errorf("shows %q", got)
	}
	if said := p.end(); !strings.Contains(said, "no folder in which processes") {
		t.Errorf("says %q", said)
	}
}

// TestAnotherUserHasTheFolder: webmon and the processes meet elsewhere.
func TestAnotherUserHasTheFolder(t *testing.T) {
	withoutSystemDir(t)
	env := newEnvironment(t)
	t.Setenv("XDG_RUNTIME_DIR", "")
	tmp, logs := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", tmp)
	own := filepath.Join(tmp, fmt.Sprintf("webmon-%d", os.Getuid()))
	if err := errors.Join(os.Mkdir(own, 0o700), os.Chmod(own, 0o777)); err != nil {
		t.Fatal(err)
	}
	announceIn(t, "cam", instance.RuntimeDir())
	p := launchIn(t, env, filepath.Join(logs, "1"), "--port", "0")
	p.becomes("cam")
	// Once the folder is free again a second webmon would choose it, and finds the first all
	// the same; so does a process.
	if err := os.Remove(own); err != nil {
		t.Fatal(err)
	}
	if dirs, _ := instance.RuntimeDirs(); dirs[0] != own {
		t.Fatalf("the folders are %q", dirs)
	}
	var stdout, stderr bytes.Buffer
	if status := run(t.Context(), []string{"--log-path", filepath.Join(logs, "2")}, env.get, &stdout, &stderr); status != 0 || strings.TrimSpace(stdout.String()) != p.url {
		t.Errorf("the second ended with %d and printed %q: %s", status, stdout.String(), stderr.String())
	}
	if said := p.end(); !strings.Contains(said, "another than usual") || !strings.Contains(said, own) {
		t.Errorf("says %q", said)
	}
}

// TestTheTokenIsInNoCommand: everybody on the machine can read the command of a browser.
func TestTheTokenIsInNoCommand(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("needs xdg-open")
	}
	bin, seen := t.TempDir(), filepath.Join(t.TempDir(), "seen")
	script := fmt.Sprintf("#!/bin/sh\n{ echo \"$@\"; stat -c %%a \"$1\"; cat \"$1\"; env; } >%s.new && mv %s.new %s\n", seen, seen, seen)
	if err := os.WriteFile(filepath.Join(bin, "xdg-open"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("WEBMON_TOKEN", "the-token-of-the-environment")
	env := newEnvironment(t)
	opened := func() (command, mode, page string) {
		var b []byte
		eventually(t, "the browser is opened", func() (ok bool) {
			var err error
			b, err = os.ReadFile(seen)
			return err == nil
		})
		if err := os.Remove(seen); err != nil {
			t.Fatal(err)
		}
		command, rest, _ := strings.Cut(string(b), "\n")
		mode, page, _ = strings.Cut(rest, "\n")
		return command, mode, page
	}
	p := launch(t, env, "--port", "0", "--open")
	_, token, _ := strings.Cut(p.url, "?token=")
	check := func(who string) {
		command, mode, page := opened()
		if strings.Contains(command, token) || strings.Contains(command, "http") || !strings.HasPrefix(command, runtimeDir()+string(filepath.Separator)) {
			t.Errorf("%s: the command is %q", who, command)
		}
		if mode != "600" || !strings.Contains(page, `content="0; url=`+p.url+`"`) || !strings.Contains(page, "no-referrer") {
			t.Errorf("%s: the file has the mode %s and holds %q", who, mode, page)
		}
		if strings.Contains(page, "the-token-of-the-environment") {
			t.Errorf("%s: the browser gets the token by its environment", who)
		}
	}
	check("the first")
	if status := run(t.Context(), []string{"--open"}, env.get, io.Discard, io.Discard); status != 0 {
		t.Errorf("the second ended with %d", status)
	}
	check("the second")
	left := func() []string {
		files, _ := filepath.Glob(filepath.Join(runtimeDir(), "open-*"))
		return files
	}
	if len(left()) != 2 {
		t.Errorf("the files %v, want both until the browser has read them", left())
	}
	sweepOpened(runtimeDir(), openFor)
	if len(left()) != 2 {
		t.Error("a file goes before a minute is over")
	}
	p.end()
	if len(left()) != 0 {
		t.Errorf("left behind: %v", left())
	}
}

func TestTokenFile(t *testing.T) {
	const token = "a-token-of-some-length"
	path := filepath.Join(t.TempDir(), "webmon", "secret")
	if err := instance.KeepToken(path, token); err != nil {
		t.Fatal(err)
	}
	env := newEnvironment(t)
	p := launch(t, env, "--port", "0", "--token-file", path)
	if !strings.HasSuffix(p.url, "?token="+token) {
		t.Errorf("printed %q", p.url)
	}
	if said := p.end(); strings.Contains(said, "list of processes") {
		t.Errorf("says %q", said)
	}
	// That of the arguments is warned of, that of the environment is not.
	for _, test := range []struct {
		env  environment
		args []string
		want bool
	}{{environment{}, []string{"--token", token}, true}, {environment{"WEBMON_TOKEN": token}, nil, false}} {
		newEnvironment(t)
		p := launch(t, test.env, append(test.args, "--port", "0")...)
		if said := p.end(); strings.Contains(said, "list of processes") != test.want || strings.Contains(said, token) {
			t.Errorf("%v %v: says %q", test.env, test.args, said)
		}
	}
	if runtime.GOOS == "windows" {
		return
	}
	for _, test := range []struct {
		spoil func() error
		says  string
	}{
		{func() error { return os.Chmod(path, 0o644) }, "others have access"},
		{func() error { return errors.Join(os.Chmod(path, 0o600), os.WriteFile(path, []byte("\n"), 0o600)) }, "is empty"},
		{func() error { return os.Remove(path) }, "no such file"},
	} {
		if err := test.spoil(); err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		if status := run(t.Context(), []string{"--token-file", path}, env.get, io.Discard, &stderr); status != 2 || !strings.Contains(stderr.String(), test.says) {
			t.Errorf("ended with %d and says %q, want %q", status, stderr.String(), test.says)
		}
	}
}

// TestNoSecretInTheLog sees that neither the log, nor metrics, nor pages of errors hold a secret.
func TestNoSecretInTheLog(t *testing.T) {
	env := newEnvironment(t)
	log := filepath.Join(t.TempDir(), "log")
	p := launchIn(t, env, log, "--port", "0", "--demo", "--log-level", "debug")
	base, token, _ := strings.Cut(p.url, "?token=")
	b, err := os.ReadFile(filepath.Join(runtimeDir(), "webmon.json"))
	if err != nil {
		t.Fatal(err)
	}
	var record instance.Record
	if err := json.Unmarshal(b, &record); err != nil {
		t.Fatal(err)
	}
	secrets := []string{token, record.Secret}
	var shown strings.Builder
	client := &http.Client{}
	defer client.CloseIdleConnections()
	for _, path := range []string{"?token=" + token, "nowhere?token=" + token, "viewer?token=wrong" + token[:30], "metrics?token=" + token, "status?token=" + token, "api/v1/sources?token=" + token} {
		req, _ := http.NewRequest("GET", base+path, nil)
		req.Header.Set("Accept", "application/json")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		shown.Write(body)
		for name, values := range resp.Header {
			if name != "Set-Cookie" {
				fmt.Fprintln(&shown, name, values)
			}
		}
	}
	if _, err := instance.HandOver(t.Context(), runtimeDir(), instance.Source{Kind: "napari", Address: "127.0.0.1:1", Authkey: []byte("the-key-of-a-process")}); err == nil {
		t.Error("nothing was attached, and nobody says so")
	}
	said := p.end()
	written, err := os.ReadFile(log)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, secret := range append(secrets, "the-key-of-a-process") {
		for where, text := range map[string]string{"the log": string(written), "standard error": said, "an answer": shown.String()} {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds a secret: %.400s", where, text[max(0, strings.Index(text, secret)-200):])
			}
		}
	}
}
