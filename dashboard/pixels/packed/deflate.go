package packed

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// Codes of DEFLATE: the bytes, the end of a block, and the lengths of repetitions.
const (
	endOfBlock = 256
	symbols    = 286
	// mostBits is how long a code is at most. DEFLATE allows 15. With 12, four of them fit into a word together.
	mostBits = 12
	// shortest and longest are the bytes of a repetition. Shorter ones than that are as short when told one by one.
	shortest, longest = 6, 258
)

// deflater writes blocks of DEFLATE, the first code in the lowest bits.
type deflater struct {
	out    []byte
	acc    uint64
	n      uint // bits in acc, fewer than 8 between two calls of add
	tokens []uint16
}

// add writes up to 48 bits.
func (d *deflater) add(value uint64, n uint) {
	d.acc |= value << d.n
	d.n += n
	for d.n >= 8 {
		d.out = append(d.out, byte(d.acc))
		d.acc >>= 8
		d.n -= 8
	}
}

// align fills up to the end of a byte with an empty block, so that something else can follow.
func (d *deflater) align() { d.stored(nil) }

// stored writes bytes as they are.
func (d *deflater) stored(plane []byte) {
	for {
		part := plane[:min(len(plane), most)]
		plane = plane[len(part):]
		d.add(0, 3)
		if d.n > 0 {
			d.add(0, 8-d.n)
		}
		d.out = binary.LittleEndian.AppendUint16(d.out, uint16(len(part)))
		d.out = binary.LittleEndian.AppendUint16(d.out, ^uint16(len(part)))
		d.out = append(d.out, part...)
		if len(plane) == 0 {
			return
		}
	}
}

// plane writes one block, or several where the bytes stay as they are.
func (d *deflater) plane(plane []byte) {
	var counts [symbols]uint32
	count(plane, &counts)
	top := slices.Max(counts[:256])
	// Where one byte is in front of all others, it has runs.
	runs := int(top) > len(plane)/2
	if runs {
		d.tokens = tokens(d.tokens[:0], plane)
		counts = [symbols]uint32{}
		for _, t := range d.tokens {
			counts[symbolOf(t)]++
		}
	}
	counts[endOfBlock] = 1
	lengths := lengthsOf(counts[:], mostBits)
	size := uint64(0)
	for s, n := range lengths {
		size += uint64(counts[s]) * uint64(n)
	}
	if runs {
		for _, t := range d.tokens {
			if t > 255 {
				_, extra, _ := lengthCode(t)
				size += uint64(extra) + 1
			}
		}
	}
	const head = 8 * 80 // about
	if size+head > uint64(len(plane))*8*63/64 {
		d.stored(plane)
		return
	}
	d.head(lengths)
	codes := codesOf(lengths)
	if runs {
		d.write(d.tokens, &codes)
	} else {
		d.literals(plane, &codes)
	}
	d.add(uint64(codes[endOfBlock]&0xffff), uint(codes[endOfBlock]>>16))
}

// count counts the bytes. Four tables, because a count that was changed a moment ago has to be waited for.
func count(plane []byte, to *[symbols]uint32) {
	var a, b, c, e [256]uint32
	for len(plane) >= 8 {
		v := binary.LittleEndian.Uint64(plane)
		a[byte(v)]++
		b[byte(v>>8)]++
		c[byte(v>>16)]++
		e[byte(v>>24)]++
		a[byte(v>>32)]++
		b[byte(v>>40)]++
		c[byte(v>>48)]++
		e[byte(v>>56)]++
		plane = plane[8:]
	}
	for _, v := range plane {
		a[v]++
	}
	for i := range a {
		to[i] = a[i] + b[i] + c[i] + e[i]
	}
}

