// What each frame from the server does to the state. One function a frame type, nothing else changes here.
// No DOM, no network: a frame in, the state changed.

import { BOT, visibleChats } from "./state.js";
import { splitEmoji } from "./status.js";
/** @import { State } from "./state.js" */
/** @import { Message } from "./protocol.js" */

/** Chooses a user and a chat that exist, keeping the present choice where it still holds.
 *  @param {State} state */
export function settle(state) {
  if (!state.users.some((each) => each.id === state.me)) state.me = state.users[0]?.id ?? "";
  const seen = visibleChats(state);
  if (seen.some((each) => each.id === state.chat)) return;
  const kind = state.chats.find((each) => each.id === state.chat)?.kind;
  const wanted = kind ?? "direct"; // there Easel hears everything: the first words of a newcomer get an answer
  state.chat = (seen.find((each) => each.kind === wanted) ?? seen[0])?.id ?? "";
}

/** Ends the wait of the buttons of a message, or of all.
 *  @param {State} state @param {string} [id] */
function release(state, id) {
  for (const key of Object.keys(state.pressing)) {
    if (id === undefined || key.startsWith(`${id} `)) delete state.pressing[key];
  }
}

/** Ghosts of messages that have arrived are done.
 *  @param {State} state */
function sweep(state) {
  state.outbox = state.outbox.filter(
    (each) => !each.id || !(state.messages[each.chat] ?? []).some((known) => known.id === each.id),
  );
}

/** @type {Record<string, (state: State, frame: any) => void>} */
const handlers = {
  hello(state, { users, chats, commands, texts, locale, locales, limits, demo }) {
    Object.assign(state, {
      users,
      chats,
      commands,
      texts,
      locales,
      limits,
      demo,
      ready: true,
      connection: "open",
    });
    state.locale = locale ?? state.locale;
    settle(state);
  },

  history(state, { chat, messages }) {
    state.messages[chat] = messages;
    state.loaded[chat] = true;
    state.outbox = state.outbox.filter((each) => !(each.id && each.chat === chat));
  },

  message(state, { message }) {
    const old = state.past?.messages ?? [];
    const there = old.findIndex((each) => each.id === message.id);
    if (there >= 0) old[there] = message;
    const list = (state.messages[message.chat] ??= []);
    const at = list.findIndex((/** @type {Message} */ each) => each.id === message.id);
    if (at >= 0) list[at] = message;
    else if (!list.length || Number(message.id) > Number(list[0].id)) {
      list.push(message);
      if (message.chat !== state.chat) state.unread[message.chat] = (state.unread[message.chat] ?? 0) + 1;
    }
    release(state, message.id);
    sweep(state);
  },

  deleted(state, { chat, id }) {
    const list = state.messages[chat] ?? [];
    /** @param {Message} each */
    const told = (each) => {
      const quote = each.reply_to;
      return quote && quote.id === id ? { ...each, reply_to: { ...quote, deleted: true } } : each;
    };
    state.messages[chat] = list.filter((each) => each.id !== id).map(told);
    if (state.past) state.past.messages = state.past.messages.filter((each) => each.id !== id).map(told);
    if (state.gallery) state.gallery.results = state.gallery.results.filter((each) => each.message !== id);
    for (const draft of Object.values(state.drafts)) if (draft.reply_to === id) draft.reply_to = null;
    release(state, id);
  },

  quota(state, { user, available, reserved, daily, price }) {
    state.quotas[user] = { available, reserved, daily, price };
  },

  estimate(state, { user, chat, nonce, ...estimate }) {
    const isLatest = state.asked?.nonce === nonce;
    if (isLatest) state.estimates[`${user} ${chat}`] = { ...estimate, text: state.asked?.text };
  },

  notice(state, { user, text }) {
    release(state);
    if (!text || (user && user !== state.me)) return;
    state.notice = { text, count: (state.notice?.count ?? 0) + 1 };
  },

  page(state, { user, url }) {
    release(state);
    if (user === state.me) state.inner = url;
  },

  card(state, { user, message, text, copyable, buttons }) {
    release(state);
    if (user === state.me) state.panel = { message, text, copyable, buttons };
  },

  compare(state, { user, before, after }) {
    release(state);
    if (user === state.me) Object.assign(state, { viewing: after, comparing: before });
  },

  compose(state, { user, chat, reply_to, file }) {
    release(state);
    if (user !== state.me) return;
    state.chat = chat;
    const draft = (state.drafts[`${user} ${chat}`] ??= { text: "", reply_to: null, reply_file: null, files: [] });
    draft.reply_to = reply_to;
    draft.reply_file = file ?? null;
    state.composing += 1;
  },

  sent(state, { nonce, id }) {
    const ghost = state.outbox.find((each) => each.nonce === nonce);
    if (ghost) ghost.id = id;
    sweep(state);
  },

  error(state, { text, nonce }) {
    release(state);
    const ghost = nonce && state.outbox.find((each) => each.nonce === nonce);
    if (ghost) ghost.error = text;
    else state.notice = { text, count: (state.notice?.count ?? 0) + 1 };
  },
};

/** @param {State} state @param {{type: string}} frame */
export function receive(state, frame) {
  handlers[frame.type]?.(state, frame); // a frame of a newer server that this page does not know is no failure
  delete state.unread[state.chat];
}

/** What to say aloud after a frame: new messages of others, and finished pictures. Empty: nothing.
 *  @param {State} state @param {any} frame @param {Message | undefined} before the message as it was */
export function announcement(state, frame, before) {
  if (frame.type !== "message" || frame.message.chat !== state.chat || frame.message.sender === state.me)
    return "";
  const finished = frame.message.sender === BOT && before?.buttons.some((each) => each.action === "cancel");
  const running = frame.message.buttons.some((/** @type {any} */ each) => each.action === "cancel");
  return !before || (finished && !running) ? splitEmoji(frame.message.text)[1].slice(0, 200) : "";
}
