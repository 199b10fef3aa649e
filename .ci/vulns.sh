#!/usr/bin/env bash
# Looks for known vulnerabilities in what webmon is made of and built with:
#
#   .ci/vulns.sh              everything
#   .ci/vulns.sh go npm       only those: go, python, npm
#
# Each is checked against a database on the network. Where that cannot be reached, it
# is said, and is no failure. A vulnerability that is found is a failure.
#
# Of the Python environments those of today are looked at. The others (numpy1,
# napari-0.4.11) hold old versions on purpose, to test against, and are never delivered.
set -uo pipefail
cd "$(dirname "$0")/.."

govulncheck=golang.org/x/vuln/cmd/govulncheck@v1.9.0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
found=()

# unchecked WHAT REASON says that something could not be checked.
unchecked() {
  echo "$1: NOT CHECKED, because the database cannot be reached: $2"
}

# last FILE is the last line of a program's output that says anything.
last() {
  grep -vE '^[[:space:]]*$|^npm (error|notice) A complete log|^exit status' "$1" | tail -n 1 | cut -c 1-300
}

check_go() {
  local status=0 database
  database=$(${GO:-go} env GOVULNDB)
  database=${database:-https://vuln.go.dev}
  # Asked first, because the tool would analyse the whole program before it asks.
  if ! node -e 'fetch(process.argv[1] + "/index/db.json", {signal: AbortSignal.timeout(10000)}).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))' \
    "$database"; then
    unchecked 'Go modules' "$database does not answer"
    return
  fi
  ${GO:-go} run "$govulncheck" -db "$database" ./... >"$work/go" 2>&1 || status=$?
  # 3 stands for vulnerabilities that are called, and go run says so in its own way.
  if [ "$status" = 3 ] || grep -q '^exit status 3$' "$work/go"; then
    cat "$work/go"
    found+=('Go modules')
  elif [ "$status" != 0 ]; then
    unchecked 'Go modules' "$(last "$work/go")"
  else
    echo "Go modules: no known vulnerability is called."
  fi
}

check_python() {
  local name status audit=${PIP_AUDIT:-.venv/audit/bin/pip-audit}
  if [ -z "${PIP_AUDIT:-}" ] && ! .ci/venvs.sh audit >"$work/venv" 2>&1; then
    unchecked 'Python packages' "$(last "$work/venv")"
    return
  fi
  for name in napari-latest numpy2 neuroglancer bench lint audit dist wheelcheck; do
    "$audit" --no-deps --disable-pip --progress-spinner off -f json -r ".ci/requirements/$name.txt" >"$work/python" 2>"$work/python.err"
    # Its status is the same for what it finds and for what goes wrong.
    status=0
    node -e '
      let told;
      try {
        told = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")).dependencies;
      } catch {
        process.exit(2);
      }
      const bad = told.filter(d => d.vulns?.length > 0);
      for (const {name, version, vulns} of bad) {
        for (const {id, fix_versions} of vulns) console.log(`${name} ${version}: ${id}, mended in ${fix_versions.join(", ") || "no version yet"}`);
      }
      process.exit(bad.length > 0 ? 1 : told.every(d => d.skip_reason) ? 3 : 0);
    ' "$work/python" || status=$?
    case $status in
      0) echo "Python packages of $name: no known vulnerability." ;;
      1) found+=("Python packages of $name") ;;
      2) unchecked "Python packages of $name" "$(last "$work/python.err")" ;;
      *) unchecked "Python packages of $name" 'the index knows nothing of any of them' ;;
    esac
  done
}

check_npm() {
  local folder status
  # The pages' tools, and what Neuroglancer's client is made of.
  for folder in . .ci/neuroglancer; do
    status=0
    (cd "$folder" && npm audit --package-lock-only --json) >"$work/npm" 2>"$work/npm.err" || true
    node -e '
      let told;
      try {
        told = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
      } catch {
        process.exit(2);
      }
      if (!told.metadata?.vulnerabilities) process.exit(2);
      for (const {name, severity, range} of Object.values(told.vulnerabilities ?? {})) console.log(`${name} ${range}: ${severity}`);
      process.exit(told.metadata.vulnerabilities.total > 0 ? 1 : 0);
    ' "$work/npm" || status=$?
    case $status in
      0) echo "npm packages of $folder: no known vulnerability." ;;
      1) found+=("npm packages of $folder") ;;
      *) unchecked "npm packages of $folder" "$(last "$work/npm.err")" ;;
    esac
  done
}

[ $# -gt 0 ] || set -- go python npm
for what; do
  case $what in
    go | python | npm) "check_$what" ;;
    *)
      echo "There is nothing called $what to check: go, python and npm are." >&2
      exit 2
      ;;
  esac
done
if [ ${#found[@]} -gt 0 ]; then
  (IFS=,; echo "FAIL vulnerabilities are known in: ${found[*]}")
  exit 1
fi
