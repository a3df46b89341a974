// One picture of a message: its thumbnail, which opens it, and over it what can be done with this one of several.
// A file that browsers cannot show becomes its name, to be downloaded. Knows no state; media.js arranges the pictures.

import { arrange, attribute, h, label } from "./dom.js";
import { icon } from "./icons.js";
import { fileUrl, isPicture, thumbnailUrl } from "./state.js";
/** @import { FileInfo } from "./protocol.js" */

const WIDE = "(min-width: 1500px)"; // as in base.css: there a picture is shown larger

/** @typedef {{action: "edit" | "vary" | "compare" | "download", words: string, busy: boolean}} Tool */
/** @typedef {{name: string, featured: boolean, tools: Tool[]}} Look  `name`: such as "Picture 2 of 4" */
/**
 * @typedef {object} Handlers
 * @property {(file: string) => void} open
 * @property {(file: string, action: Tool["action"]) => void} act
 * @property {(file: string) => void} settled  its picture is decoded, or never will be
 */

/** @param {FileInfo} file @param {Handlers} handlers */
export function createPicture(file, { open, act, settled }) {
  const image = h("img", { width: file.width, height: file.height, decoding: "async", loading: "lazy" });
  const button = h(
    "button",
    { type: "button", class: "picture", "data-file-id": file.id, on: { click: () => open(file.id) } },
    image,
  );
  const tools = h("div", { class: "picture-tools", role: "group" });
  const node = h("div", { class: "print" }, button, tools);
  /** @type {Map<string, HTMLElement>} */
  const made = new Map();

  if (isPicture(file)) load();
  else fail();

  function load() {
    const seen = () => {
      button.classList.add("loaded");
      settled(file.id);
    };
    image.addEventListener("load", () => void image.decode().then(seen, seen));
    image.addEventListener("error", () => {
      const whole = fileUrl(file.id);
      if (!image.src.endsWith(whole)) image.src = whole; // its thumbnail could not be had
      else fail();
    });
    image.src = thumbnailUrl(file.id, matchMedia(WIDE).matches ? 760 : 400);
  }

  function fail() {
    const link = { class: "file", href: fileUrl(file.id), download: file.name, "data-file-id": file.id };
    node.classList.add("no-picture");
    node.replaceChildren(h("a", link, icon("file"), h("span", { dir: "auto" }, file.name)));
    queueMicrotask(() => settled(file.id));
  }

  /** @param {Tool} tool */
  function createTool({ action }) {
    const props = { class: "picture-tool", "data-action": action };
    if (action === "download")
      return h("a", { ...props, href: fileUrl(file.id), download: file.name }, icon(action));
    const press = () => made.get(action)?.hasAttribute("aria-disabled") || act(file.id, action);
    return h("button", { ...props, type: "button", on: { click: press } }, icon(action));
  }

  /** @param {Look} look */
  function update({ name, featured, tools: wanted }) {
    attribute(image, "alt", file.alt ? `${name}: ${file.alt}` : name);
    attribute(node, "data-featured", featured);
    attribute(tools, "aria-label", name);
    for (const tool of wanted) {
      let one = made.get(tool.action);
      if (!one) made.set(tool.action, (one = createTool(tool)));
      label(one, tool.words);
      attribute(one, "aria-label", `${tool.words}: ${name}`);
      attribute(one, "aria-busy", tool.busy ? "true" : null);
      attribute(one, "aria-disabled", tool.busy ? "true" : null);
    }
    tools.hidden = !wanted.length;
    arrange(
      tools,
      wanted.map((each) => /** @type {HTMLElement} */ (made.get(each.action))),
    );
  }

  return { node, update };
}
