package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"webmon/dashboard/instance"
	"webmon/dashboard/source"
	"webmon/shm"
	"webmon/shm/model"
)

// handOver gives the targets, the models and the folders of maps to the webmon that is running, which
// finds the others by itself, and returns the address to look at.
func handOver(ctx context.Context, dir string, targets []source.Target, models []model.Spec, maps []string) (address string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if len(targets)+len(models)+len(maps) == 0 {
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
	at := "models"
	for _, folder := range maps {
		if address, err = instance.HandOver(ctx, dir, instance.Source{Kind: string(shm.KindMap), Folder: folder}); err != nil {
			return "", err
		}
		at = "maps"
	}
	if u, err := url.Parse(address); err == nil && address != "" {
		address = u.JoinPath(at).String() // what was asked for is there
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
