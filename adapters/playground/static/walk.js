// The keyboard in the timeline, which is one tab stop: arrows lead from message to message and to what stands inside.
// Letters act on the message that has the focus. No state; what is done is an action.

import { attribute, hook } from "./dom.js";
/** @import { Actions } from "./actions.js" */

const CONTROLS = "button:not(:disabled), a[href]";

/** Takes what stands inside a message out of the tab order. @param {Element} message */
export function leaveTabOrder(message) {
  for (const each of message.querySelectorAll("button, a[href]")) attribute(each, "tabindex", -1);
}

/** @param {HTMLElement} column of messages @param {Actions} actions */
export function createWalk(column, actions) {
  column.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const message = /** @type {HTMLElement | null} */ (target.closest("[data-message-id]"));
    if (!message || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = between(message)[event.key] ?? inside(message, target)[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  /** @param {HTMLElement} message @returns {Record<string, () => void>} */
  function between(message) {
    const all = /** @type {HTMLElement[]} */ ([...column.querySelectorAll("[data-message-id]")]);
    const at = all.indexOf(message);
    return {
      ArrowUp: () => all[Math.max(0, at - 1)].focus(),
      ArrowDown: () => (all[at + 1] ?? hook("#composer")).focus(),
      Home: () => all[0].focus(),
      End: () => all.at(-1)?.focus(),
    };
  }

  /** @param {HTMLElement} message @param {HTMLElement} target @returns {Record<string, () => void>} */
  function inside(message, target) {
    const controls = /** @type {HTMLElement[]} */ ([...message.querySelectorAll(CONTROLS)]).filter((each) =>
      each.checkVisibility({ visibilityProperty: true }),
    );
    const at = controls.indexOf(target);
    const rtl = document.documentElement.dir === "rtl";
    const walk = {
      [rtl ? "ArrowLeft" : "ArrowRight"]: () => controls[at + 1]?.focus(),
      [rtl ? "ArrowRight" : "ArrowLeft"]: () => (controls[at - 1] ?? message).focus(),
      Escape: () => (at < 0 ? hook("#composer") : message).focus(),
    };
    if (at >= 0) return walk;
    const id = message.dataset.messageId ?? "";
    return {
      ...walk,
      Enter: () => /** @type {HTMLElement | null} */ (message.querySelector(".picture"))?.click(),
      Delete: () => actions.remove(id),
      r: () => actions.reply(id),
      e: () => /** @type {HTMLElement | null} */ (message.querySelector('[data-action="edit"]'))?.click(),
      g: () => actions.openGallery(),
    };
  }
}
