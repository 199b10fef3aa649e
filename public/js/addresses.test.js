import assert from "node:assert/strict";
import test from "node:test";
import {addresses} from "./addresses.js";

const page = "https://lab.example:8443/user/ada/volumes/scope/v/0123abcd/?x=1#!here";
const state = `{"layers":[{"source":"precomputed://webmon:/points/a.b/g3/"},{"source":["python://volume/a.c","precomputed://webmon:/segments/a.c/"]}]}`;

test("a page puts its own address into a state and takes it out again", () => {
  const own = addresses(page);
  const whole = own.into(state);
  assert.equal(JSON.parse(whole).layers[0].source, "precomputed://https://lab.example:8443/user/ada/volumes/scope/points/a.b/g3/");
  assert.equal(JSON.parse(whole).layers[1].source[1], "precomputed://https://lab.example:8443/user/ada/volumes/scope/segments/a.c/");
  assert.equal(own.outOf(whole), state);
});

test("addresses of others stay as they are", () => {
  const other = `{"source":"precomputed://https://elsewhere.example/volumes/scope/points/a.b/"}`;
  assert.equal(addresses(page).outOf(other), other);
  assert.equal(addresses(page).into(other), other);
});

test("a state in the fragment of an address gets it too", () => {
  const own = addresses(page);
  const hash = own.fragment("#!" + encodeURIComponent(state));
  assert.equal(decodeURIComponent(hash), "#!" + own.into(state));
  for (const same of ["", "#!{}", "#!%", "#!" + encodeURIComponent(`{"a":"python://volume/a.b"}`)]) assert.equal(own.fragment(same), same);
});
