// Short words that pass: the answer to a click, and how the connection fares.
// Both are live regions; neither takes the focus.

import { h, hook, label, write } from "./dom.js";
import { icon } from "./icons.js";
import { say } from "./state.js";
/** @import { State } from "./state.js" */
/** @import { Actions } from "./actions.js" */

const STAYS = 7000; // milliseconds, and as long as the pointer or the focus rests on it
const PATIENCE = 700; // milliseconds without a connection before it is worth a word

/** @param {Actions} actions */
export function createNotice(actions) {
  const node = hook("#notice");
  const connection = hook("#connection");
  const words = h("span", { class: "notice-text", dir: "auto" });
  const dismiss = h(
    "button",
    { type: "button", class: "icon-button small", on: { click: () => actions.dismiss() } },
    icon("close"),
  );
  const undo = h("button", {
    type: "button",
    class: "link notice-undo",
    hidden: true,
    on: { click: () => last?.notice?.undo && actions.undo(last.notice.undo) },
  });
  const card = h("div", { class: "notice-card", hidden: true }, words, undo, dismiss);
  node.append(card);
  /** @type {State | undefined} */
  let last;
  let shown = 0;
  let timer = 0;
  let patience = 0;

  function expire() {
    if (node.matches(":hover, :focus-within")) timer = setTimeout(expire, STAYS / 2);
    else actions.dismiss();
  }

  /** @param {State} state */
  function render(state) {
    last = state;
    label(dismiss, say(state, "page-dismiss"));
    undo.hidden = !state.notice?.undo || !state.leaving[state.notice.undo];
    write(undo, say(state, "page-undo"));
    const text = state.notice?.text ?? "";
    card.hidden = !text;
    if (state.notice && text && state.notice.count !== shown) {
      shown = state.notice.count;
      words.textContent = text; // set again even when equal: the same answer twice is said twice
      clearTimeout(timer);
      timer = setTimeout(expire, STAYS);
    }
    renderConnection(state);
  }

  /** @param {State} state */
  function renderConnection(state) {
    if (state.connection === "open") {
      clearTimeout(patience);
      patience = 0;
      connection.hidden = true;
      return;
    }
    write(connection, say(state, state.connection === "lost" ? "page-reconnecting" : "page-connecting"));
    patience ||= setTimeout(() => (connection.hidden = false), PATIENCE);
  }

  return { render };
}
