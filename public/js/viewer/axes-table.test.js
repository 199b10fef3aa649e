import assert from "node:assert/strict";
import {test} from "node:test";
import {cellsInView, ENTRY, ENTRY_BANDS, fillAxis, fillBands, GAP, gapContrast, gapShare, levelOfDetail, tileIntegral, VIEW_BITS, IN_IMAGE} from "./axes-table.js";
import {inside, overlaps} from "./testdata/reference.js";

const PIXELS = 700;

function table(axis, pixels = PIXELS) {
  const out = new Uint32Array(pixels * ENTRY);
  fillAxis(out, 0, pixels, {ratio: 1, detail: levelOfDetail(axis.tile * axis.scale), anchor: 0, view: null, edge: 2, casing: 1, ...axis});
  return Array.from({length: pixels}, (_, i) => {
    const [cell, cover, view] = out.subarray(i * ENTRY, (i + 1) * ENTRY);
    const part = n => (view >>> n * VIEW_BITS & 1023) / 1023;
    return {cell: cell | 0, first: (cover & 0xffff) / 65535, second: (cover >>> 16) / 65535, cased: part(0), outer: part(1), inner: part(2)};
  });
}

const cases = [
  {name: "large tiles", centre: 2560, scale: 0.5, tile: 512, extent: 10},
  {name: "20 px tiles", centre: 12345.678, scale: 20 / 512, tile: 512, extent: 79},
  {name: "7.3 px tiles: gaps thinner than pixels", centre: 40000.3, scale: 7.3 / 1024, tile: 1024, extent: 98},
  {name: "3 px tiles: half haze", centre: 40000.3, scale: 3 / 1024, tile: 1024, extent: 98},
  {name: "1.2 px tiles", centre: 40000.3, scale: 1.2 / 1024, tile: 1024, extent: 2000},
  {name: "1 px tiles", centre: 500 * 256, scale: 1 / 256, tile: 256, extent: 1000},
  {name: "tiles of a fourteenth of a pixel", centre: 8192 * 512, scale: 0.07 / 512, tile: 512, extent: 16384},
  {name: "cut last tile", centre: 1000, scale: 0.5, tile: 256, extent: 1000 / 256},
  {name: "last tile of a few pixels", centre: 1281, scale: 2, tile: 256, extent: 5 + 3 / 256},
  {name: "sliver thinner than a gap, small", centre: 1281, scale: 0.1, tile: 256, extent: 5 + 1 / 256},
  {name: "left of the image", centre: -500, scale: 0.5, tile: 512, extent: 10},
  {name: "far corner, one tile many screens wide", centre: 16384 * 512 - 3.25, scale: 40, tile: 512, extent: 16384},
  {name: "two to the thirty-first tiles, far end", centre: (2 ** 31 - 5) * 512 + 17, scale: 0.2, tile: 512, extent: 2 ** 31},
];

for (const {name, ...axis} of cases) {
  test(`coverage and cells agree with the reference: ${name}`, () => {
    const got = table(axis);
    const want = overlaps(PIXELS, {ratio: 1, ...axis});
    const cell = 2 ** levelOfDetail(axis.tile * axis.scale);
    // Positions are as exact as float64 data coordinates are: a step of the camera there, in pixels.
    const grain = Math.abs(axis.centre) * 2 ** -52 * axis.scale * 4;
    for (let i = 0; i < PIXELS; i++) {
      const shares = new Map();
      for (const {tile, share} of want[i]) {
        const c = Math.floor(tile / cell);
        shares.set(c, (shares.get(c) ?? 0) + share);
      }
      const sum = [...shares.values()].reduce((a, b) => a + b, 0);
      assert.ok(Math.abs(got[i].first + got[i].second - sum) < 3e-5 + grain, `pixel ${i}: covered ${got[i].first + got[i].second}, want ${sum}`);
      for (const [c, share] of [[got[i].cell, got[i].first], [got[i].cell + 1, got[i].second]]) {
        if (share > 0) assert.ok(Math.abs(share - (shares.get(c) ?? 0)) < 3e-5 + grain, `pixel ${i}, cell ${c}: ${share}, want ${shares.get(c)}`);
      }
    }
  });
}

