/**
 * Puts large messages together again that came in parts, so that text passes between. A part is
 *
 *     "WMP1", u32 id of the whole, u32 offset, u32 size of the whole, the bytes
 *
 * little-endian. Parts of a whole come in order, and one whole is under way at a time: the first part of another gives up the one
 * before. Ids count up, and begin again at 0 after the largest.
 */

const MAGIC = 0x31504d57; // "WMP1" read as a little-endian number
const HEAD = 16;

/** Bytes that a whole may have: more than any picture that fits a texture. */
const MOST = 2 ** 30;

export class Wholes {
  #id = null; // of the newest whole that was begun
  #bytes = null; // of it; null where nothing is under way
  #have = 0;

  /** Forgets everything: a new connection counts from the start. */
  clear() {
    this.#id = this.#bytes = null;
    this.#have = 0;
  }

  /** Whether a message is a part. */
  static isPart(buffer) {
    return buffer instanceof ArrayBuffer && buffer.byteLength >= 4 && new DataView(buffer).getUint32(0, true) === MAGIC;
  }

  /**
   * Takes a part.
   *
   * @param {ArrayBuffer} buffer
   * @returns {?ArrayBuffer} the whole, once all of it is there
   * @throws {Error} that says what is wrong with the part. Its whole is given up then, and what still comes of it is left out
   */
  take(buffer) {
    if (!Wholes.isPart(buffer) || buffer.byteLength <= HEAD) throw new Error(`read part: a message of ${buffer.byteLength} bytes is no part of a picture`);
    const view = new DataView(buffer);
    const [id, offset, size] = [4, 8, 12].map(at => view.getUint32(at, true));
    const length = buffer.byteLength - HEAD;
    const fresh = this.#id === null || id !== this.#id;
    // A whole that was given up: nobody waits for it.
    if (fresh && this.#id !== null && (id - this.#id | 0) < 0) return null;
    if (fresh) {
      this.#id = id;
      this.#bytes = null;
      this.#have = 0;
      if (offset !== 0) throw new Error(`read part: picture ${id} begins at byte ${offset}, so what came before is missing`);
      if (size > MOST) throw new Error(`read part: picture ${id} has ${size} bytes, more than a page takes`);
      if (length > size) throw new Error(`read part: ${length} bytes of picture ${id}, which has ${size}`);
      this.#bytes = new Uint8Array(size);
    }
    if (!this.#bytes) return null; // it was given up already
    const wrong = this.#bytes.length !== size ? `has ${size} bytes, and ${this.#bytes.length} before`
      : offset !== this.#have ? `goes on at byte ${offset} instead of ${this.#have}`
        : length > size - offset ? `has ${length} bytes after byte ${offset} of ${size}` : "";
    if (wrong) {
      this.#bytes = null;
      throw new Error(`read part: picture ${id} ${wrong}`);
    }
    this.#bytes.set(new Uint8Array(buffer, HEAD), offset);
    this.#have += length;
    if (this.#have < size) return null;
    const whole = this.#bytes.buffer;
    this.#bytes = null;
    return whole;
  }
}
