// The lists of the page: jobs, members, chats, what was set aside, the audit log. Each is a table of columns.

import { h } from "./dom.js";
import { choice, listView, text } from "./list.js";
import { actionButton, badge, chatLink, jobLink, memberLink, time } from "./parts.js";
import { count, duration, factsOf, failureName, sentence } from "./words.js";

const STATES = ["waiting", "running", "done", "failed", "cancelled"];
/** @type {[string, string][]} */
const SPANS = [
  ["1", "Today"],
  ["7", "7 days"],
  ["30", "30 days"],
  ["90", "90 days"],
  ["365", "A year"],
];

/** @type {import("./table.js").Column[]} */
export const JOB_COLUMNS = [
  { head: "Job", cell: (row) => jobLink(row.id) },
  { head: "Accepted", cell: (row) => time(row.created), sort: "created" },
  { head: "State", cell: (row) => badge(row.state) },
  { head: "Took", cell: (row) => duration(row.milliseconds === null ? null : row.milliseconds / 1000), number: true, sort: "seconds" },
  { head: "Member", cell: (row) => memberLink(row.user_key) },
  { head: "Chat", cell: (row) => chatLink(row.chat_key) },
  { head: "Provider", cell: (row) => row.provider },
  { head: "Failure", cell: (row) => row.failure && failureName(row.failure), wide: true },
  { head: "Pictures", cell: (row) => count(row.pictures), number: true, sort: "pictures" },
  { head: "Credits", cell: (row) => count(row.charged), number: true, sort: "charged" },
];

export const jobs = listView({
  name: "jobs",
  title: "Jobs",
  columns: JOB_COLUMNS,
  keyOf: (row) => row.id,
  empty: "Nobody has asked for a picture yet.",
  sort: "created",
  filters: (where) => [
    choice("State", "state", [["", "Any"], ...STATES.map((each) => /** @type {[string, string]} */ ([each, sentence(each)]))], where.state),
    text("Id contains", "id", where.id, { type: "search", class: "mono" }),
    text("Member", "user", where.user, { placeholder: "telegram:123" }),
    text("Chat", "chat", where.chat, { placeholder: "telegram:-100…" }),
    text("Provider", "provider", where.provider),
    text("Failure", "failure", where.failure, { placeholder: "failure-busy" }),
    text("From", "since", where.since, { type: "date" }),
    text("To", "until", where.until, { type: "date" }),
  ],
});

/** @param {Record<string, string>} where */
const span = (where) => [choice("Within", "days", SPANS, where.days ?? "30")];

/** @param {(row: any) => Node | string} who @param {string} head @returns {import("./table.js").Column[]} */
const usageColumns = (who, head) => [
  { head, cell: who },
  { head: "Pictures", cell: (row) => count(row.pictures), number: true, sort: "pictures" },
  { head: "Credits", cell: (row) => count(row.charged), number: true, sort: "charged" },
  { head: "Jobs", cell: (row) => count(row.jobs), number: true, sort: "jobs" },
  { head: "Failed", cell: (row) => count(row.failed), number: true, sort: "failed" },
];

export const members = listView({
  name: "members",
  title: "Members",
  columns: [
    ...usageColumns((row) => memberLink(row.key, row.name), "Member"),
    { head: "Key", cell: (row) => h("span", { class: "mono faint" }, row.key) },
  ],
  keyOf: (row) => row.key,
  empty: "No job of any member has ended within this time.",
  sort: "pictures",
  isOneWay: true,
  filters: span,
  shortcut: () =>
    h(
      "form",
      { class: "filters", "data-filter": "member" },
      text("Member", "key", "", { placeholder: "telegram:123", required: "" }),
      h("button", { type: "submit", class: "button small" }, "Open"),
    ),
});

export const chats = listView({
  name: "chats",
  title: "Chats",
  columns: usageColumns((row) => chatLink(row.key), "Chat"),
  keyOf: (row) => row.key,
  empty: "No job of any chat has ended within this time.",
  sort: "pictures",
  isOneWay: true,
  filters: span,
});

export const setAside = listView({
  name: "set-aside",
  title: "Set aside",
  note: "Rows and updates that nobody could read. Everything else went on without them.",
  columns: [
    { head: "When", cell: (row) => time(row.at) },
    { head: "Table", cell: (row) => h("span", { class: "mono" }, row.table) },
    { head: "Key", cell: (row) => h("span", { class: "mono" }, row.key), wide: true },
    { head: "Why", cell: (row) => row.reason, wide: true },
    { head: "Content", cell: (row) => h("details", {}, h("summary", {}, "Show"), h("pre", {}, row.content)), wide: true },
    { head: "Delete", cell: (row) => actionButton("delete-set-aside", "Delete", { row: row.id }), action: true },
  ],
  keyOf: (row) => row.id,
  empty: "Nothing is set aside: everything could be read.",
});

/** A class without its module. @param {string} kind */
const short = (kind) => kind.split(".").at(-1) ?? kind;

export const errors = listView({
  name: "errors",
  title: "Errors",
  note: "Exceptions that nobody expected, by where they come from. Each is also in the log, with all it says.",
  columns: [
    { head: "Last", cell: (row) => time(row.last) },
    { head: "Times", cell: (row) => count(row.count), number: true },
    { head: "Error", cell: (row) => h("strong", { title: row.kind }, short(row.kind)), wide: true },
    { head: "Where", cell: (row) => h("span", { class: "mono" }, row.place), wide: true },
    { head: "The log said", cell: (row) => row.event, wide: true },
    { head: "Latest jobs", cell: (row) => row.jobs.length > 0 && h("span", { class: "links" }, ...row.jobs.map(jobLink)), wide: true },
    { head: "First", cell: (row) => time(row.first) },
    { head: "Traceback", cell: (row) => h("details", {}, h("summary", {}, "Show"), h("pre", { class: "mono" }, row.sample)), wide: true },
  ],
  keyOf: (row) => row.fingerprint,
  empty: "Nothing unexpected has happened.",
});

export const audit = listView({
  name: "audit",
  title: "Audit log",
  columns: [
    { head: "When", cell: (row) => time(row.at) },
    { head: "Who", cell: (row) => row.who },
    { head: "Did", cell: (row) => sentence(row.action) },
    { head: "To", cell: (row) => row.target || "the bot", wide: true },
    { head: "Details", cell: (row) => factsOf(row.details) || "–", wide: true },
  ],
  keyOf: (row) => row.id,
  empty: "Nobody has changed anything yet.",
  filters: (where) => [text("Concerns", "target", where.target, { placeholder: "telegram:123, a provider, a job" })],
});
