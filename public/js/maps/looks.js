/** How the groups of objects look: shapes and colours of the theme, drawn on a canvas. */

/** Draws the outline of a shape around a place; size is half its side. */
export function trace(context, shape, x, y, size) {
  const s = size;
  context.beginPath();
  switch (shape) {
    case "square":
      context.rect(x - s * 0.88, y - s * 0.88, s * 1.76, s * 1.76);
      break;
    case "up":
      context.moveTo(x, y - s * 1.2);
      context.lineTo(x + s * 1.1, y + s * 0.85);
      context.lineTo(x - s * 1.1, y + s * 0.85);
      context.closePath();
      break;
    case "down":
      context.moveTo(x, y + s * 1.2);
      context.lineTo(x + s * 1.1, y - s * 0.85);
      context.lineTo(x - s * 1.1, y - s * 0.85);
      context.closePath();
      break;
    case "diamond":
      context.moveTo(x, y - s * 1.25);
      context.lineTo(x + s * 1.25, y);
      context.lineTo(x, y + s * 1.25);
      context.lineTo(x - s * 1.25, y);
      context.closePath();
      break;
    case "cross":
      context.moveTo(x - s, y - s);
      context.lineTo(x + s, y + s);
      context.moveTo(x - s, y + s);
      context.lineTo(x + s, y - s);
      break;
    case "plus":
      context.moveTo(x - s * 1.2, y);
      context.lineTo(x + s * 1.2, y);
      context.moveTo(x, y - s * 1.2);
      context.lineTo(x, y + s * 1.2);
      break;
    case "ring":
      context.arc(x, y, s * 1.05, 0, 2 * Math.PI);
      context.moveTo(x + s * 0.45, y);
      context.arc(x, y, s * 0.45, 0, 2 * Math.PI);
      break;
    default:
      context.arc(x, y, s, 0, 2 * Math.PI);
  }
}

/** Shapes without an inside. */
const LINES = new Set(["cross", "plus", "ring"]);

/** Draws a mark. A hollow one is one that a person judged bad, or that is absent. */
export function mark(context, shape, x, y, size, color, hollow) {
  trace(context, shape, x, y, size);
  if (hollow || LINES.has(shape)) {
    context.lineWidth = Math.max(size / 3, 1.25);
    context.strokeStyle = color;
    context.stroke();
  } else {
    context.fillStyle = color;
    context.fill();
  }
}

/** A mark as a picture, which is drawn faster than it is made. */
export function sprite(shape, size, color, hollow, ratio) {
  const side = Math.ceil(size * 1.3 + 1.5) * 2;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.ceil(side * ratio);
  const context = canvas.getContext("2d", {willReadFrequently: true});
  context.scale(ratio, ratio);
  mark(context, shape, side / 2, side / 2, size, color, hollow);
  return {canvas, side};
}

/** The colours of the theme by the names of their variables; those on images have names of their own. */
export function colorsOf(element, of = "") {
  const style = getComputedStyle(element);
  return name => style.getPropertyValue(`--${of}${name}`).trim() || "gray";
}
