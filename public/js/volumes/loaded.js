/**
 * Whether Neuroglancer's client has all that its view shows, or will get no more of it. The client itself says "not ready" for ever
 * of what has failed: a label without a mesh, a chunk that cannot be read, a layer whose volume is gone.
 */

// The client counts chunks by state and by how much they matter: three numbers for each of three tiers of each
// state, the first of them how many there are. The first tier is what is seen.
const failed = 6; // the state of a chunk that could not be loaded
const pending = [1, 2, 3, 4, 5]; // those of one that is on its way: in memory, of the page or of its worker; downloading; queued; new
const seen = state => 9 * state;

/**
 * @param {object} viewer of the client
 * @returns {Promise<{done: boolean, failed: number}>} whether nothing that is seen is on its way, and how many parts of it could not be
 *   loaded: chunks, meshes and whole layers
 */
export async function loaded(viewer) {
  if (viewer.isReady()) return {done: true, failed: 0};
  const layers = viewer.layerManager.managedLayers;
  if (!layers.every(layer => layer.isReady())) return {done: false, failed: 0};
  const sources = layers.filter(layer => layer.visible).flatMap(layer => layer.layer?.dataSources ?? []);
  const count = {failed: sources.filter(source => source.loadState?.error).length, pending: 0};
  for (const numbers of (await viewer.chunkQueueManager.getStatistics()).values()) {
    count.failed += numbers[seen(failed)];
    for (const state of pending) count.pending += numbers[seen(state)];
  }
  return {done: count.pending === 0 && count.failed > 0, failed: count.failed};
}
