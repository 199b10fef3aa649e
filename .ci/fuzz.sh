#!/bin/sh
# Runs every fuzz target there is, each for the time given.
set -eu
cd "$(dirname "$0")/.."
time=${1:-10s}
go list -f '{{.ImportPath}} {{.Dir}}' ./... | while read -r package dir; do
  for target in $(grep -ho '^func Fuzz[A-Za-z0-9_]*' "$dir"/*_test.go 2>/dev/null | sed 's/^func //' | sort -u); do
    echo "fuzz $package $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package" </dev/null
  done
done
