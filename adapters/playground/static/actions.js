// What the person at the page can do. Each action changes the state, sends frames, and asks for a render.
// No DOM here; views call these and nothing else.

import { createArchive } from "./archive.js";
import { settle } from "./frames.js";
import { comparable, currentChat, currentDraft, currentMessages, easelHears, fileUrl } from "./state.js";
import { isPicture, pressKey, say } from "./state.js";
import { megabytes } from "./format.js";
import { UploadFailed, upload } from "./uploads.js";
/** @import { State } from "./state.js" */
/** @import { Attachment, Outgoing } from "./protocol.js" */

const UNDO_PAUSE = 5000; // milliseconds in which a deletion can be undone
const GONE_PAUSE = 4000; // milliseconds that the server has to delete a message

/** Unique enough, also where the page is not a secure context and has no randomUUID. */
const fresh = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(12)), (each) => each.toString(16).padStart(2, "0")).join(
    "",
  );

/** @typedef {ReturnType<typeof createActions>} Actions */

/**
 * @param {State} state
 * @param {(frame: object) => boolean} send  whether the frame went out
 * @param {() => void} render
 */
export function createActions(state, send, render) {
  /** @param {string} text */
  function tell(text) {
    state.notice = { text, count: (state.notice?.count ?? 0) + 1 };
  }

  /** @param {Outgoing} message */
  function dispatch({ as, chat, text, files, reply_to, reply_file, nonce }) {
    send({ type: "send", as, chat, text, files: files.map((each) => each.id), reply_to, reply_file, nonce });
  }

  /** What is being uploaded or may have to be again: by the attachment's key. A page that is loaded anew has none.
   *  @type {Map<string, {file: File, item: Attachment, abort: () => void}>} */
  const held = new Map();

  /** @param {File} file @param {ReturnType<typeof currentDraft>} draft */
  function attachOne(file, draft) {
    /** @type {Attachment} */
    const item = { key: fresh(), name: file.name, state: "uploading", progress: 0 };
    draft.files.push(item);
    if (file.size > state.limits.file_bytes) {
      item.state = "failed";
      item.final = true;
      item.error = `${say(state, "page-file-too-large")} (${megabytes(file.size)} > ${megabytes(state.limits.file_bytes)})`;
      return;
    }
    if (file.type.startsWith("image/")) item.url = URL.createObjectURL(file);
    held.set(item.key, { file, item, abort: () => {} });
    void uploadOne(item.key);
  }

  /** @param {string} key */
  async function uploadOne(key) {
    const one = held.get(key);
    if (!one) return;
    const { file, item } = one;
    Object.assign(item, { state: "uploading", progress: 0, error: undefined });
    const begun = upload(file, { as: state.me, locale: state.locale }, (share) => {
      item.progress = share;
      render();
    });
    one.abort = begun.abort;
    try {
      item.file = await begun.done;
      if (one.abort !== begun.abort) return; // begun anew meanwhile
      item.state = "done";
      held.delete(key);
      if (!isPicture(item.file) && item.url) item.url = undefined;
    } catch (failure) {
      if (one.abort !== begun.abort) return;
      item.state = "failed";
      item.final = failure instanceof UploadFailed && failure.final;
      if (item.final) held.delete(key);
      item.error = (failure instanceof Error && failure.message) || say(state, "page-upload-failed");
    }
    render();
  }

  /** Hides a message for UNDO_PAUSE, then has it deleted. @param {string} message @param {() => boolean} remove */
  function leave(message, remove) {
    clearTimeout(state.leaving[message]);
    state.leaving[message] = setTimeout(() => {
      if (!remove()) tell(say(state, "page-not-connected"));
      setTimeout(() => delete state.leaving[message], GONE_PAUSE); // shown again if the server keeps it
      if (state.notice?.undo === message) actions.dismiss();
      render();
    }, UNDO_PAUSE);
    tell(say(state, "page-deleted"));
    if (state.notice) state.notice.undo = message;
    render();
  }

  const actions = {
    ...createArchive(state, render, tell),

    /** @param {string} id */
    become(id) {
      state.me = id;
      state.past = null;
      settle(state);
      delete state.unread[state.chat];
      send({ type: "quota", as: id });
      render();
    },

    /** @param {string} id */
    enter(id) {
      state.chat = id;
      state.past = null;
      delete state.unread[id];
      render();
    },

    /** @param {string} locale */
    speak(locale) {
      state.locale = locale;
      send({ type: "locale", locale });
      render();
    },

    /** @param {string} text */
    type(text) {
      currentDraft(state).text = text;
      render();
    },

    /** Writes an option into the text, in the place of what it says there of it now.
     *  @param {string} name @param {string} typed  such as `--n 4`; empty: it is to be left out */
    choose(name, typed) {
      const draft = currentDraft(state);
      const read = state.estimates[`${state.me} ${state.chat}`];
      if (read?.text !== draft.text) return; // the server reads what has just been typed; its chips come in a moment
      draft.text = withOption(draft.text, read.typed.filter((each) => each.name === name), typed);
      state.composing += 1;
      render();
    },

    /** Puts text into the composer, addressed so that Easel hears it. @param {string} text */
    suggest(text) {
      const draft = currentDraft(state);
      draft.text = text;
      if (!easelHears(state)) draft.text = `@easel ${text}`;
      state.composing += 1;
      render();
    },

    /** @param {string | null} id */
    reply(id) {
      const draft = currentDraft(state);
      draft.reply_to = id;
      draft.reply_file = null;
      state.composing += 1;
      render();
    },

    /** @param {Iterable<File>} files */
    attach(files) {
      const draft = currentDraft(state);
      for (const file of files) {
        if (draft.files.length >= state.limits.files) {
          tell(`${say(state, "page-too-many-files")} (${state.limits.files})`);
          break;
        }
        attachOne(file, draft);
      }
      state.composing += 1;
      render();
    },

    /** Uploads a file once more. @param {string} key */
    uploadAgain(key) {
      void uploadOne(key);
      render();
    },

    /** Once there is a connection again: what has not gone up is begun anew. */
    resumeUploads() {
      for (const [key, { abort }] of held) {
        const again = uploadOne(key);
        abort(); // of the one before: nobody knows whether it still moves
        void again;
      }
    },

    /** Moves a file of the draft to another place. @param {string} key @param {number} to */
    moveFile(key, to) {
      const { files } = currentDraft(state);
      const from = files.findIndex((each) => each.key === key);
      if (from < 0 || to < 0 || to >= files.length || to === from) return;
      files.splice(to, 0, ...files.splice(from, 1));
      render();
    },

    /** @param {string} key */
    detach(key) {
      const draft = currentDraft(state);
      held.get(key)?.abort();
      held.delete(key);
      const item = draft.files.find((each) => each.key === key);
      if (item?.url) URL.revokeObjectURL(item.url);
      draft.files = draft.files.filter((each) => each.key !== key);
      state.composing += 1;
      render();
    },

    /** Whether what stands in the composer may go out; says why where it may not. */
    submit() {
      const draft = currentDraft(state);
      if (!draft.text.trim() && !draft.files.length) return;
      if (draft.files.some((each) => each.state !== "done")) {
        const stuck = draft.files.some((each) => each.state === "failed");
        tell(say(state, stuck ? "page-remove-failed-file" : "page-wait-for-upload"));
      } else if (draft.text.length > state.limits.text) {
        tell(say(state, "page-text-too-long"));
      } else {
        /** @type {Outgoing} */
        const message = {
          as: state.me,
          chat: state.chat,
          text: draft.text,
          files: draft.files.flatMap((each) => each.file ?? []),
          reply_to: draft.reply_to,
          reply_file: draft.reply_file ?? null,
          nonce: fresh(),
          at: new Date().toISOString(),
        };
        for (const each of draft.files) if (each.url) URL.revokeObjectURL(each.url);
        state.drafts[`${state.me} ${state.chat}`] = { text: "", reply_to: null, reply_file: null, files: [] };
        state.past = null;
        state.outbox.push(message);
        dispatch(message);
      }
      render();
    },

    /** Everything not yet confirmed goes out again under its old nonce: the server knows what it has. */
    resend() {
      for (const each of state.outbox) if (!each.id && !each.error) dispatch(each);
    },

    /** @param {string} nonce */
    sendAgain(nonce) {
      const message = state.outbox.find((each) => each.nonce === nonce);
      if (!message) return;
      message.nonce = fresh(); // a refused nonce is spent
      delete message.error;
      dispatch(message);
      render();
    },

    /** @param {string} nonce */
    discard(nonce) {
      state.outbox = state.outbox.filter((each) => each.nonce !== nonce);
      render();
    },

    /** `file`: the one picture of several that it is about.
     *  @param {string} message @param {string} action @param {string} job @param {string | null} [file] */
    press(message, action, job, file = null) {
      const { me, chat } = state;
      const press = () => send({ type: "press", as: me, chat, message, action, job, file, nonce: fresh() });
      if (action === "delete") {
        leave(message, press);
        return;
      }
      if (press()) {
        const key = pressKey(message, action, file);
        state.pressing[key] = true;
        setTimeout(() => {
          delete state.pressing[key]; // an answer that never comes must not leave a dead button
          render();
        }, 5000);
      } else tell(say(state, "page-not-connected"));
      render();
    },

    /** Takes away the other page that lies over this one. */
    leaveInner() {
      state.inner = null;
      render();
    },

    /** Closes the card that only the current user sees. */
    closePanel() {
      state.panel = null;
      render();
    },

    /** Takes a message away, once the time to undo that has passed. @param {string} message */
    remove(message) {
      const { chat } = state;
      leave(message, () => send({ type: "delete", chat, message }));
    },

    /** @param {string} message */
    undo(message) {
      clearTimeout(state.leaving[message]);
      delete state.leaving[message];
      actions.dismiss();
    },

    /** @param {string | null} file */
    view(file) {
      state.viewing = file;
      state.comparing = null;
      render();
    },

    /** Has one picture of several stand there large. @param {string} message @param {string} file */
    feature(message, file) {
      state.featured[message] = file;
      render();
    },

    /** Opens a picture beside another one: what it was made from, or the next of its result.
     *  @param {string} file @param {string} [other] */
    compare(file, other) {
      const result = currentMessages(state).find((each) => each.files.some((one) => one.id === file));
      const found = result ? comparable(state, result).filter((each) => each !== file) : [];
      state.viewing = file;
      state.comparing = other ?? found[0] ?? null;
      render();
    },

    /** To the next or previous picture of the chat. @param {1 | -1} step */
    turn(step) {
      const all = pictures(state);
      const at = all.findIndex((each) => each.id === state.viewing);
      state.viewing = all[at + step]?.id ?? state.viewing;
      state.comparing = null;
      render();
    },

    dismiss() {
      if (state.notice) state.notice.text = "";
      render();
    },
  };
  return actions;
}

