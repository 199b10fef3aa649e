#!/usr/bin/env bash
# Fails when a function can be reached from no main. Helpers of tests are left out;
# what else only tests reach stands below, with the reason.
set -euo pipefail
cd "$(dirname "$0")/.."

allowed='
^e2e/|/[a-z]+test/|^lacking/                  helpers of tests
^dashboard/api/spec/spec.go:.*(Registered|Check)$   what tests hold the table to
^dashboard/help/help.go:.*Missing$   likewise
^dashboard/pixels/packed/packed.go:.*(Decode|readOf|store)$   what pages do in JavaScript, to test the other way
^shm/manager/server.go:.*Server\.(Clients|References)$  what a test asks the server
^shm/model/remote/zmtp/zmtp.go:.*(Accept|Conn\.Addr)$   the other side of the protocol
^shm/maps/made/plan.go:.*Made\.Write$        for tests that need a folder
^shm/pickle/(decode.go:.*Decode|encode.go:.*Encode)$    of a whole value, for tests; the program streams
^shm/pickle/value.go:.*NewList$               of values, for tests
^shm/segment/writer.go:                       the writer that the reader is tested with
'
found=$(${GO:-go} tool deadcode ./... | grep -vEf <(sed -E '/^$/d; s/[ ]{2,}.*//' <<<"$allowed") || true)
if [ -n "$found" ]; then
  echo "No main reaches these functions. Remove them, or say in .ci/deadcode.sh why they stay:"
  echo "$found"
  exit 1
fi
