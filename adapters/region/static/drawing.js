// What was painted, as vectors in the picture's own pixels, and the way back through it.
// No DOM here; raster.js shows it, and the server makes the mask of it.

/** @typedef {{tool: "brush" | "eraser" | "rectangle" | "hole" | "invert" | "clear", size?: number, points?: number[]}} Stroke
 *  `points`: x, y, x, y, …; of a rectangle two corners. */

/** @param {Stroke[]} [begun] */
export function createDrawing(begun = []) {
  let done = begun;
  /** @type {Stroke[]} */
  let undone = [];

  const drawing = {
    /** What counts: nothing before the last time that all was cleared. */
    strokes() {
      return done.slice(done.findLastIndex((each) => each.tool === "clear") + 1);
    },
    /** All that can be undone. */
    history: () => done,
    /** @param {Stroke} stroke */
    add(stroke) {
      done = [...done, stroke];
      undone = [];
    },
    clear() {
      if (drawing.strokes().length) drawing.add({ tool: "clear" });
    },
    undo() {
      if (done.length) undone = [...undone, done[done.length - 1]];
      done = done.slice(0, -1);
    },
    redo() {
      if (undone.length) done = [...done, undone[undone.length - 1]];
      undone = undone.slice(0, -1);
    },
    canUndo: () => done.length > 0,
    canRedo: () => undone.length > 0,
  };
  return drawing;
}

/** The points of a line that matter: none nearer to the one before than `gap` pixels, but for the last.
 *  @param {number[]} points @param {number} gap */
export function thin(points, gap) {
  const kept = points.slice(0, 2);
  for (let at = 2; at < points.length; at += 2) {
    const last = at === points.length - 2;
    const [x, y] = [points[at], points[at + 1]];
    if (last || Math.hypot(x - kept[kept.length - 2], y - kept[kept.length - 1]) >= gap) kept.push(x, y);
  }
  return kept.map((each) => Math.round(each * 10) / 10);
}
