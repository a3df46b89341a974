// Completion while a command or the bot's name is typed: a listbox above the text, walked with the arrows.
// The focus stays in the text; the listbox is pointed at with aria-activedescendant.

import { attribute, h } from "./dom.js";
import { currentChat, currentDraft, say } from "./state.js";
/** @import { State } from "./state.js" */
/** @import { Estimate } from "./protocol.js" */

/** @typedef {{word: string, hint: string, begun: string}} Option  `begun`: the end of the text that it replaces */

/** What may stand where a word has been begun. @param {State} state @param {string} text @returns {Option[]} */
export function optionsFor(state, text) {
  const estimate = state.estimates[`${state.me} ${state.chat}`];
  if (/^\/\S*$/.test(text)) {
    return state.commands
      .filter(({ name }) => estimate?.commands.includes(name))
      .map(({ name, hint }) => ({ word: `/${name}`, hint, begun: text }))
      .filter(({ word }) => word.startsWith(text.toLowerCase()));
  }
  const mention = /(?:^|\s)(@\w*)$/.exec(text)?.[1];
  if (mention && currentChat(state)?.kind === "group" && "@easel".startsWith(mention.toLowerCase())) {
    return [{ word: "@easel", hint: say(state, "page-mention-option"), begun: mention }];
  }
  return estimate ? flagsFor(state, estimate, text) : [];
}

/** Options of a request, and values of one; the models behind /model.
 *  @param {State} state @param {Estimate} estimate @param {string} text @returns {Option[]} */
function flagsFor(state, estimate, text) {
  const model = /^\/model\s+(\S*)$/i.exec(text);
  const value = model ? ["", "model", model[1]] : /(?:^|\s)--(\w+)[ =](\S*)$/.exec(text);
  if (value) {
    const [, name, begun] = value;
    const quoted = model ? (/** @type {string} */ word) => word.replace(/^"|"$/g, "") : String;
    return estimate.options
      .filter((each) => typedName(each.name) === name.toLowerCase())
      .flatMap((each) => each.choices)
      .filter((each) => each.typed && each.value && each.price !== null)
      .map((each) => ({ word: quoted(each.typed.replace(/^--\w+ /, "")), hint: each.price ?? "", begun }))
      .filter(({ word }) => word.toLowerCase().startsWith(begun.toLowerCase()));
  }
  const begun = /(?:^|\s)(--\w*)$/.exec(text)?.[1];
  if (!begun) return [];
  const names = new Set(estimate.options.map((each) => typedName(each.name)));
  return [...names]
    .map((name) => ({ word: `--${name}`, hint: say(state, `page-option-${name}`), begun }))
    .filter(({ word }) => word.startsWith(begun.toLowerCase()));
}

/** A resolution is typed as a size. @param {string} name */
const typedName = (name) => (name === "tier" ? "size" : name);

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
            on: {
              mousedown: (/** @type {Event} */ event) => event.preventDefault(), // the focus stays in the text
              click: () => accept(index), // and not before: a finger that goes on scrolls the list
            },
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
    const { word, begun } = options[index];
    write(`${area.value.slice(0, area.value.length - begun.length)}${word} `);
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

  /** What is typed to its end is sent by Enter, not completed once more. */
  const complete = () => !options[chosen].word.startsWith("@") && options[chosen].word === options[chosen].begun.toLowerCase();

  return { node, render, keydown, close };
}
