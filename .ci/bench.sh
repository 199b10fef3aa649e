#!/usr/bin/env bash
# Measures webmon beside what people have today and writes the figures into
# BENCHMARKS.md, between its markers:
#
#   .ci/bench.sh                     everything, about a quarter of an hour
#   .ci/bench.sh latency fanout      only those; the other figures stay
#   .ci/bench.sh torture             that alone, for TORTURETIME; it is no part of everything
#   .ci/bench.sh soak                the same, for SOAKTIME
#
# The parts: wire latency fanout idle sizes arrays camera network density volumes volumesopen volumeslive step maps panes canvas codecs micro viewer.
# Each begins again with processes of its own. What is printed on the way is kept in artifacts/bench/.
# The shorter BENCHTIME, the noisier the figures.
set -euo pipefail
cd "$(dirname "$0")/.."

time=${BENCHTIME:-8s}
out=artifacts/bench
if [ $# -eq 0 ]; then
  set -- wire latency fanout idle sizes arrays camera network density volumes volumesopen volumeslive step maps panes canvas codecs micro viewer
fi
mkdir -p "$out"
if [ "$*" != torture ] && [ "$*" != soak ]; then
  .ci/venvs.sh bench numpy2 neuroglancer
fi

# whole NAME runs the benchmark of that name of the whole program.
whole() {
  go test -run '^$' -bench "^Benchmark$1\$" -benchtime 1x -timeout 30m -count 1 ./bench -bench.time "$time" -bench.dir "$PWD/$out"
}

# package NAME PATTERN runs the benchmarks of one package, as rows of a table.
package() {
  go test -run '^$' -bench "$2" -benchtime 0.3s "./$1" | tee /dev/stderr | awk -v package="$1" '
    /^Benchmark/ {
      name = $1; sub(/^Benchmark/, "", name); sub(/-[0-9]+$/, "", name); gsub(/_/, " ", name)
      for (i = 3; i < NF; i += 2) value[$(i + 1)] = $i
      ns = value["ns/op"]
      time = ns < 10000 ? sprintf("%.2f µs", ns / 1000) : sprintf("%.0f µs", ns / 1000)
      printf "| %s | %s | %s | %s | %s |\n", package, name, time, value["B/op"], value["allocs/op"]
      delete value
    }'
}

for part; do
  echo "== $part, load before: $(cut -d ' ' -f 1 /proc/loadavg)"
  case $part in
    wire)
      go test -run '^$' -bench '^BenchmarkWire$' -benchtime 1x -timeout 30m ./shm/manager | tee "$out/wire.log"
      awk '/^Python [0-9]/ { on = 1 } /^(PASS|FAIL|ok)/ { on = 0 } on' "$out/wire.log" >"$out/wire.md"
      awk -F '|' '$2 == " 1000 " && NF > 9 {
        printf "| Polls a second at 1000 tiles, where Python’s client gets %d | 10,000 | %d | %s |\n", $7, $4, ($4 >= 10000 ? "met" : "**missed**")
      }' "$out/wire.log" >"$out/wire.targets"
      ;;
    latency) whole Latency ;;
    fanout) whole FanOut ;;
    idle) whole Idle ;;
    sizes) whole Sizes ;;
    camera) whole Camera ;;
    network) whole Network ;; # as root, for its namespaces
    density) whole Density ;;
    volumes) whole Volumes ;;
    panes) whole MapPanes ;;
    canvas)
      .ci/venvs.sh napari-latest
      whole Canvas
      ;;
    volumesopen) whole VolumesOpen ;;
    volumeslive) whole VolumesLive ;;
    arrays)
      go test -run '^$' -bench '^BenchmarkArrays$' -benchtime 1x -timeout 30m ./shm/segment -arrays.time "$time" -arrays.dir "$PWD/$out"
      ;;
    step)
      go test -run '^$' -bench '^BenchmarkBesideNumPy$' -benchtime 1x -timeout 30m ./shm/model/builtin/gpe -step.time "$time" -step.dir "$PWD/$out"
      ;;
    maps)
      go test -run '^$' -bench '^BenchmarkBesidePandas$' -benchtime 1x -timeout 30m ./shm/maps -maps.dir "$PWD/$out"
      ;;
    codecs)
      go test -run '^$' -bench '^BenchmarkCodecs$' -benchtime 1x -timeout 30m ./dashboard/pixels -codecs.dir "$PWD/$out"
      {
        echo
        node public/js/testdata/decode-bench.js "$out/codecs.json"
      } | tee -a "$out/codecs.md"
      ;;
    micro)
      {
        echo "| Package | What | Time | Bytes | Allocations |"
        echo "|---|---|---|---|---|"
        package shm/pickle 'Decode|Encode'
        package shm/manager '^BenchmarkServer$'
        package shm/segment 'Mean|Copy/u2'
        package shm/stack/tiff 'Slice|Panes|Sliding'
        package shm/stack/zarr Plane
        package dashboard/series .
        package dashboard/chart .
        package dashboard/viewer .
        package dashboard/hub .
        package dashboard/pixels/packed .
        package dashboard/pixels/jpeg 'Color|Gray/noise_4'
        package components/ui .
        echo
        .venv/bench/bin/python .ci/bench/micro.py
      } >"$out/micro.md"
      cat "$out/micro.md"
      ;;
    torture)
      .ci/venvs.sh numpy2
      WEBMON_TORTURE=${TORTURETIME:-10m} WEBMON_TORTURE_DIR=$PWD/$out go test -timeout 0 -count 1 -run '^TestTorture$' -v ./e2e
      ;;
    soak)
      WEBMON_SOAK=${SOAKTIME:-1h} WEBMON_SOAK_DIR=$PWD/$out go test -timeout 0 -count 1 -run '^TestSoak$' -v ./bench
      ;;
    viewer)
      {
        echo '```'
        node public/js/viewer/testdata/bench.js
        echo '```'
      } | tee "$out/viewer.md"
      ;;
    *)
      echo "There is no part called $part." >&2
      exit 1
      ;;
  esac
  echo "$(date -u '+%Y-%m-%d %H:%M') UTC, load average $(cut -d ' ' -f 1-2 /proc/loadavg | tr ' ' '/') (1/5 min) when done" >"$out/$part.when"
