// Package pack is what the decoders of compressed stacks have in common: buffers for a moment, and zlib.
package pack

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/zlib"
)

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// mostKept is the largest buffer that is kept for the next who needs one, bytes.
const mostKept = 16 << 20

// Take returns a buffer of n bytes, whose content is left over from others. GiveBack must be called, if not for a
// failure.
func Take(n int) *[]byte {
	b := buffers.Get().(*[]byte)
	if cap(*b) < n {
		*b = make([]byte, n)
	}
	*b = (*b)[:n]
	return b
}

// GiveBack takes a buffer that nobody looks at any more.
func GiveBack(b *[]byte) {
	if cap(*b) <= mostKept {
		buffers.Put(b)
	}
}

var inflaters sync.Pool

// Zlib decodes a zlib stream into dst and returns how many bytes there were, at most as many as dst has room for. What
// comes behind those is not decoded.
func Zlib(dst, src []byte) (int, error) {
	z, _ := inflaters.Get().(io.ReadCloser)
	var err error
	if z == nil {
		z, err = zlib.NewReader(bytes.NewReader(src))
	} else {
		err = z.(zlib.Resetter).Reset(bytes.NewReader(src), nil)
	}
	if err != nil {
		return 0, err
	}
	defer inflaters.Put(z)
	return Fill(z, dst)
}

// Fill reads as much as dst has room for. That there is less is no error of its own.
func Fill(r io.Reader, dst []byte) (int, error) {
	n, err := io.ReadFull(r, dst)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return n, err
}
