package main

import (
	"path/filepath"
	"slices"
	"sync"

	"webmon/dashboard/budget"
	"webmon/dashboard/instance"
	"webmon/dashboard/source"
	"webmon/fault"
	"webmon/shm"
	"webmon/shm/maps"
	"webmon/shm/maps/edit"
	"webmon/shm/maps/library"
	"webmon/shm/maps/made"
	"webmon/shm/stack"
)

// library returns the maps that cfg names with what edits them, and, for who looks at the demo and has none, a real
// one that is part of the program.
func (cfg *config) library(targets []source.Target, kept *budget.Budget, faults *fault.Ledger) (*library.Library, *edit.Desk) {
	o := library.Options{Dirs: cfg.maps, Bytes: kept.Volumes.Limit() / 2, Failed: faults.Noted("maps", "")}
	edits := edit.Options{Failed: faults.Noted("maps", "")}
	if dir, err := instance.StateDir(); err == nil {
		o.Cache = filepath.Join(dir, "maps")
		edits.State = filepath.Join(dir, "map-edits")
	}
	desk := edit.NewDesk(edits)
	o.Loaded = desk.Loaded
	demo := slices.ContainsFunc(targets, func(t source.Target) bool { return t.Kind == shm.KindDemo })
	if demo && (cfg.demo || len(cfg.maps) == 0) {
		o.Made = demoMaps()
	}
	shelf := library.New(o)
	desk.Use(shelf)
	return shelf, desk
}

// demoMaps are the maps of the demo: a real one, and some that are made up, for a pool. All have
// images drawn at their own points.
func demoMaps() []library.Made {
	all := []library.Made{demoMap("rr30a", "part of the demo: a map of mapmanager/PyMapManager-Data, its images made up", func() (*maps.Map, error) {
		return maps.Read(made.RR30a(), "rr30a")
	})}
	for _, plan := range made.Demo() {
		all = append(all, demoMap(plan.Name, "part of the demo: made up", func() (*maps.Map, error) { return made.Make(plan).Open() }))
	}
	return all
}

// demoMap is a map of the demo. It is made when it is first asked for.
func demoMap(name, place string, open func() (*maps.Map, error)) library.Made {
	opened := sync.OnceValues(open)
	return library.Made{
		Key: name, Name: name, Place: place,
		Open: opened,
		Channels: func(session int) []int {
			m, err := opened()
			if err != nil {
				return nil
			}
			return made.Channels(m, session)
		},
		Image: func(session, channel int) (stack.Image, error) {
			m, err := opened()
			if err != nil {
				return nil, err
			}
			return made.Images(m, session, channel)
		},
	}
}
