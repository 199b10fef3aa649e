/** Numbers as words, the same as the server writes them (components/ui/ui.go); testdata/age.json holds both to it. */

/** What stands where there is no value. */
export const NONE = "–";

/** How long ago something was: "0.2 s", "12 s", "3 min", "2 h", "5 d". */
export function age(ms) {
  const s = ms / 1000;
  if (s < 0) return "0.0 s";
  if (s < 9.95) return `${s.toFixed(1)} s`;
  if (s < 99.5) return `${s.toFixed(0)} s`;
  if (s < 99.5 * 60) return `${(s / 60).toFixed(0)} min`;
  if (s < 47.5 * 3600) return `${(s / 3600).toFixed(0)} h`;
  return `${(s / 86400).toFixed(0)} d`;
}

/** A latency in milliseconds; a dash while there is none. */
export function latency(ms) {
  if (!(ms > 0)) return NONE;
  return ms < 9.95 ? ms.toFixed(1) : ms.toFixed(0);
}

/** A whole number with thin spaces between groups of three digits, from five digits on. */
export function count(n) {
  const text = String(Math.trunc(n));
  return text.length <= 4 ? text : text.replace(/\B(?=(\d{3})+$)/g, "\u202f");
}
