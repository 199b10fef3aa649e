import assert from "node:assert/strict";
import {test} from "node:test";
import {changed, without, withParameters} from "./link.js";

test("a link has what differs from the start, and the view, and no token", () => {
  const controls = {cooling: {value: 0.5, default: 0.01}, trap: {value: true, default: true}, n: {value: 0.1 + 0.2, default: 0.3}, name: {value: "a b", default: ""},
    own: {value: 1}, odd: {value: null, default: 1}};
  const parameters = changed(controls);
  assert.deepEqual(parameters, [["cooling", "0.5"], ["name", "a b"], ["own", "1"]]);
  assert.equal(withParameters("http://h/models/m?lut=magma&p.old=3&token=s#x", parameters), "http://h/models/m?lut=magma&p.cooling=0.5&p.name=a+b&p.own=1");
  assert.deepEqual(changed(undefined), []);
});

test("parameters are taken out of an address, and nothing else", () => {
  const query = new URLSearchParams("p.a=1&lut=x&p.b=2&p.a=3");
  without(query);
  assert.equal(String(query), "lut=x");
});