/** A text in which an option stands once, or not at all.
 *  @param {string} text @param {{start: number, end: number}[]} places  where it stands now, in order
 *  @param {string} typed */
export function withOption(text, places, typed) {
  let changed = text;
  for (const { start, end } of [...places].reverse()) {
    const isFirst = start === places[0].start;
    const before = changed.slice(0, start);
    const after = changed.slice(end);
    changed = isFirst && typed ? `${before}${typed}${after}` : `${before.replace(/[ \t]+$/, "")}${after}`;
  }
  if (places.length || !typed) return changed;
  return `${changed.replace(/[ \t]+$/, "")} ${typed}`;
}

/** Every picture of the current chat, oldest first. @param {State} state */
export const pictures = (state) => currentMessages(state).flatMap((each) => each.files.filter(isPicture));

/** The words above the timeline. @param {State} state */
export function chatTitle(state, chat = currentChat(state)) {
  if (!chat) return { name: "", note: "" };
  return {
    name: say(state, chat.kind === "group" ? "page-chat-group" : "page-chat-direct"),
    note: say(state, chat.kind === "group" ? "page-chat-group-note" : "page-chat-direct-note"),
  };
}

/** The thumbnail of an attachment. @param {Attachment} item */
export const thumbnailOf = (item) =>
  item.url ?? (item.file && isPicture(item.file) ? fileUrl(item.file.id) : "");
