#!/usr/bin/env bash
# Runs the parts of the test suite, some beside each other, all of them whatever
# fails, and says at the end in one line what failed:
#
#   .ci/test.sh                 everything
#   .ci/test.sh static test-js  only those, one after another
#
# Each part is a target of the Makefile. Its output is kept in .cache/test/ and
# printed when the part has ended, so that no two are mixed.
set -uo pipefail
cd "$(dirname "$0")/.."
logs=.cache/test
mkdir -p "$logs"
rm -f "$logs"/*
trap 'trap - INT TERM; kill 0; exit 130' INT TERM

# part NAME runs one target of the Makefile. MAKEFLAGS is emptied, so that what
# the part starts does not look for the job server of the make that called us.
part() {
  local began=$SECONDS status=0
  echo "== $1 begins"
  MAKEFLAGS='' make --no-print-directory "$1" >"$logs/$1.log" 2>&1 || status=$?
  echo "$status" >"$logs/$1.status"
  {
    flock 8
    echo "== $1: $([ $status = 0 ] && echo passed || echo FAILED) after $((SECONDS - began)) s"
    cat "$logs/$1.log"
  } 8>"$logs/.printing"
}

# lane NAME... runs parts one after another.
lane() {
  local name
  for name; do part "$name"; done
}

began=$SECONDS
if [ $# -gt 0 ]; then
  lane "$@"
else
  # Modules first, since every part needs some. Then two lanes: setting up Pythons
  # and testing the package and the API there mostly waits, what is beside it computes. The Go
  # tests follow alone, because a browser that draws in software needs both cores:
  # beside the package's tests everything takes longer than one after the other.
  lane setup-go setup-js
  lane setup test-py test-api &
  lane static test-js fuzz vulns &
  wait
  lane test-go
fi

# What failed, as each runner names it.
failed=
for status in "$logs"/*.status; do
  [ "$(cat "$status")" = 0 ] && continue
  name=$(basename "$status" .status)
  what=$(sed -nE 's/^ *--- FAIL: ([^ ]+).*/\1/p; s/^FAIL[[:space:]]+([^ ]+\/[^ ]*).*/\1/p; s/^FAILED ([^ ]+).*/\1/p; s/^FAIL fuzz: /fuzz /p; s/^not ok [0-9]+ - (.*)/\1/p; s/^✖ ([^(]*).*/\1/p; s/^- (ST[0-9]+ .*)/\1/p' \
    "$logs/$name.log" | sort -u | head -20 | paste -sd ' ' -)
  failed+="${failed:+; }$name${what:+ ($what)}"
done
if [ -n "$failed" ]; then
  # Why, in the first lines that each says of itself: who reads only the end of the output needs them.
  for status in "$logs"/*.status; do
    [ "$(cat "$status")" = 0 ] && continue
    name=$(basename "$status" .status)
    echo "== why $name failed"
    awk '/--- FAIL: |^not ok |^FAILED |^E  |^panic: |DATA RACE|^- ST[0-9]/ { left = 6 } left-- > 0 { print substr($0, 1, 240) }' "$logs/$name.log" | head -40
  done
  echo "FAILED after $((SECONDS - began)) s: $failed. The output of each part is in $logs/."
  exit 1
fi
echo "All parts passed after $((SECONDS - began)) s."
