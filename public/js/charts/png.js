/** A chart as a picture to keep: what is drawn, with its title, its time and its numbers, on the theme's background. */

const HEAD = 44; // CSS pixels
const FOOT = 28;

/**
 * @param {object} echarts an instance
 * @param {object} what title; lines: two lines of small text, above and below; background, text, muted: colours
 * @returns {Promise<Blob>} a PNG with two pixels for each CSS pixel at least
 */
export async function picture(echarts, {title, lines: [above, below], background, text, muted}) {
  const ratio = Math.max(2, devicePixelRatio);
  const image = await load(echarts.getDataURL({type: "png", pixelRatio: ratio, backgroundColor: background}));
  const canvas = document.createElement("canvas");
  canvas.width = image.width;
  canvas.height = image.height + (HEAD + FOOT) * ratio;
  const context = canvas.getContext("2d");
  context.fillStyle = background;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, HEAD * ratio);
  context.scale(ratio, ratio);
  const font = getComputedStyle(document.body).fontFamily;
  context.fillStyle = text;
  context.font = `600 15px ${font}`;
  context.fillText(title, 12, 20);
  context.fillStyle = muted;
  context.font = `13px ${font}`;
  context.fillText(above, 12, 38);
  context.fillText(below, 12, canvas.height / ratio - 10);
  return new Promise((done, fail) => canvas.toBlob(blob => (blob ? done(blob) : fail(new Error("the picture is too large to be saved"))), "image/png"));
}

function load(url) {
  return new Promise((done, fail) => {
    const image = new Image();
    image.onload = () => done(image);
    image.onerror = () => fail(new Error("the picture could not be made"));
    image.src = url;
  });
}
