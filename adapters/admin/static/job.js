// One job: what was asked for, each step with its time, what was said to whom, the ledger, where it comes from.

import { ask, query } from "./api.js";
import { h } from "./dom.js";
import { actionButton, badge, chatLink, facts, jobLink, memberLink, nothing, section, time } from "./parts.js";
import { table } from "./table.js";
import { count, duration, factsOf, preciseTime, sentence } from "./words.js";

const UNFINISHED = ["waiting", "running"];
const REFRESH_S = 3;
const KINDS = /** @type {Record<string, string>} */ ({ status: "status", result: "pictures", further: "more pictures" });

/** @type {import("./table.js").Column[]} */
export const LEDGER = [
  { head: "When", cell: (row) => time(row.at) },
  { head: "Entry", cell: (row) => sentence(row.kind) },
  { head: "Credits", cell: (row) => count(row.credits), number: true },
  { head: "Of them granted", cell: (row) => count(row.from_granted), number: true },
  { head: "Also from", cell: (row) => row.chat_account },
  { head: "For", cell: (row) => h("span", { class: "mono" }, row.entry), wide: true },
];

/** @param {any[]} steps */
function timeline(steps) {
  const begun = steps.length ? Date.parse(steps[0].at) : 0;
  return h(
    "ol",
    { class: "timeline" },
    ...steps.map((step, at) =>
      h(
        "li",
        { "data-key": `${at}-${step.name}` },
        h("time", { datetime: step.at, class: "mono" }, preciseTime(step.at)),
        h("span", { class: "mono faint since" }, at ? `+${duration((Date.parse(step.at) - begun) / 1000)}` : ""),
        h("span", { class: "step" }, h("strong", {}, sentence(step.name)), " ", h("span", { class: "faint" }, factsOf(step.facts))),
      ),
    ),
  );
}

/** @param {string[]} ids */
const links = (ids) => h("span", { class: "links" }, ...ids.map(jobLink));

/** @param {any} message */
const place = (message) =>
  h(
    "li",
    {},
    `${sentence(KINDS[message.kind])} in `,
    chatLink(message.chat_key),
    ", message ",
    message.link
      ? h("a", { class: "mono", href: message.link, rel: "noreferrer", target: "_blank" }, message.message_id)
      : h("span", { class: "mono" }, message.message_id),
  );

/** @param {any} job */
function asked(job) {
  const options = Object.entries(job.options).filter(([name, value]) => value !== null && value !== false && !(name === "n" && value === 1));
  return facts([
    ["Member", memberLink(job.user.key, job.user.name)],
    ["Chat", chatLink(job.chat_key)],
    ["Language", job.locale],
    ["Options", options.map(([name, value]) => `${name} ${value}`).join(", ")],
    ["References", job.references ? count(job.references) + (job.has_mask ? ", the first with a mask" : "") : ""],
    ["Provider", job.provider && `${job.provider}${job.model ? ` · ${job.model}` : ""}`],
    ["Upstream's id", job.upstream_id && h("span", { class: "mono" }, job.upstream_id)],
    ["Trace", job.trace && h("span", { class: "mono" }, job.trace)],
    ["Attempts", count(job.attempt)],
    ["Reserved", `${count(job.cost)} credits`],
    ["Charged", job.charged === null ? "" : `${count(job.charged)} credits`],
    ["Upstream charged", job.spent === null ? "" : `${job.spent} of its own credits`],
    ["Failure", job.failure && h("span", {}, job.failure.words, " ", h("span", { class: "mono faint" }, job.failure.key))],
    ["Taken away", job.deleted && time(job.deleted)],
  ]);
}

export const job = {
  title: (/** @type {Record<string, string>} */ params) => `Job ${params.id ?? ""}`,
  every: (/** @type {any} */ data) => (UNFINISHED.includes(data.job.state) ? REFRESH_S : 0),
  load: (/** @type {Record<string, string>} */ params, /** @type {{refresh?: boolean}} */ how) => ask(`job${query({ id: params.id })}`, how),
  draw: (/** @type {any} */ data) => [
    h(
      "div",
      { class: "title-row" },
      h("h1", {}, "Job ", h("span", { class: "mono" }, data.job.id)),
      badge(data.job.state),
      data.position !== null && h("span", { class: "faint" }, `place ${count(data.position)} in the queue`),
      UNFINISHED.includes(data.job.state) && actionButton("cancel", "Cancel", { job: data.job.id }, "danger"),
    ),
    h("blockquote", { class: "prompt" }, data.job.prompt || "Its member has asked Easel to forget it."),
    asked(data.job),
    section("Steps", timeline(data.steps)),
    section(
      "Said",
      data.said ? h("pre", { class: "said" }, data.said) : nothing("The words of its message are not known any more."),
      data.messages.length > 0 && h("ul", { class: "places" }, ...data.messages.map(place)),
    ),
    section(
      "Ledger",
      data.ledger.length
        ? table({ caption: "Entries of the ledger", columns: LEDGER, rows: data.ledger, keyOf: (row) => `${row.entry}-${row.kind}` })
        : nothing("Nothing was reserved."),
    ),
    (data.ancestors.length > 0 || data.children.length > 0) &&
      section(
        "Lineage",
        facts([
          ["Comes from", data.ancestors.length > 0 && links(data.ancestors)],
          ["Led to", data.children.length > 0 && links(data.children)],
        ]),
      ),
  ],
};
