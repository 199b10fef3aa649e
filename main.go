// Webmon shows a running napari, or any Python imaging or simulation process,
// live in the browser.
//
// This file turns flags and environment into a configuration, finds out what
// to watch, and runs the dashboard until it is told to stop.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"webmon/dashboard"
	"webmon/dashboard/instance"
	"webmon/dashboard/source"
	"webmon/shm"
	"webmon/shm/demo"
	"webmon/shm/discover"
	"webmon/shm/model"
	"webmon/shm/napari"
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
	// attachFirst is how long serving waits for the processes named at the start.
	attachFirst = time.Second
	// wsaAddrInUse is what Windows says of a port that is taken; Go's EADDRINUSE
	// is not it there.
	wsaAddrInUse = syscall.Errno(10048)
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run is the whole program. It returns the exit status: 0 on a clean end, 1 if
// it could not do what it was asked, 2 on unusable arguments.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	cfg, err := parse(args, getenv, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err == nil {
		err = serve(ctx, cfg, stdout, stderr)
	}
	if err == nil {
		return 0
	}
	fmt.Fprintf(stderr, "webmon: %v\n", err)
	if cfg.launched { // nobody reads that, and the process says where the log is
		if logger, closeLog, unlogged := openLog(cfg, io.Discard); unlogged == nil {
			logger.Error("not started", "error", err)
			closeLog()
		}
	}
	var usage usageError
	if errors.As(err, &usage) {
		return 2
	}
	return 1
}

// usageError is a mistake in the arguments.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// config is what flags and environment ask for.
type config struct {
	host        string
	port        int
	portAsked   bool
	prefix      string
	allowHosts  list
	token       string
	noToken     bool
	connect     list
	authkeyFile string
	authkey     []byte
	demo        bool
	open        bool
	logPath     string
	logLevel    slog.Level
	linger      time.Duration // 0: for ever

	models []model.Spec // that people name
	params model.Params
	grace  time.Duration // of a model's run that nobody looks at; 0: the usual

	launched   bool // by a process, not by a person
	napariPort int  // of the napari that started us; 0: none did
	napariPID  int
}

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

Every process of yours that uses the Python package appears by itself: a napari with
its plugin, and any program that calls webmon.serve. A napari 0.4.11 does without the
package: start it with NAPARI_MON=monitor.json, where monitor.json holds
{"clients": [["webmon"]]}, or name a running manager with --connect HOST:PORT.
With nothing to attach to webmon shows a demo.

Simulations are on the Models tab: some are part of webmon, your own come from a
Python file or from a super_hydro server, with --model.

