// A card that only the current member sees: the menu behind "More…", below the button that was pressed.
// A modal dialog of the browser's own: Escape and a click beside it close it, and the focus goes back.

import { attribute, h, hook, write } from "./dom.js";
import { icon } from "./icons.js";
import { say } from "./state.js";
/** @import { State } from "./state.js" */
/** @import { Actions } from "./actions.js" */

const GAP = 6; // pixels between the button and the card
const EDGE = 12; // pixels that stay free at the edges of the window

/** @param {Actions} actions */
export function createPanel(actions) {
  const dialog = /** @type {HTMLDialogElement} */ (hook("#panel"));
  const title = h("p", { class: "panel-title", dir: "auto", id: "panel-title" });
  const buttons = h("div", { class: "panel-buttons" });
  attribute(dialog, "aria-labelledby", title.id);
  const words = h("pre", { class: "panel-words", dir: "auto", tabindex: 0 });
  const copy = h("button", { type: "button", class: "panel-button panel-copy", on: { click: copyWords } }, icon("copy"));
  const copied = h("span", { role: "status" });
  copy.append(copied);
  dialog.append(title, words, copy, buttons);
  /** @type {State["panel"]} */
  let shown = null;
  /** @type {State | undefined} */
  let last;

  function copyWords() {
    if (!shown) return;
    const done = () => last && write(copied, say(last, "page-copied"));
    const select = () => getSelection()?.selectAllChildren(words); // where the browser lets nobody write: Ctrl+C does
    navigator.clipboard?.writeText(shown.copyable).then(done, select) ?? select();
  }

  dialog.addEventListener("close", () => shown && actions.closePanel());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const all = [...dialog.querySelectorAll("button")].filter((each) => !each.hidden);
    const at = all.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    all[(at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]?.focus();
    event.preventDefault();
  });

  /** @param {State} state */
  function render(state) {
    last = state;
    if (state.panel === shown) return;
    shown = state.panel;
    if (!shown) {
      if (dialog.open) dialog.close();
      return;
    }
    const { message, buttons: offered, text, copyable } = shown;
    write(title, text);
    write(words, copyable);
    words.hidden = copy.hidden = !copyable;
    write(copied, say(state, "page-copy"));
    buttons.replaceChildren(
      ...offered.map(({ action, job, label }) => {
        const press = () => {
          actions.closePanel();
          actions.press(message, action, job);
        };
        const props = { type: "button", class: "panel-button", "data-action": action, on: { click: press } };
        return h("button", props, icon(/** @type {any} */ (action)), h("span", {}, label));
      }),
    );
    if (!dialog.open) dialog.showModal();
    place(message);
    buttons.querySelector("button")?.focus();
  }

  /** Below the button that opened it, or above where there is no room. @param {string} message */
  function place(message) {
    const opener = document.querySelector(`[data-message-id="${message}"] [data-action="more"]`);
    const box = dialog.getBoundingClientRect();
    const from = opener?.getBoundingClientRect() ?? new DOMRect(innerWidth / 2, innerHeight / 2, 0, 0);
    const left = Math.max(EDGE, Math.min(from.left, innerWidth - box.width - EDGE));
    const fits = from.bottom + GAP + box.height + EDGE <= innerHeight;
    const top = fits ? from.bottom + GAP : Math.max(EDGE, from.top - GAP - box.height);
    dialog.style.setProperty("--left", `${left}px`);
    dialog.style.setProperty("--top", `${top}px`);
  }

  return { render };
}
