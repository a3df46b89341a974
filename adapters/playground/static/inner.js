// Another page of Easel's over this one, such as the one where a region is painted by hand: in a modal dialog of the
// browser's own. What it needs to know stands in its address; it says by a message when it is done with.

import { attribute, h, hook, label } from "./dom.js";
import { icon } from "./icons.js";
import { say } from "./state.js";
/** @import { State } from "./state.js" */
/** @import { Actions } from "./actions.js" */

/** @param {Actions} actions */
export function createInner(actions) {
  const dialog = /** @type {HTMLDialogElement} */ (hook("#inner"));
  const close = h(
    "button",
    { type: "button", class: "icon-button inner-close", on: { click: () => dialog.close() } },
    icon("close"),
  );
  /** @type {HTMLIFrameElement | null} */
  let frame = null;

  dialog.addEventListener("close", () => actions.leaveInner());
  addEventListener("message", ({ origin, source, data }) => {
    if (origin === location.origin && frame && source === frame.contentWindow && data?.easel) dialog.close();
  });

  /** @param {State} state */
  function render(state) {
    if (!state.inner) {
      if (dialog.open) dialog.close();
      dialog.replaceChildren();
      frame = null;
      return;
    }
    label(close, say(state, "page-close"));
    if (frame?.getAttribute("src") === state.inner) return;
    frame = h("iframe", { class: "inner-page", src: state.inner });
    attribute(frame, "title", say(state, "page-region"));
    attribute(dialog, "aria-label", say(state, "page-region"));
    dialog.replaceChildren(close, frame);
    if (!dialog.open) dialog.showModal();
    frame.addEventListener("load", () => frame?.focus());
  }

  return { render };
}
