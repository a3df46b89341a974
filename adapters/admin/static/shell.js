// What stands around every page: its navigation, who is signed in, and the way out.

import { tell } from "./actions.js";
import { Refused, change } from "./api.js";
import { h, hook } from "./dom.js";

/** @type {[string, string][]} */
const PAGES = [
  ["now", "Now"],
  ["statistics", "Statistics"],
  ["jobs", "Jobs"],
  ["members", "Members"],
  ["chats", "Chats"],
  ["set-aside", "Set aside"],
  ["errors", "Errors"],
  ["audit", "Audit log"],
];

/** @param {string} user @param {() => void} signedOut */
export function drawShell(user, signedOut) {
  const out = (/** @type {string} */ path) => async () => {
    try {
      await change(path);
      signedOut();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      tell(error.message, true);
    }
  };
  const header = hook("#header");
  header.replaceChildren(
    h("a", { class: "skip", href: "#main", on: { click: skip } }, "Skip to the content"),
    h("strong", { class: "brand" }, "Easel"),
    h("nav", { class: "pages-nav", "aria-label": "Main" }, ...PAGES.map(([path, words]) => h("a", { href: `#/${path}`, "data-page": path }, words))),
    h(
      "details",
      { class: "account" },
      h("summary", {}, h("span", { class: "visually-hidden" }, "Signed in as "), user),
      h(
        "div",
        { class: "account-menu" },
        h("button", { type: "button", class: "button small", on: { click: out("sign-out") } }, "Sign out"),
        h("button", { type: "button", class: "button small", on: { click: out("sign-out-everywhere") } }, "Sign out everywhere"),
      ),
    ),
  );
  header.hidden = false;
}

/** @param {string} page */
export function markPage(page) {
  for (const link of document.querySelectorAll("[data-page]")) {
    if (!(link instanceof HTMLElement)) continue;
    const isHere = link.dataset.page === page;
    link.toggleAttribute("data-here", isHere);
    if (isHere) {
      link.setAttribute("aria-current", "page");
      link.scrollIntoView({ block: "nearest", inline: "nearest" });
    } else link.removeAttribute("aria-current");
  }
}

/** The part of an address behind # is a page's here, and no place on it. @param {Event} event */
function skip(event) {
  event.preventDefault();
  const heading = document.querySelector("#main h1");
  if (heading instanceof HTMLElement) heading.focus();
}
