package demo

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"webmon/shm"
)

func TestTissue(t *testing.T) {
	tissue := NewTissue(0)
	list := tissue.Volumes()
	read := func(name string, from, to []int) []byte {
		t.Helper()
		b, err := tissue.ReadBox(t.Context(), list.Get(name), shm.Box{From: from, To: to}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	shape := []int{tissueZ, tissueY, tissueX}
	labels, image := read("cells", []int{0, 0, 0}, shape), read("tissue", []int{0, 0, 0}, shape)
	if len(labels) != 2*tissueZ*tissueY*tissueX || len(image) != tissueZ*tissueY*tissueX {
		t.Fatalf("%d and %d bytes", len(labels), len(image))
	}
	sizes := map[uint16]int{}
	for i := 0; i < len(labels); i += 2 {
		sizes[binary.LittleEndian.Uint16(labels[i:])]++
	}
	inside := len(labels)/2 - sizes[0]
	delete(sizes, 0)
	least, most := len(labels), 0
	for _, n := range sizes {
		least, most = min(least, n), max(most, n)
	}
	t.Logf("%d cells of %d to %d voxels, %d %% of the volume", len(sizes), least, most, 200*inside/len(labels))
	if len(sizes) != len(tissue.cells) || len(sizes) < 300 || most < 4*least || inside < len(labels)/8 {
		t.Errorf("%d of %d cells of %d to %d voxels, %d voxels in all", len(sizes), len(tissue.cells), least, most, inside)
	}
	// A part is what the whole has there, wherever it begins and ends.
	rng := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		var from, to [3]int
		for k, n := range shape {
			from[k] = rng.IntN(n)
			to[k] = from[k] + rng.IntN(min(40, n-from[k])+1)
		}
		var wantLabels, wantImage []byte
		for z := from[0]; z < to[0]; z++ {
			for y := from[1]; y < to[1]; y++ {
				at := (z*tissueY + y) * tissueX
				wantLabels = append(wantLabels, labels[2*(at+from[2]):2*(at+to[2])]...)
				wantImage = append(wantImage, image[at+from[2]:at+to[2]]...)
			}
		}
		if !slices.Equal(read("cells", from[:], to[:]), wantLabels) || !slices.Equal(read("tissue", from[:], to[:]), wantImage) {
			t.Fatalf("%v to %v differs from the whole", from, to)
		}
	}
	// The middle of a cell lies in the cell, unless another one lies over it.
	points, err := tissue.ReadGeometry(t.Context(), list.Get("nuclei"), shm.PartWhole, 0)
	if err != nil {
		t.Fatal(err)
	}
	own := 0
	for i := range tissue.cells {
		p := points.Positions[3*i:]
		if int(p[0]) >= tissueZ || int(p[1]) >= tissueY || int(p[2]) >= tissueX {
			continue
		}
		at := (int(p[0])*tissueY+int(p[1]))*tissueX + int(p[2])
		if binary.LittleEndian.Uint16(labels[2*at:]) == uint16(i+1) {
			own++
		}
	}
	if own < len(tissue.cells)*9/10 {
		t.Errorf("%d of %d middles lie in their cells", own, len(tissue.cells))
	}
	table, err := tissue.ReadLabels(t.Context(), list.Get("cells"))
	if err != nil || len(table.IDs) != len(tissue.cells) || len(table.Columns[2].Numbers) != len(table.IDs) {
		t.Errorf("%d labels, %v", len(table.IDs), err)
	}
}

func TestTissueRefuses(t *testing.T) {
	tissue := NewTissue(0)
	image := tissue.Volumes().Get("tissue")
	for _, box := range []shm.Box{
		{From: []int{0, 0, 0}, To: []int{1, 1, tissueX + 1}}, {From: []int{0, 0, -1}, To: []int{1, 1, 1}}, {From: []int{2, 0, 0}, To: []int{1, 1, 1}},
		{From: []int{0}, To: []int{1}}, {}, {Level: 1, From: []int{0, 0, 0}, To: []int{1, 1, 1}},
	} {
		if _, err := tissue.ReadBox(t.Context(), image, box, nil); !errors.Is(err, shm.ErrBox) {
			t.Errorf("%+v: %v", box, err)
		}
	}
	other := *image
	other.Generation = "0000000000000000"
	if _, err := tissue.ReadBox(t.Context(), &other, shm.Box{}, nil); !errors.Is(err, shm.ErrNoVolume) {
		t.Error(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if _, err := tissue.ReadBox(ctx, image, shm.Box{From: []int{0, 0, 0}, To: image.Shape}, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := tissue.ReadGeometry(t.Context(), image, shm.PartMesh, 1); !errors.Is(err, shm.ErrNoLabel) {
		t.Error(err)
	}
}

func BenchmarkTissue(b *testing.B) {
	tissue := NewTissue(0)
	list := tissue.Volumes()
	for _, name := range []string{"tissue", "cells"} {
		b.Run(name, func(b *testing.B) {
			var dst []byte
			var err error
			for b.Loop() {
				if dst, err = tissue.ReadBox(b.Context(), list.Get(name), shm.Box{From: []int{64, 64, 64}, To: []int{128, 128, 128}}, dst); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
