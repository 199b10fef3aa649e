package edit

// syncDir does nothing: Windows has no way to say that names of a folder are to be on the
// disk, and keeps them in its own journal.
func syncDir(string) error { return nil }
