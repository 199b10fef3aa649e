package main

import "embed"

// docs are the documents that the pages of the help are made of.
//
//go:embed README.md SECURITY.md shm/python/README.md
var docs embed.FS
