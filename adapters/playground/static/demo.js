// The chip that says that pictures are stand-ins, and the three steps to real ones behind it.
// Shown only where the server says so; nothing of the state is changed here.

import { arrange, attribute, h, label, write } from "./dom.js";
import { icon } from "./icons.js";
import { say } from "./state.js";
/** @import { State } from "./state.js" */

const PROVIDER = '[[providers]]\npreset = "openai"\napi_key = "sk-…"';
const BOT = '[telegram]\ntoken = "123456:ABC…"\n\n[discord]\ntoken = "…"\n\n[playground]\nenabled = true';
const RUN = ".venv/bin/easel check\n.venv/bin/easel run";

export function createDemo() {
  const dialog = h("dialog", { class: "steps", "aria-labelledby": "steps-title" });
  const word = h("span", {}); // all of it that a phone has room for
  const rest = h("span", { class: "demo-rest" });
  const chip = h(
    "button",
    { type: "button", class: "demo-chip", id: "demo-chip", hidden: true, on: { click: () => dialog.showModal() } },
    word,
    rest,
  );
  const title = h("h2", { id: "steps-title" });
  const intro = h("p", {});
  const close = h(
    "button",
    { type: "button", class: "icon-button", on: { click: () => dialog.close() } },
    icon("close"),
  );
  const steps = [PROVIDER, BOT, RUN].map((code) => h("li", {}, h("p", {}), h("pre", { dir: "ltr" }, code)));
  arrange(dialog, [h("div", { class: "steps-head" }, title, close), intro, h("ol", {}, ...steps)]);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);

  /** @param {State} state */
  function render(state) {
    attribute(chip, "hidden", !state.demo);
    const sentence = say(state, "page-demo");
    const end = sentence.search(/[:：]/u);
    write(word, sentence.slice(0, end));
    write(rest, sentence.slice(end));
    write(title, say(state, "page-demo-title"));
    write(intro, say(state, "page-demo-intro"));
    ["key", "bot", "run"].forEach((step, index) =>
      write(/** @type {Node} */ (steps[index].firstChild), say(state, `page-demo-step-${step}`)),
    );
    label(close, say(state, "page-close"));
  }

  return { chip, render };
}
