package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"webmon/dashboard"
	"webmon/dashboard/budget"
	"webmon/dashboard/door"
	"webmon/dashboard/instance"
	"webmon/fault"
	"webmon/logs"
	"webmon/shm"
	"webmon/shm/discover"
	"webmon/shm/model"
)

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
	announced := len(discover.Scan(filepath.Join(dir, discover.Folder), logger))
	targets := cfg.targets(announced > 0)
	in, url, err := acquire(ctx, dir, cfg, logger)
	if err != nil {
		return err
	}
	if in == nil { // another webmon shows it
		fmt.Fprintln(stdout, url)
		return openBrowser(cfg.open, url)
	}
	defer in.Release()

	kept := budget.New(cfg.memory)
	// The collector works harder before the process becomes larger than it said.
	debug.SetMemoryLimit(kept.Whole.Limit() + budget.Base)
	faults := fault.NewLedger(logger)
	models := model.New(model.Options{Params: cfg.params, Grace: cfg.grace, Logger: logger, Faults: faults})
	defer models.Close()
	for _, spec := range cfg.models {
		if err := models.Add(spec); err != nil {
			return usagef("--model: %v", err)
		}
	}
	keepers, follow, err := cfg.named.open(cfg.prefix, logger, faults)
	if err != nil {
		return err
	}
	stop := make(chan struct{}, 1)
	rotating := &rotator{cfg: &cfg}
	server, err := newServer(&cfg, models, kept, keepers, rotating, func() { shm.Signal(stop) }, logger, faults, stderr)
	if err != nil {
		return err
	}
	announce := func() error {
		record := server.Record()
		record.People = cfg.named.file
		return in.Announce(record)
	}
	rotating.server, rotating.tell = server, announce
	if err := announce(); err != nil {
		logger.Warn("a later webmon will not find this one", "error", err)
	}

	ctx, cancel := context.WithCancel(ctx)
	following := follow(ctx)
	wait := attach(ctx, dir, server, models, targets, announced, logger, faults, stderr)
	defer func() {
		cancel()
		wait()
		following()
	}()
	served := make(chan error, 1)
	fault.Go(nil, func() { served <- server.Serve(ctx) }, func(err error) {
		faults.Note("server", "", err)
		served <- err
	})
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

// acquire makes this webmon the user's only one. If another one runs already it
// hands over what cfg asks to watch, and returns that one's address and no
// instance.
func acquire(ctx context.Context, dir string, cfg config, logger *slog.Logger) (*instance.Instance, string, error) {
	for {
		in, err := instance.Acquire(dir)
		if err == nil {
			return in, "", nil
		}
		if !errors.Is(err, instance.ErrTaken) {
			return nil, "", fmt.Errorf("making sure that no other webmon of yours is running: %w", err)
		}
		asked := cfg.targets(true) // who runs webmon to be told its address wants no demo
		url, err := handOver(ctx, dir, asked, cfg.models)
		if errors.Is(err, instance.ErrEnded) {
			continue // it is our turn after all
		}
		if err != nil {
			return nil, "", err
		}
		logger.Info("handed over to the webmon that is running", "sources", len(asked), "models", len(cfg.models))
		return nil, url, nil
	}
}

// newServer listens where cfg says. stop is called when a person asks webmon to
// stop.
func newServer(cfg *config, models *model.Catalogue, kept *budget.Budget, keepers []door.Keeper, rotating *rotator, stop func(), logger *slog.Logger, faults *fault.Ledger, stderr io.Writer) (*dashboard.Server, error) {
	folder, err := instance.StateDir()
	if err != nil {
		folder = ""
	}
	crypt, err := cfg.https.open(folder, cfg.allowHosts, logger)
	if err != nil {
		return nil, err
	}
	var notices []string
	if crypt != nil {
		notices = crypt.Notes()
	}
	for _, notice := range notices {
		logger.Warn(notice)
		fmt.Fprintf(stderr, "webmon: %s\n", notice)
	}
	listener, err := cfg.listen()
	if err != nil {
		return nil, err
	}
	if said := cfg.settle(listener); said != "" {
		notices = append(notices, said)
		logger.Warn("the usual port is taken", "port", cfg.port, "address", listener.Addr().String())
		fmt.Fprintf(stderr, "webmon: %s\n", said)
	}
	if cfg.token == "" && !cfg.noToken {
		if cfg.token, err = keptToken(); err != nil {
			listener.Close()
			return nil, err
		}
		cfg.tokenMade = true
	}
	alone := false
	if cfg.prefix == "" && crypt == nil {
		listener, alone = beside(listener)
	}
	server, err := dashboard.New(dashboard.Options{
		Listener:    listener,
		OwnHost:     alone,
		Links:       links(logger),
		Rotate:      rotating.rotate,
		Prefix:      cfg.prefix,
		Token:       cfg.token,
		AllowHosts:  cfg.allowHosts,
		Keepers:     keepers,
		Certs:       crypt,
		Notices:     notices,
		Attach:      attacher(models, kept, logger),
		Budget:      kept,
		Models:      models,
		ModelsFirst: len(cfg.models) > 0,
		AddModel:    adder(models),
		Stop:        stop,
		Changes:     changesDir(),
		Logger:      logger,
		Faults:      faults,
	})
	if err != nil {
		listener.Close()
		return nil, err
	}
	introduce(crypt, server.URL(), stderr)
	return server, nil
}

// settle notes that the port is another than the usual one, which somebody else has,
// and says so in a sentence; "" if it is not. Whoever has the usual port is sent the token
// of the bookmarked address. So that token opens nothing here: this run has one of
// its own.
func (cfg *config) settle(l net.Listener) string {
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok || cfg.port == 0 || addr.Port == cfg.port {
		return ""
	}
	cfg.moved = true
	said := fmt.Sprintf("Port %d is taken by another program, so this webmon serves at port %d.", cfg.port, addr.Port)
	switch {
	case cfg.noToken:
		return said
	case cfg.token != "":
		return said + " Who has that port is sent the token by whoever opens a bookmark of it: give webmon another token if you do not trust that program."
	}
	cfg.token, cfg.tokenMade = instance.RandomToken(), true
	return said + " It has a token of its own for this run, because the program at the usual port is sent the kept one by whoever opens the bookmark."
}

// links is where the links that people make are kept; nil if there is no place for them.
func links(logger *slog.Logger) door.Store {
	dir, err := instance.StateDir()
	if err != nil {
		logger.Warn("links will end with this run", "error", err)
		return nil
	}
	return privateFile(filepath.Join(dir, linksFile))
}

// keptToken returns the user's token, made at the first use and kept so that a
// bookmark lasts.
func keptToken() (string, error) {
	dir, err := instance.StateDir()
	if err != nil {
		return "", err
	}
	return instance.Token(filepath.Join(dir, tokenFile))
}

// changesDir is the folder of the record of what people change, "" if the user has no
// folder for what outlives a process.
func changesDir() string {
	dir, err := instance.StateDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "changes")
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
	handler := logs.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: cfg.logLevel, ReplaceAttr: logs.Clip}))
	return slog.New(handler), func() {
		handler.Close()
		closeLog()
	}, nil
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
