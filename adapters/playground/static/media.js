// The picture area of a message: a canvas while it is being painted, then the pictures, in the same place.
// Sizes are known before bytes come, so nothing jumps; the canvas stays until every picture can be seen.

import { arrange, attribute, h, mayMove } from "./dom.js";
import { createPicture } from "./picture.js";
import { isPicture } from "./state.js";
/** @import { FileInfo } from "./protocol.js" */
/** @import { Look, Tool } from "./picture.js" */

const CROSSFADE = 900; // milliseconds; the canvas stays under the picture for as long

/** @param {(file: string) => void} open @param {(file: string, action: Tool["action"]) => void} act */
export function createMedia(open, act) {
  const node = h("div", { class: "media", hidden: true });
  /** @type {HTMLElement | null} */
  let canvas = null;
  let preview = "";
  let ratioKnown = false;
  /** @type {Map<string, ReturnType<typeof createPicture>>} */
  const shown = new Map();
  /** @type {Set<string>} files whose pictures are decoded, or never will be */
  const settled = new Set();
  const grid = h("div", { class: "pictures" });

  /** @param {number} ratio width / height */
  const shape = (ratio) => node.style.setProperty("--ratio", String(ratio));

  /** @param {{running: boolean, percent: number | null, preview: string, ratio: number, count: number, seed: number, files: FileInfo[], lookOf: (file: FileInfo) => Look}} want */
  function update({ running, percent, preview: url, ratio, count, seed, files, lookOf }) {
    const before = !node.hidden && canvas && files.length ? node.getBoundingClientRect().height : 0;
    if (running) paint(percent, url, ratio, count, seed);
    else if (files.length) show(files, lookOf);
    if (!running && canvas && !files.length) leave(false);
    leaveOnceSeen();
    if (!running && !files.length) arrange(node, canvas ? [canvas] : []);
    node.hidden = !running && !files.length;
    if (before && mayMove()) glide(before);
  }

  /** @param {number | null} percent @param {string} url @param {number} ratio @param {number} count @param {number} seed */
  function paint(percent, url, ratio, count, seed) {
    if (!canvas) {
      canvas = h("div", { class: "canvas", "aria-hidden": "true" });
      ratioKnown = false;
      preview = "";
    }
    const cells = canvas.querySelectorAll(".cell").length;
    for (let each = cells; each < count; each++) canvas.append(cell(seed + 3 * each));
    if (!ratioKnown) shape(ratio);
    shown.clear();
    arrange(node, [canvas]);
    attribute(node, "data-count", count);
    canvas.style.setProperty("--done", String((percent ?? 0) / 100));
    if (url && url !== preview) addPreview(/** @type {HTMLElement} */ (canvas.querySelector(".cell")), url);
  }

  /** The place of one picture while it is painted. @param {number} seed */
  function cell(seed) {
    const pigments = [0, 1, 2, 3].map(() => h("i", { class: "pigment" }));
    const wash = h("div", { class: "wash" }, ...pigments);
    wash.style.setProperty("--turn", `${(seed % 8) * 45}deg`);
    return h("div", { class: "cell" }, wash);
  }

  /** @param {HTMLElement} on @param {string} url */
  function addPreview(on, url) {
    preview = url;
    const image = h("img", {
      class: "preview",
      src: url,
      alt: "",
      decoding: "async",
      on: { load, error: () => image.remove() },
    });
    on.append(image);
    function load() {
      if (!ratioKnown && image.naturalWidth && canvas?.contains(on)) shape(image.naturalWidth / image.naturalHeight);
      ratioKnown = true;
      image.classList.add("shown");
      const older = [...on.querySelectorAll(".preview")].slice(0, -1);
      setTimeout(() => older.forEach((each) => each !== image && each.remove()), CROSSFADE);
    }
  }

  /** @param {FileInfo[]} files @param {(file: FileInfo) => Look} lookOf */
  function show(files, lookOf) {
    const first = files.find(isPicture);
    if (first?.width && first.height) shape(first.width / first.height);
    attribute(node, "data-count", files.length);
    const nodes = files.map((file) => {
      let one = shown.get(file.id);
      if (!one) shown.set(file.id, (one = createPicture(file, { open, act, settled: settle })));
      one.update(lookOf(file));
      return one.node;
    });
    const present = new Set(files.map((each) => each.id));
    for (const id of [...shown.keys()]) if (!present.has(id)) shown.delete(id);
    arrange(grid, nodes);
    arrange(node, canvas ? [canvas, grid] : [grid]);
    for (const id of [...settled]) if (!present.has(id)) settled.delete(id);
  }

  /** The canvas gives way when all that was painted can be seen. */
  function leaveOnceSeen() {
    if (!canvas || canvas.classList.contains("leaving") || !shown.size) return;
    if ([...shown.keys()].every((id) => settled.has(id))) leave(true);
  }

  /** @param {string} id */
  function settle(id) {
    settled.add(id);
    leaveOnceSeen();
  }

  /** @param {boolean} slowly */
  function leave(slowly) {
    const old = canvas;
    if (!old) return;
    old.classList.add("leaving");
    const end = () => {
      old.remove();
      if (canvas === old) canvas = null;
    };
    if (slowly && mayMove()) setTimeout(end, CROSSFADE);
    else end();
  }

  /** @param {number} before pixels */
  function glide(before) {
    const after = node.getBoundingClientRect().height;
    if (Math.abs(after - before) < 1) return;
    node.animate([{ height: `${before}px` }, { height: `${after}px` }], {
      duration: 480,
      easing: "cubic-bezier(.2,.8,.2,1)",
    });
  }

  return { node, update };
}