done

# fill writes BENCHMARKS.md: each pair of markers <!-- bench:NAME --> ... <!-- end --> gets
# NAME.md. With an argument only that one does.
fill() {
  awk -v out="$out" -v only="${1:-}" '
    /^<!-- end -->$/ { skip = 0 }
    !skip { print }
    /^<!-- bench:[a-z]+ -->$/ {
      name = $2; sub(/^bench:/, "", name)
      file = out "/" name ".md"
      if ((only == "" || only == name) && (getline line <file) > 0) {
        skip = 1
        print ""
        do print line; while ((getline line <file) > 0)
        if ((getline line <(out "/" name ".when")) > 0) print "\n*" line "*"
        print ""
      }
      close(file)
    }' BENCHMARKS.md >"$out/BENCHMARKS.md"
  cp "$out/BENCHMARKS.md" BENCHMARKS.md
}

# What the machine is, and what is to be reached, is for the parts that measure.
if [ "$*" = torture ] || [ "$*" = soak ]; then
  fill "$*"
  exit
fi
# Rows of parts that did not run now stay as they were.
{
  echo "| What | To reach | Reached | |"
  echo "|---|---|---|---|"
  awk -F '|' '
    FILENAME == "BENCHMARKS.md" && !/^\| / { inside = inside && !/^<!-- end -->$/ || /^<!-- bench:targets -->$/; next }
    FILENAME == "BENCHMARKS.md" && (!inside || $2 == " What ") { next }
    { if (!($2 in row)) order[++n] = $2; row[$2] = $0 }
    END { for (i = 1; i <= n; i++) print row[order[i]] }
  ' BENCHMARKS.md <(cat "$out"/{wire,latency,fanout,idle,arrays,camera,network,density,volumes,volumesopen,volumeslive,step,maps,panes,canvas}.targets 2>/dev/null)
} >"$out/targets.md"
{
  model=$(awk -F ': *' '/^model name/ { print $2; exit }' /proc/cpuinfo)
  echo "$(date -u +%Y-%m-%d); $(nproc) cores ($model), Linux $(uname -r | cut -d - -f 1), $(go version | cut -d ' ' -f 3), $(.venv/bench/bin/python --version),"
  echo "$(.venv/bench/bin/python -m pip --disable-pip-version-check freeze | grep -iE '^(numpy|pandas|flask-socketio|python-engineio|simple-websocket|jupyter-rfb)=' | tr '\n' ' ')$(grep '^neuroglancer=' .ci/requirements/neuroglancer.txt)"
} >"$out/machine.md"

fill
