// The faces: a dab of paint with an initial for each user, the mark for Easel.
// Decorative; the name always stands beside it.

import { h } from "./dom.js";
import { mark } from "./icons.js";
import { BOT, nameOf } from "./state.js";
/** @import { State } from "./state.js" */

/** White or ink, whichever reads better on `#rrggbb`. @param {string} color */
function onColor(color) {
  const hex = /^#([0-9a-f]{6})$/i.exec(color)?.[1];
  if (!hex) return "#fff";
  const [r, g, b] = [0, 2, 4].map((at) => {
    const share = parseInt(hex.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.3 ? "#1c1f2e" : "#fff";
}

/** Gives an element a user's colour as `--member`.
 *  @param {HTMLElement} node @param {State} state @param {string} id */
export function tint(node, state, id) {
  const color = state.users.find((each) => each.id === id)?.color ?? "";
  if (!CSS.supports("color", color)) return;
  node.style.setProperty("--member", color);
  node.style.setProperty("--on-member", onColor(color));
}

/** @param {State} state @param {string} id */
export function avatar(state, id) {
  if (id === BOT) return h("span", { class: "avatar avatar-easel", "aria-hidden": "true" }, mark());
  const initial = [...nameOf(state, id)][0]?.toLocaleUpperCase() ?? "";
  const shape = state.users.findIndex((each) => each.id === id) % 3;
  const node = h("span", { class: `avatar dab-${Math.max(0, shape)}`, "aria-hidden": "true" }, initial);
  tint(node, state, id);
  return node;
}
