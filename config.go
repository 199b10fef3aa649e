package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"webmon/dashboard"
	"webmon/dashboard/board"
	"webmon/dashboard/board/file"
	"webmon/dashboard/budget"
	"webmon/dashboard/options"
	"webmon/private"
	"webmon/shm"
	"webmon/shm/model"
)

const (
	defaultPort    = 5050
	defaultAuthkey = "napari" // napari's own, the same everywhere
	// linger is how long a webmon that a process started outlives its last
	// source and its last browser, unless it is told otherwise.
	linger = 10 * time.Minute
	// launchedEnv is set to 1 by the Python package for a webmon that it starts:
	// nobody sits in front of it.
	launchedEnv = "WEBMON_LAUNCHED"
)

// usageError is a mistake in the arguments.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// config is what flags and environment ask for.
type config struct {
	host         string
	port         int
	portAsked    bool
	prefix       string
	allowHosts   list
	allowConnect list
	token        string
	tokenMade    bool // by this program, and not given
	moved        bool // to another port than the usual one, which somebody else has
	tokenFile    string
	tokenShown   bool     // in the arguments, which everybody may read
	door         []string // the options given that say who may come in, and where
	noToken      bool
	https        https
	named        named
	connect      list
	authkeyFile  string
	authkey      []byte
	demo         bool
	open         bool
	logPath      string
	logLevel     slog.Level
	linger       time.Duration // 0: for ever
	memory       int64         // bytes that are kept

	models []model.Spec // that people name
	params shm.ModelParams
	grace  time.Duration // of a model's run that nobody looks at; 0: the usual
	maps   list          // folders below which maps are
	boards list          // files of boards
	given  []board.Given // what is in them

	launched   bool // by a process, not by a person
	napariPort int  // of the napari that started us; 0: none did
	napariPID  int
}

// ofDoor matches the options that say who may come in, and where. They are the business
// of the webmon that serves, and are not handed over.
var ofDoor = regexp.MustCompile(`^(host|prefix|allow-(host|connect)|(no-)?token|token-file|people|(tls|acme|oidc|proxy)(-.*)?)$`)

// list is a flag that may be given several times, or with commas.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(s string) error {
	for _, item := range strings.Split(s, ",") {
		if item = strings.TrimSpace(item); item != "" {
			*l = append(*l, item)
		}
	}
	return nil
}

const usage = `webmon shows a running napari, or any Python imaging process, live in the browser.

Usage: webmon [options]
       webmon COMMAND

Every process of yours that uses the Python package appears by itself: a napari with
its plugin, and any program that calls webmon.serve. A napari 0.4.11 does without the
package: start it with NAPARI_MON=monitor.json, where monitor.json holds
{"clients": [["webmon"]]}, or name a running manager with --connect HOST:PORT.
With nothing to attach to webmon shows a demo.

Each option is also an environment variable: --log-path is WEBMON_LOG_PATH. A dashboard
that runs has all this, with examples, at /help.

`

// printUsage writes what webmon --help prints.
func printUsage(w io.Writer) {
	fmt.Fprint(w, usage)
	_ = options.PrintCommands(w, options.Commands)
	fmt.Fprintln(w)
	_ = options.Print(w, options.Webmon)
}

