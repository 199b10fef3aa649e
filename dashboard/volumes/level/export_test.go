package level

// WithoutWideLanes runs f as on a processor that adds eight bytes at a time.
func WithoutWideLanes(f func()) {
	was := wideLanes
	wideLanes = false
	defer func() { wideLanes = was }()
	f()
}
