// The line that says what a message answers: a thumbnail, a name, the first words. A click leads there.
// Used above messages and in the composer's reply bar.

import { tint } from "./avatar.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { nameOf, say, thumbnailUrl } from "./state.js";
/** @import { State } from "./state.js" */
/** @import { Message, Quote } from "./protocol.js" */

/** What a reply to `message` would quote; `about`: the one picture that it is about.
 *  @param {Message} message @param {string | null} [about] @returns {Quote} */
export const quoteOf = (message, about) => ({
  id: message.id,
  sender: message.sender,
  text: message.text,
  file: about ?? message.files.find((each) => each.media_type.startsWith("image/"))?.id ?? null,
  deleted: false,
});

/** The inside of a quote. @param {State} state @param {Quote} quote @returns {HTMLElement[]} */
export function quoteInside(state, quote) {
  if (quote.deleted) return [h("span", { class: "quote-gone" }, icon("delete"), say(state, "page-reply-gone"))];
  const name = h("span", { class: "quote-name" }, nameOf(state, quote.sender));
  tint(name, state, quote.sender);
  const words = quote.text.split("\n")[0] || say(state, "page-picture");
  const text = h("span", { class: "quote-text", dir: "auto" }, words);
  const thumb =
    quote.file &&
    h("img", { class: "quote-thumb", src: thumbnailUrl(quote.file), loading: "lazy", alt: "", width: 28, height: 28 });
  if (thumb) thumb.addEventListener("error", () => thumb.remove()); // a file that is no picture the browser knows
  return thumb ? [thumb, name, text] : [name, text];
}
