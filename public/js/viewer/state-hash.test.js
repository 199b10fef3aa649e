import assert from "node:assert/strict";
import {test} from "node:test";
import {anchorFor, BAND_WORDS, BANDS, fillMasks, KEY_BITS, MOST_CELLS, MOST_PIXELS, SEEN, slotOf, splitRects, StateHash, WINDOW} from "./state-hash.js";

/** Repeatable randomness: xorshift32. */
function random(seed) {
  let x = seed;
  return below => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

function single(n, grid, seed = 1) {
  const draw = random(seed);
  const rects = new Float64Array(n * 4);
  for (let i = 0; i < n; i++) rects.set([draw(grid), draw(grid), 1, 1], i * 4);
  return rects;
}

test("an empty table knows no cell", () => {
  const hash = new StateHash().build(new Float64Array(0), 0, 0, 0);
  assert.equal(hash.count, 0);
  assert.equal(hash.lookup(0, 0), 0);
  assert.ok(hash.bounds[2] < hash.bounds[0]);
});

for (const {name, n, grid, detail} of [
  {name: "one tile", n: 1, grid: 16384, detail: 0},
  {name: "a hundred", n: 100, grid: 64, detail: 0},
  {name: "ten thousand, sparse", n: 10000, grid: 16384, detail: 0},
  {name: "a hundred thousand, sparse", n: 100000, grid: 16384, detail: 0},
  {name: "a hundred thousand, in cells of 16", n: 100000, grid: 16384, detail: 4},
  {name: "ten thousand at 2^31", n: 10000, grid: 2 ** 31, detail: 19},
]) {
  test(`every seen cell is found and no other: ${name}`, () => {
    const rects = single(n, grid);
    const hash = new StateHash().build(rects, detail, 0, 0);
    const want = new Set();
    for (let i = 0; i < rects.length; i += 4) want.add(Math.floor(rects[i] / 2 ** detail) * WINDOW + Math.floor(rects[i + 1] / 2 ** detail));
    assert.equal(hash.count, want.size);
    assert.equal(hash.coarse, 0);
    for (const cell of want) assert.equal(hash.lookup(Math.floor(cell / WINDOW), cell % WINDOW), SEEN);
    const draw = random(99);
    const side = Math.ceil(grid / 2 ** detail);
    for (let i = 0; i < 20000; i++) {
      const row = draw(side);
      const column = draw(side);
      assert.equal(hash.lookup(row, column), want.has(row * WINDOW + column) ? SEEN : 0, `${row} ${column}`);
    }
    assert.ok(hash.count * 2 <= hash.entries.length, "at most half full");
    assert.ok(hash.probes <= 64, `${hash.probes} probes`);
  });
}

test("a lone tile is seen at every level of detail", () => {
  for (let detail = 0; detail <= 14; detail++) {
    const hash = new StateHash().build(Float64Array.of(16383, 16383, 1, 1), detail, 0, 0);
    assert.equal(hash.count, 1);
    assert.equal(hash.lookup(16383 >> detail, 16383 >> detail), SEEN);
  }
});

test("keys that fall on one slot are all found, and the table's end wraps to its start", () => {
  const shift = new StateHash().shift;
  const slots = 2 ** (32 - shift);
  const colliding = [];
  for (let key = 0; colliding.length < 40; key++) {
    if (slotOf(key, shift) === slots - 1) colliding.push([key >> KEY_BITS, key & WINDOW - 1]);
  }
  const hash = new StateHash().build(Float64Array.from(colliding.flatMap(([row, column]) => [row, column, 1, 1])), 0, 0, 0);
  assert.equal(hash.shift, shift, "the table has not grown");
  assert.equal(hash.probes, 40);
  assert.notEqual(hash.entries[0], 0, "wrapped");
  for (const [row, column] of colliding) assert.equal(hash.lookup(row, column), SEEN);
  assert.equal(hash.lookup(colliding[0][0] + 1, colliding[0][1]), 0);
});

test("rectangles cover whole cells, and only tiles within the window count", () => {
  const hash = new StateHash().build(Float64Array.of(5, 6, 2, 3, 20000, 20000, 4, 4, 2 ** 31 - 1, 0, 1, 1), 0, 0, 0);
  assert.equal(hash.count, 6);
  assert.deepEqual(hash.bounds, [5, 6, 6, 8]);
  const far = new StateHash().build(Float64Array.of(5, 6, 2, 3, 20000, 20000, 4, 4), 0, 16384, 12288);
  assert.equal(far.count, 16);
  assert.equal(far.lookup(20000 - 16384, 20003 - 12288), SEEN);
  const cut = new StateHash().build(Float64Array.of(16382, 0, 4, 1), 0, 16384, 0);
  assert.deepEqual([cut.count, cut.lookup(0, 0), cut.lookup(1, 0), cut.lookup(2, 0)], [2, SEEN, SEEN, 0]);
});

test("too many cells make coarser ones, and hide no seen tile", () => {
  // 1200 x 1200 cells that are no bands: every second tile of every row.
  const rects = [];
  for (let row = 0; row < 1200; row++) for (let column = row & 1; column < 1200; column += 2) rects.push(row, column, 1, 1);
  const hash = new StateHash().build(Float64Array.from(rects), 0, 0, 0);
  assert.ok(rects.length / 4 > MOST_CELLS);
  assert.equal(hash.coarse, 1);
  for (let i = 0; i < rects.length; i += 4) assert.equal(hash.lookup(rects[i], rects[i + 1]), SEEN);
  assert.equal(hash.lookup(1400, 1400), 0);
  hash.build(Float64Array.of(3, 3, 1, 1), 0, 0, 0);
  assert.equal(hash.coarse, 0, "the next picture is exact again");
  assert.equal(hash.count, 1);
});

test("building again forgets what was", () => {
  const hash = new StateHash().build(single(50000, 4000), 0, 0, 0);
  hash.build(Float64Array.of(1, 1, 1, 1), 0, 0, 0);
  assert.equal(hash.count, 1);
  assert.equal([...hash.entries].filter(entry => entry !== 0).length, 1);
});

test("of a few rectangles all become bands", () => {
  const rects = Float64Array.of(0, 0, 3000, 4000, 9, 9, 1, 1);
  const {bands, rest} = splitRects(rects);
  assert.deepEqual([...bands], [...rects]);
  assert.equal(rest.length, 0);
});

test("of many rectangles the large ones become bands, in their order, and none is lost", () => {
  const rects = [];
  for (let i = 0; i < 40; i++) rects.push(i * 9, i * 9, ...i % 4 === 1 ? [4 + i, 4] : [3, 5]);
  const {bands, rest} = splitRects(Float64Array.from(rects));
  const want = large => rects.filter((_, i) => (Math.floor(i / 4) % 4 === 1) === large);
  assert.deepEqual([...bands], want(true));
  assert.deepEqual([...rest], want(false));
});

test("of too many large rectangles the largest become bands", () => {
  const rects = [];
  for (let i = 0; i < 300; i++) rects.push(i * 10, 0, 5, 5 + i);
  const {bands, rest} = splitRects(Float64Array.from(rects));
  assert.equal(bands.length, BANDS * 4);
  assert.equal(bands.length + rest.length, rects.length);
  const least = Math.min(...[...bands.keys()].filter(i => i % 4 === 3).map(i => bands[i]));
  const most = Math.max(...[...rest.keys()].filter(i => i % 4 === 3).map(i => rest[i]));
  assert.ok(least > most, `smallest band ${least} columns, largest other ${most}`);
});

test("bands tell exactly which cells their rectangles touch, whatever their size", () => {
  const draw = random(7);
  const rects = new Float64Array(BANDS * 4);
  for (let i = 0; i < BANDS; i++) rects.set([draw(3000), draw(3000), 4 + draw(500), 4 + draw(500)], i * 4);
  for (const detail of [0, 3]) {
    const cell = 2 ** detail;
    const [first, cells] = [Math.floor(900 / cell), 300];
    const rows = new Uint32Array(cells * BAND_WORDS + 8);
    const columns = new Uint32Array(cells * BAND_WORDS + 8);
    fillMasks(rows, 4, rects, 0, first, cells, detail);
    fillMasks(columns, 4, rects, 1, first, cells, detail);
    assert.ok(rows.subarray(0, 4).every(word => word === 0) && rows.subarray(-4).every(word => word === 0), "stays within its place");
    for (let r = 0; r < cells; r += 7) {
      for (let c = 0; c < cells; c += 3) {
        let got = false;
        for (let word = 0; word < BAND_WORDS; word++) got ||= (rows[4 + r * BAND_WORDS + word] & columns[4 + c * BAND_WORDS + word]) !== 0;
        let want = false;
        for (let i = 0; i < rects.length && !want; i += 4) {
          want = rects[i] < (first + r + 1) * cell && rects[i] + rects[i + 2] > (first + r) * cell &&
            rects[i + 1] < (first + c + 1) * cell && rects[i + 1] + rects[i + 3] > (first + c) * cell;
        }
        assert.equal(got, want, `cell ${first + r}, ${first + c}`);
      }
    }
  }
});

test("ten million seen tiles in one rectangle cost one band and no cell", () => {
  const {bands, rest} = splitRects(Float64Array.of(100, 100, 3200, 3200));
  assert.equal(bands.length, 4);
  assert.equal(new StateHash().build(rest, 0, 0, 0).count, 0);
});

test("the window holds the cells in view and stays while they are in it", () => {
  assert.equal(anchorFor(0, 1000, null), 0);
  assert.equal(anchorFor(9000, 10000, 0), 0, "still within");
  for (const first of [15000, 2 ** 20 + 7, 2 ** 31 - 9000]) {
    const last = first + MOST_PIXELS;
    const anchor = anchorFor(first, last, 0);
    assert.ok(anchor <= first && last < anchor + WINDOW, `cells ${first}..${last}, anchor ${anchor}`);
    assert.equal(anchor % 4096, 0);
    assert.equal(anchorFor(first - 1000, last - 1000, anchor), anchor, "a small pan keeps it");
  }
  assert.equal(anchorFor(100, 200, 8192), 0, "and back");
});
