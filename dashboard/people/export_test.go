package people

// SaidN is the number of what was said last in a room.
func (p *People) SaidN(room string) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rooms[room].saidN
}
