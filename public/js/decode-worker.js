/** Decodes pictures beside the page, so that it goes on meanwhile (decode.js). */

import {readCoded} from "./coded.js";

addEventListener("message", async ({data: {n, coded, shape, body}}) => {
  try {
    const {data, samples} = await readCoded(coded, shape, body);
    postMessage({n, data, samples}, [data.buffer]);
  } catch (error) {
    postMessage({n, error: String(error?.message ?? error)});
  }
});
postMessage({ready: true});
