// The credits of the current user: a number that falls, and a thin meter under it.
// One live region; it speaks only when a number changes.

import { arrange, attribute, h, write } from "./dom.js";
import { timeOf } from "./format.js";
import { say } from "./state.js";
/** @import { State } from "./state.js" */

/** When the next day of credits begins: at midnight in UTC. */
const nextRefill = () => new Date(Math.ceil((Date.now() + 1) / 86_400_000) * 86_400_000).toISOString();

export function createQuota() {
  const name = h("span", { class: "quota-name" });
  const left = h("span", { class: "quota-left" });
  const daily = h("span", { class: "quota-daily" });
  const held = h("span", { class: "quota-held" });
  const meter = h(
    "span",
    { class: "quota-meter", "aria-hidden": "true" },
    h("span", { class: "quota-fill" }),
    h("span", { class: "quota-hold" }),
  );
  const node = h("div", {
    id: "quota",
    class: "quota",
    "aria-live": "polite",
    "aria-atomic": "true",
    hidden: true,
  });
  const figures = h("span", { class: "quota-figures" }, left, daily);
  arrange(node, [name, figures, meter, held]);
  let shown = "";

  /** @param {State} state */
  function render(state) {
    const quota = state.quotas[state.me];
    node.hidden = !quota;
    if (!quota) return;
    write(name, say(state, "page-credits"));
    write(daily, ` / ${quota.daily}`);
    attribute(node, "data-empty", quota.available === 0);
    const back = quota.available ? "" : `${say(state, "page-credits-back")} ${timeOf(state.locale, nextRefill())}`;
    const onHold = quota.reserved ? `${quota.reserved} ${say(state, "page-credits-held")}` : "";
    const price = quota.price ? `${say(state, "page-price")} ${quota.price}` : "";
    write(held, [back, onHold, price].filter(Boolean).join(" · "));
    attribute(node, "data-left", quota.available);
    attribute(node, "data-held", quota.reserved);
    const [before, falls] = [left.textContent, Number(left.textContent) > quota.available];
    write(left, String(quota.available));
    const whole = Math.max(quota.daily, quota.available + quota.reserved, 1);
    node.style.setProperty("--left", String(quota.available / whole));
    node.style.setProperty("--held", String(quota.reserved / whole));
    if (shown === state.me && before !== String(quota.available)) flash(falls);
    shown = state.me;
  }

  /** @param {boolean} falls */
  function flash(falls) {
    left.classList.remove("falls", "rises");
    void left.offsetWidth; // lets the same animation start anew
    left.classList.add(falls ? "falls" : "rises");
  }

  return { node, render };
}
