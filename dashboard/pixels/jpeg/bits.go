package jpeg

import (
	"encoding/binary"
	mathbits "math/bits"
)

// bits writes codes, the first one in the highest bits of a byte.
type bits struct {
	out []byte
	acc uint64 // its lowest n bits are still to be written
	n   uint
}

// bitsOf is how many bits a value takes, and these: a negative one is counted from its least.
func bitsOf(v int32) (size, low uint32) {
	sign := v >> 31
	size = uint32(mathbits.Len32(uint32((v ^ sign) - sign)))
	return size, uint32(v+sign) & (1<<size - 1)
}

// coefficients writes a block: the difference of its mean to that of the block before, and of the others those whose bits are set.
func (b *bits) coefficients(coeff *[64]int16, mask uint64, codes *codes, difference int32) {
	acc, n, out := b.acc, b.n, b.out
	// Whatever comes next has 32 bits at most: there is room if no more than 32 are waiting.
	put := func(entry uint32) {
		if n >= 32 {
			n -= 32
			word := uint32(acc >> n)
			// A byte of ones is followed by zeros, so that it is no marker.
			if word&^(word+0x01010101)&0x80808080 == 0 {
				out = binary.BigEndian.AppendUint32(out, word)
			} else {
				out = stuffed(out, word)
			}
		}
		size := entry & 0xff
		acc = acc<<size | uint64(entry>>8)
		n += uint(size)
	}
	size, low := bitsOf(difference)
	e := codes.dc[size]
	put((e>>8<<size|low)<<8 | (e&0xff + size))
	last := 0
	for m := mask &^ 1; m != 0; m &= m - 1 {
		k := mathbits.TrailingZeros64(m)
		run := k - last - 1
		last = k
		for ; run > 15; run -= 16 {
			put(codes.ac[0xf0])
		}
		v := int32(coeff[k&63])
		if quick := uint32(v + small); quick < 2*small {
			put(codes.quick[uint32(run&15)*2*small+quick])
			continue
		}
		size, low := bitsOf(v)
		put(codes.ac[uint32(run&15)<<4|size&15])
		put(low<<8 | size)
	}
	if last < 63 {
		put(codes.ac[0])
	}
	b.acc, b.n, b.out = acc, n, out
}

// stuffed appends four bytes, each of ones with a byte of zeros behind it.
func stuffed(out []byte, word uint32) []byte {
	for i := 24; i >= 0; i -= 8 {
		c := byte(word >> i)
		out = append(out, c)
		if c == 0xff {
			out = append(out, 0)
		}
	}
	return out
}

// flush writes what is left, with ones up to the end of a byte.
func (b *bits) flush() {
	if fill := (8 - b.n%8) % 8; fill > 0 {
		b.acc = b.acc<<fill | (1<<fill - 1)
		b.n += fill
	}
	for b.n > 0 {
		b.n -= 8
		c := byte(b.acc >> b.n)
		b.out = append(b.out, c)
		if c == 0xff {
			b.out = append(b.out, 0)
		}
	}
}
