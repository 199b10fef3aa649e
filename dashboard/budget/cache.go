package budget

import (
	"container/list"
	"sync"
)

// Cache keeps bytes by name under an account. The least recently used of them go first.
// Its methods are safe for concurrent use.
type Cache struct {
	account *Account

	mu     sync.Mutex // guards all below
	at     map[string]*list.Element
	order  list.List // of *cached, the least recently used first
	hits   uint64
	misses uint64
}

type cached struct {
	name string
	data []byte
	size int64
}

// NewCache returns an empty cache, whose account nobody else counts in.
func NewCache(account *Account) *Cache {
	return &Cache{account: account, at: map[string]*list.Element{}}
}

// Get returns the bytes of a name. They must not be changed.
func (c *Cache) Get(name string) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.at[name]
	if e == nil {
		c.misses++
		return nil, false
	}
	c.hits++
	c.order.MoveToBack(e)
	return e.Value.(*cached).data, true
}

// Put keeps bytes, if there is room for them when older ones have gone.
func (c *Cache) Put(name string, data []byte) {
	size := int64(len(data)+len(name)) + 256
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at[name] != nil || size > c.account.Limit()/4 {
		return
	}
	for !c.account.Take(size) {
		oldest := c.order.Front()
		if oldest == nil {
			c.account.Refused()
			return
		}
		c.account.Dropped(1, oldest.Value.(*cached).size)
		c.remove(oldest)
	}
	c.at[name] = c.order.PushBack(&cached{name, data, size})
}

// remove forgets an entry; mu is held.
func (c *Cache) remove(e *list.Element) {
	entry := c.order.Remove(e).(*cached)
	delete(c.at, entry.name)
	c.account.Give(entry.size)
}

// Counts are how often something was found and was not.
func (c *Cache) Counts() (hits, misses uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hits, c.misses
}

// Use is what the cache counts now.
func (c *Cache) Use() Use { return c.account.Use() }
