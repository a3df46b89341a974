// One picture, large, over everything; the arrow keys lead through all pictures of the chat. What can be done with it
// stands above it: it is the chosen one of several. A modal dialog of the browser's own: it keeps the focus and gives
// it back.

import { pictures } from "./actions.js";
import { createCompare } from "./compare.js";
import { arrange, attribute, h, hook, label, write } from "./dom.js";
import { icon } from "./icons.js";
import { comparable, currentMessages, fileUrl, isPicture, isRunning, offeredButtons, say, thumbnailUrl } from "./state.js";
/** @import { State } from "./state.js" */
/** @import { Actions } from "./actions.js" */
/** @import { FileInfo, Message } from "./protocol.js" */

/** @param {Actions} actions */
export function createLightbox(actions) {
  const dialog = /** @type {HTMLDialogElement} */ (hook("#lightbox"));
  const image = h("img", { class: "lightbox-image", alt: "" });
  image.addEventListener("load", () => image.style.removeProperty("background-image"));
  const caption = h("figcaption", { dir: "auto" });
  const place = h("span", { class: "lightbox-place" });
  const compare = createCompare();
  const edit = tool("edit", () => act("edit"));
  const vary = tool("vary", () => act("vary"));
  const region = tool("region", () => act("region"));
  const both = tool("compare", () => {
    if (last?.viewing) last.comparing ? actions.view(last.viewing) : actions.compare(last.viewing);
  });
  const download = h("a", { class: "icon-button", "data-action": "download" }, icon("download"));
  const close = tool("close", () => dialog.close());
  const previous = tool("previous", () => actions.turn(-1), "turn turn-previous");
  const next = tool("next", () => actions.turn(1), "turn turn-next");
  const box = h("div", { class: "lightbox-box" }, image, compare.node);
  const others = h("div", { class: "lightbox-others", role: "group", hidden: true });
  const frame = h("figure", {}, h("div", { class: "lightbox-stage" }, box), others, caption);
  const bar = h("div", { class: "lightbox-bar" }, place, edit, region, vary, both, download, close);
  arrange(dialog, [bar, previous, frame, next]);
  /** @type {State | undefined} */
  let last;

  dialog.addEventListener("close", () => actions.view(null));
  dialog.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.matches("dialog, figure, .lightbox-stage")) dialog.close();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.target === compare.slider) return; // there they move the line
    const rtl = document.documentElement.dir === "rtl";
    if (event.key === "ArrowLeft") actions.turn(rtl ? 1 : -1);
    else if (event.key === "ArrowRight") actions.turn(rtl ? -1 : 1);
    else return;
    event.preventDefault();
  });

  /** @param {"edit" | "vary" | "region"} action */
  function act(action) {
    const message = last && messageOf(last, last.viewing);
    const like = action === "region" ? "edit" : action; // what can be edited, can be painted over
    const button = message && last && offeredButtons(last, message).find((each) => each.action === like);
    const file = last?.viewing;
    dialog.close();
    if (button && message) actions.press(message.id, action, button.job, file);
  }

  /** @param {State} state */
  function render(state) {
    last = state;
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
    box.style.setProperty("--ratio", String((file.width ?? 1) / (file.height ?? 1)));
    box.style.setProperty("--natural", `${file.width ?? 1024}px`);
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
    renderTools(state, file);
    if (!dialog.open) {
      dialog.showModal();
      (state.comparing ? compare.slider : close).focus();
    }
  }

  /** @param {State} state @param {FileInfo} file */
  function renderTools(state, file) {
    const message = messageOf(state, file.id);
    const buttons = message && !isRunning(message) ? offeredButtons(state, message) : [];
    for (const [node, action] of /** @type {const} */ ([[edit, "edit"], [vary, "vary"]])) {
      const button = buttons.find((each) => each.action === action);
      node.hidden = !button;
      label(node, button?.label ?? "");
    }
    region.hidden = edit.hidden;
    label(region, say(state, "page-region"));
    const found = message ? comparable(state, message).filter((each) => each !== file.id) : [];
    both.hidden = !found.length;
    label(both, say(state, "page-compare"));
    attribute(both, "aria-pressed", String(Boolean(state.comparing)));
    /** @param {string} id */
    const nameOf = (id) => {
      const shown = message?.files.filter(isPicture) ?? [];
      const n = shown.findIndex((each) => each.id === id) + 1;
      if (!n) return say(state, "page-compare-before");
      return shown.length > 1 ? String(n) : say(state, "page-compare-after");
    };
    const other = state.comparing;
    const words = { label: say(state, "page-compare-line"), here: nameOf(file.id), there: other ? nameOf(other) : "" };
    compare.update(other, words);
    others.hidden = !other || found.length < 2;
    attribute(others, "aria-label", say(state, "page-compare-with"));
    if (others.hidden) return;
    const key = JSON.stringify([file.id, found, state.locale]);
    if (others.dataset.drawn !== key) {
      others.dataset.drawn = key;
      others.replaceChildren(
        ...found.map((id) =>
          h(
            "button",
            { type: "button", class: "lightbox-other", "data-file-id": id, on: { click: () => actions.compare(file.id, id) } },
            h("img", { src: thumbnailUrl(id), alt: "" }),
            h("span", {}, nameOf(id)),
          ),
        ),
      );
    }
    for (const each of others.querySelectorAll("button"))
      attribute(each, "aria-pressed", String(each.dataset.fileId === other));
  }

  return { render };
}

/** @param {string} action @param {() => void} run @param {string} [classes] */
function tool(action, run, classes = "") {
  const props = { type: "button", class: `icon-button ${classes}`.trim(), "data-action": action, on: { click: run } };
  return h("button", props, icon(/** @type {any} */ (action)));
}

/** The message of the chat that shows a file. @param {State} state @param {string | null} file
 *  @returns {Message | undefined} */
const messageOf = (state, file) => currentMessages(state).find((each) => each.files.some((one) => one.id === file));
