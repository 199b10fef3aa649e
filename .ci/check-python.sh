#!/usr/bin/env bash
# Looks at the sources in Python: ruff and mypy, as shm/python/pyproject.toml has them.
# ruff looks at the scripts of the benchmarks and of the API too. Outside CI a missing Python is said, and the
# sources are not looked at; in CI it is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."

status=0
.ci/venvs.sh lint || status=$?
if [ "$status" = 69 ] && [ -z "${CI:-}" ]; then
  echo "ruff and mypy do not look at the Python sources without it." >&2
  exit 0
fi
[ "$status" = 0 ] || exit "$status"

bin=$PWD/.venv/lint/bin
cd shm/python
"$bin/ruff" check --no-cache . || status=1
"$bin/ruff" check --no-cache --config pyproject.toml ../../.ci/bench ../../.ci/api || status=1
"$bin/mypy" --cache-dir ../../.cache/mypy || status=1
exit "$status"
