#!/usr/bin/env bash
# Asks a webmon with the demo, a real map and models for everything that /api/openapi.json
# describes, well and badly, and fails on a 5xx, on a status, a content type or a body that
# is not described, and on what should have been refused:
#
#   .ci/check-api.sh                      a minute or two
#   .ci/check-api.sh --phases fuzzing --max-time 600 --seed 7
#                                         longer; options are those of schemathesis run
#
# Not asked for are /stop and /logout, which end what is tested, and the handover between webmons:
# they are no addresses for programs and so not described. Sessions are ended by their ids: the
# token that asks has none, so that nothing shuts it out.
set -euo pipefail
cd "$(dirname "$0")/.."
st=$PWD/.venv/api/bin/schemathesis
work=$(mktemp -d)
webmon=
finish() {
  [ -z "$webmon" ] || { kill "$webmon" && wait "$webmon"; } 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
mkdir -m 700 "$work/home" "$work/run" "$work/tmp" "$work/maps"
cp shm/maps/made/rr30a.zip "$work/maps/"
${GO:-go} build -o "$work/webmon" .

HOME=$work/home XDG_RUNTIME_DIR=$work/run XDG_STATE_HOME=$work/home/state TMPDIR=$work/tmp \
  "$work/webmon" --port 0 --demo --maps "$work/maps" --model shm/python/examples/models.py >"$work/url" 2>"$work/log" &
webmon=$!
for _ in $(seq 300); do
  [ -s "$work/url" ] && break
  kill -0 "$webmon" 2>/dev/null || { cat "$work/log"; exit 1; }
  sleep 0.1
done
url=$(cat "$work/url")
export TESTED_ADDRESS=${url%%\?*} TESTED_TOKEN=${url##*token=} TESTED_MAP=$PWD/shm/maps/made/rr30a.zip
here=$PWD/.ci/api
export SCHEMATHESIS_HOOKS=hooks PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1
if [ $# -eq 0 ]; then
  set -- --phases examples,coverage,fuzzing --max-examples 12 --seed 1
fi
status=0
(cd "$work" && "$st" --config-file "$here/schemathesis.toml" run "${TESTED_ADDRESS}api/openapi.json" \
  -H "Authorization: Bearer $TESTED_TOKEN" --workers 2 --no-color --generation-database none "$@") || status=$?
# A panic is answered with 500, which is seen above; one that nobody waits for is in the log alone.
if grep -E 'panic|level=ERROR' "$work/log"; then
  echo "The log of the webmon that was tested has errors."
  status=1
fi
exit $status
