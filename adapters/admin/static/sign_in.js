// The page for who is not signed in: by a link, whose token stands behind the # and is sent once, in a request's body.

import { Refused, change } from "./api.js";
import { h, hook } from "./dom.js";

const LINK = /^#link=([\w-]+)$/;

/** The token that the address brings; null: none. */
export const linkToken = () => LINK.exec(location.hash)?.[1] ?? null;

/** @param {(session: any) => void} then */
export function offerSignIn(then) {
  const link = linkToken();
  show(
    "Sign in to Easel",
    link
      ? "This link is good for one sign-in on this device, for twelve hours at most."
      : "Type /admin link to the bot in a private chat, or run easel admin-link where Easel runs. The link that you get leads here.",
    link ? h("button", { type: "button", class: "button primary", on: { click: () => signIn(link, then) } }, "Sign in") : null,
  );
}

/** @param {string} why */
export const showSignedOut = (why) =>
  show("Signed out", `${why} Ask for another link: type /admin link to the bot in a private chat, or run easel admin-link.`, null);

/** @param {string} link @param {(session: any) => void} then */
async function signIn(link, then) {
  history.replaceState(null, "", location.pathname + location.search); // it is used up now, whatever comes of it
  try {
    then(await change("sign-in", { link }));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    show("This does not work", error.message, null);
  }
}

/** @param {string} title @param {string} text @param {HTMLElement | null} button */
function show(title, text, button) {
  document.title = `${title} · Easel`;
  hook("#header").hidden = true;
  hook("#banner").hidden = true;
  const heading = h("h1", { tabindex: "-1" }, title);
  const main = hook("#main");
  main.replaceChildren(h("div", { class: "sign-in" }, heading, h("p", {}, text), ...(button ? [button] : [])));
  main.setAttribute("aria-busy", "false");
  (button ?? heading).focus();
}
