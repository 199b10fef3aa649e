/**
 * The addresses of sources that Neuroglancer's client must have whole. Those of webmon differ from browser to browser: the states that
 * go over the wire have a name in place of the address, which the client's page puts in and takes out.
 *
 *     const own = addresses(location.href);
 *     viewer.restore(own.into(state));
 *     send(own.outOf(state));
 *
 * States are JSON texts; the address of a page is `<address of a process's volumes>/v/<token>/`.
 */

const name = "precomputed://webmon:/";

/** @param {string} page the address of the client's page */
export function addresses(page) {
  const at = new URL("../../", page);
  const address = `precomputed://${at.origin}${at.pathname}`;
  return {
    into: text => text.replaceAll(name, address),
    outOf: text => text.replaceAll(address, name),
    /** The fragment of an address, `#!<state>`, with the address put in; the same if there is none to put in. */
    fragment(hash) {
      try {
        const text = decodeURIComponent(hash);
        return text.startsWith("#!{") && text.includes(name) ? "#!" + encodeURIComponent(text.slice(2).replaceAll(name, address)) : hash;
      } catch {
        return hash; // it is not encoded as addresses are
      }
    },
  };
}