func parse(args []string, getenv func(string) string, stderr io.Writer) (config, error) {
	cfg := config{launched: getenv(launchedEnv) == "1" || getenv("NAPARI_MON_CLIENT") != ""}
	var memory, python string
	var models list
	var tracers int
	var version, help bool
	targets := map[string]any{
		"host": &cfg.host, "port": &cfg.port, "prefix": &cfg.prefix, "allow-host": &cfg.allowHosts, "allow-connect": &cfg.allowConnect,
		"token": &cfg.token, "token-file": &cfg.tokenFile, "no-token": &cfg.noToken,
		"connect": &cfg.connect, "authkey-file": &cfg.authkeyFile, "maps": &cfg.maps, "board": &cfg.boards, "demo": &cfg.demo,
		"model": &models, "python": &python, "Nx": &cfg.params.Nx, "Ny": &cfg.params.Ny, "steps": &cfg.params.Steps,
		"healing-length": &cfg.params.HealingLength, "dt-t-scale": &cfg.params.DtTScale, "tracers": &tracers, "grace": &cfg.grace,
		"open": &cfg.open, "linger": &cfg.linger, "memory": &memory, "log-path": &cfg.logPath, "log-level": &cfg.logLevel,
		"version": &version, "help": &help,
	}
	cfg.https.targets(targets)
	cfg.named.targets(targets)
	fs, err := options.Flags("webmon", options.Webmon, targets)
	if err != nil {
		return cfg, err
	}

	// The environment first: a flag wins over it.
	var envErr error
	for _, o := range options.Webmon {
		if o.OfCommand {
			continue
		}
		if v := getenv(o.Env()); v != "" && envErr == nil {
			if err := fs.Set(o.Name, v); err != nil {
				envErr = usagef("%s=%q: %v", o.Env(), v, err)
			}
		}
	}
	if envErr != nil {
		return cfg, envErr
	}
	fromEnv := cfg.token
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) { // by -h, which is no option of its own
			printUsage(stderr)
			return cfg, err
		}
		return cfg, usagef("%v; webmon --help lists the options", err)
	}
	if help {
		printUsage(stderr)
		return cfg, flag.ErrHelp
	}
	asked := map[string]bool{}
	fs.Visit(func(f *flag.Flag) {
		asked[f.Name] = true
		if ofDoor.MatchString(f.Name) {
			cfg.door = append(cfg.door, "--"+f.Name)
		}
	})
	cfg.portAsked = asked["port"]
	cfg.tokenShown = cfg.token != fromEnv
	if version {
		fmt.Fprintln(stderr, "webmon", dashboard.Version())
		return cfg, flag.ErrHelp
	}
	if tracers != -1 {
		cfg.params.Tracers = &tracers
	}
	err = cfg.check(fs, getenv)
	if cfg.memory = budget.Default(); err == nil && memory != "" {
		if cfg.memory, err = budget.ParseSize(memory); err != nil {
			err = usagef("--memory: %v", err)
		}
	}
	if err == nil {
		err = cfg.https.check(asked)
	}
	if err == nil {
		err = cfg.named.check(asked, cfg.noToken)
	}
	if err == nil {
		err = cfg.checkMaps()
	}
	if err == nil {
		err = cfg.readBoards()
	}
	if err == nil {
		err = cfg.checkModels(models, python, getenv)
	}
	if cfg.launched && !asked["linger"] {
		cfg.linger = linger
	}
	return cfg, err
}

// check finds what cannot work before anything is started.
func (cfg *config) check(fs *flag.FlagSet, getenv func(string) string) error {
	if fs.NArg() > 0 {
		return usagef("%q is not an option; webmon --help lists them", fs.Arg(0))
	}
	if cfg.port < 0 || cfg.port > 65535 {
		return usagef("--port %d is not a port: use 1 to 65535, or 0 for any free one", cfg.port)
	}
	if cfg.prefix = strings.TrimRight(cfg.prefix, "/"); cfg.prefix != "" && !validPrefix(cfg.prefix) {
		return usagef("--prefix %q is not a path: it begins with / and holds letters, digits, . _ ~ - / only", cfg.prefix)
	}
	// Behind a proxy it is the proxy's port that a browser opens.
	if refused(cfg.port) && cfg.prefix == "" {
		return usagef("--port %d is one of those that browsers refuse to open: choose another, such as %d, or 0 for any free one", cfg.port, defaultPort)
	}
	if cfg.tokenFile != "" {
		if cfg.token != "" {
			return usagef("--token and --token-file contradict each other")
		}
		b, err := private.Read(cfg.tokenFile, 4096)
		if err != nil {
			return usagef("--token-file: %v", err)
		}
		if cfg.token = strings.TrimSpace(string(b)); cfg.token == "" {
			return usagef("--token-file %s is empty", cfg.tokenFile)
		}
	}
	if cfg.noToken && cfg.token != "" {
		return usagef("--token and --no-token contradict each other")
	}
	if cfg.noToken && !isLoopback(cfg.host) {
		return usagef("--no-token works on a loopback address only: with --host %s anybody could steer your napari", cfg.host)
	}
	if cfg.token != "" && (len(cfg.token) < 16 || strings.ContainsFunc(cfg.token, notTokenRune)) {
		return usagef("--token needs at least 16 characters out of letters, digits and . _ ~ -")
	}
	for _, origin := range cfg.allowConnect {
		if err := dashboard.CheckOrigin(origin); err != nil {
			return usagef("--allow-connect %v", err)
		}
	}
	if cfg.linger < 0 {
		return usagef("--linger %v is no time to wait: use one such as 10m, or 0 for ever", cfg.linger)
	}
	for _, addr := range cfg.connect {
		host, port, err := net.SplitHostPort(addr)
		if n, perr := strconv.Atoi(port); err != nil || host == "" || perr != nil || n < 1 || n > 65535 {
			return usagef("--connect %q is not host:port, such as 127.0.0.1:40123", addr)
		}
	}
	cfg.authkey = []byte(defaultAuthkey)
	if cfg.authkeyFile != "" {
		b, err := os.ReadFile(cfg.authkeyFile)
		if err != nil {
			return usagef("reading --authkey-file: %v", err)
		}
		if cfg.authkey = []byte(strings.TrimRight(string(b), "\r\n")); len(cfg.authkey) == 0 {
			return usagef("--authkey-file %s is empty", cfg.authkeyFile)
		}
	}
	if client := getenv("NAPARI_MON_CLIENT"); client != "" {
		port, err := clientPort(client)
		if err != nil {
			return usagef("NAPARI_MON_CLIENT: %v", err)
		}
		cfg.napariPort, cfg.napariPID = port, os.Getppid()
	}
	return nil
}

