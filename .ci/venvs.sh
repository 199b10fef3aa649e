#!/usr/bin/env bash
# Makes the Python environments that the tests run real naparis in, the one with
# what the benchmarks compare webmon with (bench), the one with what looks at the
# sources of the Python package (lint), the one that asks the API (api), the one that looks for known
# vulnerabilities (audit), and those that build the Python package (dist) and look at
# what was built (wheelcheck):
#
#   .ci/venvs.sh                  all that the tests need
#   .ci/venvs.sh napari-latest    only those named
#
# Each is .venv/NAME with exactly the packages of .ci/requirements/NAME.txt;
# napari-latest, and jupyter with its JupyterLab, have the package of shm/python besides, installed as it is for users;
# napari-next is the same with the newest napari there is, a pre-release if need be.
# One that is complete is left alone, so calling this before every test run
# costs nothing. neuroglancer has Neuroglancer's own package and what its tests need,
# for webmon.neuroglancer. To move to a newer napari: install it by hand into the venv
# and write `pip freeze` over the requirement file.
#
# Exits 69 where the machine lacks the Python that an environment needs.
set -euo pipefail
cd "$(dirname "$0")/.."

# The Python of each environment: the first of these versions that is found.
# napari 0.4.11 wants 3.9 (its monitor refuses less, its libraries more).
pythons() {
  case $1 in
    napari-0.4.11 | numpy1) echo 3.9 ;;
    napari-latest | napari-next | numpy2 | neuroglancer | jupyter | api | bench | lint | audit | wheelcheck) echo 3.13 3.12 ;;
    dist) echo 3.13 3.12 3.14 3.11 3.10 ;; # which one it is, nothing of what is built tells
    *) return 1 ;;
  esac
}

# find_python VERSION prints the path of a Python of that version that runs.
# pyenv's own folder comes first: its shims on the PATH answer for versions
# that are not switched on.
find_python() {
  local version=$1 candidate
  for candidate in "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/"$version".*/bin/python "$(command -v "python$version" || true)"; do
    if [ -x "$candidate" ] && "$candidate" -c "import sys, venv, ensurepip
sys.exit('%d.%d' % sys.version_info[:2] != '$version')" 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

make_venv() {
  local name=$1 requirements=.ci/requirements/$1.txt venv=.venv/$1 wanted version python=
  if ! wanted=$(pythons "$name"); then
    echo "There is no environment called $name; there are: $(cd .ci/requirements && ls | sed 's/\.txt$//' | tr '\n' ' ')" >&2
    exit 1
  fi
  for version in $wanted; do
    if python=$(find_python "$version"); then break; fi
  done
  if [ -z "$python" ]; then
    version=${wanted%% *}
    echo "The environment $name needs Python $version: install python$version with python$version-venv, or run \"pyenv install $version\"." >&2
    exit 69
  fi

  local stamp
  stamp="$("$python" -c 'import sys; print(sys.version.split()[0])') $(sha256sum "$requirements" | cut -d ' ' -f 1) $PWD"
  if [ "$(cat "$venv/.complete" 2>/dev/null)" = "$stamp" ] && [ -x "$venv/bin/python" ]; then
    return
  fi
  echo "Setting up $venv with $("$python" --version); this takes a minute or two the first time." >&2
  rm -rf "$venv"
  if [ "$name" = napari-next ] && [ -f .venv/napari-latest/.complete ]; then
    # The two differ in a package or two: what stays is copied, compiled as it is.
    cp -R -p .venv/napari-latest "$venv"
    rm -f "$venv/.complete" "$venv/.package"
    "$venv/bin/python" -m pip uninstall --quiet --disable-pip-version-check --yes napari-webmon
  else
    "$python" -m venv "$venv"
  fi
  # --no-deps: the file names everything, so nothing else may come in. Wheels
  # only: the tests need no compiler.
  .ci/again nice "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
    --no-deps --only-binary :all: -r "$requirements"
  "$venv/bin/python" -m pip --disable-pip-version-check check >/dev/null
  # Compile now, so that the first test does not pay for it.
  nice "$venv/bin/python" -m compileall -q -j 2 "$venv/lib" >/dev/null 2>&1 || true
  echo "$stamp" >"$venv/.complete"
}

# install_package puts the package of the checkout into an environment, again
# whenever it has changed.
install_package() {
  local python=.venv/$1/bin/python stamp=.venv/$1/.package now copy
  now=$(cd shm/python && find pyproject.toml README.md LICENSE src -type f ! -name '*.pyc' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
  if [ "$(cat "$stamp" 2>/dev/null)" = "$now" ]; then
    return
  fi
  copy=$(mktemp -d) # building leaves things beside the sources
  cp -R shm/python/pyproject.toml shm/python/README.md shm/python/LICENSE shm/python/src "$copy"
  "$python" -m pip install --quiet --disable-pip-version-check --no-input --no-index --no-deps --no-build-isolation \
    --force-reinstall "$copy"
  rm -rf "$copy"
  echo "$now" >"$stamp"
}

mkdir -p .venv
if [ $# -eq 0 ]; then
  set -- napari-0.4.11 napari-latest napari-next numpy1 numpy2 neuroglancer jupyter dist wheelcheck
fi
# Two at a time: making one mostly waits for the network and the disk.
environments() {
  local name
  for name; do
    # Each is made by one at a time, also when two test runs begin together.
    if command -v flock >/dev/null; then
      exec 9>".venv/.lock-$name"
      flock 9
    fi
    make_venv "$name"
    if [ "$name" = napari-latest ] || [ "$name" = jupyter ]; then
      install_package "$name"
    fi
  done
}
newer=() older=()
for name; do
  case $name in
    napari-latest | napari-next) newer+=("$name") ;;
    *) older+=("$name") ;;
  esac
done
environments "${newer[@]}" &
environments "${older[@]}"
wait $!
