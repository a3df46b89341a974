// Where members write: the text, what it answers, what goes with it, and whether Easel will hear it.
// Completion, attachments and dropping have modules of their own; sending is an action.

import { createAttachments } from "./attachments.js";
import { avatar } from "./avatar.js";
import { createChips } from "./chips.js";
import { createCompletion } from "./complete.js";
import { arrange, attribute, h, hook, label, write } from "./dom.js";
import { createEditable } from "./editable.js";
import { icon } from "./icons.js";
import { quoteInside, quoteOf } from "./quote.js";
import { BOT, currentChat, currentDraft, easelHears, findMessage, nameOf, say } from "./state.js";
/** @import { State } from "./state.js" */
/** @import { Actions } from "./actions.js" */

const NEAR_LIMIT = 0.9; // share of the longest text from which the counter shows

/** @param {Actions} actions */
export function createComposer(actions) {
  const area = createEditable({
    id: "composer",
    dir: "auto",
    enterkeyhint: "send",
    "aria-describedby": "composer-hint",
  });
  const picker = h("input", {
    id: "file-input",
    type: "file",
    accept: "image/*",
    multiple: true,
    hidden: true, // the button opens it
    on: { change: pick },
  });
  const attach = h(
    "button",
    { id: "attach", type: "button", class: "icon-button", on: { click: () => picker.click() } },
    icon("add"),
  );
  const speaker = h("button", {
    id: "speaker",
    type: "button",
    class: "speaker", // on narrow screens, where the members stand in a drawer
    on: { click: () => hook("#menu").click() },
  });
  const price = h("span", { class: "send-price" });
  const send = h(
    "button",
    { id: "send", type: "button", class: "send", on: { click: () => actions.submit() } },
    price,
    icon("send"),
  );
  const replyWords = h("span", { class: "reply-words" });
  const replyQuote = h("span", { class: "reply-quote" });
  const replyCancel = h(
    "button",
    {
      type: "button",
      class: "icon-button small",
      "data-action": "cancel-reply",
      on: { click: () => actions.reply(null) },
    },
    icon("close"),
  );
  const replyBar = h(
    "div",
    { id: "reply-bar", class: "reply-bar", hidden: true },
    icon("reply"),
    h("span", { class: "reply-what" }, replyWords, replyQuote),
    replyCancel,
  );
  const attachments = createAttachments(actions);
  const chips = createChips(actions);
  const completion = createCompletion(area, (text) => actions.type(text));
  const keys = h("span", { class: "hint-keys" });
  const mention = h("button", { type: "button", class: "chip", id: "mention", on: { click: address } });
  const unheard = h("span", { class: "hint-mention" });
  const counter = h("span", { class: "counter", id: "counter" });
  const hint = h("div", { class: "hint", id: "composer-hint" }, keys, unheard, mention, counter);
  hook("#dock").append(
    h(
      "div",
      { class: "composer" },
      completion.node,
      chips.panel,
      replyBar,
      attachments.node,
      area,
      h("div", { class: "composer-row" }, speaker, attach, picker, chips.row, send),
    ),
    hint,
  );

  area.addEventListener("input", () => actions.type(area.value));
  area.addEventListener("keydown", keydown);
  document.addEventListener("paste", pasteAnywhere);
  document.addEventListener("keydown", typeAnywhere);

  /** @type {State | undefined} */
  let last;
  let focused = 0;
  let place = "";

  function pick() {
    actions.attach([...(picker.files ?? [])]);
    picker.value = ""; // so that the same file can be picked again
  }

  function address() {
    if (last) actions.suggest(currentDraft(last).text);
  }

  /** @param {KeyboardEvent} event */
  function keydown(event) {
    if (event.isComposing || event.keyCode === 229) return; // an input method owns this key
    if (completion.keydown(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      actions.submit();
    } else if (event.key === "Escape" && last && currentDraft(last).reply_to) {
      event.preventDefault();
      actions.reply(null);
    } else if (event.key === "ArrowUp" && !area.value) {
      const messages = document.querySelectorAll("#timeline [data-message-id]");
      /** @type {HTMLElement | undefined} */ (messages[messages.length - 1])?.focus();
    }
  }

  /** Whether something else takes what is typed or pasted: a field, or what lies over the page. */
  function isTaken() {
    const field = document.activeElement?.closest("input:not([type=file]), select, textarea, [contenteditable]");
    return Boolean(field) || document.querySelector("dialog[open]") !== null;
  }

  /** A letter typed where nothing takes letters belongs here. @param {KeyboardEvent} event */
  function typeAnywhere(event) {
    if (event.defaultPrevented || event.isComposing || isTaken()) return;
    const idle = document.activeElement === document.body || !document.activeElement;
    const isLetter = event.key.length === 1 && (event.key !== " " || idle); // a space presses what has the focus
    if (isLetter && !event.ctrlKey && !event.metaKey && !event.altKey) focusEnd();
    if (event.key === "Escape" && idle && last && currentDraft(last).reply_to) actions.reply(null);
  }

  /** Pictures are attached and words are written, wherever they are pasted. @param {ClipboardEvent} event */
  function pasteAnywhere(event) {
    const here = document.activeElement === area;
    if (event.defaultPrevented || (isTaken() && !here)) return;
    const files = [...(event.clipboardData?.files ?? [])];
    const words = event.clipboardData?.getData("text/plain") ?? "";
    if (files.length) actions.attach(files);
    else if (!here && words && last) {
      actions.type(currentDraft(last).text + words);
      focusEnd();
    } else return;
    event.preventDefault();
  }

  function focusEnd() {
    area.focus();
    area.setSelectionRange(area.value.length, area.value.length);
  }

  /** @param {State} state */
  function render(state) {
    last = state;
    const draft = currentDraft(state);
    const here = `${state.me} ${state.chat}`;
    if (area.value !== draft.text) area.value = draft.text;
    if (place !== here) completion.close();
    if (speaker.dataset.member !== state.me && state.ready) {
      speaker.dataset.member = state.me;
      speaker.replaceChildren(avatar(state, state.me));
    }
    label(speaker, `${say(state, "page-members")} ${nameOf(state, state.me)}`);
    place = here;
    renderReply(state);
    attachments.render(state, draft.files);
    completion.render(state);
    chips.render(state);
    renderPrice(state);
    renderWords(state, draft.text);
    const busy = draft.files.some((each) => each.state !== "done");
    send.disabled =
      !state.ready ||
      busy ||
      (!draft.text.trim() && !draft.files.length) ||
      draft.text.length > state.limits.text;
    if (state.composing !== focused) {
      focused = state.composing;
      area.focus();
      const end = /^\s+--/.test(area.value) ? 0 : area.value.length; // options alone: the words stand before them
      area.setSelectionRange(end, end);
    }
  }

  /** What sending would cost, and whether there are credits for it. @param {State} state */
  function renderPrice(state) {
    const estimate = state.estimates[`${state.me} ${state.chat}`];
    const words = estimate?.paints && hasContent(state) && !/^\s*\/\w*$/.test(currentDraft(state).text) ? (estimate.price ?? "") : "";
    write(price, words);
    attribute(send, "data-price", Boolean(words));
    const available = state.quotas[state.me]?.available ?? Infinity;
    attribute(send, "data-dear", Boolean(words) && (estimate.credits ?? 0) > available);
    label(send, words ? `${say(state, "page-send")}, ${words}` : say(state, "page-send"));
  }

  /** @param {State} state */
  function hasContent(state) {
    const { text, files } = currentDraft(state);
    return Boolean(text.trim()) || files.length > 0;
  }

  /** @param {State} state */
  function renderReply(state) {
    const answered = findMessage(state, currentDraft(state).reply_to);
    replyBar.hidden = !answered;
    if (!answered) return;
    write(replyWords, `${say(state, "page-replying-to")} ${nameOf(state, answered.sender)}`);
    const about = currentDraft(state).reply_file;
    const key = JSON.stringify([answered, about, state.texts["page-picture"]]);
    if (replyQuote.dataset.key !== answered.id || replyBar.dataset.drawn !== key) {
      replyBar.dataset.drawn = key;
      replyQuote.dataset.key = answered.id;
      replyQuote.replaceChildren(
        ...quoteInside(state, quoteOf(answered, about)).filter((each) => !each.classList.contains("quote-name")),
      );
    }
    label(replyCancel, say(state, "page-reply-cancel"));
  }

  /** @param {State} state @param {string} text */
  function renderWords(state, text) {
    const group = currentChat(state)?.kind === "group";
    const answered = findMessage(state, currentDraft(state).reply_to);
    const editing = answered?.sender === BOT && answered.files.length > 0;
    const words = editing ? "page-composer-edit" : group ? "page-composer-group" : "page-composer-direct";
    attribute(area, "data-placeholder", say(state, words));
    attribute(area, "aria-label", say(state, "page-composer"));
    label(attach, say(state, "page-attach"));
    label(picker, say(state, "page-attach"));
    const deaf = !easelHears(state) && (text.trim().length > 1 || currentDraft(state).files.length > 0);
    keys.hidden = deaf;
    mention.hidden = unheard.hidden = !deaf;
    write(keys, say(state, "page-hint-keys"));
    write(unheard, say(state, "page-mention-hint"));
    write(mention, "@easel");
    attribute(mention, "aria-label", say(state, "page-mention-add"));
    const left = state.limits.prompt - text.length;
    counter.hidden = text.length < state.limits.prompt * NEAR_LIMIT;
    write(counter, counter.hidden ? "" : `${left} ${say(state, "page-characters-left")}`);
    attribute(counter, "data-over", left < 0);
  }

  arrange(hint, [keys, unheard, mention, counter]);
  return { render };
}