// checkModels makes a model.Spec of each file and server that is named. Which
// Python a file runs with is settled here: a webmon that is handed the file may
// have been started elsewhere.
func (cfg *config) checkModels(named list, python string, getenv func(string) string) error {
	for _, n := range []struct {
		flag string
		ok   bool
	}{
		{"Nx", cfg.params.Nx >= 0}, {"Ny", cfg.params.Ny >= 0}, {"steps", cfg.params.Steps >= 0},
		{"healing-length", cfg.params.HealingLength >= 0 && !math.IsInf(cfg.params.HealingLength, 0)},
		{"dt-t-scale", cfg.params.DtTScale >= 0 && !math.IsInf(cfg.params.DtTScale, 0)},
		{"tracers", cfg.params.Tracers == nil || *cfg.params.Tracers >= 0},
		{"grace", cfg.grace >= 0},
	} {
		if !n.ok {
			return usagef("--%s must not be negative, and must be a number", n.flag)
		}
	}
	if python == "" {
		if python = getenv("VIRTUAL_ENV"); python == "" {
			program, _ := os.Executable() // "" if that is not known
			python = environmentOf(program)
		}
	} else if filepath.Base(python) != python { // a path, no name to look for
		if abs, err := filepath.Abs(python); err == nil {
			python = abs
		}
	}
	for _, name := range named {
		spec := model.Spec{Model: name, Python: python, Params: cfg.params}
		if err := spec.Check(); err != nil {
			return usagef("--model: %v", err)
		}
		cfg.models = append(cfg.models, spec)
	}
	return nil
}

// environmentOf returns the Python environment that a program was installed into by pip, a
// venv or one of conda's, "" if it lies elsewhere.
func environmentOf(program string) string {
	env := filepath.Dir(filepath.Dir(program))
	for _, mark := range []string{"pyvenv.cfg", "conda-meta"} {
		if _, err := os.Stat(filepath.Join(env, mark)); program != "" && err == nil {
			return env
		}
	}
	return ""
}

// checkMaps finds the folders of maps. One that comes later would be found too, but who names
// one that is not there has probably misspelt it.
func (cfg *config) checkMaps() error {
	for i, dir := range cfg.maps {
		abs, err := filepath.Abs(dir)
		if err == nil {
			var stat os.FileInfo
			if stat, err = os.Stat(abs); err == nil && !stat.IsDir() {
				err = errors.New("it is no folder")
			}
		}
		if err != nil {
			return usagef("--maps %s: %v", dir, err)
		}
		cfg.maps[i] = abs
	}
	return nil
}

// readBoards reads the files of boards.
func (cfg *config) readBoards() error {
	for _, path := range cfg.boards {
		text, err := readFile(path, file.MaxBytes)
		if err != nil {
			return usagef("--board %s: %v", path, err)
		}
		base := filepath.Base(path)
		b, err := file.Decode(text, file.Options{Title: strings.TrimSuffix(base, filepath.Ext(base))})
		if err != nil {
			return usagef("--board %s: %v", path, err)
		}
		name := board.NameFor(strings.TrimSuffix(base, filepath.Ext(base)))
		if slices.ContainsFunc(cfg.given, func(g board.Given) bool { return g.Name == name }) {
			return usagef("--board %s: there is a board %q already: give its file another name", path, name)
		}
		if len(cfg.given) >= board.MaxBoards {
			return usagef("--board may be given %d times at most", board.MaxBoards)
		}
		cfg.given = append(cfg.given, board.Given{Name: name, File: path, Board: b})
	}
	return nil
}

// readFile reads a file of at most so many bytes, and a byte more of a longer one.
func readFile(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most+1))
}

// clientPort reads what napari tells the clients that it starts: base64 of
// {"server_port": N}.
func clientPort(s string) (int, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return 0, fmt.Errorf("it is not base64: %w", err)
	}
	var client struct {
		Port int `json:"server_port"`
	}
	if err := json.Unmarshal(b, &client); err != nil {
		return 0, fmt.Errorf("it does not hold JSON: %w", err)
	}
	if client.Port < 1 || client.Port > 65535 {
		return 0, fmt.Errorf("its server_port %d is not a port", client.Port)
	}
	return client.Port, nil
}

func validPrefix(p string) bool {
	return strings.HasPrefix(p, "/") && !strings.Contains(p, "//") && !strings.Contains(p, "..") &&
		!strings.ContainsFunc(p, func(c rune) bool { return c != '/' && notTokenRune(c) })
}

func notTokenRune(c rune) bool {
	return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("._~-", c))
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
