// What several pages show: links to jobs and members, states, sections, pairs of a name and a value, empty lists.

import { h } from "./dom.js";
import { moment } from "./words.js";

/** @param {string} id */
export const jobLink = (id) => h("a", { class: "mono", href: `#/job?id=${encodeURIComponent(id)}` }, id);

/** @param {string} key @param {string} [name] */
export const memberLink = (key, name) =>
  key ? h("a", { href: `#/member?key=${encodeURIComponent(key)}`, title: name ? key : undefined }, name || key) : faint("forgotten");

/** @param {string} key */
export const chatLink = (key) =>
  key ? h("a", { class: "quiet", href: `#/jobs?chat=${encodeURIComponent(key)}` }, key) : faint("forgotten");

/** @param {string} state */
export const badge = (state) => h("span", { class: `badge ${state}` }, state);

/** @param {string} text */
export const faint = (text) => h("span", { class: "faint" }, text);

/** @param {string | null} at */
export const time = (at) => (at ? h("time", { datetime: at, class: "time" }, moment(at)) : "–");

/** @param {string} title @param {...(Node | string | null | undefined | false)} children */
export function section(title, ...children) {
  const id = `section-${title.toLowerCase().replace(/\W+/g, "-")}`;
  return h("section", { class: "section", "aria-labelledby": id, "data-key": id }, h("h2", { id }, title), ...children);
}

/** @param {string} text */
export const nothing = (text) => h("p", { class: "nothing" }, text);

/** Names and values. @param {[string, Node | string | null | undefined | false][]} pairs */
export const facts = (pairs) =>
  h(
    "dl",
    { class: "facts" },
    ...pairs.filter(([, value]) => value).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );

/** A number with its name. @param {string} label @param {string} value @param {string} [note] */
export const figure = (label, value, note) =>
  h("div", { class: "figure" }, h("dt", {}, label), h("dd", {}, value, note && h("small", {}, note)));

/** @param {HTMLElement[]} figures */
export const figures = (figures) => h("dl", { class: "figures" }, ...figures);

/** A button that the page acts on. @param {string} action @param {string} words @param {Record<string, string>} [data] */
export const actionButton = (action, words, data = {}, look = "") =>
  h(
    "button",
    {
      type: "button",
      class: `button small ${look}`,
      "data-action": action,
      ...Object.fromEntries(Object.entries(data).map(([name, value]) => [`data-${name}`, value])),
    },
    words,
  );
