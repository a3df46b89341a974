// One member: credits, what was done to them, their latest jobs and entries of the ledger.

import { ask, query } from "./api.js";
import { h } from "./dom.js";
import { LEDGER } from "./job.js";
import { JOB_COLUMNS } from "./lists.js";
import { actionButton, figure, figures, nothing, section } from "./parts.js";
import { table } from "./table.js";
import { count, counted, moment } from "./words.js";

/** @param {any} data */
function changes(data) {
  const member = { member: data.user_key };
  return h(
    "div",
    { class: "row" },
    actionButton("grant", "Grant credits…", member),
    actionButton("set", "Set credits…", member),
    data.is_banned ? actionButton("unban", "Lift the ban", member, "primary") : actionButton("ban", "Ban…", member, "danger"),
    (data.paused_until || data.strikes > 0) && actionButton("unpause", "Forget strikes", member),
  );
}

export const member = {
  title: (/** @type {Record<string, string>} */ params) => `Member ${params.key ?? ""}`,
  load: (/** @type {Record<string, string>} */ params, /** @type {{refresh?: boolean}} */ how) => ask(`member${query({ key: params.key })}`, how),
  draw: (/** @type {any} */ data) => [
    h(
      "div",
      { class: "title-row" },
      h("h1", {}, data.name || data.user_key),
      data.name && h("span", { class: "mono faint" }, data.user_key),
      data.is_banned && h("span", { class: "badge failed" }, "banned"),
      data.paused_until && h("span", { class: "badge cancelled" }, `paused until ${moment(data.paused_until)} UTC`),
    ),
    changes(data),
    figures([
      figure("Available", count(data.balance.available)),
      figure("Reserved", count(data.balance.reserved)),
      figure("Daily", count(data.balance.daily)),
      figure("Done today", count(data.today.done ?? 0)),
      figure("Failed today", count(data.today.failed ?? 0)),
      figure("Strikes", count(data.strikes), "within a day"),
    ]),
    section(
      "Jobs",
      data.jobs.length
        ? table({ caption: "Latest jobs", columns: JOB_COLUMNS.filter(({ head }) => head !== "Member").map(({ sort, ...rest }) => rest), rows: data.jobs, keyOf: (row) => row.id })
        : nothing("No jobs."),
      data.jobs.length > 0 &&
        h("p", { class: "note" }, `The latest ${counted(data.jobs.length, "job")}. `, h("a", { href: `#/jobs${query({ user: data.user_key })}` }, "All of their jobs")),
    ),
    section(
      "Ledger",
      data.ledger.length
        ? table({ caption: "Latest entries of the ledger", columns: LEDGER, rows: data.ledger, keyOf: (row) => `${row.entry}-${row.kind}` })
        : nothing("No entries."),
    ),
    h("p", { class: "note" }, h("a", { href: `#/audit${query({ target: data.user_key })}` }, "What was changed about them")),
  ],
};
