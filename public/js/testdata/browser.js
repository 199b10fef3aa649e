/**
 * A real browser and a small file server for the tests that need them: `findBrowser`, `serve`, `launch`.
 */

import {createServer} from "node:http";
import {accessSync, constants} from "node:fs";
import {readFile} from "node:fs/promises";
import {delimiter, extname, join, normalize} from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const FOLDERS = [...(process.env.PATH ?? "").split(delimiter).filter(Boolean), "/usr/bin"];
const CANDIDATES = [...NAMES.flatMap(name => FOLDERS.map(folder => join(folder, name))),
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];

/** How long what must happen may take on a busy machine, ms. */
export const PATIENCE = 120_000;

/** The path of a Chromium: $CHROMIUM, or that of the PATH, or where systems keep it; null if there is none. */
export function findBrowser() {
  const runnable = path => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  if (process.env.CHROMIUM) return runnable(process.env.CHROMIUM) ? process.env.CHROMIUM : null;
  return CANDIDATES.find(runnable) ?? null;
}

/** Software WebGL2 that behaves the same on every machine. */
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
  "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** Starts Chromium; playwright gives it a fresh profile. */
export async function launch(executablePath, extraFlags = []) {
  const {chromium} = await import("playwright-core");
  return chromium.launch({executablePath, args: [...FLAGS, ...extraFlags], timeout: PATIENCE});
}

const TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"};

/** That of the real pages, as far as a picture needs it: it must work under it. */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:";

/**
 * Serves a folder on the loopback interface. Resolves to `{url, close}`.
 *
 * @param {string} folder
 * @param {(script: string) => string} bundle what the bundler would do with a module
 */
export function serve(folder, bundle = script => script) {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, "http://localhost").pathname);
    if (path === "/favicon.ico") {
      // Browsers ask for it on their own; a missing one would count as an error of the page.
      response.writeHead(204).end();
      return;
    }
    try {
      const type = TYPES[extname(path)] ?? "application/octet-stream";
      const body = await readFile(join(folder, path));
      response.writeHead(200, {"Content-Type": type, "Content-Security-Policy": POLICY});
      response.end(type === "text/javascript" ? bundle(String(body)) : body);
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise(resolve => server.listen(0, "127.0.0.1", () => resolve({
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise(done => { server.close(done); server.closeAllConnections(); }),
  })));
}
