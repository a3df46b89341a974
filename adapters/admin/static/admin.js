// The page: who is signed in, which view the address asks for, and when it is looked at again.
// A view says what to load and what to draw; only this module puts it on the page.

import { act, tell } from "./actions.js";
import { Refused, ask, keepToken, query, whenSignedOut } from "./api.js";
import { h, hook } from "./dom.js";
import { job } from "./job.js";
import { audit, chats, errors, jobs, members, setAside } from "./lists.js";
import { member } from "./member.js";
import { morph } from "./morph.js";
import { now } from "./now.js";
import { drawShell, markPage } from "./shell.js";
import { linkToken, offerSignIn, showSignedOut } from "./sign_in.js";
import { statistics } from "./statistics.js";

/** @type {Record<string, any>} */
const VIEWS = { now, statistics, jobs, job, members, member, chats, "set-aside": setAside, errors, audit };
const SECTIONS = /** @type {Record<string, string>} */ ({ job: "jobs", member: "members" });
const IDLE = "Nobody has used this page for half an hour, or the twelve hours of a sign-in are over.";

const main = hook("#main");
const page = { view: /** @type {any} */ (null), number: 0, timer: 0, isSignedIn: false, isUsed: false, isStale: false };

/** What the address asks for. */
function wanted() {
  const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const name = Object.hasOwn(VIEWS, path) ? path : "now";
  return { name, view: VIEWS[name], params: Object.fromEntries(new URLSearchParams(search)) };
}

/** Loads and shows what the address asks for. @param {{refresh?: boolean, focus?: boolean}} how */
async function show({ refresh = false, focus = false } = {}) {
  const number = ++page.number;
  clearTimeout(page.timer);
  const { name, view, params } = wanted();
  if (!refresh) main.setAttribute("aria-busy", "true");
  const isOwn = refresh && !page.isUsed; // nobody has touched the page since: it keeps no session awake
  page.isUsed = false;
  try {
    const data = await view.load(params, { refresh: isOwn });
    if (number !== page.number) return;
    put(view, view.draw(data, params), refresh);
    if (page.isStale) tell("");
    page.isStale = false;
    const every = view.every?.(data) ?? 0;
    if (every) page.timer = setTimeout(() => show({ refresh: true }), every * 1000);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (number !== page.number || error.status === 401) return;
    fail(view, error, refresh);
  }
  document.title = `${view.title(params)} · Easel`;
  markPage(SECTIONS[name] ?? name);
  main.setAttribute("aria-busy", "false");
  if (focus) focusHeading();
}

/** @param {any} view @param {(Node | string | false | null | undefined)[]} parts @param {boolean} refresh */
function put(view, parts, refresh) {
  const content = h("div", { class: "content" }, ...parts);
  const old = main.firstElementChild;
  if (refresh && old) {
    morph(old, content);
  } else {
    page.view?.left?.();
    main.replaceChildren(content);
    view.shown?.();
    page.view = view;
  }
  letScroll();
}

/** What was asked for does not come. @param {any} view @param {Refused} error @param {boolean} refresh */
function fail(view, error, refresh) {
  if (!refresh) {
    const again = h("button", { type: "button", class: "button", "data-again": "" }, "Try again");
    put(view, [h("h1", {}, "This cannot be shown"), h("p", { class: "problem-text" }, error.message), again], false);
    return;
  }
  tell(`${error.message} What is shown is as it was.`, true);
  page.isStale = true;
  page.timer = setTimeout(() => show({ refresh: true }), 5000);
}

function focusHeading() {
  const heading = main.querySelector("h1");
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  scrollTo(0, 0);
}

/** Tables that are larger than their place can be moved by keys. */
function letScroll() {
  for (const frame of main.querySelectorAll(".table-frame")) {
    const caption = frame.querySelector("caption")?.textContent ?? "Table";
    const isLarger = frame.scrollWidth > frame.clientWidth + 1 || frame.scrollHeight > frame.clientHeight + 1;
    for (const [name, value] of Object.entries({ tabindex: "0", role: "region", "aria-label": caption }))
      isLarger ? frame.setAttribute(name, value) : frame.removeAttribute(name);
  }
}

/** @param {any} session */
function begin(session) {
  keepToken(session.token);
  page.isSignedIn = true;
  drawShell(session.user, () => end("You have signed out."));
  show({ focus: true });
}

/** @param {string} why */
function end(why) {
  if (!page.isSignedIn) return;
  page.isSignedIn = false;
  page.number += 1;
  clearTimeout(page.timer);
  keepToken("");
  page.view?.left?.();
  page.view = null;
  showSignedOut(why);
}

whenSignedOut(() => end(IDLE));
addEventListener("hashchange", () => {
  tell("");
  if (linkToken()) location.reload();
  else if (page.isSignedIn) show({ focus: true });
});
addEventListener("resize", letScroll);
addEventListener("toggle", letScroll, true);
for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => (page.isUsed = true), { passive: true });
document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const button = target?.closest("[data-action]");
  if (button instanceof HTMLElement) act(button, () => show({ refresh: true }));
  else if (target?.closest("[data-again]")) show({ focus: true });
  for (const menu of document.querySelectorAll("details.account[open]"))
    if (!menu.contains(target)) menu.removeAttribute("open");
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.dataset.filter) return;
  event.preventDefault();
  const filled = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));
  location.hash = `#/${form.dataset.filter}${query(filled)}`;
});

async function start() {
  try {
    const found = linkToken() ? { user: null } : await ask("session");
    if (found.user) begin(found);
    else offerSignIn(begin);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    main.replaceChildren(h("div", { class: "sign-in" }, h("h1", {}, "Easel"), h("p", {}, error.message)));
    setTimeout(start, 3000);
  }
}

start();
