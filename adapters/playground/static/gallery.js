// All pictures of a chat as a wall, filtered by member and words; each leads to its message.
// One tab stop for the wall: the arrow keys walk it. Further pages come when its end is near.

import { chatTitle } from "./actions.js";
import { avatar } from "./avatar.js";
import { arrange, attribute, h, label, write } from "./dom.js";
import { momentOf } from "./format.js";
import { icon } from "./icons.js";
import { currentChat, nameOf, say, thumbnailUrl } from "./state.js";
/** @import { State } from "./state.js" */
/** @import { Actions } from "./actions.js" */
/** @import { FileInfo, Result } from "./protocol.js" */

const NEAR_END = "600px"; // below the wall's visible part; closer than this the next page is asked for
const TILE = 300; // pixels of the longer side of most
const SHAPE = { least: 0.6, most: 2.4 }; // of a tile, width / height; other pictures are cropped

/** @param {Actions} actions */
export function createGallery(actions) {
  const open = h(
    "button",
    { type: "button", class: "gallery-open", id: "gallery-open", on: { click: () => actions.openGallery() } },
    icon("wall"),
    h("span", {}),
  );
  const title = h("h2", { id: "gallery-title" });
  const note = h("p", { class: "gallery-note" });
  const search = h("input", {
    type: "search",
    id: "gallery-search",
    autocomplete: "off",
    maxlength: 200,
    on: { input: () => actions.search({ words: search.value }) },
  });
  const members = h("div", { class: "gallery-members", role: "group" });
  const close = h(
    "button",
    { type: "button", class: "icon-button", "data-action": "close", on: { click: () => dialog.close() } },
    icon("close"),
  );
  const wall = h("ul", { class: "wall", on: { keydown: walk, focusin: choose } });
  const empty = h("p", { class: "gallery-empty" });
  const again = h("button", { type: "button", class: "button", hidden: true, on: { click: () => actions.more() } });
  const status = h("p", { class: "visually-hidden", role: "status" });
  const end = h("div", { class: "gallery-end" });
  const scroller = h("div", { class: "gallery-scroller" }, wall, empty, again, end);
  const dialog = h(
    "dialog",
    { class: "gallery", id: "gallery", "aria-labelledby": "gallery-title" },
    h(
      "header",
      { class: "gallery-head" },
      h("div", { class: "gallery-words" }, title, note),
      members,
      h("label", { class: "gallery-search" }, icon("search"), search),
      close,
    ),
    status,
    scroller,
  );
  document.body.append(dialog);
  dialog.addEventListener("close", () => last?.gallery && actions.closeGallery());
  const watch = new IntersectionObserver(
    (entries) => entries.some((each) => each.isIntersecting) && last?.gallery?.next && actions.more(),
    { root: scroller, rootMargin: NEAR_END },
  );

  /** @type {State | undefined} */
  let last;
  let drawn = "";
  let sought = "";
  let chosen = ""; // the tile in the tab order
  /** @type {Map<string, HTMLElement>} */
  const tiles = new Map();

  /** @param {State} state */
  function render(state) {
    last = state;
    label(open, say(state, "page-gallery"));
    write(/** @type {Node} */ (open.lastChild), say(state, "page-gallery"));
    const gallery = state.gallery;
    if (!gallery) {
      if (dialog.open) dialog.close();
      return;
    }
    if (!dialog.open) begin();
    const key = JSON.stringify([gallery, state.locale, state.users]);
    if (key === drawn) return;
    drawn = key;
    write(title, say(state, "page-gallery"));
    write(note, chatTitle(state).name);
    label(close, say(state, "page-close"));
    attribute(search, "aria-label", say(state, "page-gallery-search"));
    attribute(search, "placeholder", say(state, "page-gallery-search"));
    drawMembers(state, gallery.member);
    const shown = gallery.results.flatMap((result) =>
      result.pictures.map((file, index) => tile(state, result, file, index)),
    );
    for (const [id, node] of tiles) if (!shown.includes(node)) tiles.delete(id);
    if (!tiles.has(chosen)) chosen = shown[0]?.dataset.fileId ?? "";
    for (const each of shown)
      attribute(/** @type {Element} */ (each.firstChild), "tabindex", each.dataset.fileId === chosen ? 0 : -1);
    arrange(wall, shown);
    wall.hidden = shown.length === 0;
    attribute(wall, "aria-label", say(state, "page-gallery"));
    attribute(wall, "aria-busy", String(gallery.loading));
    const question = JSON.stringify([gallery.member, gallery.words]);
    if (question !== sought) scroller.scrollTop = 0; // what is found is seen from its beginning
    sought = question;
    const searched = gallery.member || gallery.words.trim();
    const nothing = say(state, searched ? "page-gallery-nothing" : "page-gallery-empty");
    write(empty, gallery.failed ? say(state, "page-not-connected") : nothing);
    empty.hidden = gallery.loading || (shown.length > 0 && !gallery.failed);
    again.hidden = !gallery.failed;
    write(again, say(state, "page-send-again"));
    write(status, gallery.loading ? "" : empty.hidden ? `${say(state, "page-gallery-count")} ${shown.length}` : empty.textContent ?? "");
    watch.unobserve(end); // asked anew, since a short page may leave the end in sight
    if (gallery.next && !gallery.loading) watch.observe(end);
  }

  function begin() {
    drawn = chosen = "";
    tiles.clear();
    wall.replaceChildren();
    search.value = "";
    scroller.scrollTop = 0;
    dialog.showModal();
    (matchMedia("(hover: none)").matches ? close : search).focus(); // no keyboard over the pictures
  }

  /** @param {State} state @param {string} member */
  function drawMembers(state, member) {
    members.hidden = currentChat(state)?.kind !== "group";
    attribute(members, "aria-label", say(state, "page-gallery-members"));
    const held = members.contains(document.activeElement) ? document.activeElement?.getAttribute("data-member") : null;
    members.replaceChildren(
      ...["", ...state.users.map((each) => each.id)].map((id) =>
        h(
          "button",
          {
            type: "button",
            class: "gallery-member",
            "data-member": id,
            "aria-pressed": String(id === member),
            on: { click: () => actions.search({ member: id }) },
          },
          id && avatar(state, id),
          h("span", {}, id ? nameOf(state, id) : say(state, "page-gallery-all")),
        ),
      ),
    );
    const holder = held === null ? null : members.querySelector(`[data-member="${held}"]`);
    if (holder instanceof HTMLElement) holder.focus();
  }

  /** @param {State} state @param {Result} result @param {FileInfo} file @param {number} index */
  function tile(state, result, file, index) {
    const known = tiles.get(file.id);
    if (known) return known;
    const owner = result.owner ? nameOf(state, result.owner) : "";
    const count = result.pictures.length;
    const words = result.request || file.alt || say(state, "page-picture");
    const place = count > 1 ? say(state, "page-picture-of", { n: index + 1, count }) : "";
    const name = [owner, words, place, momentOf(state.locale, result.at)].filter(Boolean).join(", ");
    const image = h("img", { src: thumbnailUrl(file.id, TILE), alt: "", loading: "lazy", decoding: "async" });
    const button = h(
      "button",
      {
        type: "button",
        class: "tile",
        "aria-label": name,
        title: words,
        tabindex: -1,
        on: { click: () => last?.gallery && actions.lead(result.message, last.gallery.chat) },
      },
      image,
      h(
        "span",
        { class: "tile-words", "aria-hidden": "true" },
        result.owner && avatar(state, result.owner),
        h("span", { class: "tile-request", dir: "auto" }, words),
      ),
    );
    const node = h("li", { "data-file-id": file.id }, button);
    const ratio = file.width && file.height ? file.width / file.height : 1;
    node.style.setProperty("--ratio", String(Math.min(SHAPE.most, Math.max(SHAPE.least, ratio))));
    tiles.set(file.id, node);
    return node;
  }

  /** The tile that has the focus is the wall's tab stop. @param {FocusEvent} event */
  function choose(event) {
    const node = /** @type {HTMLElement} */ (event.target).closest("li");
    if (!node || node.dataset.fileId === chosen) return;
    tiles.get(chosen)?.firstElementChild?.setAttribute("tabindex", "-1");
    chosen = node.dataset.fileId ?? "";
    node.firstElementChild?.setAttribute("tabindex", "0");
    if (node === wall.lastElementChild && last?.gallery?.next) actions.more();
  }

  /** @param {KeyboardEvent} event */
  function walk(event) {
    const all = /** @type {HTMLElement[]} */ ([...wall.querySelectorAll(".tile")]);
    const at = all.indexOf(/** @type {HTMLElement} */ (event.target));
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const forward = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
    const backward = forward === "ArrowRight" ? "ArrowLeft" : "ArrowRight";
    /** @type {Record<string, () => HTMLElement | undefined>} */
    const keys = {
      [forward]: () => all[at + 1],
      [backward]: () => all[at - 1],
      ArrowDown: () => beside(all, all[at], 1),
      ArrowUp: () => beside(all, all[at], -1),
      Home: () => all[0],
      End: () => all.at(-1),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]()?.focus();
  }

  return { open, render };
}

/** The tile of the next row, or the row before, that stands nearest. @param {HTMLElement[]} all @param {HTMLElement} from @param {1 | -1} way */
function beside(all, from, way) {
  const here = from.getBoundingClientRect();
  const middle = here.left + here.width / 2;
  const candidates = all
    .map((node) => ({ node, box: node.getBoundingClientRect() }))
    .filter(({ box }) => (box.top - here.top) * way > 1);
  const row = Math.min(...candidates.map(({ box }) => Math.abs(box.top - here.top)));
  return candidates
    .filter(({ box }) => Math.abs(box.top - here.top) < row + 1)
    .sort((a, b) => distance(a.box, middle) - distance(b.box, middle))[0]?.node;
}

/** @param {DOMRect} box @param {number} x */
const distance = (box, x) => Math.abs(box.left + box.width / 2 - x);
