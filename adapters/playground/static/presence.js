// What shows outside of the page: its title and icon while Easel paints and when it has finished, and a notification.
// Only what happens while nobody looks is counted; a look ends it.

import { h } from "./dom.js";
import { BOT, isPicture, isRunning, nameOf, ownerOf, say, thumbnailUrl } from "./state.js";
/** @import { State } from "./state.js" */
/** @import { Message } from "./protocol.js" */

const PLAIN = "/static/icon.svg";
const DONE = "/static/icon-done.svg";

export function createPresence() {
  const icon = /** @type {HTMLLinkElement} */ (
    document.querySelector('link[rel="icon"]') ?? document.head.appendChild(h("link", { rel: "icon" }))
  );
  const name = document.title;
  let finished = 0;
  /** @type {State | undefined} */
  let last;
  /** @type {Map<string, boolean>} the bot's messages by id, and whether each was running when last seen */
  const known = new Map();

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    finished = 0;
    if (last) render(last);
  });

  /** Asks once, when the first wish is sent: then it is clear what for. */
  function askPermission() {
    if ("Notification" in window && Notification.permission === "default") void Notification.requestPermission();
  }

  /** @param {State} state */
  function render(state) {
    last = state;
    document.documentElement.dataset.connection = state.connection;
    const own = Object.values(state.messages)
      .flat()
      .filter((each) => each.sender === BOT && ownerOf(state, each) === state.me);
    for (const message of own) {
      const running = isRunning(message);
      if (known.get(message.id) && !running && document.hidden) finish(state, message);
      known.set(message.id, running);
    }
    const painting = own.some(isRunning);
    const sign = finished ? `(${finished}) ` : painting ? "\u2026 " : "";
    document.title = `${sign}${name}`;
    const wanted = finished ? DONE : PLAIN;
    if (icon.getAttribute("href") !== wanted) icon.setAttribute("href", wanted);
  }

  /** @param {State} state @param {Message} message */
  function finish(state, message) {
    finished += 1;
    if (!("Notification" in window) || Notification.permission !== "granted") return;
    const picture = message.files.find(isPicture);
    const shown = new Notification(nameOf(state, BOT), {
      body: message.text.split("\n")[0] || say(state, "page-picture"),
      icon: picture ? thumbnailUrl(picture.id) : PLAIN,
      tag: message.id,
    });
    shown.addEventListener("click", () => window.focus());
  }

  return { render, askPermission };
}
