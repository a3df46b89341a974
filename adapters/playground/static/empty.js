// The first thing a visitor sees in an empty chat: what this is, and three things to try.
// Shows only while the chat has no message.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { currentChat, say } from "./state.js";
/** @import { State } from "./state.js" */
/** @import { Actions } from "./actions.js" */

/** @param {Actions} actions */
export function createEmpty(actions) {
  const node = h("div", { class: "empty", hidden: true });
  let drawn = "";

  /** @param {State} state @param {boolean} visible */
  function render(state, visible) {
    node.hidden = !visible;
    const kind = currentChat(state)?.kind;
    const key = JSON.stringify([kind, state.texts]);
    if (!visible || key === drawn) return;
    drawn = key;
    node.replaceChildren(
      h(
        "div",
        { class: "empty-canvas", "aria-hidden": "true" },
        h(
          "div",
          { class: "wash" },
          h("i", { class: "pigment" }),
          h("i", { class: "pigment" }),
          h("i", { class: "pigment" }),
          h("i", { class: "pigment" }),
        ),
      ),
      h("h2", { class: "empty-title" }, say(state, "page-empty-title")),
      h(
        "p",
        { class: "empty-text" },
        say(state, kind === "group" ? "page-empty-group" : "page-empty-direct"),
      ),
      h(
        "div",
        { class: "examples" },
        example(state, "brush", 1),
        example(state, "photo", 2),
        example(state, "frame", 3),
      ),
    );
  }

  /** @param {State} state @param {"brush" | "photo" | "frame"} drawing @param {1 | 2 | 3} number */
  function example(state, drawing, number) {
    const prompt = say(state, `page-example-${number}`);
    return h(
      "button",
      {
        type: "button",
        class: "example",
        "data-example": number,
        on: { click: () => actions.suggest(prompt) },
      },
      h("span", { class: "example-icon" }, icon(drawing)),
      h(
        "span",
        { class: "example-words" },
        h("span", { class: "example-how" }, say(state, `page-example-${number}-how`)),
        h("span", { class: "example-prompt" }, prompt),
      ),
    );
  }

  return { node, render };
}
