// Completion while a command or the bot's name is typed: a listbox above the text, walked with the arrows.
// The focus stays in the text; the listbox is pointed at with aria-activedescendant.

import { attribute, h } from "./dom.js";
import { currentChat, currentDraft, say } from "./state.js";
/** @import { State } from "./state.js" */

/** @typedef {{word: string, hint: string}} Option */

/** What may stand where a word has been begun. @param {State} state @param {string} text @returns {Option[]} */
export function optionsFor(state, text) {
  if (/^\/\S*$/.test(text)) {
    return state.commands
      .map(({ name, hint }) => ({ word: `/${name.replace(/^\//, "")}`, hint }))
      .filter(({ word }) => word.startsWith(text.toLowerCase()));
  }
  const begun = /(?:^|\s)(@\w*)$/.exec(text)?.[1].toLowerCase();
  if (begun && currentChat(state)?.kind === "group" && "@easel".startsWith(begun)) {
    return [{ word: "@easel", hint: say(state, "page-mention-option") }];
  }
  return [];
}

/** @param {import("./editable.js").Editable} area becomes a combobox @param {(text: string) => void} write takes the completed text */
export function createCompletion(area, write) {
  const node = h("ul", { id: "completion", class: "completion", role: "listbox", hidden: true });
  attribute(area, "role", "combobox");
  attribute(area, "aria-autocomplete", "list");
  attribute(area, "aria-haspopup", "listbox");
  attribute(area, "aria-controls", "completion");
  /** @type {Option[]} */
  let options = [];
  let chosen = 0;
  let dismissed = ""; // the text at which Escape closed the list
  let drawn = "";

  /** @param {State} state */
  function render(state) {
    const { text } = currentDraft(state);
    if (text !== dismissed) dismissed = "";
    options = text && text !== dismissed ? optionsFor(state, text) : [];
    chosen = Math.min(chosen, Math.max(0, options.length - 1));
    if (!options.length) chosen = 0;
    attribute(node, "aria-label", say(state, "page-commands"));
    draw();
  }

  function draw() {
    const key = JSON.stringify([options, chosen]);
    node.hidden = options.length === 0;
    attribute(area, "aria-expanded", String(options.length > 0));
    attribute(area, "aria-activedescendant", options.length ? `option-${chosen}` : null);
    if (key === drawn) return;
    drawn = key;
    node.replaceChildren(
      ...options.map(({ word, hint }, index) =>
        h(
          "li",
          {
            id: `option-${index}`,
            role: "option",
            class: "option",
            "aria-selected": String(index === chosen),
            on: { pointerdown: (/** @type {Event} */ event) => (event.preventDefault(), accept(index)) },
          },
          h("span", { class: "option-word" }, word),
          h("span", { class: "option-hint" }, hint),
        ),
      ),
    );
    node.children[chosen]?.scrollIntoView({ block: "nearest" });
  }

  /** @param {number} index */
  function accept(index) {
    const text = area.value.replace(/[/@]\w*$/, "");
    write(`${text}${options[index].word} `);
    area.setSelectionRange(area.value.length, area.value.length);
  }

  function close() {
    dismissed = area.value;
    options = [];
    chosen = 0;
    draw();
  }

  /** Whether the key was for the list. @param {KeyboardEvent} event */
  function keydown(event) {
    if (!options.length) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) chosen = (chosen + step + options.length) % options.length;
    else if (event.key === "Escape") close();
    else if (event.key === "Tab" && !event.shiftKey) accept(chosen);
    else if (event.key === "Enter" && !event.shiftKey && !complete()) accept(chosen);
    else return false;
    event.preventDefault();
    draw();
    return true;
  }

  /** A command typed to its end is sent by Enter, not completed once more. */
  const complete = () => options[chosen].word === area.value.toLowerCase() && area.value.startsWith("/");

  return { node, render, keydown, close };
}