test("the view rectangle's edge, inside and casing agree with the reference", () => {
  for (const {name, view} of [
    {name: "inside", view: [1000.4, 2000.9]}, {name: "beyond the left", view: [-9e9, 1200]}, {name: "beyond the right", view: [1200, 9e15]},
    {name: "thin", view: [1500, 1500.001]}, {name: "out of sight", view: [1e6, 2e6]}, {name: "all around", view: [-1e12, 1e12]},
  ]) {
    const axis = {centre: 1500, scale: 0.5, tile: 512, extent: 10};
    const got = table({...axis, view, edge: 2.5, casing: 1.25});
    const outer = inside(PIXELS, axis, view[0], view[1], 1.25);
    const inner = inside(PIXELS, axis, view[0], view[1], -1.25);
    const cased = inside(PIXELS, axis, view[0], view[1], 2.5);
    for (let i = 0; i < PIXELS; i++) {
      for (const [key, want] of [["outer", outer[i]], ["inner", inner[i]], ["cased", cased[i]]]) {
        assert.ok(Math.abs(got[i][key] - want) < 5.1e-4, `${name}, pixel ${i}, ${key}: ${got[i][key]}, want ${want}`);
      }
    }
  }
});

test("a thin view rectangle is still as wide as its edge", () => {
  const covered = table({centre: 0, scale: 1e-4, tile: 512, extent: 1e5, view: [0, 1]}).reduce((sum, entry) => sum + entry.outer, 0);
  assert.ok(Math.abs(covered - 2) < 2e-3, `got ${covered}, want 2 pixels`);
});

test("nothing is left over from an earlier view rectangle", () => {
  const out = new Uint32Array(PIXELS * ENTRY);
  const axis = {centre: 1500, scale: 0.5, ratio: 1, tile: 512, extent: 10, detail: 0, anchor: 0, edge: 2, casing: 1};
  fillAxis(out, 0, PIXELS, {...axis, view: [0, 1e4]});
  fillAxis(out, 0, PIXELS, {...axis, view: null});
  for (let i = 0; i < PIXELS; i++) assert.equal(out[i * ENTRY + 2] & ~IN_IMAGE | out[i * ENTRY + 3], 0);
});

test("entries have the bits of the bands that reach their two cells", () => {
  const bands = new Float64Array(20 * 4);
  for (let band = 0; band < 20; band++) bands.set([band * 3, 1000 - band * 7, 1 + band % 5, 2 + band % 9], band * 4);
  for (const {name, ...axis} of [
    {name: "rows, large", side: 0, centre: 9 * 512, scale: 0.05, extent: 64},
    {name: "rows, small", side: 0, centre: 30 * 512, scale: 0.004, extent: 64},
    {name: "columns, cells of many tiles, an anchor", side: 1, centre: 950 * 512, scale: 0.0003, extent: 1100, anchor: 64},
  ]) {
    const detail = levelOfDetail(512 * axis.scale);
    const full = {ratio: 1, tile: 512, detail, anchor: 0, view: null, ...axis};
    const out = new Uint32Array(PIXELS * ENTRY);
    fillAxis(out, 0, PIXELS, full);
    fillBands(out, 0, PIXELS, full, bands, axis.side);
    const reaches = (band, cell) => {
      for (let tile = cell * 2 ** detail; tile < (cell + 1) * 2 ** detail; tile++) {
        if (tile >= bands[band * 4 + axis.side] && tile < bands[band * 4 + axis.side] + bands[band * 4 + 2 + axis.side]) return true;
      }
      return false;
    };
    let set = 0;
    for (let i = 0; i < PIXELS; i++) {
      const [cell, cover, , bits] = out.subarray(i * ENTRY, (i + 1) * ENTRY);
      if (cover === 0) {
        assert.equal(bits, 0, `${name}, pixel ${i}: nothing outside the image`);
        continue;
      }
      for (let band = 0; band < ENTRY_BANDS; band++) {
        assert.equal((bits >>> band & 1) === 1, reaches(band, cell + full.anchor), `${name}, pixel ${i}, band ${band}`);
        assert.equal((bits >>> band + ENTRY_BANDS & 1) === 1, reaches(band, cell + full.anchor + 1), `${name}, pixel ${i}, band ${band}, next cell`);
      }
      if (bits !== 0) set++;
    }
    assert.ok(set > 15, `${name}: ${set} entries with bits`);
  }
});

