// The smallest helpers for building elements. Strings become text nodes, never markup.
// No styles as text (the policy forbids them): shapes are classes, numbers are custom properties.

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any>} [props]  `class`, `on: {event: handler}`, anything else is an attribute
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (key === "on")
      for (const [event, handler] of Object.entries(value)) node.addEventListener(event, handler);
    else attribute(node, key, value);
  }
  for (const each of children) if (each) node.append(each);
  return node;
}

/** Sets, or with null, undefined or false removes; writes only what differs.
 *  @param {Element} node @param {string} name @param {unknown} value */
export function attribute(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else {
    const text = value === true ? "" : String(value);
    if (node.getAttribute(name) !== text) node.setAttribute(name, text);
  }
}

/** @param {Node} node @param {string} text */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A button that shows only an icon: its words as name and as tooltip. @param {HTMLElement} node @param {string} words */
export function label(node, words) {
  attribute(node, "aria-label", words);
  attribute(node, "title", words);
}

/** Makes `parent`'s children exactly `wanted`, moving as few nodes as a simple walk can.
 *  @param {Element} parent @param {Node[]} wanted */
export function arrange(parent, wanted) {
  const keep = new Set(wanted);
  for (const child of [...parent.childNodes]) if (!keep.has(child)) child.remove();
  wanted.forEach((node, index) => {
    if (parent.childNodes[index] !== node) parent.insertBefore(node, parent.childNodes[index] ?? null);
  });
}

/** @param {string} selector */
export function hook(selector) {
  const node = document.querySelector(selector);
  if (!(node instanceof HTMLElement)) throw new Error(`the page lacks ${selector}`);
  return node;
}

/** Whether movement is welcome. */
export const mayMove = () => !matchMedia("(prefers-reduced-motion: reduce)").matches;
