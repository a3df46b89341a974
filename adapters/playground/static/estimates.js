// Asks the server what the draft would be and cost, and what could be chosen for it, whenever the draft has changed.
// The bot's own parser answers: the page knows no option and no price.

import { currentDraft, isPicture } from "./state.js";
/** @import { State } from "./state.js" */

const PAUSE = 120; // milliseconds without a change before the server is asked
const LONGEST = 16_000; // characters; of a longer text nothing is asked

/** @param {State} state @param {(frame: object) => boolean} send */
export function createEstimates(state, send) {
  let asked = "";
  let count = 0;
  let timer = 0;

  /** What the answer depends on. */
  function question() {
    const { text, reply_to, reply_file, files } = currentDraft(state);
    const pictures = files.filter((each) => each.file && isPicture(each.file)).length;
    return { as: state.me, chat: state.chat, text, pictures, reply_to, reply_file: reply_file ?? null };
  }

  function ask() {
    timer = 0;
    const now = question();
    if (now.text.length > LONGEST) return;
    state.asked = { nonce: `e${(count += 1)}`, text: now.text };
    send({ type: "estimate", ...now, nonce: state.asked.nonce });
  }

  /** Asks soon, if anything has changed; at once where nothing is known of the place. */
  function update() {
    if (!state.ready || state.connection !== "open") {
      asked = "";
      return;
    }
    const key = JSON.stringify([question(), state.locale, state.quotas[state.me]?.price]);
    if (key === asked) return;
    const isNew = !state.estimates[`${state.me} ${state.chat}`];
    asked = key;
    clearTimeout(timer);
    timer = setTimeout(ask, isNew ? 0 : PAUSE);
  }

  return { update };
}
