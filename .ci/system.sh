#!/usr/bin/env bash
# The system packages that the whole test suite needs, on Debian 12 or Ubuntu
# 22.04 and later: a display without a screen, OpenGL in software, Qt's
# libraries, a browser, the Pythons of the real naparis, and Wine.
#
#   .ci/system.sh            says what is missing, and exits 1 if anything is
#   .ci/system.sh install    installs it with apt-get; only for CI, as root
set -euo pipefail
cd "$(dirname "$0")/.."

# One line each: package, then a test whether what it brings is there.
# libxcb-* and libxkbcommon are what Qt 6 looks for beside a plain X library.
needs() {
  cat <<'LIST'
xvfb                command -v Xvfb
chromium            command -v chromium || command -v chromium-browser || command -v google-chrome
libgl1              library libGL.so.1
libgl1-mesa-dri     anyof /usr/lib/*/dri/swrast_dri.so /usr/lib/*/libgallium-*.so /usr/lib64/dri/swrast_dri.so
libegl1             library libEGL.so.1
libglib2.0-0        library libglib-2.0.so.0
libfontconfig1      library libfontconfig.so.1
libdbus-1-3         library libdbus-1.so.3
libxkbcommon-x11-0  library libxkbcommon-x11.so.0
libxcb-cursor0      library libxcb-cursor.so.0
libxcb-icccm4       library libxcb-icccm.so.4
libxcb-image0       library libxcb-image.so.0
libxcb-keysyms1     library libxcb-keysyms.so.1
libxcb-randr0       library libxcb-randr.so.0
libxcb-render-util0 library libxcb-render-util.so.0
libxcb-shape0       library libxcb-shape.so.0
libxcb-xinerama0    library libxcb-xinerama.so.0
libxcb-xkb1         library libxcb-xkb.so.1
fonts-dejavu-core   anyof /usr/share/fonts/truetype/*/*.ttf /usr/share/fonts/*/*.ttf
procps              command -v ps
nginx-light         anyof /usr/sbin/nginx
caddy               command -v caddy
systemd             command -v systemd-analyze
iproute2            command -v ip && command -v tc
wine64              command -v wine64 || anyof /usr/lib/wine/wine64
LIST
}

# Not grep -q: it would break ldconfig's pipe at the first match.
library() { PATH=$PATH:/sbin:/usr/sbin ldconfig -p | grep "^[[:space:]]*$1 "; }

anyof() {
  local file
  for file; do
    if [ -e "$file" ]; then return 0; fi
  done
  return 1
}

missing() {
  local package probe
  while read -r package probe; do
    if ! eval "$probe" >/dev/null 2>&1; then
      echo "$package"
    fi
  done < <(needs)
}

list=$(missing | tr '\n' ' ')
list=${list% }
if [ -z "$list" ]; then
  exit 0
fi
if [ "${1:-}" != install ]; then
  echo "The tests with a real napari and a real browser need: sudo apt-get install $list" >&2
  exit 1
fi
if ! command -v apt-get >/dev/null; then
  echo "There is no apt-get here: install what brings the same as these packages of Debian: $list" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
# Another apt-get may be at work, as just after a machine has started.
apt="apt-get -qq -o DPkg::Lock::Timeout=300"
.ci/again $apt update
# shellcheck disable=SC2086 # one word a package
.ci/again $apt install -y --no-install-recommends $list >/dev/null
list=$(missing | tr '\n' ' ')
if [ -n "$list" ]; then
  echo "apt-get installed everything and yet these are not found: $list" >&2
  exit 1
fi
