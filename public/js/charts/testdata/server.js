/** Serves the checkout to the browser test, under the policy of the real pages. */

import {createServer} from "node:http";
import {readFile} from "node:fs/promises";
import {extname, join, normalize} from "node:path";

const TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"};

/**
 * Resolves to `{url, close}`. What the bundler does with the name "echarts" is done here on the way.
 *
 * @param {string} folder
 */
export function serve(folder) {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, "http://localhost").pathname);
    const type = TYPES[extname(path)];
    if (!type) {
      response.writeHead(204).end();
      return;
    }
    try {
      let body = await readFile(join(folder, path));
      if (type === "text/javascript") body = String(body).replace('from "echarts"', 'from "/public/vendor/echarts.js"');
      response.writeHead(200, {
        "Content-Type": type,
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:",
      });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise(resolve => server.listen(0, "127.0.0.1", () => resolve({
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise(done => { server.close(done); server.closeAllConnections(); }),
  })));
}
