package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"webmon/beat"
	"webmon/dashboard"
	"webmon/dashboard/budget"
	"webmon/dashboard/door"
	"webmon/dashboard/instance"
	"webmon/fault"
	"webmon/shm"
	"webmon/shm/discover"
	"webmon/shm/maps/edit"
	"webmon/shm/maps/library"
	"webmon/shm/model"
)

// serve attaches to what cfg names and serves the dashboard until it is told
// to stop, or hands everything to a webmon that is running already.
func serve(ctx context.Context, cfg config, stdout, stderr io.Writer) error {
	if cfg.launched {
		instance.Detach()
	}
	said, closeLog, err := openLog(cfg, stderr)
	if err != nil {
		return err
	}
	defer closeLog()
	logger := said.logger
	if cfg.tokenShown {
		said.mention("Everybody on this machine can read the token of --token in the list of processes. Use --token-file or WEBMON_TOKEN.")
	}

	dirs := runtimeDirs(said)
	announced := 0
	for _, dir := range dirs {
		announced += len(discover.Scan(filepath.Join(dir, discover.Folder), logger))
	}
	targets := cfg.targets(announced > 0)
	in, dir, url, err := acquire(ctx, dirs, cfg, said)
	if err != nil {
		return err
	}
	if in == nil { // another webmon shows it
		fmt.Fprintln(stdout, url)
		return openBrowser(cfg.open, dir, url)
	}
	defer in.Release()
	sweepOpened(dir, 0)
	defer sweepOpened(dir, 0)

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
	shelf, desk := cfg.library(targets, kept, faults)
	defer desk.Close()
	server, err := newServer(&cfg, models, shelf, desk, kept, keepers, rotating, func() { shm.Signal(stop) }, faults, said)
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
	var looking sync.WaitGroup
	fault.Go(&looking, func() { shelf.Run(ctx) }, faults.Noted("maps", ""))
	wait := attach(ctx, dirs, server, models, targets, announced, faults, said)
	defer func() {
		cancel()
		wait()
		following()
		looking.Wait()
	}()
	served := make(chan error, 1)
	fault.Go(nil, func() { served <- server.Serve(ctx) }, func(err error) {
		faults.Note("server", "", err)
		served <- err
	})
	fmt.Fprintln(stdout, server.URL()) // a closed stdout is no reason to stop
	if err := openBrowser(cfg.open, dir, server.URL()); err != nil {
		said.mention(fmt.Sprintf("No browser was opened: %v.", err))
	}

	swept := time.Now()
	idle := time.NewTimer(beat.Next(time.Second))
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
			idle.Reset(beat.Next(time.Second))
			if now.Sub(swept) > openFor {
				swept = now
				sweepOpened(dir, openFor)
			}
			if since := server.Idle(); cfg.linger > 0 && !since.IsZero() && now.Sub(since) > cfg.linger {
				logger.Info("nothing to watch and nobody watching")
				cancel()
				return <-served
			}
		}
	}
}

// acquire makes this webmon the user's only one, in the first of the folders. If another one
// runs already, in any of them, it hands over what cfg asks to watch, and returns that one's
// folder and address and no instance. Where there is no place for a lock, this webmon serves
// without, and nobody finds it.
func acquire(ctx context.Context, dirs []string, cfg config, said *notes) (in *instance.Instance, dir, url string, err error) {
	for {
		dir = instance.Place(dirs)
		in, err := instance.Acquire(dir)
		if err == nil {
			return in, dir, "", nil
		}
		if !errors.Is(err, instance.ErrTaken) {
			said.add(fmt.Sprintf("Processes and other webmons of yours do not find this one: %v.", err))
			dirs = nil
			continue
		}
		asked := cfg.targets(true) // who runs webmon to be told its address wants no demo
		url, err := handOver(ctx, dir, asked, cfg.models, cfg.maps)
		if errors.Is(err, instance.ErrEnded) {
			continue // it is our turn after all
		}
		if err != nil {
			return nil, dir, "", err
		}
		said.logger.Info("handed over to the webmon that is running", "sources", len(asked), "models", len(cfg.models), "maps", cfg.maps.String())
		if len(cfg.given) > 0 {
			said.logger.Warn("the webmon that is running shows no boards of --board: import their files there, on its page Board", "boards", cfg.boards.String())
		}
		if len(cfg.door) > 0 {
			said.logger.Warn("the webmon that is running keeps its own options; to start one with these, stop it on its page Status first", "options", strings.Join(cfg.door, " "))
		}
		return nil, dir, url, nil
	}
}

// newServer listens where cfg says. stop is called when a person asks webmon to
// stop.
func newServer(cfg *config, models *model.Catalogue, shelf *library.Library, desk *edit.Desk, kept *budget.Budget, keepers []door.Keeper, rotating *rotator, stop func(), faults *fault.Ledger, said *notes) (*dashboard.Server, error) {
	folder, err := instance.StateDir()
	if err != nil {
		folder = ""
	}
	crypt, err := cfg.https.open(folder, cfg.allowHosts, said.logger)
	if err != nil {
		return nil, err
	}
	if crypt != nil {
		for _, note := range crypt.Notes() {
			said.add(note)
		}
	}
	listener, err := cfg.listen()
	if err != nil {
		return nil, err
	}
	said.add(cfg.settle(listener))
	if cfg.token == "" && !cfg.noToken {
		var other string
		cfg.token, other = keptToken()
		cfg.tokenMade = true
		said.add(other)
	}
	alone := false
	if cfg.prefix == "" && crypt == nil {
		listener, alone = beside(listener)
	}
	server, err := dashboard.New(dashboard.Options{
		Listener:     listener,
		Docs:         docs,
		OwnHost:      alone,
		Links:        links(said.logger),
		Rotate:       rotating.rotate,
		Moved:        func() error { return rotating.tell() },
		Prefix:       cfg.prefix,
		Token:        cfg.token,
		AllowHosts:   cfg.allowHosts,
		AllowConnect: cfg.allowConnect,
		Keepers:      keepers,
		Certs:        crypt,
		Notices:      said.texts,
		Attach:       attacher(models, shelf, kept, said.logger),
		Budget:       kept,
		Models:       models,
		ModelsFirst:  len(cfg.models) > 0,
		AddModel:     adder(models),
		Maps:         shelf,
		AddMaps:      shelf.AddDir,
		MapEdits:     desk,
		Stop:         stop,
		Changes:      stateDir("changes"),
		Views:        stateDir("views"),
		Boards:       stateDir("boards"),
		Given:        cfg.given,
		Logger:       said.logger,
		Faults:       faults,
	})
	if err != nil {
		listener.Close()
		return nil, err
	}
	introduce(crypt, server.URL(), said.stderr)
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

// stateDir is a folder of what outlives a process, such as the record of what people
// change, "" if the user has none.
func stateDir(name string) string {
	dir, err := instance.StateDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, name)
}
