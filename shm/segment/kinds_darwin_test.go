package segment

import "testing"

const usual = "on disk"

var tried = map[string]func(testing.TB) store{usual: onDisk}
