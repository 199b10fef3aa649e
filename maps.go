package main

import (
	"path/filepath"
	"slices"

	"webmon/dashboard/budget"
	"webmon/dashboard/instance"
	"webmon/dashboard/source"
	"webmon/fault"
	"webmon/shm"
	"webmon/shm/maps"
	"webmon/shm/maps/library"
	"webmon/shm/maps/made"
)

// library returns the maps that cfg names, and, for who looks at the demo and has none, a real
// one that is part of the program.
func (cfg *config) library(targets []source.Target, kept *budget.Budget, faults *fault.Ledger) *library.Library {
	o := library.Options{Dirs: cfg.maps, Bytes: kept.Volumes.Limit() / 2, Failed: faults.Noted("maps", "")}
	if dir, err := instance.StateDir(); err == nil {
		o.Cache = filepath.Join(dir, "maps")
	}
	demo := slices.ContainsFunc(targets, func(t source.Target) bool { return t.Kind == shm.KindDemo })
	if demo && (cfg.demo || len(cfg.maps) == 0) {
		o.Made = []library.Made{{
			Key: "rr30a", Name: "rr30a", Place: "part of the demo; from mapmanager/PyMapManager-Data",
			Open: func() (*maps.Map, error) { return maps.Read(made.RR30a(), "rr30a") },
		}}
	}
	return library.New(o)
}
