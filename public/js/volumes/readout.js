/** What lies under the pointer in Neuroglancer's client, in words. */

const most = 16; // layers

/**
 * @param {object} viewer of the client
 * @returns {{name: string, value: string}[] | null} lines; null while the pointer is elsewhere, so that the last ones stay
 */
export function readout(viewer) {
  const mouse = viewer.mouseState;
  if (!mouse?.active || !mouse.position?.length) return null;
  const lines = [];
  const space = viewer.coordinateSpace?.value ?? viewer.navigationState?.coordinateSpace?.value;
  const names = space?.names ?? [];
  const at = Array.from(mouse.position, x => Math.floor(x));
  lines.push({name: names.slice(0, at.length).join(", ") || "at", value: at.join(", ")});
  for (const managed of viewer.layerManager?.managedLayers ?? []) {
    if (lines.length > most) break;
    if (!managed.visible || !managed.layer) continue;
    const value = words(viewer.layerSelectedValues?.get(managed.layer));
    if (value) lines.push({name: managed.name, value});
  }
  return lines;
}

/** A value of a layer: a number, the numbers of channels, the id of a label, or an object that can write itself. */
export function words(value) {
  if (value === undefined || value === null) return "";
  if (typeof value === "object") {
    if (Array.isArray(value) || ArrayBuffer.isView(value)) return Array.from(value, words).join(", ");
    if ("value" in value) return [words(value.value), words(value.label)].filter(Boolean).join(" ");
    if ("key" in value) return [words(value.key), words(value.value)].filter(Boolean).join(" ");
    const text = String(value);
    return text.startsWith("[object") ? "" : text;
  }
  if (typeof value === "number" && !Number.isInteger(value)) return String(Number(value.toPrecision(7)));
  return String(value);
}
