// The rail and the top bar: who speaks, where, in which language, under which light, with how many credits.
// On narrow screens the rail is a drawer, and the credits move into the top bar.

import { chatTitle } from "./actions.js";
import { avatar, tint } from "./avatar.js";
import { createDemo } from "./demo.js";
import { createGallery } from "./gallery.js";
import { arrange, attribute, h, hook, label, write } from "./dom.js";
import { icon, mark } from "./icons.js";
import { createQuota } from "./quota.js";
import { createShortcuts } from "./shortcuts.js";
import { say, visibleChats } from "./state.js";
import { saveTheme } from "./storage.js";
/** @import { State } from "./state.js" */
/** @import { Actions } from "./actions.js" */

const LANGUAGES = { en: "English", zh: "中文", ru: "Русский" }; // each in its own words, for who reads no other

/** @param {Actions} actions */
export function createRail(actions) {
  const rail = hook("#rail");
  const topbar = hook("#topbar");
  const scrim = hook("#scrim");
  const main = hook("#main");
  const narrow = matchMedia("(max-width: 759px)");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let open = false;

  const quota = createQuota();
  const membersTitle = h("h2", { class: "rail-title", id: "members-title" });
  const members = h("div", {
    id: "members",
    class: "members",
    role: "radiogroup",
    "aria-labelledby": "members-title",
    on: { keydown: walk },
  });
  const chatsTitle = h("h2", { class: "rail-title", id: "chats-title" });
  const chats = h("nav", { id: "chats", class: "chats", "aria-labelledby": "chats-title" });
  const locale = h("select", {
    id: "locale",
    class: "locale",
    on: { change: () => actions.speak(locale.value) },
  });
  const theme = h("button", { class: "icon-button", id: "theme", type: "button", on: { click: flip } });
  const close = h(
    "button",
    { class: "icon-button rail-close", type: "button", on: { click: () => toggle(false) } },
    icon("close"),
  );
  const shortcuts = createShortcuts();
  const quotaHome = h("div", { class: "quota-home" });
  rail.append(
    h("div", { class: "brand" }, mark(), h("p", { class: "brand-name" }, "Easel"), close),
    h("section", {}, membersTitle, members),
    quotaHome,
    h("section", { class: "rail-chats" }, chatsTitle, chats),
    h("div", { class: "rail-foot" }, locale, shortcuts.open, theme),
  );

  const menu = h(
    "button",
    {
      class: "icon-button menu",
      id: "menu",
      type: "button",
      "aria-controls": "rail",
      on: { click: () => toggle(true) },
    },
    icon("menu"),
  );
  const title = h("h1", { class: "chat-title", id: "chat-title" });
  const note = h("p", { class: "chat-note" });
  const demo = createDemo();
  const gallery = createGallery(actions);
  const end = h("div", { class: "topbar-end" }, demo.chip, gallery.open);
  topbar.append(menu, h("div", { class: "chat-head" }, title, note), end);

  scrim.addEventListener("click", () => toggle(false));
  rail.addEventListener("keydown", (event) => event.key === "Escape" && open && toggle(false));
  narrow.addEventListener("change", place);
  dark.addEventListener("change", () => last && render(last));
  place();

  /** Arrow keys walk the members, as in any radio group. @param {KeyboardEvent} event */
  function walk(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step || !last) return;
    event.preventDefault();
    const ids = last.users.map((each) => each.id);
    const next = ids[(ids.indexOf(last.me) + step + ids.length) % ids.length];
    actions.become(next);
    /** @type {HTMLElement | null} */ (members.querySelector(`[data-member="${CSS.escape(next)}"]`))?.focus();
  }

  /** @param {boolean} wish */
  function toggle(wish) {
    open = wish;
    place();
    if (open) close.focus();
    else if (narrow.matches) menu.focus();
  }

  function place() {
    if (!narrow.matches) open = false;
    attribute(rail, "data-open", open);
    rail.inert = narrow.matches && !open;
    main.inert = open;
    scrim.hidden = !open;
    attribute(menu, "aria-expanded", String(open));
    const home = narrow.matches ? end : quotaHome;
    if (quota.node.parentElement !== home) home.append(quota.node);
  }

  const isDark = () =>
    (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";

  function flip() {
    const wish = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = wish;
    saveTheme(wish);
    if (last) render(last);
  }

  /** @type {State | undefined} */
  let last;
  let drawn = "";

  /** @param {State} state */
  function render(state) {
    last = state;
    quota.render(state);
    demo.render(state);
    gallery.render(state);
    shortcuts.render(state);
    const { unread, me, chat } = state;
    const key = JSON.stringify([
      state.texts,
      state.users,
      state.chats,
      state.locales,
      state.locale,
      me,
      chat,
      unread,
      isDark(),
    ]);
    if (key === drawn) return;
    drawn = key;

    write(membersTitle, say(state, "page-members"));
    const faces = state.users.map((each) => memberButton(state, each.id, each.name));
    refill(members, faces);

    write(chatsTitle, say(state, "page-chats"));
    refill(
      chats,
      visibleChats(state).map((each) => chatButton(state, each)),
    );

    if (locale.options.length !== state.locales.length) {
      arrange(
        locale,
        state.locales.map((each) =>
          h("option", { value: each, lang: each }, LANGUAGES[/** @type {"en"} */ (each)] ?? each),
        ),
      );
    }
    locale.value = state.locale;
    attribute(locale, "aria-label", say(state, "page-language"));
    label(theme, say(state, isDark() ? "page-theme-light" : "page-theme-dark"));
    theme.replaceChildren(icon(isDark() ? "sun" : "moon"));
    label(close, say(state, "page-menu-close"));
    label(menu, say(state, "page-menu-open"));
    const words = chatTitle(state);
    write(title, words.name);
    write(note, words.note);
  }

  /** New children in place of the old, the focus kept on the one that means the same.
   *  @param {HTMLElement} parent @param {HTMLElement[]} children */
  function refill(parent, children) {
    const focused = parent.contains(document.activeElement)
      ? /** @type {HTMLElement} */ (document.activeElement).id
      : "";
    parent.replaceChildren(...children);
    if (focused) document.getElementById(focused)?.focus();
  }

  /** @param {State} state @param {string} id @param {string} name */
  function memberButton(state, id, name) {
    const chosen = id === state.me;
    const node = h(
      "button",
      {
        type: "button",
        role: "radio",
        class: "member",
        id: `member-${id}`,
        "data-member": id,
        "aria-checked": String(chosen),
        tabindex: chosen ? 0 : -1,
        on: { click: () => actions.become(id) },
      },
      avatar(state, id),
      h("span", { class: "member-name" }, name),
    );
    tint(node, state, id);
    return node;
  }

  /** @param {State} state @param {import("./protocol.js").Chat} chat */
  function chatButton(state, chat) {
    const words = chatTitle(state, chat);
    const current = chat.id === state.chat;
    return h(
      "button",
      {
        type: "button",
        class: "chat",
        id: `chat-${chat.id}`,
        "data-chat": chat.id,
        "data-kind": chat.kind,
        "aria-current": current ? "page" : null,
        on: { click: () => (actions.enter(chat.id), open && toggle(false)) },
      },
      h("span", { class: "chat-icon" }, icon(chat.kind === "group" ? "group" : "lock")),
      h(
        "span",
        { class: "chat-words" },
        h("span", { class: "chat-name" }, words.name),
        h(
          "span",
          { class: "chat-kind" },
          say(state, chat.kind === "group" ? "page-chat-group-kind" : "page-chat-direct-kind"),
        ),
      ),
      state.unread[chat.id] && !current
        ? h("span", { class: "unread" }, h("span", { class: "visually-hidden" }, say(state, "page-unread")))
        : null,
    );
  }

  return { render };
}
