// Builds Neuroglancer's client, as its Python package uses it, for webmon. It is run where
// its packages are, and writes dist/ there: index.html and what that loads.
//
// What is changed:
//   - Sources, stores and decoders that webmon has no use for are left out (`without`, left-out.js).
//   - No code is made from text (no-eval.mjs), so the page needs no 'unsafe-eval'.
//   - Three icons have others in their place, because ikonate's release on npm lacks them.
//   - The page, index.html, is webmon's.
// The same packages give the same bytes wherever they are built.
import {readFile, writeFile} from "node:fs/promises";
import path from "node:path";
import {rspack} from "@rspack/core";
import {modules as withEval} from "./no-eval.mjs";

const here = import.meta.dirname;
const packages = path.join(here, "node_modules");
const lib = path.join(packages, "neuroglancer/lib");
const icon = name => path.join(packages, "ikonate/icons", name);

// Services on other hosts, which webmon's policy does not let a page reach, and formats
// that nothing in webmon gives. icechunk would also bring msgpackr, which tries eval.
const without = [
  "datasource/boss", "datasource/brainmaps", "datasource/deepzoom", "datasource/dvid", "datasource/graphene",
  "datasource/nggraph", "datasource/nifti", "datasource/render",
  "kvstore/icechunk", "kvstore/middleauth", "kvstore/ngauth",
];

// The packages of which something is in the build. .ci/vendor.sh has their licences.
const inside = ["codemirror", "core-js", "crc-32", "gl-matrix", "ikonate", "lodash-es", "neuroglancer", "numcodecs"];

const {version} = JSON.parse(await readFile(path.join(packages, "neuroglancer/package.json"), "utf8"));

const compiler = rspack({
  mode: "production",
  context: packages,
  entry: {main: path.join(lib, "main.bundle.js")},
  devtool: false,
  performance: {hints: false},
  target: ["web", "es2022"],
  resolve: {
    conditionNames: ["neuroglancer/python", ...without.map(name => `neuroglancer/${name}:disabled`), "..."],
    alias: {
      "ikonate/icons/code-alt.svg": icon("edit.svg"),
      "ikonate/icons/controls-alt.svg": icon("controls.svg"),
      "ikonate/icons/layers.svg": icon("stack.svg"),
    },
  },
  module: {
    rules: [
      {test: /\.css$/, type: "css/auto"},
      {resourceQuery: /^\?raw$/, type: "asset/source"},
      // Pages of services to sign in, which are registered by their names.
      {test: /(bossauth|google_oauth2_redirect)\.html$/, type: "asset/resource", generator: {filename: "[name][ext]"}},
      {test: /\.wasm$/, type: "asset/resource", generator: {filename: "[name]-[contenthash:8][ext]"}},
      {include: withEval.map(name => path.join(packages, name)), use: path.join(here, "no-eval.mjs")},
    ],
  },
  plugins: [
    new rspack.NormalModuleReplacementPlugin(/^#src\/sliceview\/(compresso|jxl)\/index\.js$/, path.join(here, "left-out.js")),
    new rspack.BannerPlugin({
      banner: `Neuroglancer ${version}, Apache-2.0, changed for webmon, and packages that it uses; licences.txt has the texts`,
      test: /\.(js|css)$/,
      stage: rspack.Compilation.PROCESS_ASSETS_STAGE_SUMMARIZE - 1,
    }),
  ],
  optimization: {
    moduleIds: "deterministic",
    chunkIds: "named",
    splitChunks: false,
    minimizer: [
      new rspack.SwcJsMinimizerRspackPlugin({extractComments: false, minimizerOptions: {format: {comments: false}}}),
      new rspack.LightningCssMinimizerRspackPlugin(),
    ],
  },
  output: {
    path: path.join(here, "dist"),
    filename: "[name]-[contenthash:8].js",
    chunkFilename: "[name]-[contenthash:8].js",
    cssFilename: "[name]-[contenthash:8].css",
    cssChunkFilename: "[name]-[contenthash:8].css",
    clean: true,
  },
});

const stats = await new Promise((resolve, reject) => compiler.run((err, result) => err ? reject(err) : resolve(result)));
if (stats.hasErrors() || stats.hasWarnings()) {
  console.error(stats.toString({all: false, errors: true, warnings: true}));
  process.exit(1);
}

// What is in the build is what its licences are shipped of.
const names = new Set();
for (const module of stats.compilation.modules) {
  for (const m of module.modules ?? [module]) {
    const name = m.nameForCondition?.()?.match(/.*[/\\]node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)/)?.[1];
    if (name) names.add(name.replace("\\", "/"));
  }
}
const found = [...names].sort();
if (found.join() !== inside.join()) throw new Error(`The build holds parts of ${found.join(", ")}; the licences are those of ${inside.join(", ")}.`);

const files = stats.toJson({all: false, assets: true}).assets.map(a => a.name);
for (const name of files.filter(n => n.endsWith(".js"))) {
  const code = await readFile(path.join(here, "dist", name), "utf8");
  // 'return this' is what some packages try last to find the global object, and never need to.
  const evals = code.match(/(?:\bFunction\((?!"return this"\))|\beval\(|=Function[,;]).{0,60}/g);
  if (evals) throw new Error(`${name} makes code from text: ${evals.join(" and ")}`);
}
const only = pattern => {
  const some = files.filter(n => pattern.test(n));
  if (some.length !== 1) throw new Error(`One file should be called like ${pattern}, not ${some.length}.`);
  return some[0];
};
// The program sets the title to that of the view.
await writeFile(path.join(here, "dist/index.html"), `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Neuroglancer</title>
<link rel="icon" href="icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${only(/^main-.*\.css$/)}">
<script src="${only(/^main-.*\.js$/)}" defer></script>
</head>
<body></body>
</html>
`);
compiler.close(() => {});