// tokens are the bytes, with runs as 256 and how often the byte before is repeated.
func tokens(to []uint16, plane []byte) []uint16 {
	for i := 0; i < len(plane); {
		v := plane[i]
		to = append(to, uint16(v))
		i++
		end := i
		for word := uint64(v) * 0x0101010101010101; end+8 <= len(plane); end += 8 {
			if x := binary.LittleEndian.Uint64(plane[end:]) ^ word; x != 0 {
				end += bits.TrailingZeros64(x) / 8
				goto found
			}
		}
		for end < len(plane) && plane[end] == v {
			end++
		}
	found:
		for end-i >= shortest {
			n := min(end-i, longest)
			to = append(to, uint16(256+n))
			i += n
		}
		for ; i < end; i++ {
			to = append(to, uint16(v))
		}
	}
	return to
}

// symbolOf is the code of a token.
func symbolOf(token uint16) int {
	if token < 256 {
		return int(token)
	}
	symbol, _, _ := lengthCode(token)
	return symbol
}

// lengthCode is how DEFLATE tells of a repetition: a code, and how far it is from the least of that code in extra bits.
func lengthCode(token uint16) (symbol int, extra uint, more uint64) {
	n := int(token) - 256 - 3
	switch {
	case n < 8:
		return 257 + n, 0, 0
	case n == longest-3:
		return 285, 0, 0
	}
	extra = uint(bits.Len(uint(n))) - 3
	return 257 + int(4*extra) + n>>extra, extra, uint64(n & (1<<extra - 1))
}

// literals writes bytes. There is room for them: they take no more than they are.
func (d *deflater) literals(plane []byte, codes *[symbols]uint32) {
	at := len(d.out)
	d.out = slices.Grow(d.out, len(plane)+len(plane)/16+64)
	out := d.out[:cap(d.out)]
	acc, n := d.acc, d.n
	i := 0
	for ; i+4 <= len(plane); i += 4 {
		p := plane[i : i+4 : i+4]
		a, b, c, e := codes[p[0]], codes[p[1]], codes[p[2]], codes[p[3]]
		na, nc := uint(a>>16), uint(c>>16)
		ab := uint64(a&0xffff) | uint64(b&0xffff)<<(na&63)
		ce := uint64(c&0xffff) | uint64(e&0xffff)<<(nc&63)
		na += uint(b >> 16)
		nc += uint(e >> 16)
		acc |= (ab | ce<<(na&63)) << (n & 63)
		n += na + nc
		binary.LittleEndian.PutUint64(out[at:], acc)
		at += int(n >> 3)
		acc >>= n &^ 7 & 63
		n &= 7
	}
	d.out, d.acc, d.n = out[:at], acc, n
	for _, v := range plane[i:] {
		d.add(uint64(codes[v]&0xffff), uint(codes[v]>>16))
	}
}

// write writes tokens. The only distance is 1.
func (d *deflater) write(tokens []uint16, codes *[symbols]uint32) {
	for _, t := range tokens {
		if t < 256 {
			d.add(uint64(codes[t]&0xffff), uint(codes[t]>>16))
			continue
		}
		symbol, extra, more := lengthCode(t)
		c := codes[symbol]
		d.add(uint64(c&0xffff)|more<<(c>>16), uint(c>>16)+extra+1) // and one 0, the code of the distance
	}
}

