// Package stack opens image stacks on the disk: TIFF files (shm/stack/tiff) and OME-Zarr
// images (shm/stack/zarr), which are told apart by what is in them, not by their names.
//
//	im, err := stack.Open(path)
//	if err != nil {
//		return err // a sentence with the name of the file
//	}
//	defer im.Close()
//	pixels, err := im.ReadPlane(ctx, 0, 1, 31, im.Info().Whole(), nil)
//
// A stack has times, channels and slices; a plane is one of each. What is not asked for is
// not read. Nothing that a file says is believed: memory is bounded whatever its sizes claim.
package stack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"webmon/shm"
	"webmon/shm/stack/plane"
	"webmon/shm/stack/tiff"
	"webmon/shm/stack/zarr"
)

// What package plane describes.
type (
	Image = plane.Image // a stack, open for reading
	Info  = plane.Info  // what a stack is
	Voxel = plane.Voxel // the size of a voxel, micrometres
	Rect  = plane.Rect  // a rectangle in a plane, pixels
)

// What the errors of a stack wrap, as package plane describes.
var (
	ErrRange  = plane.ErrRange  // a plane or a rectangle that the stack does not have
	ErrFormat = plane.ErrFormat // what Open was given is no stack of either format
)

// Open opens the stack at path: a TIFF file, or the folder or zip of an OME-Zarr image. The file stays open
// until Close. The error wraps ErrFormat, or the system's error, or says in one sentence what
// about the stack cannot be read.
func Open(path string) (Image, error) {
	im, err := open(path)
	if err != nil {
		if p := (*fs.PathError)(nil); errors.As(err, &p) {
			err = p.Err // the name is said below, and a person needs no more of the path
		}
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return im, nil
}

func open(path string) (Image, error) {
	// Looked at before it is opened, since opening a pipe would wait for whoever writes it.
	stat, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if stat.IsDir() {
		return folder(path)
	}
	if !stat.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: it is no file", ErrFormat)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	im, err := openFile(file, stat.Size())
	if err != nil {
		file.Close()
		return nil, err
	}
	return im, nil
}

func openFile(file *os.File, size int64) (Image, error) {
	var head [4]byte
	n, err := file.ReadAt(head[:], 0)
	if n < len(head) {
		if size >= int64(len(head)) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: it has %d bytes", ErrFormat, size)
	}
	if tiff.Is(head[:]) {
		im, err := tiff.Open(file, size)
		if err != nil {
			return nil, err
		}
		return im, nil
	}
	if string(head[:]) == "PK\x03\x04" {
		im, err := zarr.OpenZip(file, size)
		if err != nil {
			return nil, err
		}
		return im, nil
	}
	return nil, fmt.Errorf("%w: it begins with %q", ErrFormat, head[:])
}

func folder(path string) (Image, error) {
	im, err := zarr.OpenFolder(path)
	if err != nil {
		return nil, err
	}
	return im, nil
}

// ReadMax is Image.ReadPlane for the maximum of the slices from to to, both included, cut off at the ends of the
// stack: a sliding maximum of five is ReadMax(ctx, im, t, c, z-2, z+2, r, dst), the maximum of all is
// ReadMax(ctx, im, t, c, 0, im.Info().Slices-1, r, dst).
func ReadMax(ctx context.Context, im Image, t, c, from, to int, r Rect, dst []byte) ([]byte, error) {
	return plane.ReadMax(ctx, im, t, c, from, to, r, dst)
}

// Mean, Light and Max are those of package plane: pixels made of several, pixels of 16 bits made to 8, the greater of two.
func Mean(dst, src []byte, t shm.PixelType, rows, cols, step int) []byte {
	return plane.Mean(dst, src, t, rows, cols, step)
}

func Light(dst, src []byte, table *[1 << 16]uint8) []byte { return plane.Light(dst, src, table) }

func Max(dst, src []byte, t shm.PixelType) { plane.Max(dst, src, t) }
