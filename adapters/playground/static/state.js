// The one state object, and questions about it. Only frames.js and actions.js change it; views read it.
// No DOM, no network, no storage here.

/** @import { Chat, Command, Draft, Estimate, FileInfo, Gallery, Limits, Message, Outgoing, Quota, User } from "./protocol.js" */

/** The sender id of the bot. */
export const BOT = "easel";

/**
 * @typedef {object} State
 * @property {"connecting" | "open" | "lost"} connection
 * @property {boolean} ready  whether a hello has come
 * @property {User[]} users
 * @property {Chat[]} chats
 * @property {Command[]} commands
 * @property {Record<string, string>} texts
 * @property {string[]} locales
 * @property {Limits} limits
 * @property {boolean} demo  whether pictures are stand-ins
 * @property {string} me
 * @property {string} chat
 * @property {string} locale
 * @property {Record<string, Message[]>} messages  by chat, oldest first
 * @property {Record<string, boolean>} loaded  chats whose history has come
 * @property {Record<string, Quota>} quotas  by user
 * @property {Record<string, Estimate>} estimates  by user and chat: what their draft would be
 * @property {{nonce: string, text: string} | null} asked  the latest question about a draft
 * @property {Record<string, number>} unread  by chat
 * @property {Record<string, Draft>} drafts  by user and chat
 * @property {Outgoing[]} outbox
 * @property {Record<string, boolean>} pressing  buttons that wait for an answer, by `pressKey`
 * @property {Gallery | null} gallery  the open gallery
 * @property {{chat: string, messages: Message[]} | null} past  older messages that stand in the place of the newest
 * @property {{id: string, count: number}} sought  the message that the timeline leads to; `count` grows each time
 * @property {string | null} viewing  the file open in the lightbox
 * @property {string | null} comparing  the file that it is compared with there
 * @property {Record<string, string>} featured  by message, the picture of several that stands there large
 * @property {string | null} inner  the address of another page of Easel's that lies over this one
 * @property {{message: string, text: string, copyable: string, buttons: Message["buttons"]} | null} panel  a card for the current user
 *   alone, about a message
 * @property {{text: string, count: number, undo?: string} | null} notice  `undo`: the message that may come back
 * @property {Record<string, number>} leaving  messages that are deleted unless that is undone: by id, the timer
 * @property {number} composing  grows whenever the composer should take the focus
 */

/** @param {Partial<State>} saved what survived the last reload
 *  @returns {State} */
export function createState(saved) {
  return {
    connection: "connecting",
    ready: false,
    users: [],
    chats: [],
    commands: [],
    texts: {},
    locales: [],
    limits: { files: 5, file_bytes: 20_000_000, text: 4000, prompt: 4000 },
    demo: false,
    me: "",
    chat: "",
    locale: "",
    messages: {},
    loaded: {},
    quotas: {},
    estimates: {},
    asked: null,
    unread: {},
    drafts: {},
    outbox: [],
    pressing: {},
    gallery: null,
    past: null,
    sought: { id: "", count: 0 },
    viewing: null,
    comparing: null,
    featured: {},
    inner: null,
    panel: null,
    notice: null,
    leaving: {},
    composing: 0,
    ...saved,
  };
}

/** The words for a message id, with values in the places of their names in brackets; empty until the server has sent
 *  them. @param {State} state @param {string} key @param {Record<string, string | number>} [values] */
export const say = (state, key, values = {}) =>
  (state.texts[key] ?? "").replace(/\[(\w+)\]/g, (name, value) => String(values[value] ?? name));

/** What the page knows of a chat: its newest messages, or older ones that stand in their place.
 *  @param {State} state @param {string} chat @returns {Message[]} */
export const messagesOf = (state, chat) =>
  (state.past?.chat === chat ? state.past.messages : state.messages[chat]) ?? [];

/** @param {State} state */
export const currentMessages = (state) =>
  messagesOf(state, state.chat).filter((each) => !state.leaving[each.id]);

