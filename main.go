// Webmon shows a running napari, or any Python imaging or simulation process,
// live in the browser.
//
// main.go runs the program and is the only place that exits; config.go turns
// flags and environment into a configuration; serve.go serves the dashboard until
// it is told to stop; keep.go has what is kept, and what is said where that cannot be;
// browser.go opens a browser; https.go brings certificates; follow.go finds what to
// watch and reads it; handover.go gives it to a webmon that is running already; token.go
// replaces the token; named.go and invite.go say who else may open it; docs.go has the documents of the help.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run is the whole program. It returns the exit status: 0 on a clean end, 1 if
// it could not do what it was asked, 2 on unusable arguments.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	var cfg config
	var err error
	if len(args) > 0 && args[0] == "token" {
		err = tokenCommand(ctx, args[1:], getenv, stdout, stderr)
	} else if len(args) > 0 && args[0] == "people" {
		err = peopleCommand(args[1:], getenv, stdout, stderr)
	} else if cfg, err = parse(args, getenv, stderr); err == nil {
		err = serve(ctx, cfg, stdout, stderr)
	}
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err == nil {
		return 0
	}
	fmt.Fprintf(stderr, "webmon: %v\n", err)
	if cfg.launched { // nobody reads that, and the process says where the log is
		if said, closeLog, unlogged := openLog(cfg, io.Discard); unlogged == nil {
			said.logger.Error("not started", "error", err)
			closeLog()
		}
	}
	var usage usageError
	if errors.As(err, &usage) {
		return 2
	}
	return 1
}
