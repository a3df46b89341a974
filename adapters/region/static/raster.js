// What was painted, as a layer over the picture: colour with hatching, so that it is seen on a picture of any colour.
// One canvas of at most MOST pixels a side, whatever the picture measures; phones have little memory for them.

/** @import { Stroke } from "./drawing.js" */

const MOST = 2048; // pixels
const SAMPLE = 192; // pixels, the longer side of the copy that is counted
const HATCH = 16; // pixels of the canvas between two stripes

/** @param {HTMLCanvasElement} canvas @param {number} width @param {number} height */
export function createRaster(canvas, width, height) {
  const scale = Math.min(1, MOST / Math.max(width, height));
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const paint = hatching(context);
  const small = document.createElement("canvas");
  const share = SAMPLE / Math.max(canvas.width, canvas.height);
  small.width = Math.max(1, Math.round(canvas.width * share));
  small.height = Math.max(1, Math.round(canvas.height * share));
  const sample = /** @type {CanvasRenderingContext2D} */ (small.getContext("2d", { willReadFrequently: true }));

  /** @param {Stroke} stroke @param {number} [from]  index in its points from which on it is drawn */
  function draw({ tool, size = 0, points = [] }, from = 0) {
    context.globalCompositeOperation =
      tool === "invert" ? "xor" : tool === "eraser" || tool === "hole" ? "destination-out" : "source-over";
    context.fillStyle = context.strokeStyle = paint;
    context.setTransform(1, 0, 0, 1, 0, 0);
    if (tool === "invert") return context.fillRect(0, 0, canvas.width, canvas.height);
    const at = points.map((each) => each * scale);
    if (tool === "rectangle" || tool === "hole")
      return context.fillRect(at[0], at[1], at[2] - at[0], at[3] - at[1]);
    context.lineWidth = size * scale;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    const first = Math.max(0, from - 2);
    context.moveTo(at[first], at[first + 1]);
    context.lineTo(at[first], at[first + 1]);
    for (let each = first + 2; each < at.length; each += 2) context.lineTo(at[each], at[each + 1]);
    context.stroke();
  }

  return {
    draw,
    /** @param {Stroke[]} strokes */
    redraw(strokes) {
      context.clearRect(0, 0, canvas.width, canvas.height);
      for (const each of strokes) draw(each);
    },
    /** How much is marked, 0 to 1, and whether one point is. @param {number} [x] @param {number} [y] */
    measure(x = 0, y = 0) {
      sample.clearRect(0, 0, small.width, small.height);
      sample.drawImage(canvas, 0, 0, small.width, small.height);
      const { data } = sample.getImageData(0, 0, small.width, small.height);
      let marked = 0;
      for (let at = 3; at < data.length; at += 4) if (data[at] > 127) marked += 1;
      const column = Math.min(small.width - 1, Math.floor((x / width) * small.width));
      const row = Math.min(small.height - 1, Math.floor((y / height) * small.height));
      return { share: marked / (small.width * small.height), here: data[4 * (row * small.width + column) + 3] > 127 };
    },
    /** Gives the memory back. */
    free() {
      for (const each of [canvas, small]) each.width = each.height = 1;
    },
  };
}

/** @param {CanvasRenderingContext2D} context */
function hatching(context) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = HATCH;
  const pen = /** @type {CanvasRenderingContext2D} */ (tile.getContext("2d"));
  pen.fillStyle = "#2c44b4";
  pen.fillRect(0, 0, HATCH, HATCH);
  pen.strokeStyle = "#ffe9a8";
  pen.lineWidth = 3;
  pen.beginPath();
  for (const shift of [-HATCH, 0, HATCH]) {
    pen.moveTo(shift, HATCH);
    pen.lineTo(shift + HATCH, 0);
  }
  pen.stroke();
  return /** @type {CanvasPattern} */ (context.createPattern(tile, "repeat"));
}
