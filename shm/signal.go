package shm

// Signal wakes whoever waits on c, a channel of capacity one. If c has been signalled
// already and nobody has looked since, it stays as it is.
func Signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
