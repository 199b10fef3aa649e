#!/usr/bin/env bash
# Runs every fuzz target there is, each for the time given, and names at the
# end those that failed.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-10s}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
corpus=$(go env GOCACHE)/fuzz

# run TARGET runs one target of the package whose test binary is given, in the
# folder of the package. Before 1.27 Go takes it for a failure now and then that
# the time is over (go.dev/issue/75804). Nothing was found then: it says so, and
# the target is run again.
run() {
  local binary=$1 package=$2 dir=$3 target=$4 try
  for try in 1 2 3; do
    # By itself Go spends up to a minute on making a single input shorter that it
    # finds interesting: all of the time that there is.
    if (cd "$dir" && "$binary" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "$time" -test.fuzzminimizetime 20x \
      -test.fuzzcachedir "$corpus/$package") </dev/null >"$work/log" 2>&1; then
      echo "fuzz $package $target: $(tail -n 2 "$work/log" | head -n 1)"
      return
    fi
    if [ "$try" = 3 ] || grep -q 'Failing input written' "$work/log" || ! grep -qx ' *context deadline exceeded' "$work/log"; then
      echo "fuzz $package $target"
      cat "$work/log"
      return 1
    fi
    echo "fuzz $package $target: its time ended within an input, and it runs again"
  done
}

failed=()
while read -r package dir; do
  targets=$(grep -ho '^func Fuzz[A-Za-z0-9_]*' "$dir"/*_test.go 2>/dev/null | sed 's/^func //' | sort -u || true)
  [ -n "$targets" ] || continue
  # One build for all targets of a package: linking takes longer than fuzzing.
  if ! go test -c -fuzz . -o "$work/fuzz.test" "$package"; then
    failed+=("$package")
    continue
  fi
  for target in $targets; do
    run "$work/fuzz.test" "$package" "$dir" "$target" || failed+=("$package:$target")
  done
done < <(go list -f '{{.ImportPath}} {{.Dir}}' ./...)
if [ ${#failed[@]} -gt 0 ]; then
  echo "FAIL fuzz: ${failed[*]}"
  exit 1
fi
