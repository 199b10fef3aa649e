//go:build !linux && !darwin && !windows

package budget

// Machine is how many bytes of memory the machine has. 0: not known.
func Machine() int64 { return 0 }
