//go:build !unix

package private_test

import "errors"

func chown(string) error { return errors.ErrUnsupported }
