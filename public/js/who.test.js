import {test} from "node:test";
import assert from "node:assert/strict";

// Each import of a new address is a page that has just been loaded.
let pages = 0;
async function load() {
  const {who} = await import(`./who.js?page=${pages++}`);
  return who;
}

function storage(items = {}) {
  return {getItem: key => items[key] ?? null, setItem: (key, value) => (items[key] = value)};
}

test("a tab has one name, and keeps it when it is loaded again", async () => {
  globalThis.sessionStorage = storage();
  const first = (await load())();
  assert.match(first, /^[A-Za-z0-9_-]{8,64}$/);
  const again = await load();
  assert.equal(again(), first);
  assert.equal(again(), first);
  globalThis.sessionStorage = storage(); // another tab
  assert.notEqual((await load())(), first);
});

test("a name that the server would not take is not used", async () => {
  for (const bad of ["", "short", "has spaces in it", "x".repeat(65), "<script>alert(1)"]) {
    globalThis.sessionStorage = storage({"webmon-who": bad});
    const name = (await load())();
    assert.notEqual(name, bad);
    assert.match(name, /^[A-Za-z0-9_-]{8,64}$/);
  }
});

test("without storage there is a name all the same, the same for the life of the page", async () => {
  const refuse = () => {
    throw new Error("denied");
  };
  for (const none of [{getItem: refuse, setItem: refuse}, {getItem: () => null, setItem: refuse}, undefined]) {
    globalThis.sessionStorage = none;
    const who = await load();
    assert.match(who(), /^[A-Za-z0-9_-]{8,64}$/);
    assert.equal(who(), who());
  }
  delete globalThis.sessionStorage;
});
