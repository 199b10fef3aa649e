package level

// WithoutWideLanes runs f as on a processor that adds eight bytes at a time. It is false if this one is such.
func WithoutWideLanes(f func()) bool {
	was := wideLanes
	wideLanes = false
	defer func() { wideLanes = was }()
	f()
	return was
}
