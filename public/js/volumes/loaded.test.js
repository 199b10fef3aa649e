import assert from "node:assert/strict";
import {test} from "node:test";
import {loaded} from "./loaded.js";

// viewer is a client with the chunks that are seen, by their state: 0 is on the screen, 3 is on its way, 6 has failed.
const viewer = ({ready = false, layers = [{}], chunks = {}}) => {
  const numbers = new Float64Array(74).fill(0);
  for (const [state, n] of Object.entries(chunks)) numbers[9 * state] = n;
  for (let state = 0; state < 8; state++) numbers[9 * state + 3] = 50; // of the next tier, which is not seen
  return {
    isReady: () => ready,
    layerManager: {managedLayers: layers.map(({loading = false, visible = true, error}) => ({isReady: () => !loading, visible, layer: {dataSources: [{loadState: {error}}]}}))},
    chunkQueueManager: {getStatistics: async () => new Map([[{}, numbers], [{}, new Float64Array(74)]])},
  };
};

test("a client is done when it is ready, or when all that it lacks has failed", async () => {
  for (const [what, is, want] of [
    ["ready", {ready: true}, {done: true, failed: 0}],
    ["a chunk comes", {chunks: {0: 4, 3: 1}}, {done: false, failed: 0}],
    ["nothing is asked for yet", {chunks: {0: 4}}, {done: false, failed: 0}],
    ["a mesh has failed", {chunks: {0: 4, 6: 1}}, {done: true, failed: 1}],
    ["a mesh has failed and one is queued", {chunks: {4: 1, 6: 2}}, {done: false, failed: 2}],
    ["a mesh has failed and one waits for the picture", {chunks: {1: 1, 6: 2}}, {done: false, failed: 2}],
    ["a layer is being opened", {layers: [{loading: true}], chunks: {6: 1}}, {done: false, failed: 0}],
    ["a layer could not be opened", {layers: [{}, {error: new Error("no")}]}, {done: true, failed: 1}],
    ["one that is hidden could not", {layers: [{}, {error: new Error("no"), visible: false}]}, {done: false, failed: 0}],
  ]) assert.deepEqual(await loaded(viewer(is)), want, what);
});
