// Charts by uPlot, which stands on the page as `uPlot`. Each is a figure with the same numbers as a table behind it: who
// sees no picture reads those. Colours are the page's own, read anew when the theme changes.

import { h } from "./dom.js";
import { table } from "./table.js";
import { count } from "./words.js";

const HEIGHT = 190;
const DAY_S = 86_400;

/**
 * @typedef {object} Series
 * @property {string} label
 * @property {string} colour  name of a custom property
 * @property {number[]} values
 */


/** A colour of the page: light-dark() is only resolved where a property is used. @param {string} name */
function colour(name) {
  const probe = h("span", { class: `probe ${name}` });
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** @param {{title: string, days: string[], series: Series[], total: string}} given  `days`: ISO 8601, in UTC */
export function chart({ title, days, series, total }) {
  const readout = h("span", { class: "readout faint" }, total);
  const canvas = h("div", { class: "plot", "aria-hidden": "true" });
  const rows = days.map((day, at) => ({ day, values: series.map(({ values }) => values[at]) })).reverse();
  const node = h(
    "figure",
    { class: "chart" },
    h("figcaption", {}, h("h2", {}, title), readout),
    h("ul", { class: "legend", "aria-hidden": "true" }, ...(series.length > 1 ? series.map((each) => h("li", { class: `key ${each.colour}` }, each.label)) : [])),
    canvas,
    h(
      "details",
      { class: "as-table" },
      h("summary", {}, `As a table`, h("span", { class: "visually-hidden" }, `: ${title}`)),
      table({
        caption: title,
        columns: [
          { head: "Day (UTC)", cell: (row) => row.day },
          ...series.map((each, at) => ({ head: each.label, cell: (/** @type {any} */ row) => count(row.values[at]), number: true })),
        ],
        rows,
        keyOf: (row) => row.day,
      }),
    ),
  );
  return { node, plot: () => plot(canvas, readout, { days, series, total }) };
}

/** Draws as wide as there is room; again when that, or the theme, changes. Returns what ends it.
 *  @param {HTMLElement} canvas @param {HTMLElement} readout @param {{days: string[], series: Series[], total: string}} given */
function plot(canvas, readout, { days, series, total }) {
  /** @type {any} */
  let drawn;
  const times = days.map((day) => Date.parse(`${day}T00:00:00Z`) / 1000);
  const said = (/** @type {number | null | undefined} */ at) =>
    at === null || at === undefined ? total : `${days[at]}: ${series.map(({ label, values }) => `${count(values[at])} ${label.toLowerCase()}`).join(", ")}`;

  function draw() {
    drawn?.destroy();
    drawn = new uPlot(options(canvas.clientWidth, series, times, (at) => (readout.textContent = said(at))), [times, ...series.map(({ values }) => values)], canvas);
  }

  const width = new ResizeObserver(() => (drawn ? drawn.setSize({ width: canvas.clientWidth, height: HEIGHT }) : draw()));
  width.observe(canvas);
  const theme = matchMedia("(prefers-color-scheme: dark)");
  theme.addEventListener("change", draw);
  return () => {
    width.disconnect();
    theme.removeEventListener("change", draw);
    drawn?.destroy();
  };
}

/** @param {number} width @param {Series[]} series @param {number[]} times @param {(at: number | null | undefined) => void} tell */
function options(width, series, times, tell) {
  const ink = colour("ink-faint");
  const grid = { stroke: colour("line"), width: 1 };
  const axis = { stroke: ink, grid, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  const bars = series.length === 1 ? uPlot.paths.bars({ size: [0.72, 28], radius: 0.15 }) : undefined;
  return {
    width,
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: !bars } },
    tzDate: (/** @type {number} */ at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
    scales: {
      x: { range: [times[0] - DAY_S / 2, times[times.length - 1] + DAY_S / 2] },
      y: { range: (/** @type {unknown} */ _plot, /** @type {number} */ _low, /** @type {number} */ high) => [0, Math.max(high * 1.1, 4)] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 28, space: 64, incrs: [DAY_S, 2 * DAY_S, 7 * DAY_S, 14 * DAY_S, 30 * DAY_S, 61 * DAY_S], values: (/** @type {unknown} */ _plot, /** @type {number[]} */ ticks) => ticks.map((at) => new Date(at * 1000).toISOString().slice(5, 10)) },
      { ...axis, size: 52, space: 26, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6, 1e7], values: (/** @type {unknown} */ _plot, /** @type {number[]} */ ticks) => ticks.map(count) },
    ],
    series: [
      {},
      ...series.map((each) => ({ label: each.label, stroke: colour(each.colour), fill: bars && colour(each.colour), width: bars ? 0 : 1.75, paths: bars, points: { show: !bars && times.length < 3 } })),
    ],
    hooks: { setCursor: [(/** @type {any} */ made) => tell(made.cursor.idx)] },
  };
}
