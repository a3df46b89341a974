// A list: filters above it, heads that sort, one page after the other, the whole as a file.
// All of it stands in the address, so that going back and links to others work.

import { ask, fileAddress, query } from "./api.js";
import { h } from "./dom.js";
import { nothing } from "./parts.js";
import { table } from "./table.js";
import { counted } from "./words.js";

/**
 * @param {object} given
 * @param {string} given.name  of the list at the server and in addresses
 * @param {string} given.title
 * @param {import("./table.js").Column[]} given.columns
 * @param {(row: any) => string} given.keyOf
 * @param {string} given.empty  what to say where there is none at all
 * @param {string} [given.sort]  the order without any other
 * @param {(params: Record<string, string>) => HTMLElement[]} [given.filters]
 * @param {string} [given.note]
 * @param {boolean} [given.isOneWay]  the highest come first, whatever it is ordered by
 * @param {() => HTMLElement} [given.shortcut]  another way, beside the filters
 */
export function listView({ name, title, columns, keyOf, empty, sort = "", filters, note, shortcut, isOneWay = false }) {
  const path = name;
  return {
    title: () => title,
    load: (/** @type {Record<string, string>} */ params, /** @type {{refresh?: boolean}} */ how) =>
      ask(`${path}${query(params)}`, how),
    draw(/** @type {any} */ page, /** @type {Record<string, string>} */ params) {
      const { after, ...where } = params;
      const href = (/** @type {Record<string, string | undefined>} */ wanted) => `#/${name}${query(wanted)}`;
      const isFiltered = Object.keys(where).some((key) => !["sort", "order", "days"].includes(key));
      const rows = page.rows.length
        ? table({
            caption: title,
            columns,
            rows: page.rows,
            keyOf,
            sorting: { by: where.sort ?? sort, order: where.order ?? "descending", isOneWay, href: (by, order) => href({ ...where, sort: by, order }) },
          })
        : nothing(after ? "There are no more." : isFiltered ? "Nothing fits these filters." : empty);
      return [
        h(
          "div",
          { class: "title-row" },
          h("h1", {}, title),
          page.rows.length > 0 && h("a", { class: "button small", href: fileAddress(name, where), download: "" }, "Export as CSV"),
        ),
        note && h("p", { class: "note" }, note),
        h("div", { class: "row ways" }, filters && filterForm(name, filters(where), where), shortcut?.()),
        rows,
        h(
          "nav",
          { class: "pages", "aria-label": "Pages" },
          after && h("a", { class: "button small", href: href(where) }, "First page"),
          h("span", { class: "faint" }, page.rows.length ? counted(page.rows.length, "row") : ""),
          page.next && h("a", { class: "button small", href: href({ ...where, after: page.next }), rel: "next" }, "Next page"),
        ),
      ];
    },
  };
}

/** @param {string} name @param {HTMLElement[]} fields @param {Record<string, string>} where */
function filterForm(name, fields, where) {
  const kept = ["sort", "order"].filter((key) => where[key]).map((key) => h("input", { type: "hidden", name: key, value: where[key] }));
  return h(
    "form",
    { class: "filters", role: "search", "data-filter": name },
    ...fields,
    ...kept,
    h("button", { type: "submit", class: "button small" }, "Filter"),
    Object.keys(where).length > 0 && h("a", { class: "button small plain", href: `#/${name}` }, "Clear"),
  );
}

/** A choice of a filter. @param {string} label @param {string} name @param {[string, string][]} options @param {string} [chosen] */
export function choice(label, name, options, chosen = "") {
  const made = options.map(([value, words]) => h("option", { value, selected: value === chosen }, words));
  return h("label", { class: `filter filter-${name}` }, h("span", {}, label), h("select", { name }, ...made));
}

/** A text of a filter. @param {string} label @param {string} name @param {string} [value] @param {Record<string, string>} [more] */
export const text = (label, name, value = "", more = {}) =>
  h("label", { class: `filter filter-${name}` }, h("span", {}, label), h("input", { name, value, autocomplete: "off", spellcheck: "false", ...more }));
