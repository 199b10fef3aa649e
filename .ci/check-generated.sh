#!/bin/sh
# Fails if the generated files that are committed are not what their sources
# give. They are written anew in place; a difference is left there to look at.
set -eu
cd "$(dirname "$0")/.."
before=$(mktemp)
after=$(mktemp)
trap 'rm -f "$before" "$after"' EXIT
sums() {
  files=$(git ls-files -co --exclude-standard '*_templ.go' public/css/app.css 'public/js/dist/*')
  echo "$files" | LC_ALL=C sort | while read -r file; do if [ -f "$file" ]; then cksum "$file"; fi; done
}
sums >"$before"
.ci/generate.sh
sums >"$after"
if ! diff "$before" "$after"; then
  echo "Generated files are out of date: run make generate and commit what it changes." >&2
  exit 1
fi
