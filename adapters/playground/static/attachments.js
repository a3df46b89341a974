// The files in the composer: thumbnails, how far each upload is, what went wrong, a way to take one out.
// Also dropping: a file dragged anywhere over the page.

import { thumbnailOf } from "./actions.js";
import { arrange, attribute, h, hook, label, write } from "./dom.js";
import { icon } from "./icons.js";
import { say } from "./state.js";
/** @import { State } from "./state.js" */
/** @import { Actions } from "./actions.js" */
/** @import { Attachment } from "./protocol.js" */

/** @param {Actions} actions */
export function createAttachments(actions) {
  const node = h("ul", { class: "attachments", id: "attachments", hidden: true });
  const drop = createDrop(actions);
  /** @type {Map<string, ReturnType<typeof createOne>>} */
  const items = new Map();

  /** @param {string} key */
  function createOne(key) {
    const image = h("img", { alt: "", width: 64, height: 64 });
    const blank = h("span", { class: "attachment-blank" }, icon("file"));
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
    const face = h("span", { class: "attachment-face" }, image, blank, bar);
    const item = h(
      "li",
      { class: "attachment" },
      face,
      h("span", { class: "attachment-words" }, name, error),
      remove,
    );

    /** @param {State} state @param {Attachment} attachment */
    function render(state, attachment) {
      const url = thumbnailOf(attachment);
      attribute(item, "data-state", attachment.state);
      image.hidden = !url;
      blank.hidden = Boolean(url);
      if (url) attribute(image, "src", url);
      write(name, attachment.name);
      write(error, attachment.error ?? "");
      bar.hidden = attachment.state !== "uploading";
      attribute(bar, "aria-label", say(state, "page-uploading"));
      attribute(bar, "aria-valuenow", Math.round(attachment.progress * 100));
      bar.style.setProperty("--done", String(attachment.progress));
      label(remove, `${say(state, "page-attachment-remove")} ${attachment.name}`);
      item.title = attachment.error ?? attachment.name;
    }

    return { item, render };
  }

  /** @param {State} state @param {Attachment[]} files */
  function render(state, files) {
    drop.render(state);
    node.hidden = files.length === 0;
    for (const each of files) {
      let one = items.get(each.key);
      if (!one) items.set(each.key, (one = createOne(each.key)));
      one.render(state, each);
    }
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
