#!/usr/bin/env bash
# Tests the napari part of the Python package inside the real napari, on a
# display of its own:
#
#   .ci/test-napari-plugin.sh                 all of shm/python/tests/napari
#   .ci/test-napari-plugin.sh -k screenshot   what is given goes to pytest
set -euo pipefail
cd "$(dirname "$0")/.."

.ci/venvs.sh napari-latest
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

env -u WAYLAND_DISPLAY -u NAPARI_MON -u NAPARI_ASYNC \
  DISPLAY=":$(cat "$display")" QT_QPA_PLATFORM=xcb LIBGL_ALWAYS_SOFTWARE=1 \
  HOME="$home" XDG_RUNTIME_DIR="$home" XDG_STATE_HOME="$home/state" XDG_CONFIG_HOME="$home/config" XDG_CACHE_HOME="$home/cache" \
  NAPARI_CONFIG= PYTHONPATH=shm/python/src \
  nice .venv/napari-latest/bin/python -m pytest -p no:cacheprovider -q --disable-warnings "$@" shm/python/tests/napari
