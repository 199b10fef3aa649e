package hub

import "strings"

// Watchers returns how many browsers watch a topic whose name begins with the
// prefix.
func (h *Hub) Watchers(prefix string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for c := range h.clients {
		for _, s := range c.subs.Load().all {
			if strings.HasPrefix(s.topic.name, prefix) {
				n++
				break
			}
		}
	}
	return n
}
