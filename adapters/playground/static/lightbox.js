// One picture, large, over everything; the arrow keys lead through all pictures of the chat.
// A modal dialog of the browser's own: it keeps the focus and gives it back.

import { pictures } from "./actions.js";
import { arrange, attribute, h, hook, label, write } from "./dom.js";
import { icon } from "./icons.js";
import { fileUrl, say, thumbnailUrl } from "./state.js";
/** @import { State } from "./state.js" */
/** @import { Actions } from "./actions.js" */

/** @param {Actions} actions */
export function createLightbox(actions) {
  const dialog = /** @type {HTMLDialogElement} */ (hook("#lightbox"));
  const image = h("img", { class: "lightbox-image", alt: "" });
  image.addEventListener("load", () => image.style.removeProperty("background-image"));
  const caption = h("figcaption", { dir: "auto" });
  const place = h("span", { class: "lightbox-place" });
  const download = h("a", { class: "icon-button", "data-action": "download" }, icon("download"));
  const close = h(
    "button",
    { type: "button", class: "icon-button", "data-action": "close", on: { click: () => dialog.close() } },
    icon("close"),
  );
  const previous = h(
    "button",
    {
      type: "button",
      class: "icon-button turn turn-previous",
      "data-action": "previous",
      on: { click: () => actions.turn(-1) },
    },
    icon("previous"),
  );
  const next = h(
    "button",
    {
      type: "button",
      class: "icon-button turn turn-next",
      "data-action": "next",
      on: { click: () => actions.turn(1) },
    },
    icon("next"),
  );
  const frame = h("figure", {}, image, caption);
  arrange(dialog, [h("div", { class: "lightbox-bar" }, place, download, close), previous, frame, next]);

  dialog.addEventListener("close", () => actions.view(null));
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target === frame) dialog.close();
  });
  dialog.addEventListener("keydown", (event) => {
    const rtl = document.documentElement.dir === "rtl";
    if (event.key === "ArrowLeft") actions.turn(rtl ? 1 : -1);
    else if (event.key === "ArrowRight") actions.turn(rtl ? -1 : 1);
    else return;
    event.preventDefault();
  });

  /** @param {State} state */
  function render(state) {
    const all = pictures(state);
    const at = all.findIndex((each) => each.id === state.viewing);
    const file = all[at];
    if (!file) {
      if (dialog.open) dialog.close();
      return;
    }
    if (image.getAttribute("src") !== fileUrl(file.id)) {
      image.style.backgroundImage = `url("${thumbnailUrl(file.id)}")`; // which the page has, until the file has come
      image.src = fileUrl(file.id);
    }
    attribute(image, "alt", file.alt || say(state, "page-picture"));
    attribute(image, "width", file.width);
    attribute(image, "height", file.height);
    write(caption, file.alt ?? "");
    write(place, all.length > 1 ? `${at + 1} / ${all.length}` : "");
    attribute(download, "href", fileUrl(file.id));
    attribute(download, "download", file.name);
    attribute(dialog, "aria-label", say(state, "page-lightbox"));
    label(download, say(state, "page-download"));
    label(close, say(state, "page-close"));
    label(previous, say(state, "page-previous"));
    label(next, say(state, "page-next"));
    previous.disabled = at === 0;
    next.disabled = at === all.length - 1;
    previous.hidden = next.hidden = all.length < 2;
    if (!dialog.open) {
      dialog.showModal();
      close.focus();
    }
  }

  return { render };
}