test("a pan of one pixel moves the table by one entry, at the far corner too", () => {
  for (const tiles of [10, 16384, 2 ** 31]) {
    // A whole number of data pixels a screen pixel, so that the pan itself is exact.
    const axis = {centre: (tiles - 3) * 512, scale: 1 / 8, tile: 512, extent: tiles};
    const a = table(axis);
    const b = table({...axis, centre: axis.centre + 8});
    for (let i = 0; i + 1 < PIXELS; i++) assert.deepEqual(b[i], a[i + 1], `${tiles} tiles, pixel ${i}`);
  }
});

test("cells are counted from the anchor", () => {
  const axis = {centre: 16000 * 512, scale: 0.1, tile: 512, extent: 16384};
  const plain = table(axis);
  const anchored = table({...axis, anchor: 12288});
  assert.equal(plain[350].cell, 16000);
  for (let i = 0; i < PIXELS; i++) assert.equal(anchored[i].cell, plain[i].cell - 12288);
});

test("level of detail: cells are one to two pixels once tiles are smaller", () => {
  for (const pitch of [1e6, 20, 1, 0.999, 0.5, 0.49, 0.07, 1e-6]) {
    const cell = 2 ** levelOfDetail(pitch) * pitch;
    assert.ok(pitch >= 1 ? cell === pitch : cell >= 1 && cell < 2, `pitch ${pitch}: cells of ${cell} px`);
  }
});

test("the gap is 5 % of a tile until it is four CSS pixels wide", () => {
  assert.equal(gapShare(20, 1), GAP);
  assert.equal(gapShare(80, 1), GAP);
  assert.equal(gapShare(800, 1) * 800, 4);
  assert.equal(gapShare(800, 2) * 800, 8);
});

test("gaps fade evenly, and the mean brightness does not change", () => {
  assert.equal(gapContrast(4), 1);
  assert.equal(gapContrast(2), 0);
  assert.equal(gapContrast(3), 0.5);
  for (const contrast of [0, 0.3, 1]) assert.ok(Math.abs(tileIntegral(7, 10, GAP, contrast) - 7 * (1 - GAP)) < 1e-12);
});

test("the integral never falls and counts every tile", () => {
  for (const extent of [1, 3.4, 5.001, 0.3]) {
    let before = 0;
    for (let t = 0; t <= extent; t += 0.001) {
      const now = tileIntegral(t, extent, GAP, 1);
      assert.ok(now >= before - 1e-12, `extent ${extent}, t ${t}`);
      before = now;
    }
    const rest = extent - (Math.ceil(extent) - 1);
    const margin = rest < 1 ? Math.min(GAP / 2, rest / 4) : GAP / 2;
    assert.ok(Math.abs(tileIntegral(extent, extent, GAP, 1) - ((Math.ceil(extent) - 1) * (1 - GAP) + rest - 2 * margin)) < 1e-12);
    assert.ok(rest - 2 * margin >= rest / 2 - 1e-12, "half of a sliver stays");
  }
});

test("cells in view", () => {
  const axis = {centre: 5 * 512, scale: 1, tile: 512, extent: 10, detail: 0};
  assert.deepEqual(cellsInView(600, axis), [3, 6]);
  assert.deepEqual(cellsInView(600, {...axis, centre: 0}), [0, 1]);
  assert.deepEqual(cellsInView(600, {...axis, centre: 5120}), [8, 9]);
  assert.equal(cellsInView(600, {...axis, centre: -400}), null);
  assert.equal(cellsInView(600, {...axis, centre: 9e9}), null);
  assert.deepEqual(cellsInView(600, {...axis, extent: 2 ** 31, scale: 1e-9, detail: 21}), [0, 280], "a cell a pixel for a whole huge level");
});
