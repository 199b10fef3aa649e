package tiff

import (
	"fmt"

	"webmon/shm/stack/plane"
)

// metaMorph takes in what MetaMorph says of a stack (STK): the file has one page, behind whose pixels those of the other planes lie. A
// tag of MetaMorph's own has as many entries as there are planes, each six numbers of 32 bits; the first two are the distance to the
// plane before as a fraction.
func (m *Image) metaMorph(p *page) error {
	if p.uic2.count > plane.MostPlanes {
		return fmt.Errorf("MetaMorph says that it has %d planes; webmon reads %d", p.uic2.count, plane.MostPlanes)
	}
	m.info.Slices = int(p.uic2.count)
	m.format("MetaMorph TIFF", p)
	var b [32]byte
	if err := m.in.bytes(b[:], p.uic2.at); err == nil {
		// That of the second plane counts: the first has none before it.
		if below := m.in.order.Uint32(b[28:]); below > 0 {
			m.info.Voxel.Z = float64(m.in.order.Uint32(b[24:])) / float64(below)
		}
	}
	if err := m.info.Valid(); err != nil {
		return err
	}
	return m.oneAfterAnother(p, "MetaMorph")
}
