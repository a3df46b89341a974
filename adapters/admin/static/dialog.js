// A question before something is changed. The browser's own dialog: it keeps the focus, and Escape closes it.

import { h, hook } from "./dom.js";

/**
 * @param {{title: string, text: string, action: string, danger?: boolean, fields?: HTMLElement[]}} question
 * @returns {Promise<FormData | null>}  what was filled in; null: it was called off
 */
export function confirmed({ title, text, action, danger = false, fields = [] }) {
  const dialog = /** @type {HTMLDialogElement} */ (hook("#dialog"));
  const before = document.activeElement;
  const form = h(
    "form",
    { method: "dialog" },
    h("h2", { id: "dialog-title" }, title),
    h("p", {}, text),
    ...fields,
    h(
      "div",
      { class: "dialog-buttons" },
      h("button", { type: "button", class: "button", value: "cancel", on: { click: () => dialog.close("") } }, "Keep as it is"),
      h("button", { type: "submit", class: danger ? "button danger" : "button primary", value: "go" }, action),
    ),
  );
  dialog.replaceChildren(form);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => {
        resolve(dialog.returnValue === "go" ? new FormData(form) : null);
        if (before instanceof HTMLElement) before.focus();
      },
      { once: true },
    );
  });
}

/** A labelled field. @param {string} label @param {HTMLElement} input @param {string} [hint] */
export function field(label, input, hint) {
  return h("label", { class: "field" }, h("span", { class: "field-label" }, label), input, hint && h("span", { class: "field-hint" }, hint));
}
