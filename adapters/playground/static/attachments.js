// The files in the composer: thumbnails with their numbers, how far each upload is, what went wrong, ways to take one
// out and to put it in another place: the order counts, since the first picture is the most important one.
// Also dropping: a file dragged anywhere over the page.

import { thumbnailOf } from "./actions.js";
import { arrange, attribute, h, hook, label, write } from "./dom.js";
import { icon } from "./icons.js";
import { say } from "./state.js";
/** @import { State } from "./state.js" */
/** @import { Actions } from "./actions.js" */
/** @import { Attachment } from "./protocol.js" */

const DRAG_FROM = 6; // pixels that a pointer moves before it carries a tile
const ENDS = /** @type {const} */ (["pointerup", "pointercancel"]);

/** @param {Actions} actions */
export function createAttachments(actions) {
  const node = h("ul", { class: "attachments", id: "attachments", hidden: true });
  const drop = createDrop(actions);
  /** @type {Map<string, ReturnType<typeof createOne>>} */
  const items = new Map();

  /** @param {string} key */
  function createOne(key) {
    const image = h("img", { alt: "", width: 64, height: 64, draggable: "false" });
    const blank = h("span", { class: "attachment-blank" }, icon("file"));
    const number = h("span", { class: "attachment-number", "aria-hidden": "true" });
    const name = h("span", { class: "attachment-name", dir: "auto" });
    const error = h("span", { class: "attachment-error", role: "alert" });
    const bar = h("span", {
      class: "attachment-bar",
      role: "progressbar",
      "aria-valuemin": 0,
      "aria-valuemax": 100,
    });
    const remove = h(
      "button",
      {
        type: "button",
        class: "attachment-remove",
        "data-action": "remove-file",
        on: { click: () => actions.detach(key) },
      },
      icon("close"),
    );
    const again = h("button", {
      type: "button",
      class: "link attachment-again",
      "data-action": "upload-again",
      on: { click: () => actions.uploadAgain(key) },
    });
    const face = h(
      "button",
      { type: "button", class: "attachment-face", on: { keydown: shift, pointerdown: grab } },
      image,
      blank,
      number,
    );
    // A tile that is carried off quickly would begin a fling, though nothing here scrolls: Chromium takes the tap that
    // follows, wherever on the page, for what stops it, and makes no click of it.
    face.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
    const words = h("span", { class: "attachment-words" }, name, error, again);
    const item = h("li", { class: "attachment", "data-key": key }, face, bar, words, remove);
    let place = 0;
    let count = 1;

    /** The arrow keys move it, and its name says where it is now. @param {KeyboardEvent} event */
    function shift(event) {
      const rtl = document.documentElement.dir === "rtl";
      const step = { ArrowLeft: rtl ? 1 : -1, ArrowRight: rtl ? -1 : 1, ArrowUp: -1, ArrowDown: 1 }[event.key];
      const to = step ? place + step : { Home: 0, End: count - 1 }[event.key];
      if (event.key === "Delete" || event.key === "Backspace") actions.detach(key);
      else if (to === undefined) return;
      else moveTo(to);
      event.preventDefault();
    }

    /** @param {number} to */
    function moveTo(to) {
      actions.moveFile(key, to);
      face.focus(); // which it loses where the page moves it
      write(hook("#announcer"), face.getAttribute("aria-label") ?? "");
    }

    /** A finger or the mouse carries it over another one, whose place it takes. @param {PointerEvent} event */
    function grab(event) {
      if (event.button !== 0 || count < 2) return;
      const [x, y] = [event.clientX, event.clientY];
      const box = item.getBoundingClientRect();
      const pointer = event.pointerId;
      face.releasePointerCapture?.(pointer); // of a finger: else the tiles below it would not be found

      /** @param {PointerEvent} moved */
      function drag(moved) {
        if (moved.pointerId !== pointer) return;
        const isFar = Math.hypot(moved.clientX - x, moved.clientY - y) > DRAG_FROM;
        if (!isFar && !item.classList.contains("dragged")) return;
        item.classList.add("dragged");
        const over = document.elementFromPoint(moved.clientX, moved.clientY)?.closest(".attachment");
        const to = over && over !== item ? [...node.children].indexOf(over) : -1;
        if (to >= 0) actions.moveFile(key, to);
        item.style.translate = "none";
        const home = item.getBoundingClientRect();
        const [left, top] = [box.left + moved.clientX - x - home.left, box.top + moved.clientY - y - home.top];
        item.style.translate = `${left}px ${top}px`;
      }

      /** @param {PointerEvent} ended */
      function drop(ended) {
        if (ended.pointerId !== pointer) return;
        item.classList.remove("dragged");
        item.style.removeProperty("translate");
        document.removeEventListener("pointermove", drag);
        for (const end of ENDS) document.removeEventListener(end, drop);
      }

      document.addEventListener("pointermove", drag);
      for (const end of ENDS) document.addEventListener(end, drop);
    }

    /** @param {State} state @param {Attachment} attachment @param {number} at @param {number} all */
    function render(state, attachment, at, all) {
      [place, count] = [at, all];
      const url = attachment.final ? "" : thumbnailOf(attachment);
      attribute(item, "data-state", attachment.state);
      image.hidden = !url;
      blank.hidden = Boolean(url);
      if (url) attribute(image, "src", url);
      write(number, String(at + 1));
      number.hidden = all < 2 || attachment.state === "failed";
      write(name, attachment.name);
      name.hidden = attachment.error?.includes(attachment.name) ?? false; // the sentence names it
      write(error, attachment.error ?? "");
      again.hidden = attachment.state !== "failed" || Boolean(attachment.final);
      write(again, say(state, "page-upload-retry"));
      bar.hidden = attachment.state !== "uploading";
      attribute(bar, "aria-label", say(state, "page-uploading"));
      attribute(bar, "aria-valuenow", Math.round(attachment.progress * 100));
      bar.style.setProperty("--done", String(attachment.progress));
      label(remove, `${say(state, "page-attachment-remove")} ${attachment.name}`);
      const values = { n: at + 1, count: all, name: attachment.name };
      attribute(face, "aria-label", say(state, "page-attachment-place", values));
      attribute(face, "title", all > 1 ? say(state, "page-attachment-move") : attachment.name);
    }

    return { item, render };
  }

  /** @param {State} state @param {Attachment[]} files */
  function render(state, files) {
    drop.render(state);
    node.hidden = files.length === 0;
    files.forEach((each, at) => {
      let one = items.get(each.key);
      if (!one) items.set(each.key, (one = createOne(each.key)));
      one.render(state, each, at, files.length);
    });
    arrange(
      node,
      files.map((each) => /** @type {Node} */ (items.get(each.key)?.item)),
    );
    for (const key of [...items.keys()]) if (!files.some((each) => each.key === key)) items.delete(key);
  }

  return { node, render };
}

/** @param {Actions} actions */
function createDrop(actions) {
  const overlay = hook("#drop");
  const words = h("span", {});
  overlay.append(h("div", { class: "drop-frame" }, icon("photo"), words));
  let depth = 0; // dragenter and dragleave come for every element passed over

  /** @param {DragEvent} event */
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files") ?? false;

  /** @param {number} next */
  function enter(next) {
    depth = Math.max(0, next);
    overlay.hidden = depth === 0;
  }

  addEventListener("dragenter", (event) => hasFiles(event) && (event.preventDefault(), enter(depth + 1)));
  addEventListener("dragleave", (event) => hasFiles(event) && enter(depth - 1));
  addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    enter(0);
    actions.attach([...(event.dataTransfer?.files ?? [])]);
  });

  return { render: (/** @type {State} */ state) => write(words, say(state, "page-drop")) };
}