// head writes the head of a block that has codes of its own.
func (d *deflater) head(lengths []uint8) {
	used := len(lengths)
	for used > 257 && lengths[used-1] == 0 {
		used--
	}
	// The lengths of codes and of the only distance, told by codes as well: a length, or how many more zeros or of the same follow.
	all := append(slices.Clone(lengths[:used]), 1)
	type item struct {
		symbol uint8
		more   uint8
	}
	var items []item
	var counts [19]uint32
	for i := 0; i < len(all); {
		end := i + 1
		for end < len(all) && all[end] == all[i] {
			end++
		}
		run := end - i
		if all[i] != 0 {
			items = append(items, item{symbol: all[i]})
			run--
		}
		for run > 0 {
			switch {
			case all[i] == 0 && run >= 11:
				n := min(run, 138)
				items = append(items, item{18, uint8(n - 11)})
				run -= n
			case all[i] == 0 && run >= 3:
				items = append(items, item{17, uint8(run - 3)})
				run = 0
			case all[i] != 0 && run >= 3:
				n := min(run, 6)
				items = append(items, item{16, uint8(n - 3)})
				run -= n
			default:
				items = append(items, item{symbol: all[i]})
				run--
			}
		}
		i = end
	}
	for _, it := range items {
		counts[it.symbol]++
	}
	own := lengthsOf(counts[:], 7)
	order := [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	told := len(order)
	for told > 4 && own[order[told-1]] == 0 {
		told--
	}
	d.add(2<<1, 3) // not the last block, codes of its own
	d.add(uint64(used-257), 5)
	d.add(0, 5)
	d.add(uint64(told-4), 4)
	for _, s := range order[:told] {
		d.add(uint64(own[s]), 3)
	}
	codes := codesOf(own)
	extra := [19]uint{16: 2, 17: 3, 18: 7}
	for _, it := range items {
		c := codes[it.symbol]
		d.add(uint64(c&0xffff), uint(c>>16))
		d.add(uint64(it.more), extra[it.symbol])
	}
}

// lengthsOf are the lengths of the codes that Huffman's method gives to symbols that are there so often, none longer than most.
func lengthsOf(counts []uint32, most int) []uint8 {
	lengths := make([]uint8, len(counts))
	type node struct {
		count uint64
		up    int
	}
	order := make([]int, 0, len(counts))
	for s, n := range counts {
		if n > 0 {
			order = append(order, s)
		}
	}
	if len(order) == 1 { // there must be two
		order = append(order, (order[0]+1)%len(counts))
	}
	slices.SortFunc(order, func(a, b int) int {
		if counts[a] != counts[b] {
			return int(int64(counts[a]) - int64(counts[b]))
		}
		return a - b
	})
	n := len(order)
	nodes := make([]node, n, 2*n)
	for i, s := range order {
		nodes[i].count = uint64(counts[s])
	}
	// The two rarest become one, which comes behind those that are as rare: so both lists stay in order.
	leaf, inner := 0, n
	next := func() int {
		if leaf < n && (inner >= len(nodes) || nodes[leaf].count <= nodes[inner].count) {
			leaf++
			return leaf - 1
		}
		inner++
		return inner - 1
	}
	for len(nodes) < 2*n-1 {
		a, b := next(), next()
		nodes[a].up, nodes[b].up = len(nodes), len(nodes)
		nodes = append(nodes, node{count: nodes[a].count + nodes[b].count})
	}
	var ofLength [64]int // how many codes are so long; the depth is less, as counts have 32 bits
	depth := make([]uint8, len(nodes))
	for i := len(nodes) - 2; i >= 0; i-- {
		depth[i] = depth[nodes[i].up] + 1
		if i < n {
			ofLength[min(int(depth[i]), most)]++
		}
	}
	// Codes that were too long took more room than there is: shorter ones become longer until it suffices.
	room := 0
	for l := 1; l <= most; l++ {
		room += ofLength[l] << (most - l)
	}
	for room > 1<<most {
		l := most - 1
		for ofLength[l] == 0 {
			l--
		}
		ofLength[l]--
		ofLength[l+1]++
		room -= 1 << (most - l - 1)
	}
	// Readers of DEFLATE refuse codes that leave room.
	for l := most; room < 1<<most; {
		if ofLength[l] == 0 || room+1<<(most-l) > 1<<most {
			l--
			continue
		}
		ofLength[l]--
		ofLength[l-1]++
		room += 1 << (most - l)
	}
	at := 0
	for l := most; l > 0; l-- {
		for range ofLength[l] {
			lengths[order[at]] = uint8(l)
			at++
		}
	}
	return lengths
}

// codesOf are the codes of lengths, as code | length << 16. Their first bit is the lowest.
func codesOf(lengths []uint8) (codes [symbols]uint32) {
	var next [16]uint16
	for _, n := range lengths {
		if n > 0 && n < 15 {
			next[n+1]++
		}
	}
	for l := 1; l < 16; l++ {
		next[l] += next[l-1]
		next[l] <<= 1
	}
	// next[l] has become the first code of length l.
	for s, n := range lengths {
		if n > 0 {
			codes[s] = uint32(bits.Reverse16(next[n])>>(16-n)) | uint32(n)<<16
			next[n]++
		}
	}
	return codes
}
