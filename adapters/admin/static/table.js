// Tables: a caption that may be heard only, heads that sort, cells that become a card on a phone.
// Roles are said aloud, because a table that is laid out as cards is no table to a browser any more.

import { h } from "./dom.js";

/**
 * @typedef {object} Column
 * @property {string} head
 * @property {(row: any) => Node | string | null | undefined | false} cell
 * @property {boolean} [number]  stands right
 * @property {string} [sort]  what the list may be ordered by
 * @property {boolean} [wide]  may be broken into lines
 * @property {boolean} [action]  what can be done, at the end of the line; its head is heard only
 */

/**
 * @param {object} given
 * @param {string} given.caption
 * @param {Column[]} given.columns
 * @param {any[]} given.rows
 * @param {(row: any) => string} given.keyOf
 * @param {{by: string, order: string, isOneWay?: boolean, href: (by: string, order: string) => string}} [given.sorting]
 */
export function table({ caption, columns, rows, keyOf, sorting }) {
  return h(
    "div",
    { class: "table-frame" },
    h(
      "table",
      { class: "table", role: "table" },
      h("caption", { class: "visually-hidden" }, caption),
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ...columns.map((column) => head(column, sorting)))),
      h("tbody", { role: "rowgroup" }, ...rows.map((row) => line(row, columns, keyOf(row)))),
    ),
  );
}

/** @param {Column} column */
const look = ({ number, wide, action }) => [number && "number", wide && "wide", action && "action"].filter(Boolean).join(" ") || undefined;

/** @param {Column} column @param {Parameters<typeof table>[0]["sorting"]} sorting */
function head(column, sorting) {
  const given = { role: "columnheader", scope: "col", class: look(column) };
  if (column.action) return h("th", given, h("span", { class: "visually-hidden" }, column.head));
  if (!column.sort || !sorting) return h("th", given, column.head);
  const isSorted = sorting.by === column.sort;
  const next = isSorted && sorting.order === "descending" && !sorting.isOneWay ? "ascending" : "descending";
  const arrow = h("span", { class: "arrow", "aria-hidden": "true" }, isSorted ? (sorting.order === "descending" ? "↓" : "↑") : "");
  return h(
    "th",
    { ...given, "aria-sort": isSorted ? sorting.order : undefined },
    h("a", { class: "sort", href: sorting.href(column.sort, next) }, column.head, arrow),
  );
}

/** @param {any} row @param {Column[]} columns @param {string} key */
function line(row, columns, key) {
  const cells = columns.map((column) =>
    h(
      "td",
      { role: "cell", "data-head": column.head, class: look(column) },
      column.cell(row) || h("span", { class: "none" }, "–"),
    ),
  );
  return h("tr", { role: "row", "data-key": key }, ...cells);
}
