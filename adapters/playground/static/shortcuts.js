// Ways for the keyboard: the link that skips to the composer, and the sheet of shortcuts, opened by `?` or its button.
// Only tells of keys; the modules that listen to them are composer.js, walk.js, gallery.js and lightbox.js.

import { arrange, h, hook, label, write } from "./dom.js";
import { icon } from "./icons.js";
import { say } from "./state.js";
/** @import { State } from "./state.js" */

/** Groups of shortcuts: the id of its title, and of each shortcut its keys and the id of what they do. */
const SHEET = /** @type {const} */ ([
  ["page-composer", [
    ["Enter", "page-send"],
    ["Shift + Enter", "page-key-line"],
    ["/  @", "page-commands"],
    ["Tab", "page-key-complete"],
    ["\u2191", "page-key-timeline"],
  ]],
  ["page-timeline", [
    ["\u2191  \u2193  Home  End", "page-key-walk"],
    ["\u2190  \u2192", "page-key-inside"],
    ["Enter", "page-key-open"],
    ["E", "page-key-edit"],
    ["R", "page-reply"],
    ["Delete", "page-delete"],
    ["G", "page-gallery"],
    ["Esc", "page-key-back"],
  ]],
  ["page-key-pictures", [
    ["\u2190  \u2191  \u2192  \u2193", "page-key-turn"],
    ["Enter", "page-key-lead"],
    ["Esc", "page-close"],
  ]],
]);
const TEXT_FIELDS = "input, textarea, select, [contenteditable]";

export function createShortcuts() {
  const skip = hook("#skip");
  const title = h("h2", { id: "shortcuts-title" });
  const close = h(
    "button",
    { type: "button", class: "icon-button", on: { click: () => dialog.close() } },
    icon("close"),
  );
  const groups = h("div", { class: "shortcut-groups" });
  const dialog = h(
    "dialog",
    { class: "steps shortcuts", id: "shortcuts", "aria-labelledby": "shortcuts-title" },
    h("div", { class: "steps-head" }, title, close),
    groups,
  );
  const open = h(
    "button",
    { type: "button", class: "icon-button shortcuts-open", on: { click: () => dialog.showModal() } },
    icon("keys"),
  );
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  skip.addEventListener("click", (event) => {
    event.preventDefault();
    hook("#composer").focus();
  });
  document.addEventListener("keydown", showSheet, { capture: true }); // before a letter is taken to the composer

  /** @param {KeyboardEvent} event */
  function showSheet(event) {
    const target = event.target instanceof Element ? event.target : null;
    if (event.key !== "?" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (target?.closest(TEXT_FIELDS) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    event.stopPropagation();
    dialog.showModal();
  }

  let drawn = "";

  /** @param {State} state */
  function render(state) {
    write(skip, say(state, "page-skip"));
    if (drawn === state.locale + state.ready) return;
    drawn = state.locale + state.ready;
    label(open, `${say(state, "page-shortcuts")} (?)`);
    label(close, say(state, "page-close"));
    write(title, say(state, "page-shortcuts"));
    arrange(groups, SHEET.map(([name, rows]) => group(state, name, rows)));
  }

  return { open, render };
}

/** @param {State} state @param {string} name @param {readonly (readonly [string, string])[]} rows */
function group(state, name, rows) {
  return h(
    "section",
    {},
    h("h3", {}, say(state, name)),
    h(
      "dl",
      {},
      ...rows.map(([keys, does]) =>
        h("div", {}, h("dt", {}, ...keys.split("  ").map((key) => h("kbd", {}, key))), h("dd", {}, say(state, does))),
      ),
    ),
  );
}
