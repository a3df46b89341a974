// The options of a request as chips: each shows what is chosen, and opens what can be. A choice writes its flag into
// the text; a flag that is typed sets its chip, since both are what the server has read in the text.

import { attribute, arrange, h, label, write } from "./dom.js";
import { frame, icon } from "./icons.js";
import { say } from "./state.js";
/** @import { State } from "./state.js" */
/** @import { Actions } from "./actions.js" */
/** @import { Option } from "./protocol.js" */

const SHOWN = ["size", "tier", "quality", "n", "model"]; // the others are typed

/** @param {Actions} actions */
export function createChips(actions) {
  const row = h("div", { class: "chips", role: "group" });
  const panel = h("div", { class: "choices", role: "radiogroup", hidden: true });
  /** @type {Map<string, ReturnType<typeof createChip>>} */
  const chips = new Map();
  let open = "";
  let drawn = "";

  /** @param {string} name */
  function createChip(name) {
    const face = h("span", { class: "chip-face" });
    const words = h("span", { class: "chip-words" });
    const node = h(
      "button",
      {
        type: "button",
        class: "option-chip",
        "data-option": name,
        "aria-haspopup": "true",
        on: { click: () => toggle(open === name ? "" : name) },
      },
      face,
      words,
    );

    /** @param {State} state @param {Option} option */
    function render(state, option) {
      const title = say(state, `page-option-${name}`);
      const value = wordsOf(state, option.name, option.chosen);
      const isSet = Boolean(option.chosen) && !(name === "n" && option.chosen === "1");
      attribute(node, "data-set", isSet);
      attribute(node, "aria-expanded", String(open === name));
      label(node, `${title}: ${value}`);
      write(words, isSet || name === "n" ? value : title);
      const key = name === "size" ? String(option.ratio) : name;
      if (face.dataset.drawn === key) return;
      face.dataset.drawn = key;
      face.replaceChildren(name === "size" ? frame(option.ratio) : icon(/** @type {any} */ (`option-${name}`)));
    }

    return { node, render };
  }

  /** @param {string} name */
  function toggle(name) {
    const before = open;
    open = name;
    if (last) render(last);
    if (open) panel.querySelector("[aria-checked=true]")?.scrollIntoView({ block: "nearest" });
    if (open) /** @type {HTMLElement | null} */ (panel.querySelector("[tabindex='0']"))?.focus();
    else if (panel.contains(document.activeElement) || document.activeElement === document.body)
      chips.get(before)?.node.focus();
  }

  /** @param {string} typed */
  function choose(typed) {
    const name = open;
    toggle("");
    actions.choose(name === "tier" ? "size" : name, typed);
  }

  panel.addEventListener("keydown", (event) => {
    const all = /** @type {HTMLElement[]} */ ([...panel.querySelectorAll("[role=radio]")]);
    const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") toggle("");
    else if (step) all[(at + step + all.length) % all.length]?.focus();
    else if (event.key === "Home") all[0]?.focus();
    else if (event.key === "End") all.at(-1)?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  document.addEventListener("pointerdown", (event) => {
    const inside = event.target instanceof Node && (panel.contains(event.target) || row.contains(event.target));
    if (open && !inside) toggle("");
  });
  panel.addEventListener("focusout", (event) => {
    const to = event.relatedTarget;
    if (open && to instanceof Node && !panel.contains(to) && !row.contains(to)) toggle("");
  });

  /** @type {State | undefined} */
  let last;
  let place = "";

  /** @param {State} state */
  function render(state) {
    last = state;
    const here = `${state.me} ${state.chat}`;
    if (here !== place) open = "";
    place = here;
    const estimate = state.estimates[here];
    const options = SHOWN.flatMap((name) => estimate?.options.find((each) => each.name === name) ?? []);
    attribute(row, "aria-label", say(state, "page-options"));
    const nodes = options.map((option) => {
      let chip = chips.get(option.name);
      if (!chip) chips.set(option.name, (chip = createChip(option.name)));
      chip.render(state, option);
      return chip.node;
    });
    arrange(row, nodes);
    renderPanel(
      state,
      options.find((each) => each.name === open),
      estimate?.price ?? "",
    );
  }

  /** @param {State} state @param {Option | undefined} option @param {string} price */
  function renderPanel(state, option, price) {
    panel.hidden = !option;
    if (!option) return;
    attribute(panel, "data-option", option.name);
    attribute(panel, "aria-label", say(state, `page-option-${option.name}`));
    const key = JSON.stringify([option, price, state.locale]);
    if (key === drawn) return;
    drawn = key;
    const chosen = option.choices.find((each) => each.value === option.chosen) ?? option.choices[0];
    const differ = new Set(option.choices.map((each) => each.price)).size > 1;
    const had = panel.contains(document.activeElement);
    panel.replaceChildren(
      h("span", { class: "choices-title", "aria-hidden": "true" }, say(state, `page-option-${option.name}`)),
      ...option.choices.map((each) => {
        const missing = each.price === null;
        const words = wordsOf(state, option.name, each.value);
        return h(
          "button",
          {
            type: "button",
            class: "choice",
            role: "radio",
            tabindex: each === chosen ? 0 : -1,
            "aria-checked": String(each.value === option.chosen),
            "aria-disabled": missing ? "true" : null,
            title: missing ? say(state, "page-option-unavailable") : null,
            on: { click: () => missing || choose(each.typed) },
          },
          option.name === "size" && frame(each.ratio),
          h("span", { class: "choice-words" }, words),
          differ && !missing && h("span", { class: "choice-price" }, each.price),
        );
      }),
    );
    if (had) /** @type {HTMLElement | null} */ (panel.querySelector("[tabindex='0']"))?.focus();
  }

  return { row, panel, render };
}

/** A value as it is shown. @param {State} state @param {string} name @param {string} value */
function wordsOf(state, name, value) {
  if (name === "n") return `×${value}`;
  if (!value || value === "auto") return say(state, "page-option-auto");
  return name === "size" ? value.replace(/(\d)x(\d)/, "$1×$2") : value;
}
