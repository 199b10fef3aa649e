#!/bin/sh
# Runs every fuzz target there is, each for the time given.
set -eu
cd "$(dirname "$0")/.."
time=${1:-10s}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# fuzz PACKAGE TARGET. Before 1.27 Go takes it for a failure now and then that
# the time is over (go.dev/issue/75804). Then nothing was found: it says so, and
# runs again.
fuzz() {
  for try in 1 2 3; do
    echo "fuzz $1 $2"
    if go test -run '^$' -fuzz "^$2\$" -fuzztime "$time" "$1" </dev/null >"$log" 2>&1; then
      cat "$log"
      return
    fi
    cat "$log"
    if [ $try = 3 ] || grep -q 'Failing input written' "$log" || ! grep -qx ' *context deadline exceeded' "$log"; then
      return 1
    fi
  done
}

go list -f '{{.ImportPath}} {{.Dir}}' ./... | while read -r package dir; do
  for target in $(grep -ho '^func Fuzz[A-Za-z0-9_]*' "$dir"/*_test.go 2>/dev/null | sed 's/^func //' | sort -u); do
    fuzz "$package" "$target"
  done
done
