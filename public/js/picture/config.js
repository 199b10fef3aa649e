/** What the server says of a picture: JSON in an attribute of an element, which may come later than the picture and may change. */

export class Config {
  #scope;
  #attribute;
  #parse;
  #text = "";

  /**
   * @param {Element|Document} scope holds the element
   * @param {string} attribute its name, such as "data-array-config"
   * @param {function(object): ?object} [parse] checks what was read; null: it cannot be used
   */
  constructor(scope, attribute, parse = config => config) {
    this.#scope = scope;
    this.#attribute = attribute;
    this.#parse = parse;
  }

  /** What the server says, if that is new and can be used; otherwise null. */
  read() {
    const text = this.#scope.querySelector(`[${this.#attribute}]`)?.getAttribute(this.#attribute);
    if (!text || text === this.#text) return null;
    this.#text = text;
    try {
      return this.#parse(JSON.parse(text));
    } catch (error) {
      reportError(error);
      return null;
    }
  }

  /** Calls back when something in an element has changed, which may be the configuration. Returns what ends it. */
  watch(element, changed) {
    const observer = new MutationObserver(changed);
    observer.observe(element, {attributes: true, childList: true, subtree: true, attributeFilter: [this.#attribute]});
    return () => observer.disconnect();
  }
}

/**
 * Makes a picture as soon as the server has said what it shows, and hands on to it what the page has said until then.
 *
 * @param {Element|Document} scope
 * @param {Config} config
 * @param {function(object): {setPaused: function(boolean), setStale: function(boolean), destroy: function()}} make gets the configuration
 * @returns {{setPaused: function(boolean), setStale: function(boolean), destroy: function()}}
 */
export function mountWhenKnown(scope, config, make) {
  let picture = null;
  let stop = () => {};
  const said = {paused: false, stale: false};
  const begin = () => {
    const first = picture ? null : config.read();
    if (!first) return;
    stop();
    picture = make(first);
    picture.setPaused(said.paused);
    picture.setStale(said.stale);
  };
  begin();
  if (!picture) stop = config.watch(scope, begin);
  return {
    setPaused(paused) {
      said.paused = paused;
      picture?.setPaused(paused);
    },
    setStale(stale) {
      said.stale = stale;
      picture?.setStale(stale);
    },
    destroy() {
      stop();
      picture?.destroy();
    },
  };
}
