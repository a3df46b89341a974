// What happens at this moment: the pause, figures of today, providers, what runs, what waits. Refreshes by itself.

import { ask } from "./api.js";
import { h } from "./dom.js";
import { actionButton, chatLink, figure, figures, jobLink, memberLink, nothing, section } from "./parts.js";
import { table } from "./table.js";
import { count, counted, duration, moment } from "./words.js";

const REFRESH_S = 3;

const CIRCUITS = /** @type {Record<string, string>} */ ({
  closed: "in order",
  "half-open": "being tried again",
  open: "failing, comes last",
});

/** @param {any} row */
function progress(row) {
  const words = row.stage ?? (row.percent === null ? "elsewhere" : "");
  if (row.percent === null) return words;
  const percent = Math.round(row.percent);
  return h(
    "span",
    { class: "progress" },
    h("meter", { min: 0, max: 100, value: percent, "aria-label": `${percent} %` }),
    h("span", {}, `${percent} % ${words}`),
  );
}

/** @type {import("./table.js").Column[]} */
const RUNNING = [
  { head: "Job", cell: (row) => jobLink(row.id) },
  { head: "Member", cell: (row) => memberLink(row.user_key, row.user_name) },
  { head: "Chat", cell: (row) => chatLink(row.chat_key) },
  { head: "Provider", cell: (row) => row.provider && `${row.provider}${row.model ? ` · ${row.model}` : ""}` },
  { head: "Progress", cell: progress, wide: true },
  { head: "For", cell: (row) => duration(row.seconds), number: true },
  { head: "Cancel", cell: (row) => actionButton("cancel", "Cancel", { job: row.id }), action: true },
];

/** @type {import("./table.js").Column[]} */
const WAITING = [
  { head: "Place", cell: (row) => count(row.position), number: true },
  { head: "Job", cell: (row) => jobLink(row.id) },
  { head: "Member", cell: (row) => memberLink(row.user_key, row.user_name) },
  { head: "Chat", cell: (row) => chatLink(row.chat_key) },
  { head: "For", cell: (row) => duration(row.seconds), number: true },
  { head: "Cancel", cell: (row) => actionButton("cancel", "Cancel", { job: row.id }), action: true },
];

/** @type {import("./table.js").Column[]} */
const PROVIDERS = [
  { head: "Provider", cell: (row) => h("strong", {}, row.name) },
  { head: "Models", cell: (row) => row.models.join(", "), wide: true },
  {
    head: "State",
    cell: (row) =>
      row.is_paused
        ? h("span", { class: "badge cancelled" }, "paused")
        : h("span", { class: `badge ${row.circuit === "closed" ? "done" : "failed"}` }, CIRCUITS[row.circuit]),
  },
  { head: "Under way", cell: (row) => `${count(row.under_way)} of ${count(row.concurrency)}`, number: true },
  {
    head: "Pause",
    cell: (row) =>
      row.is_paused
        ? actionButton("resume-provider", "Resume", { provider: row.name }, "primary")
        : actionButton("pause-provider", "Pause", { provider: row.name }),
    action: true,
  },
];

/** @param {any} now */
function today(now) {
  const { today } = now;
  return figures([
    figure("Running", count(now.running_count)),
    figure("Waiting", count(now.waiting_count)),
    figure("Done today", count(today.done ?? 0)),
    figure("Failed today", count(today.failed ?? 0)),
    figure("Credits today", count(today.charged ?? 0)),
    figure("Members today", count(today.users ?? 0)),
  ]);
}

/** @param {number} shown @param {number} all */
const rest = (shown, all) => all > shown && h("p", { class: "note" }, `${counted(all - shown, "more job")} not shown here.`);

/** @param {any} now */
function pauseState(now) {
  if (!now.pause) return h("div", { class: "row" }, actionButton("pause-bot", "Pause Easel…", {}));
  const words = now.pause.words ?? "the standing sentence in their language";
  return h(
    "div",
    { class: "banner-box", role: "note" },
    h("p", {}, h("strong", {}, "Easel is paused."), ` By ${now.pause.who}${now.pause.at ? `, since ${moment(now.pause.at)} UTC` : ""}. Members read: “${words}”`),
    actionButton("resume-bot", "Resume Easel", {}, "primary"),
  );
}

export const now = {
  title: () => "Now",
  every: () => REFRESH_S,
  load: (/** @type {unknown} */ _params, /** @type {{refresh?: boolean}} */ how) => ask("now", how),
  draw: (/** @type {any} */ data) => [
    h("div", { class: "title-row" }, h("h1", {}, "Now"), h("p", { class: "faint clock" }, `${moment(data.at)} UTC`), !data.pause && pauseState(data)),
    data.pause && pauseState(data),
    today(data),
    data.set_aside > 0 &&
      h("p", { class: "note warning" }, h("a", { href: "#/set-aside" }, `${counted(data.set_aside, "row")} set aside`), " because nobody could read them."),
    section(
      "Running",
      data.running.length
        ? table({ caption: "Jobs that run", columns: RUNNING, rows: data.running, keyOf: (row) => row.id })
        : nothing("No job runs."),
      rest(data.running.length, data.running_count),
    ),
    section(
      "Queue",
      data.waiting.length
        ? table({ caption: "Jobs that wait", columns: WAITING, rows: data.waiting, keyOf: (row) => row.id })
        : nothing("Nobody waits."),
      rest(data.waiting.length, data.waiting_count),
    ),
    section("Providers", table({ caption: "Providers", columns: PROVIDERS, rows: data.providers, keyOf: (row) => row.name })),
  ],
};
