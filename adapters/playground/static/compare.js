// Two pictures in one place, with a line between them to be drawn from side to side.
// The line is a slider of the browser's own: mouse, touch and arrow keys move it. Knows no state but its own line.

import { attribute, h, write } from "./dom.js";
import { fileUrl } from "./state.js";

const MIDDLE = 50; // per cent: where the line stands at first

export function createCompare() {
  const other = h("img", { class: "compare-other", alt: "" });
  const line = h("span", { class: "compare-line", "aria-hidden": "true" });
  const [here, there] = [h("span", { class: "compare-tag" }), h("span", { class: "compare-tag other" })];
  const slider = h("input", { type: "range", class: "compare-slider", min: 0, max: 100, step: 1 });
  const node = h("div", { class: "compare", hidden: true }, other, line, there, here, slider);
  let shown = "";

  const move = () => node.style.setProperty("--split", `${slider.value}%`);
  slider.addEventListener("input", move);

  /** `file` is the other picture, null for none; `words` name it and the one that it is compared with.
   *  @param {string | null} file @param {{label: string, here: string, there: string}} words */
  function update(file, words) {
    node.hidden = !file;
    if (!file) {
      shown = "";
      return;
    }
    attribute(slider, "aria-label", words.label);
    write(here, words.here);
    write(there, words.there);
    if (file === shown) return;
    shown = file;
    attribute(other, "src", fileUrl(file));
    slider.value = String(MIDDLE);
    move();
  }

  return { node, slider, update };
}
