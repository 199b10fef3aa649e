#!/usr/bin/env bash
# Tests the napari part of the Python package inside the real napari, on a
# display of its own:
#
#   .ci/test-napari-plugin.sh                 all of shm/python/tests/napari, and beside them
#                                             test_next.py in the napari that comes next
#   .ci/test-napari-plugin.sh -k screenshot   what is given goes to pytest
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -eq 0 ]; then
  .ci/venvs.sh napari-latest napari-next
else
  .ci/venvs.sh napari-latest
fi
if ! command -v Xvfb >/dev/null; then
  echo "The tests with a real napari need Xvfb: .ci/system.sh says what to install." >&2
  [ -z "${CI:-}" ] || exit 1
  exit 0
fi

# A place of its own for announcements, settings and caches, away from the user's.
home=$(mktemp -d)
chmod 700 "$home"
display=$(mktemp)
exec 3>"$display"
Xvfb -displayfd 3 -screen 0 1600x1200x24 -nolisten tcp -noreset >/dev/null 2>&1 &
server=$!
exec 3>&-
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$home" "$display"' EXIT
for _ in $(seq 300); do
  if [ -s "$display" ] || ! kill -0 "$server" 2>/dev/null; then break; fi
  sleep 0.1
done
if [ ! -s "$display" ]; then
  echo "Xvfb did not start." >&2
  exit 1
fi

# run ENVIRONMENT ARGUMENTS... runs pytest in one of the environments.
run() {
  local venv=.venv/$1 own=$home/$1
  shift
  mkdir -m 700 "$own"
  env -u WAYLAND_DISPLAY -u NAPARI_MON -u NAPARI_ASYNC \
    DISPLAY=":$(cat "$display")" QT_QPA_PLATFORM=xcb LIBGL_ALWAYS_SOFTWARE=1 \
    HOME="$own" XDG_RUNTIME_DIR="$own" XDG_STATE_HOME="$own/state" XDG_CONFIG_HOME="$own/config" XDG_CACHE_HOME="$own/cache" \
    NAPARI_CONFIG= PYTHONPATH=shm/python/src \
    nice "$venv/bin/python" -m pytest -p no:cacheprovider -q --disable-warnings "$@"
}

if [ $# -gt 0 ]; then
  run napari-latest "$@" shm/python/tests/napari
  exit
fi

run napari-next shm/python/tests/napari/test_next.py >"$home/next.out" 2>&1 &
next=$!
run napari-latest shm/python/tests/napari || status=$?
wait "$next" || changed=$?
if [ "${changed:-0}" -ne 0 ]; then
  cat "$home/next.out"
  if [ "${status:-0}" -eq 0 ]; then
    echo "napari $(sed -n 's/^napari==//p' .ci/requirements/napari-next.txt) has changed something that webmon relies on: the same tests pass with" \
      "napari $(sed -n 's/^napari==//p' .ci/requirements/napari-latest.txt). It is no regression of webmon's; the parts of napari that may move are in _napari/compat.py and loads.py." >&2
  else
    echo "Both naparis fail, so look at webmon first." >&2
  fi
fi
[ "${status:-0}" -eq 0 ] && [ "${changed:-0}" -eq 0 ]
