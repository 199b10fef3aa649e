#!/bin/sh
# Writes every generated file that is committed: Go from templ, the CSS, the
# bundled JavaScript, tables of the README. The same input gives the same bytes; CI runs it and fails
# on any difference. Needs Go, and node_modules (npm ci) for Tailwind.
set -eu
cd "$(dirname "$0")/.."

go tool templ generate -path components -log-level warn

node_modules/.bin/tailwindcss --input public/css/src/app.css --output public/css/app.css --minify
node .ci/check-colours.mjs

# app.js is what every page loads; what it imports only when needed (charts with
# ECharts, formulas with Temml, the viewer) becomes a chunk of its own, named after its content.
rm -rf public/js/dist
# decode-worker.js is started by name, which its content is a part of.
go tool esbuild --bundle --minify --format=esm --target=es2022 --entry-names=[name]-[hash] --log-level=warning \
  --outdir=public/js/dist public/js/decode-worker.js
worker=$(basename public/js/dist/decode-worker-*.js)
go tool esbuild --bundle --minify --format=esm --target=es2022 --splitting \
  --chunk-names=[name]-[hash] --legal-comments=none --log-level=warning \
  --alias:echarts=./public/vendor/echarts.js \
  --alias:temml=./public/vendor/temml.js \
  --define:DECODE_WORKER="\"$worker\"" \
  --outdir=public/js/dist public/js/app.js
# early.js runs before the first paint, so it is no module.
go tool esbuild --bundle --minify --format=iife --target=es2022 --log-level=warning \
  --outfile=public/js/dist/early.js public/js/early.js
# htmx and its extension are always needed together: as one file they take one request.
cat public/vendor/htmx.js public/vendor/hx-ws.js >public/js/dist/htmx.js
# events.js takes the place of EventSource before Neuroglancer's client runs, so it is no module.
go tool esbuild --bundle --minify --format=iife --target=es2022 --log-level=warning \
  --outfile=public/js/dist/events.js public/js/events-early.js
# The README's tables of what the program knows of itself.
go run ./dashboard/help/fill README.md
