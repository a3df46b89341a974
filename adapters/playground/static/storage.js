// What survives a reload: who speaks, where, in which language, drafts, and messages not yet confirmed.
// The only module that touches localStorage (beside theme.js, which must run before everything else).

/** @import { State } from "./state.js" */

const KEY = "easel.page";

/** @returns {Partial<State>} */
export function load() {
  try {
    const { me, chat, locale, drafts, outbox, texts } = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return {
      me: me ?? "",
      chat: chat ?? "",
      locale: locale ?? navigator.language.slice(0, 2),
      drafts: drafts ?? {},
      outbox: outbox ?? [],
      texts: texts ?? {}, // so that a page that finds no server can say so
    };
  } catch {
    return { locale: navigator.language.slice(0, 2) };
  }
}

/** @param {State} state */
export function save(state) {
  const drafts = Object.fromEntries(
    Object.entries(state.drafts)
      .map(([key, draft]) => {
        const files = draft.files.filter((each) => each.state === "done").map(({ url, ...rest }) => rest);
        return /** @type {const} */ ([key, { ...draft, files }]);
      })
      .filter(([, draft]) => draft.text || draft.reply_to || draft.files.length),
  );
  const { me, chat, locale, outbox, texts } = state;
  try {
    localStorage.setItem(KEY, JSON.stringify({ me, chat, locale, drafts, outbox, texts }));
  } catch {
    // Full or closed storage: the page works, it only forgets.
  }
}

/** @param {"light" | "dark"} theme */
export function saveTheme(theme) {
  try {
    localStorage.setItem("easel.theme", theme);
  } catch {
    // As above.
  }
}