Options (each also as an environment variable, --log-path as WEBMON_LOG_PATH):
`

func parse(args []string, getenv func(string) string, stderr io.Writer) (config, error) {
	cfg := config{launched: getenv(launchedEnv) == "1" || getenv("NAPARI_MON_CLIENT") != ""}
	fs := flag.NewFlagSet("webmon", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // its errors come out once, by way of run
	fs.StringVar(&cfg.host, "host", "127.0.0.1", "`address` to listen on")
	fs.IntVar(&cfg.port, "port", defaultPort, "`port` to listen on, 0 for any free one")
	fs.StringVar(&cfg.prefix, "prefix", "", "`path` under which a proxy serves webmon, such as /lab/webmon")
	fs.Var(&cfg.allowHosts, "allow-host", "further `name` of this machine that browsers may use; may be repeated")
	fs.StringVar(&cfg.token, "token", "", "`token` that browsers must know (default: a random one, kept for this user)")
	fs.BoolVar(&cfg.noToken, "no-token", false, "ask for no token; only on a loopback address")
	fs.Var(&cfg.connect, "connect", "`host:port` of a running manager to attach to; may be repeated")
	fs.StringVar(&cfg.authkeyFile, "authkey-file", "", "`file` with the key of the managers named by --connect (default: napari's own key)")
	fs.BoolVar(&cfg.demo, "demo", false, "show the demo, beside whatever else is attached")
	fs.BoolVar(&cfg.open, "open", false, "open the dashboard in the browser")
	fs.StringVar(&cfg.logPath, "log-path", "", "`file` for the log (default: standard error; in the state folder when a process starts webmon)")
	fs.TextVar(&cfg.logLevel, "log-level", slog.LevelInfo, "`level` of the log: debug, info, warn or error")
	fs.DurationVar(&cfg.linger, "linger", 0, "stop this `long` after the last process and the last browser are gone, 0 for never\n(default: never; 10m when a process starts webmon)")
	var models list
	python := fs.String("python", "", "`program` that runs Python files of models (default: the Python of $VIRTUAL_ENV, else python3)")
	fs.Var(&models, "model", "Python `file` of models to run for whoever looks, or tcp://host:port of a super_hydro server; may be repeated")
	fs.IntVar(&cfg.params.Nx, "Nx", 0, "`points` of a model's grid along x (default: the model's own, as for what follows)")
	fs.IntVar(&cfg.params.Ny, "Ny", 0, "`points` of a model's grid along y")
	fs.IntVar(&cfg.params.Steps, "steps", 0, "time steps of a model between two pictures, a `number`")
	fs.Float64Var(&cfg.params.HealingLength, "healing-length", 0, "healing `length` of a model, in points of its grid")
	fs.Float64Var(&cfg.params.DtTScale, "dt-t-scale", 0, "time step of a model, as a `part` of its shortest time scale")
	tracers := fs.Int("tracers", -1, "tracer particles of a model, a `number`, 0 for none")
	fs.DurationVar(&cfg.grace, "grace", 0, "stop a model this `long` after the last person has left it (default 10s)")
	version := fs.Bool("version", false, "print the version")

	// The environment first: a flag wins over it.
	var envErr error
	fs.VisitAll(func(f *flag.Flag) {
		name := "WEBMON_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if v := getenv(name); v != "" && envErr == nil {
			if err := fs.Set(f.Name, v); err != nil {
				envErr = usagef("%s=%q: %v", name, v, err)
			}
		}
	})
	if envErr != nil {
		return cfg, envErr
	}
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(stderr, usage)
			fs.SetOutput(stderr)
			fs.PrintDefaults()
			return cfg, err
		}
		return cfg, usagef("%v; webmon --help lists the options", err)
	}
	asked := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { asked[f.Name] = true })
	cfg.portAsked = asked["port"]
	if *version {
		fmt.Fprintln(stderr, "webmon", dashboard.Version())
		return cfg, flag.ErrHelp
	}
	if *tracers != -1 {
		cfg.params.Tracers = tracers
	}
	err := cfg.check(fs, getenv)
	if err == nil {
		err = cfg.checkModels(models, *python, getenv)
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
	if cfg.noToken && cfg.token != "" {
		return usagef("--token and --no-token contradict each other")
	}
	if cfg.noToken && !isLoopback(cfg.host) {
		return usagef("--no-token works on a loopback address only: with --host %s anybody could steer your napari", cfg.host)
	}
	if cfg.token != "" && (len(cfg.token) < 16 || strings.ContainsFunc(cfg.token, notTokenRune)) {
		return usagef("--token needs at least 16 characters out of letters, digits and . _ ~ -")
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
		python = getenv("VIRTUAL_ENV")
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

// serve attaches to what cfg names and serves the dashboard until it is told
// to stop, or hands everything to a webmon that is running already.
func serve(ctx context.Context, cfg config, stdout, stderr io.Writer) error {
	if cfg.launched {
		instance.Detach()
	}
	logger, closeLog, err := openLog(cfg, stderr)
	if err != nil {
		return err
	}
	defer closeLog()

	dir := instance.RuntimeDir()
	announced := discover.Scan(filepath.Join(dir, discover.Folder), logger)
	targets := cfg.targets(len(announced) > 0)
	var in *instance.Instance
	for in == nil {
		in, err = instance.Acquire(dir)
		switch {
		case errors.Is(err, instance.ErrTaken):
			asked := cfg.targets(true) // who runs webmon to be told its address wants no demo
			url, err := handOver(ctx, dir, asked, cfg.models)
			if errors.Is(err, instance.ErrEnded) {
				continue // it is our turn after all
			}
			if err != nil {
				return err
			}
			logger.Info("handed over to the webmon that is running", "sources", len(asked), "models", len(cfg.models))
			fmt.Fprintln(stdout, url)
			return openBrowser(cfg.open, url)
		case err != nil:
			return fmt.Errorf("making sure that no other webmon of yours is running: %w", err)
		}
	}
	defer in.Release()

	listener, err := cfg.listen()
	if err != nil {
		return err
	}
	if cfg.token == "" && !cfg.noToken {
		if cfg.token, err = keptToken(); err != nil {
			listener.Close()
			return err
		}
	}
	models := model.New(model.Options{Params: cfg.params, Grace: cfg.grace, Logger: logger})
	defer models.Close()
	for _, spec := range cfg.models {
		if err := models.Add(spec); err != nil {
			listener.Close()
			return usagef("--model: %v", err)
		}
	}
	stop := make(chan struct{}, 1)
	server, err := dashboard.New(dashboard.Options{
		Listener:    listener,
		Prefix:      cfg.prefix,
		Token:       cfg.token,
		AllowHosts:  cfg.allowHosts,
		Attach:      attacher(models, logger),
		Models:      models,
		ModelsFirst: len(cfg.models) > 0,
		AddModel:    adder(models),
		Stop: func() {
			select {
			case stop <- struct{}{}:
			default:
			}
		},
		Logger: logger,
	})
	if err != nil {
		listener.Close()
		return err
	}
	if err := in.Announce(instance.Record{
		URL: server.URL(), Handover: server.HandoverURL(), Secret: server.Secret(), PID: os.Getpid(),
	}); err != nil {
		logger.Warn("a later webmon will not find this one", "error", err)
	}

	ctx, cancel := context.WithCancel(ctx)
	var attaching sync.WaitGroup
	attached := make(chan struct{}, 2+len(announced))
	attaching.Go(func() {
		models.Ready(ctx) // the address of a file's model is good at once
		attached <- struct{}{}
	})
	attaching.Go(func() {
		for _, t := range targets {
			// What goes wrong is said on the pages, and webmon goes on.
			if _, err := server.Attach(ctx, t); err != nil && ctx.Err() == nil {
				logger.Warn("not attached", "name", t.Name, "address", t.Address, "error", err)
				fmt.Fprintf(stderr, "webmon: %v\n", err)
			}
		}
		attached <- struct{}{}
	})
	attaching.Go(func() {
		follow(ctx, dir, logger, func(ctx context.Context, t source.Target) {
			server.Follow(ctx, t, func() { signalled(attached) })
		})
	})
	defer func() {
		cancel()
		attaching.Wait()
	}()
	// A page that is opened at once, or has waited for this address, finds its
	// source; a process that is slow to answer keeps nobody waiting.
	enough := time.NewTimer(attachFirst)
	defer enough.Stop()
	for n := 0; n < cap(attached); n++ {
		select {
		case <-attached:
			continue
		case <-enough.C:
		}
		break
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	fmt.Fprintln(stdout, server.URL()) // a closed stdout is no reason to stop
	if err := openBrowser(cfg.open, server.URL()); err != nil {
		logger.Warn("no browser opened", "error", err)
	}

	idle := time.NewTicker(time.Second)
	defer idle.Stop()
	for {
		select {
		case err := <-served:
			return err
		case <-stop:
			logger.Info("asked to stop")
			cancel()
			return <-served
		case now := <-idle.C:
			if since := server.Idle(); cfg.linger > 0 && !since.IsZero() && now.Sub(since) > cfg.linger {
				logger.Info("nothing to watch and nobody watching")
				cancel()
				return <-served
			}
		}
	}
}

// follow watches every process that announces itself, for as long as it does and
// ctx is not done. watch returns when its context is done and the process is not
// attached any more.
func follow(ctx context.Context, dir string, logger *slog.Logger, watch func(context.Context, source.Target)) {
	type life struct {
		end  context.CancelFunc
		over chan struct{} // closed once it is not attached any more
	}
	var all sync.WaitGroup
	defer all.Wait()
	living := map[string]life{} // by the path of the announcement
	ending := map[string]life{} // of those that have died, the last of each name
	discover.Watch(ctx, discover.Options{
		Dir:    filepath.Join(dir, discover.Folder),
		Logger: logger,
		Found: func(a discover.Announcement) {
			before := ending[a.Name].over
			delete(ending, a.Name)
			ctx, cancel := context.WithCancel(ctx)
			l := life{cancel, make(chan struct{})}
			living[a.Path] = l
			all.Go(func() {
				defer close(l.over)
				defer cancel()
				if before != nil {
					// So that one that starts again takes its old place.
					select {
					case <-before:
					case <-time.After(endsWithin):
					case <-ctx.Done():
					}
				}
				watch(ctx, source.Target{
					Name: a.Name, Kind: a.Kind, Address: a.Address, Authkey: a.Authkey, PID: a.PID,
				})
			})
		},
		Lost: func(a discover.Announcement) {
			l := living[a.Path]
			l.end()
			delete(living, a.Path)
			maps.DeleteFunc(ending, func(_ string, l life) bool {
				select {
				case <-l.over:
					return true
				default:
					return false
				}
			})
			ending[a.Name] = l
		},
	})
}

// endsWithin is how long a process that starts again waits for its old place.
const endsWithin = 5 * time.Second

// signalled sends on a channel unless it is full.
func signalled(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// targets lists what cfg asks to watch beside the processes that are found. The
// demo runs for a person who has nothing else to look at.
func (cfg *config) targets(found bool) []source.Target {
	var out []source.Target
	if cfg.napariPort != 0 {
		out = append(out, source.Target{
			Name: "napari", Kind: shm.KindNapari, PID: cfg.napariPID, Authkey: []byte(defaultAuthkey),
			Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(cfg.napariPort)),
		})
	}
	for _, addr := range cfg.connect {
		out = append(out, source.Target{
			Name: "napari", Kind: shm.KindNapari, Address: addr, Authkey: cfg.authkey, Again: true,
		})
	}
	if cfg.demo || len(out) == 0 && !found && !cfg.launched && len(cfg.models) == 0 {
		out = append(out, source.Target{Name: "demo", Kind: shm.KindDemo})
	}
	return out
}

// adder puts the models that another webmon was started for into the catalogue.
func adder(models *model.Catalogue) func(json.RawMessage) error {
	return func(b json.RawMessage) error {
		var spec model.Spec
		if err := json.Unmarshal(b, &spec); err != nil {
			return fmt.Errorf("reading what was handed over: %w", err)
		}
		return models.Add(spec)
	}
}

// attacher makes the adapter for each kind of target.
func attacher(models *model.Catalogue, logger *slog.Logger) func(context.Context, source.Target, dashboard.Self) (shm.Source, error) {
	return func(ctx context.Context, t source.Target, self dashboard.Self) (shm.Source, error) {
		if t.Kind.IsModel() {
			return models.Open(ctx, t.Name, self.Watchers)
		}
		opts := napari.Options{
			Address: t.Address, Authkey: t.Authkey, PID: t.PID, Kind: t.Kind, Name: t.Name,
			ID: self.ID, URL: self.URL, Watchers: self.Watchers, Logger: logger,
		}
		if t.Kind != shm.KindDemo {
			return napari.Attach(ctx, opts)
		}
		d, err := demo.Start(ctx, demo.Options{})
		if err != nil {
			return nil, fmt.Errorf("starting the demo: %w", err)
		}
		opts.Address, opts.Authkey = d.Address(), d.Authkey()
		src, err := napari.Attach(ctx, opts)
		if err != nil {
			return nil, errors.Join(err, d.Close())
		}
		return demoSource{src, d}, nil
	}
}

// demoSource is the demo, attached to like any other process, which ends when
// nobody reads it any more.
type demoSource struct {
	shm.Source
	demo *demo.Demo
}

func (d demoSource) Run(ctx context.Context, sink shm.Sink) error {
	defer d.demo.Close()
	return d.Source.Run(ctx, sink)
}

// handOver gives the targets and models to the webmon that is running, which
// finds the others by itself, and returns the address to look at.
func handOver(ctx context.Context, dir string, targets []source.Target, models []model.Spec) (address string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if len(targets)+len(models) == 0 {
		return instance.HandOver(ctx, dir, instance.Source{})
	}
	for _, m := range models {
		spec, err := json.Marshal(m)
		if err != nil {
			return "", err
		}
		address, err = instance.HandOver(ctx, dir, instance.Source{Kind: string(shm.KindModel), Model: spec})
		if err != nil {
			return "", err
		}
	}
	if u, err := url.Parse(address); err == nil && address != "" {
		address = u.JoinPath("models").String() // what was asked for is there
	}
	for _, t := range targets {
		address, err = instance.HandOver(ctx, dir, instance.Source{
			Kind: string(t.Kind), Name: t.Name, Address: t.Address, Authkey: t.Authkey, PID: t.PID, Again: t.Again,
		})
		if err != nil {
			return "", err
		}
	}
	return address, nil
}

// keptToken returns the user's token, made at the first use and kept so that a
// bookmark lasts.
func keptToken() (string, error) {
	dir, err := instance.StateDir()
	if err != nil {
		return "", err
	}
	return instance.Token(filepath.Join(dir, "token"))
}

func openLog(cfg config, stderr io.Writer) (*slog.Logger, func(), error) {
	path := cfg.logPath
	if path == "" && cfg.launched {
		dir, err := instance.StateDir()
		if err != nil {
			return nil, nil, err
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, nil, fmt.Errorf("making the folder for the log: %w", err)
		}
		path = filepath.Join(dir, "webmon.log")
	}
	w, closeLog := stderr, func() {}
	if path != "" {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, nil, usagef("opening the log: %v", err)
		}
		w, closeLog = f, func() { f.Close() }
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: cfg.logLevel})), closeLog, nil
}

// openBrowser shows the page to whoever sits at this machine.
func openBrowser(wanted bool, url string) error {
	if !wanted {
		return nil
	}
	command := []string{"xdg-open", url}
	switch runtime.GOOS {
	case "darwin":
		command = []string{"open", url}
	case "windows":
		command = []string{"rundll32", "url.dll,FileProtocolHandler", url}
	}
	cmd := exec.Command(command[0], command[1:]...)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("opening the browser: %w", err)
	}
	return cmd.Process.Release()
}
