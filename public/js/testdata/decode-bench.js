/**
 * How long a picture takes in this machine's Chromium from its message to samples, at each way of writing it: messages as dashboard/pixels' BenchmarkCodecs
 * writes them. Prints rows of a table.
 *
 *     node public/js/testdata/decode-bench.js artifacts/bench/codecs.json [rounds]
 */

import {readFileSync} from "node:fs";
import {dirname} from "node:path";
import {fileURLToPath} from "node:url";
import {findBrowser, launch, serve} from "./browser.js";

const messages = JSON.parse(readFileSync(process.argv[2]));
const rounds = Number(process.argv[3] ?? 30);

const executable = findBrowser();
if (!executable) {
  console.error("No Chromium found; set CHROMIUM to the path of one.");
  process.exit(1);
}
const server = await serve(dirname(dirname(fileURLToPath(import.meta.url))));
const browser = await launch(executable);
try {
  const times = [];
  for (const without of [false, true]) {
    const page = await browser.newPage();
    await page.addInitScript(without => { if (without) delete window.Worker; }, without);
    await page.goto(`${server.url}/testdata/decode.html`);
    await page.waitForFunction(() => window.ready);
    const all = [];
    for (const {data} of messages) {
      await page.evaluate(text => window.timeMessage(text, 3), data);
      const list = await page.evaluate(([text, rounds]) => window.timeMessage(text, rounds), [data, rounds]);
      all.push(list.sort((a, b) => a - b)[list.length >> 1]);
    }
    times.push(all);
    await page.close();
  }
  console.log(`| Reading it in Chromium, median of ${rounds} | in a worker | in the page |`);
  console.log("|---|---|---|");
  for (const [i, {name}] of messages.entries()) console.log(`| ${name} | ${times[0][i].toFixed(1)} ms | ${times[1][i].toFixed(1)} ms |`);
} finally {
  await browser.close();
  await server.close();
}
