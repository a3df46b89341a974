// Over days: pictures and credits, how jobs ended, what failed where, how long it took.

import { ask, query } from "./api.js";
import { chart } from "./charts.js";
import { h } from "./dom.js";
import { choice } from "./list.js";
import { nothing, section } from "./parts.js";
import { table } from "./table.js";
import { count, counted, duration, failureName } from "./words.js";

/** @type {[string, string][]} */
const SPANS = [
  ["7", "7 days"],
  ["30", "30 days"],
  ["90", "90 days"],
  ["365", "A year"],
];

const sum = (/** @type {number[]} */ values) => values.reduce((all, each) => all + each, 0);

/** @param {any[]} days */
function charts(days) {
  const of = (/** @type {string} */ name) => days.map((each) => each[name]);
  const days_ = days.map((each) => each.day);
  return [
    chart({
      title: "Pictures a day",
      days: days_,
      series: [{ label: "Pictures", colour: "ultramarine", values: of("pictures") }],
      total: `${counted(sum(of("pictures")), "picture")} in all`,
    }),
    chart({
      title: "Credits a day",
      days: days_,
      series: [{ label: "Credits", colour: "ochre", values: of("charged") }],
      total: `${counted(sum(of("charged")), "credit")} in all`,
    }),
    chart({
      title: "How jobs ended",
      days: days_,
      series: [
        { label: "Done", colour: "viridian", values: of("done") },
        { label: "Failed", colour: "madder", values: of("failed") },
        { label: "Cancelled", colour: "ink-faint", values: of("cancelled") },
      ],
      total: `${counted(sum(of("done")) + sum(of("failed")) + sum(of("cancelled")), "job")} in all`,
    }),
  ];
}

/** @param {any[]} failures @param {string} since */
function failed(failures, since) {
  const most = Math.max(1, ...failures.map(({ jobs }) => jobs));
  return table({
    caption: "Failures by class and provider",
    columns: [
      {
        head: "Failure",
        cell: (row) => h("a", { href: `#/jobs${query({ state: "failed", failure: row.failure, provider: row.provider ?? "", since })}` }, failureName(row.failure)),
        wide: true,
      },
      { head: "Provider", cell: (row) => row.provider ?? "nobody was asked" },
      { head: "Jobs", cell: (row) => count(row.jobs), number: true },
      { head: "Share", cell: (row) => h("meter", { class: "share", min: 0, max: most, value: row.jobs, "aria-hidden": "true" }) },
    ],
    rows: failures,
    keyOf: (row) => `${row.failure}-${row.provider}`,
  });
}

/** @param {any} latencies */
function latency(latencies) {
  const rows = [
    { name: "From request to picture", ...latencies.whole },
    { name: "Waiting for a turn", ...latencies.waiting },
    { name: "Painting upstream", ...latencies.painting },
  ];
  return table({
    caption: "Durations",
    columns: [
      { head: "Duration", cell: (row) => row.name },
      { head: "Half within", cell: (row) => duration(row.p50), number: true },
      { head: "90 % within", cell: (row) => duration(row.p90), number: true },
      { head: "99 % within", cell: (row) => duration(row.p99), number: true },
    ],
    rows,
    keyOf: (row) => row.name,
  });
}

/** @type {(() => void)[]} */
const drawn = [];
/** @type {ReturnType<typeof chart>[]} */
const made = [];

export const statistics = {
  title: () => "Statistics",
  load: (/** @type {Record<string, string>} */ params, /** @type {{refresh?: boolean}} */ how) => ask(`statistics${query({ days: params.days })}`, how),
  draw(/** @type {any} */ data, /** @type {Record<string, string>} */ params) {
    made.splice(0, made.length, ...charts(data.days));
    return [
      h(
        "div",
        { class: "title-row" },
        h("h1", {}, "Statistics"),
        h("form", { class: "filters inline", "data-filter": "statistics" }, choice("Last", "days", SPANS, params.days ?? "30"), h("button", { type: "submit", class: "button small" }, "Show")),
      ),
      h("div", { class: "charts" }, ...made.map(({ node }) => node)),
      section("Failures", data.failures.length ? failed(data.failures, data.days[0].day) : nothing("Nothing has failed within this time.")),
      section(
        "How long it takes",
        data.latencies.jobs ? latency(data.latencies) : nothing("No picture was delivered within this time."),
        data.latencies.jobs > 0 && h("p", { class: "note" }, `Of the latest ${counted(data.latencies.jobs, "job")} with pictures.`),
      ),
    ];
  },
  /** Once it stands on the page, and has a width. */
  shown: () => drawn.push(...made.map(({ plot }) => plot())),
  left: () => drawn.splice(0).forEach((end) => end()),
};
