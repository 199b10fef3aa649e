#!/bin/sh
# Refreshes public/vendor from the npm packages pinned in package-lock.json.
# Run it after changing a version there, then .ci/generate.sh; commit both.
# Everything webmon serves to browsers that it did not write itself comes from
# here, so that no page ever asks another host for anything.
#
# Neuroglancer's client is built by the recipe in .ci/neuroglancer, which has
# packages and versions of its own. The same packages give the same bytes; gzip
# should be GNU's, because others compress to other bytes.
set -eu
cd "$(dirname "$0")/.."

.ci/again npm ci --no-audit --no-fund
modules=node_modules
vendor=public/vendor
version() { node -p "require('./$modules/$1/package.json').version"; }

cp "$modules/htmx.org/dist/htmx.min.js" "$vendor/htmx.js"
cp "$modules/htmx.org/dist/ext/hx-ws.min.js" "$vendor/hx-ws.js"
# The maps these name are not shipped.
for file in htmx hx-ws; do
  sed -i.orig '/^\/\/# sourceMappingURL=/d' "$vendor/$file.js" && rm "$vendor/$file.js.orig"
done

go tool esbuild --bundle --minify --format=esm --target=es2022 --legal-comments=none \
  --log-level=warning \
  "--banner:js=/*! Apache ECharts $(version echarts), Apache-2.0; zrender $(version zrender), BSD-3-Clause; tslib $(version tslib), 0BSD; texts in licences.txt */" \
  --outfile="$vendor/echarts.js" "$vendor/echarts.entry.js"

go tool esbuild --bundle --minify --format=esm --target=es2022 --legal-comments=none \
  --log-level=warning "--banner:js=/*! Temml $(version temml), MIT; texts in licences.txt */" \
  --outfile="$vendor/temml.js" "$modules/temml/dist/temml.mjs"

recipe=.ci/neuroglancer
built=.cache/neuroglancer
mkdir -p "$built"
cp .npmrc "$recipe"/*.json "$recipe"/*.js "$recipe"/*.mjs "$built"
(cd "$built" && ../../.ci/again npm ci --ignore-scripts --no-audit --no-fund && node build.mjs)
rm -rf "$vendor/neuroglancer"
mkdir "$vendor/neuroglancer"
for file in "$built"/dist/*; do
  gzip -9 -n -c "$file" > "$vendor/neuroglancer/$(basename "$file").gz"
done

rm -rf "$vendor/licences"
mkdir "$vendor/licences"
cp "$modules/htmx.org/LICENSE" "$vendor/licences/htmx.txt"
cp "$modules/echarts/LICENSE" "$vendor/licences/echarts.txt"
cp "$modules/echarts/NOTICE" "$vendor/licences/echarts-notice.txt"
cp "$modules/echarts/licenses/LICENSE-d3" "$vendor/licences/echarts-d3.txt"
cp "$modules/zrender/LICENSE" "$vendor/licences/zrender.txt"
cp "$modules/temml/LICENSE" "$vendor/licences/temml.txt"
cp "$modules/tslib/LICENSE.txt" "$vendor/licences/tslib.txt"
cp "$modules/tailwindcss/LICENSE" "$vendor/licences/tailwindcss.txt"
# What is in Neuroglancer's client: the packages, and what some of them hold without a text of their own.
inside="neuroglancer codemirror core-js crc-32 gl-matrix ikonate lodash-es numcodecs"
for name in $inside; do
  cat "$built/node_modules/$name"/LICENSE* > "$vendor/licences/$name.txt"
done
for file in "$recipe"/licences/*.txt; do
  cp "$file" "$vendor/licences/neuroglancer-$(basename "$file")"
done

{
  echo "What webmon serves to browsers beside its own files, and its licences."
  for file in "$vendor"/licences/*.txt; do
    printf '\n\n======== %s ========\n\n' "$(basename "$file" .txt)"
    cat "$file"
  done
} > "$vendor/licences.txt"

{
  echo "# name version licence"
  echo "htmx $(version htmx.org) 0BSD"
  echo "hx-ws $(version htmx.org) 0BSD"
  echo "echarts $(version echarts) Apache-2.0"
  echo "zrender $(version zrender) BSD-3-Clause"
  echo "temml $(version temml) MIT"
  echo "tslib $(version tslib) 0BSD"
  echo "tailwindcss $(version tailwindcss) MIT"
  modules=$built/node_modules
  for name in $inside; do
    echo "$name $(version "$name") $(node -p "require('./$modules/$name/package.json').license")"
  done
} > "$vendor/VERSIONS"

cd "$vendor"
if command -v sha256sum >/dev/null; then sum="sha256sum"; else sum="shasum -a 256"; fi
# The recipe is listed too: a change of it without a build fails the tests.
$sum htmx.js hx-ws.js echarts.js temml.js neuroglancer/*.gz licences.txt licences/*.txt \
  ../../$recipe/*.json ../../$recipe/build.mjs ../../$recipe/no-eval.mjs ../../$recipe/left-out.js \
  ../../$recipe/packed.js ../../$recipe/properties.js > SHA256SUMS
