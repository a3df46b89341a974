// What is older than the history of a page: the results of a chat a page at a time, and the messages around one.
// Asks the server and changes `gallery`, `past` and `sought` of the state. No DOM.

import { chatOf, currentMessages, say, visibleChats } from "./state.js";
/** @import { State } from "./state.js" */
/** @import { GalleryPage, Message } from "./protocol.js" */

const TYPING_PAUSE = 250; // milliseconds after the last letter before a search begins

/** @param {string} path @param {Record<string, string>} query */
async function ask(path, query) {
  const answer = await fetch(`${path}?${new URLSearchParams(query)}`);
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return answer.json();
}

/**
 * @param {State} state
 * @param {() => void} render
 * @param {(text: string) => void} tell
 */
export function createArchive(state, render, tell) {
  let asked = 0; // only the last question's answer counts
  let timer = 0;

  /** @param {string} before  the newest results where empty */
  async function load(before) {
    const gallery = state.gallery;
    if (!gallery) return;
    const mine = ++asked;
    gallery.loading = true;
    render();
    const { chat, member, words } = gallery;
    try {
      /** @type {GalleryPage} */
      const page = await ask("/gallery", { chat, member, words, before });
      if (mine !== asked) return;
      gallery.results = before ? [...gallery.results, ...page.results] : page.results;
      gallery.next = page.next;
      gallery.failed = false;
    } catch {
      if (mine !== asked) return;
      gallery.failed = true;
    }
    gallery.loading = false;
    render();
  }

  /** Has the timeline show a message, also one that is older than the history. @param {string} id @param {string[]} chats */
  async function reveal(id, chats) {
    if (currentMessages(state).some((each) => each.id === id)) return true;
    const known = chatOf(state, id);
    if (known) {
      state.past = null;
      state.chat = known;
      delete state.unread[known];
      return true;
    }
    for (const chat of chats) {
      try {
        /** @type {{messages: Message[]}} */
        const { messages } = await ask("/messages", { chat, around: id });
        state.chat = chat;
        state.past = { chat, messages };
        return true;
      } catch {
        // It stands in another chat, or in none.
      }
    }
    return false;
  }

  return {
    openGallery() {
      state.gallery = { chat: state.chat, member: "", words: "", results: [], next: null, loading: true, failed: false };
      void load("");
    },

    closeGallery() {
      clearTimeout(timer);
      asked += 1;
      state.gallery = null;
      render();
    },

    /** @param {{member?: string, words?: string}} change */
    search(change) {
      if (!state.gallery) return;
      Object.assign(state.gallery, change);
      clearTimeout(timer);
      if (change.words === undefined) void load("");
      else timer = setTimeout(() => void load(""), TYPING_PAUSE);
      render();
    },

    /** The next page of the gallery, or the same again where that failed. */
    more() {
      const gallery = state.gallery;
      if (!gallery || gallery.loading) return;
      if (gallery.next) void load(gallery.next);
      else if (gallery.failed) void load("");
    },

    /** Leads to a message. @param {string} id @param {string} [chat] where it stands, if that is known */
    async lead(id, chat) {
      const found = await reveal(id, chat ? [chat] : visibleChats(state).map((each) => each.id));
      if (found) {
        state.gallery = null;
        state.sought = { id, count: state.sought.count + 1 };
      } else tell(say(state, "page-reply-gone"));
      render();
    },

    /** Back from older messages to the newest. */
    returnToNow() {
      state.past = null;
      render();
    },
  };
}
