// What the page's buttons do. Each asks before it changes something, says what has come of it, and leaves the rest to the
// server: nothing is shown as changed that is not.

import { Refused, change } from "./api.js";
import { confirmed, field } from "./dialog.js";
import { h, hook, write } from "./dom.js";

const MAX_CREDITS = 1_000_000_000;

/** @typedef {{title: string, text: string, action: string, danger?: boolean, fields?: HTMLElement[], body: (filled: FormData) => Record<string, unknown>, done: string}} Plan */

const credits = () => field("Credits", h("input", { name: "credits", type: "number", min: 0, max: MAX_CREDITS, step: 1, required: true, inputmode: "numeric" }));

/** A change of credits is made once, however often it is sent. @param {string} member */
function moneyOf(member) {
  const entry = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
  return (/** @type {FormData} */ filled) => ({ member, credits: Number(filled.get("credits")), entry });
}

/** @type {Record<string, (data: DOMStringMap) => Plan>} */
const PLANS = {
  grant: ({ member = "" }) => ({
    title: `Grant credits to ${member}`,
    text: "They are added to what the member has, and do not expire.",
    action: "Grant",
    fields: [credits()],
    body: moneyOf(member),
    done: "Credits granted.",
  }),
  set: ({ member = "" }) => ({
    title: `Set the credits of ${member}`,
    text: "The member has exactly so many from now on; tomorrow the daily ones come back.",
    action: "Set",
    fields: [credits()],
    body: moneyOf(member),
    done: "Credits set.",
  }),
  ban: ({ member = "" }) => ({
    title: `Ban ${member}`,
    text: "Their requests are refused from now on. What runs is painted.",
    action: "Ban",
    danger: true,
    body: () => ({ member }),
    done: "Banned.",
  }),
  unban: ({ member = "" }) => ({
    title: `Lift the ban of ${member}`,
    text: "Their requests are taken again.",
    action: "Lift the ban",
    body: () => ({ member }),
    done: "The ban is lifted.",
  }),
  unpause: ({ member = "" }) => ({
    title: `Forget the strikes of ${member}`,
    text: "Refusals by moderation are forgotten, and the pause that they brought about ends.",
    action: "Forget",
    body: () => ({ member }),
    done: "Strikes forgotten.",
  }),
  cancel: ({ job = "" }) => ({
    title: `Cancel job ${job}`,
    text: "It ends without a picture, its member is told, and their credits come back.",
    action: "Cancel the job",
    danger: true,
    body: () => ({ job }),
    done: "Cancelled.",
  }),
  "pause-provider": ({ provider = "" }) => ({
    title: `Pause ${provider}`,
    text: "It gets no new requests, in all processes, until it is resumed. Those under way go on.",
    action: "Pause",
    body: () => ({ provider }),
    done: `${provider} is paused.`,
  }),
  "resume-provider": ({ provider = "" }) => ({
    title: `Resume ${provider}`,
    text: "It gets requests again.",
    action: "Resume",
    body: () => ({ provider }),
    done: `${provider} gets requests again.`,
  }),
  "pause-bot": () => ({
    title: "Pause Easel",
    text: "New requests are refused. What was accepted is painted, and commands that cost nothing work.",
    action: "Pause",
    danger: true,
    fields: [
      field(
        "What members are told",
        h("textarea", { name: "words", rows: 3, maxlength: 1000 }),
        "Left empty, a standing sentence in each member's language.",
      ),
    ],
    body: (filled) => ({ words: String(filled.get("words") ?? "") }),
    done: "Easel is paused.",
  }),
  "resume-bot": () => ({
    title: "Resume Easel",
    text: "Requests are taken again.",
    action: "Resume",
    body: () => ({}),
    done: "Easel takes requests again.",
  }),
  "delete-set-aside": ({ row = "" }) => ({
    title: "Delete what was set aside",
    text: "The row is gone for good; nobody could read it.",
    action: "Delete",
    danger: true,
    body: () => ({ row }),
    done: "Deleted.",
  }),
};

/** @param {string} words @param {boolean} [isProblem] */
export function tell(words, isProblem = false) {
  const notice = hook("#notice");
  notice.classList.toggle("problem", isProblem);
  write(notice, words);
}

/** @param {HTMLElement} button @param {() => Promise<void>} refresh  shows what has come of it */
export async function act(button, refresh) {
  const name = button.dataset.action ?? "";
  const plan = PLANS[name]?.(button.dataset);
  if (!plan) return;
  const filled = await confirmed(plan);
  if (!filled) return;
  try {
    await change(`changes/${name}`, plan.body(filled));
    tell(plan.done);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    tell(error.message, true);
  }
  await refresh();
}
