// The toolbar: which tool paints, how thick, and the ways back. Icons with words as their names and tooltips.

import { attribute, h, label } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  brush:
    "M19.5 4.5c-4.5 2.5-8 6-9.5 8.5l2 2c2.5-1.5 6-5 7.5-10.5zM9.5 13.5c-2.5 0-3.500 1.5-3.500 3.2 0 1.3-.8 2-2 2.3 3 1.5 7.500.5 7.500-3.5",
  eraser: "M9.5 19.500h10M4.5 14.500l9-9 6 6-7.500 8H9zM9 10l6 6",
  rectangle: "M4.5 6h15v12h-15z",
  pan: "M12 3v18M3 12h18M9.500 5.500 12 3l2.500 2.500M9.500 18.500 12 21l2.500-2.500M5.500 9.500 3 12l2.500 2.500M18.500 9.500 21 12l-2.500 2.500",
  undo: "M8.500 5 4.500 9l4 4M5 9h9a5 5 0 0 1 0 10h-4",
  redo: "M15.500 5l4 4-4 4M19 9h-9a5 5 0 0 0 0 10h4",
  clear: "M5 7h14M10 7V4.500h4V7M7 7l.8 12.500h8.400L17 7",
  invert: "M4.500 4.500h15v15h-15zM4.500 19.500l15-15M8 9h4M10 7v4M13.500 16h4",
  in: "M10.500 4.500a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15 15l5 5M8 10.500h5M10.500 8v5",
  out: "M10.500 4.500a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15 15l5 5M8 10.500h5",
  fit: "M4.500 9V4.500H9M15 4.500h4.500V9M19.500 15v4.500H15M9 19.500H4.500V15",
};
const TOOLS = /** @type {const} */ (["brush", "eraser", "rectangle", "pan"]);
const STEPS = /** @type {const} */ (["undo", "redo", "invert", "clear"]);
const VIEWS = /** @type {const} */ (["out", "fit", "in"]);

/** @typedef {(typeof TOOLS)[number]} Tool */

/**
 * @param {HTMLElement} bar
 * @param {{choose: (tool: Tool) => void, step: (step: (typeof STEPS)[number]) => void,
 *   see: (view: (typeof VIEWS)[number]) => void, resize: (share: number) => void}} act  `share`: 0 to 1
 * @param {(key: string) => string} say
 */
export function createTools(bar, act, say) {
  const buttons = new Map(
    [...TOOLS, ...STEPS, ...VIEWS].map((name) => [
      name,
      h("button", { type: "button", class: "tool", "data-tool": name, on: { click: () => press(name) } }, icon(name)),
    ]),
  );
  const size = h("input", { type: "range", class: "size", min: 0, max: 100, step: 1 });
  size.addEventListener("input", () => act.resize(Number(size.value) / 100));
  const dot = h("span", { class: "dot", "aria-hidden": "true" });
  /** @param {readonly string[]} names */
  const group = (names) => h("div", { class: "tool-group" }, ...names.map((name) => buttons.get(/** @type {any} */ (name))));
  bar.append(group(TOOLS), h("label", { class: "sizing" }, dot, size), group(STEPS), group(VIEWS));

  /** @param {any} name */
  function press(name) {
    if (TOOLS.includes(name)) act.choose(name);
    else if (STEPS.includes(name)) act.step(name);
    else act.see(name);
  }

  /** @param {{tool: Tool, share: number, canUndo: boolean, canRedo: boolean, canClear: boolean}} shown */
  return function update({ tool, share, canUndo, canRedo, canClear }) {
    for (const [name, button] of buttons) label(button, say(`region-page-${name}`));
    for (const name of TOOLS) attribute(/** @type {Element} */ (buttons.get(name)), "aria-pressed", String(name === tool));
    const able = { undo: canUndo, redo: canRedo, clear: canClear };
    for (const [name, can] of Object.entries(able))
      attribute(/** @type {Element} */ (buttons.get(/** @type {any} */ (name))), "aria-disabled", can ? null : "true");
    attribute(size, "aria-label", say("region-page-size"));
    if (document.activeElement !== size) size.value = String(Math.round(share * 100));
    dot.style.setProperty("--dot", `${Math.round(4 + share * 20)}px`);
    attribute(bar, "aria-label", say("region-page-tools"));
  };
}

/** @param {keyof typeof PATHS} name */
function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  for (const [key, value] of [["viewBox", "0 0 24 24"], ["class", "icon"], ["aria-hidden", "true"]])
    svg.setAttribute(key, value);
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
