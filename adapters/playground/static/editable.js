// A text of several lines that may be a combobox: no role is allowed on a textarea, so this is an editable element with
// a textarea's `value` and `setSelectionRange`. What is typed or pasted stays plain text.

import { attribute, h } from "./dom.js";

/** @typedef {HTMLElement & {value: string, setSelectionRange: (start: number, end: number) => void}} Editable */

/** @param {Record<string, any>} props as of `h` @returns {Editable} */
export function createEditable(props) {
  const node = h("div", { contenteditable: "plaintext-only", tabindex: 0, spellcheck: "true", ...props });
  if (node.contentEditable !== "plaintext-only") node.contentEditable = "true"; // browsers that do not know it yet

  /** Browsers keep a line break at the end of a text that ends with one, for the caret. */
  const read = () => (node.textContent ?? "").replace(/\n$/, "");
  const mark = () => attribute(node, "data-empty", read() === "");

  /** @param {string} text */
  function write(text) {
    node.textContent = text.endsWith("\n") ? `${text}\n` : text;
    mark();
  }

  /** @param {number} start @param {number} end characters from the beginning */
  function setSelectionRange(start, end) {
    node.normalize(); // into one text node
    const inside = node.firstChild ?? node;
    getSelection()?.setBaseAndExtent(inside, start, inside, end);
  }

  node.addEventListener("input", mark);
  mark();
  return Object.defineProperty(Object.assign(node, { setSelectionRange, value: "" }), "value", { get: read, set: write });
}
