package segment

// barrier keeps the processor from moving loads and stores across it. An atomic
// operation would not do: where it is a loop of two instructions a later load may
// still come before the second.
//
//go:noescape
func barrier()