/** @param {State} state @param {string | null | undefined} id */
export const findMessage = (state, id) =>
  id ? currentMessages(state).find((each) => each.id === id) : undefined;

/** The chat that a message stands in, of those the current user sees. @param {State} state @param {string} id */
export const chatOf = (state, id) =>
  visibleChats(state).find((chat) => state.messages[chat.id]?.some((each) => each.id === id))?.id;

/** @param {State} state */
export const currentChat = (state) => state.chats.find((each) => each.id === state.chat);

/** The chats the current user sees: the groups, and their own private one.
 *  @param {State} state */
export const visibleChats = (state) =>
  state.chats.filter((each) => each.kind === "group" || each.user === state.me);

/** The current user's draft in the current chat; made on first use.
 *  @param {State} state @returns {Draft} */
export function currentDraft(state) {
  return (state.drafts[`${state.me} ${state.chat}`] ??= { text: "", reply_to: null, reply_file: null, files: [] });
}

/** The name to show for a sender.
 *  @param {State} state @param {string} id */
export const nameOf = (state, id) =>
  id === BOT ? "Easel" : (state.users.find((each) => each.id === id)?.name ?? id);

/** Whether the bot is still at work on this message.
 *  @param {Message} message */
export const isRunning = (message) =>
  message.sender === BOT &&
  message.files.length === 0 &&
  message.buttons.some((each) => each.action === "cancel");

/** @param {FileInfo} file */
export const isPicture = (file) => file.media_type.startsWith("image/");

/** The address of a file's bytes.
 *  @param {string} id */
export const fileUrl = (id) => `/files/${encodeURIComponent(id)}`;

const EDGES = [320, 640, 960, 1600]; // of thumbnails, as in thumbnails.py

/** The address of a picture at the size at which it is shown, for the density of the screen. @param {string} id
 *  @param {number} [pixels] of the page, of its longer side; by default those of the timeline */
export function thumbnailUrl(id, pixels = 400) {
  const wanted = devicePixelRatio * pixels;
  return `/thumbnails/${EDGES.find((each) => each >= wanted) ?? EDGES.at(-1)}/${encodeURIComponent(id)}`;
}

/** The member whose request a message of the bot answers, through repetitions of a result; undefined where the request
 *  is not here any more. @param {State} state @param {Message} message @returns {string | undefined} */
export function ownerOf(state, message) {
  const asked = message.reply_to;
  if (!asked) return undefined;
  if (asked.sender !== BOT) return asked.sender;
  const earlier = messagesOf(state, message.chat).find((each) => each.id === asked.id);
  return earlier && Number(earlier.id) < Number(message.id) ? ownerOf(state, earlier) : undefined;
}

/** The buttons of a message that the current member may press.
 *  @param {State} state @param {Message} message */
export function offeredButtons(state, message) {
  const owner = ownerOf(state, message);
  return owner === undefined || owner === state.me ? message.buttons : [];
}

/** The key of a button that waits: of a message, or of one of its pictures.
 *  @param {string} message @param {string} action @param {string | null} [file] */
export const pressKey = (message, action, file) => [message, action, file].filter(Boolean).join(" ");

/** @param {State} state @param {string} message @param {string} action @param {string} [file] */
export const isPressed = (state, message, action, file) => Boolean(state.pressing[pressKey(message, action, file)]);

/** What the pictures of a result can be compared with: what they were made from, then one another.
 *  @param {State} state @param {Message} message @returns {string[]} file ids */
export const comparable = (state, message) =>
  message.sender === BOT ? [...(message.source ? [message.source] : []), ...message.files.filter(isPicture).map((each) => each.id)] : [];

/** Whether Easel will hear what stands in the composer now.
 *  @param {State} state */
export function easelHears(state) {
  if (currentChat(state)?.kind !== "group") return true;
  const { text, reply_to } = currentDraft(state);
  if (/^\s*\//.test(text) || /(^|\W)@easel(?!\w)/i.test(text)) return true;
  return findMessage(state, reply_to)?.sender === BOT;
}
