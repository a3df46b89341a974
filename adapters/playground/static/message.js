// One message on the timeline: built once, then updated in place, so that a status becomes its picture in the
// same element. Text goes in as text. No state of its own but what it has already drawn.

import { avatar, tint } from "./avatar.js";
import { arrange, attribute, h, label, write } from "./dom.js";
import { momentOf, shortMomentOf, timeOf } from "./format.js";
import { icon } from "./icons.js";
import { createMedia } from "./media.js";
import { quoteInside } from "./quote.js";
import { BOT, chatOf, comparable, findMessage, isPicture, isPressed, isRunning } from "./state.js";
import { nameOf, offeredButtons, say, thumbnailUrl } from "./state.js";
import { expectedCount, expectedRatio, readStatus, splitEmoji } from "./status.js";
import { leaveTabOrder } from "./walk.js";
/** @import { State } from "./state.js" */
/** @import { Actions } from "./actions.js" */
/** @import { FileInfo, Message } from "./protocol.js" */
/** @import { Look, Tool } from "./picture.js" */

const NARROW = "(max-width: 759px)"; // as in canvas.css: one picture large, the others beside it
const ONE_OF_SEVERAL = new Set(["edit", "vary"]); // stand on each of several pictures, and not below them all

/** @typedef {{first: boolean, active: boolean, pending: "" | "sending" | "failed", nonce?: string, error?: string}} Place */

/** @param {Actions} actions @param {(id: string) => void} jump scrolls to a message */
export function createMessage(actions, jump) {
  /** @type {Message} */
  let current;
  const face = h("div", { class: "gutter" });
  const name = h("span", { class: "name" });
  const tag = h("span", { class: "tag" });
  const time = h("time", {});
  const edited = h("span", { class: "edited" });
  const head = h("header", { class: "head" }, name, tag, time, edited);
  const quote = h("button", {
    type: "button",
    class: "quote",
    on: { click: () => current.reply_to && jump(current.reply_to.id) },
  });
  const media = createMedia(open, act);
  const stroke = h(
    "div",
    { class: "stroke", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 },
    h("div", { class: "stroke-fill" }),
  );
  const text = h("div", { class: "text", dir: "auto" });
  const buttons = h("div", { class: "buttons" });
  const fate = h("div", { class: "fate" });
  const reply = h(
    "button",
    { type: "button", class: "tool", "data-action": "reply", on: { click: () => actions.reply(current.id) } },
    icon("reply"),
  );
  const remove = h(
    "button",
    {
      type: "button",
      class: "tool",
      "data-action": "delete",
      on: { click: () => actions.remove(current.id) },
    },
    icon("delete"),
  );
  const tools = h("div", { class: "tools" }, reply, remove);
  const bubble = h("div", { class: "bubble" });
  const node = h(
    "article",
    { class: "message", tabindex: -1 },
    face,
    h("div", { class: "body" }, head, h("div", { class: "corner" }, bubble, tools)),
  );
  let drawn = "";
  let featured = "";
  /** @type {Message["buttons"]} of the current member */
  let offered = [];
  /** @type {string | null} the words that stand there as words, and not as progress */
  let written = null;

  /** On a narrow screen one picture of several stands there large: a touch on another one makes it that.
   *  @param {string} file */
  function open(file) {
    const several = current.files.length > 1 && node.classList.contains("card");
    const small = several && file !== featured && matchMedia(NARROW).matches;
    if (small) actions.feature(current.id, file);
    else actions.view(file);
  }

  /** What can be done with one of the pictures. @param {string} file @param {Tool["action"]} action */
  function act(file, action) {
    if (action === "compare") return actions.compare(file);
    const button = offered.find((each) => each.action === action);
    if (button) actions.press(current.id, button.action, button.job, file);
  }

  /** @param {State} state @param {Message} message @param {Place} place */
  function update(state, message, place) {
    current = message;
    offered = offeredButtons(state, message);
    featured = state.featured[message.id] ?? message.files[0]?.id ?? "";
    const several = message.sender === BOT && message.files.filter(isPicture).length > 1;
    const below = several ? offered.filter((each) => !ONE_OF_SEVERAL.has(each.action)) : offered;
    const waiting = below.map((each) => isPressed(state, message.id, each.action));
    const busy = Object.keys(state.pressing).filter((each) => each.startsWith(`${message.id} `));
    const key = JSON.stringify([
      [message, place, featured, busy, offered, comparable(state, message)],
      [state.locale, state.texts["page-reply"], state.me],
    ]);
    if (key === drawn) return;
    drawn = key;

    const running = isRunning(message);
    const waits = running && message.text.startsWith(say(state, "page-stage-waiting"));
    const bot = message.sender === BOT;
    const card = bot && (running || message.files.length > 0);
    node.className = [
      "message",
      bot ? "bot" : "",
      message.sender === state.me ? "own" : "",
      place.first ? "first" : "",
      card ? "card" : "",
      running ? "running" : "",
      waits ? "waiting" : "",
      place.pending,
    ]
      .filter(Boolean)
      .join(" ");
    attribute(node, "data-message-id", place.pending ? null : message.id);
    attribute(node, "data-nonce", place.nonce);
    attribute(node, "data-sender", message.sender);
    attribute(node, "aria-label", `${nameOf(state, message.sender)}, ${timeOf(state.locale, message.at)}`);
    attribute(node, "tabindex", place.active ? 0 : -1);
    tint(node, state, message.sender);
    drawHead(state, message, place);
    drawBody(state, message, running, waits, several);
    drawButtons(message, below, waiting);
    drawFate(state, place);
    const inside = bot ? [media.node, running && !waits && stroke, text] : [text, media.node];
    const parts = [
      message.reply_to && quote,
      ...inside,
      below.length > 0 && buttons,
      place.pending && fate,
    ];
    arrange(
      bubble,
      parts.filter((each) => each instanceof Node),
    );
    label(reply, say(state, "page-reply"));
    label(remove, say(state, "page-delete"));
    tools.hidden = Boolean(place.pending);
    attribute(text, "id", place.pending ? null : `text-${message.id}`);
    attribute(node, "aria-describedby", place.pending || !message.text ? null : text.id);
    if (!place.pending) leaveTabOrder(node);
  }

  /** @param {State} state @param {Message} message @param {Place} place */
  function drawHead(state, message, place) {
    head.hidden = !place.first;
    if (place.first && !face.firstChild) face.append(avatar(state, message.sender));
    if (!place.first) face.replaceChildren();
    write(name, nameOf(state, message.sender));
    write(
      tag,
      message.sender === BOT
        ? say(state, "page-bot")
        : message.sender === state.me
          ? say(state, "page-you")
          : "",
    );
    write(time, timeOf(state.locale, message.at));
    attribute(time, "datetime", message.at);
    attribute(time, "title", momentOf(state.locale, message.at));
    write(edited, message.edited && message.sender !== BOT ? say(state, "page-edited") : "");
    if (!message.reply_to) return;
    quote.replaceChildren(...quoteInside(state, message.reply_to));
    quote.disabled = message.reply_to.deleted;
  }

  /** @param {State} state @param {Message} message @param {boolean} several @param {FileInfo} file @returns {Look} */
  function lookOf(state, message, several, file) {
    const place = { n: message.files.indexOf(file) + 1, count: message.files.length };
    const name = several ? say(state, "page-picture-of", place) : say(state, "page-picture");
    if (message.sender !== BOT) return { name, featured: false, tools: [] };
    /** @type {Tool[]} */
    const tools = offered
      .filter((each) => several && ONE_OF_SEVERAL.has(each.action))
      .reverse() // Edit first: what most want of the one they like
      .map((each) => ({
        action: /** @type {"edit" | "vary"} */ (each.action),
        words: each.label,
        busy: isPressed(state, message.id, each.action, file.id),
      }));
    if (comparable(state, message).some((each) => each !== file.id))
      tools.push({ action: "compare", words: say(state, "page-compare"), busy: false });
    tools.push({ action: "download", words: say(state, "page-download"), busy: false });
    return { name, featured: several && file.id === featured, tools };
  }

  /** @param {State} state @param {Message} message @param {boolean} running @param {boolean} waits
   *  @param {boolean} several */
  function drawBody(state, message, running, waits, several) {
    const { lines, percent } = running ? readStatus(message.text) : { lines: [], percent: null };
    const request = findMessage(state, message.reply_to?.id)?.text ?? message.reply_to?.text ?? "";
    media.update({
      running: running && !waits, // a line of text is enough for a place in the queue
      percent,
      preview: message.preview?.url ?? "",
      ratio: expectedRatio(request),
      count: expectedCount(request),
      seed: [...message.id].reduce((sum, each) => sum + each.charCodeAt(0), 0),
      files: message.files,
      lookOf: (file) => lookOf(state, message, several, file),
    });
    attribute(text, "hidden", !message.text);
    if (!running) {
      if (written === message.text) return; // a click that has begun must find its link
      written = message.text;
      if (message.sender === BOT) text.replaceChildren(...withLinks(state, message.text));
      else write(text, message.text);
      return;
    }
    written = null;
    attribute(stroke, "aria-label", say(state, "page-progress"));
    attribute(stroke, "aria-valuenow", percent);
    stroke.style.setProperty("--done", String((percent ?? 0) / 100));
    // Line breaks stay in the text; between the boxes of a grid they take no room.
    const spans = lines.map((line) =>
      line.kind === "bar"
        ? h(
            "span",
            { class: "line line-bar" },
            line.before,
            h("span", { class: "blocks", "aria-hidden": "true" }, line.blocks),
            h("span", {}, line.after),
          )
        : h("span", { class: `line line-${line.kind}` }, ...withEmoji(line.text)),
    );
    text.replaceChildren(...spans.flatMap((each, index) => (index ? ["\n", each] : [each])));
  }

  /** The bot's `#12` at the end of a line leads to that message, and shows its picture; all else stays as it is.
   *  @param {State} state @param {string} words */
  function withLinks(state, words) {
    return words.split(/(?<=\s)(#\d+)(?=$)/m).flatMap((part) => {
      if (!/^#\d+$/.test(part)) return /** @type {(string | HTMLElement)[]} */ (withLocalTimes(state, part));
      const id = part.slice(1);
      const chat = chatOf(state, id);
      const picture = chat && state.messages[chat].find((each) => each.id === id)?.files.find(isPicture);
      const lead = { type: "button", class: "link lead", on: { click: () => jump(id) } };
      const thumb = picture && h("img", { class: "lead-thumb", src: thumbnailUrl(picture.id), alt: "", loading: "lazy" });
      return [h("button", lead, thumb, say(state, "page-show"))];
    });
  }

  /** @param {Message} message @param {Message["buttons"]} below @param {boolean[]} waiting */
  function drawButtons(message, below, waiting) {
    const focused = buttons.contains(document.activeElement)
      ? document.activeElement?.getAttribute("data-action")
      : null;
    const fresh = below.map(({ action, job, label: words }, index) =>
      h(
        "button",
        {
          type: "button",
          class: "button",
          "data-action": action,
          "data-job": job,
          tabindex: -1,
          "aria-busy": waiting[index] ? "true" : null,
          "aria-disabled": waiting[index] ? "true" : null,
          on: { click: () => waiting[index] || actions.press(message.id, action, job) },
        },
        icon(action),
        h("span", {}, words),
      ),
    );
    const same =
      fresh.length === buttons.children.length &&
      fresh.every((each, index) => each.isEqualNode(buttons.children[index]));
    if (same) return; // a click that has begun must find its button where it was
    buttons.replaceChildren(...fresh);
    if (focused)
      (fresh.find((each) => each.dataset.action === focused) ?? node).focus({ preventScroll: true });
  }

  /** @param {State} state @param {Place} place */
  function drawFate(state, { pending, nonce, error }) {
    if (pending === "sending")
      fate.replaceChildren(h("span", { class: "sending" }, say(state, "page-sending")));
    if (pending === "failed" && nonce) {
      fate.replaceChildren(
        h("span", { class: "failure", role: "alert" }, error || say(state, "page-not-sent")),
        h(
          "button",
          { type: "button", class: "link", on: { click: () => actions.sendAgain(nonce) } },
          say(state, "page-send-again"),
        ),
        h(
          "button",
          { type: "button", class: "link", on: { click: () => actions.discard(nonce) } },
          say(state, "page-discard"),
        ),
      );
    }
  }

  return { node, update };
}

/** A line whose emoji are there for the eye alone. @param {string} line */
function withEmoji(line) {
  const [emoji, words] = splitEmoji(line);
  return emoji ? [h("span", { "aria-hidden": "true" }, emoji), words] : [words];
}

/** The bot's `2026-11-30 02:10 UTC` in the reader's time. @param {State} state @param {string} words */
function withLocalTimes(state, words) {
  return words.split(/(\d{4}-\d\d-\d\d \d\d:\d\d) UTC/).map((part, index) => {
    if (index % 2 === 0) return part;
    const at = `${part.replace(" ", "T")}Z`;
    return h("time", { datetime: at, title: `${part} UTC` }, shortMomentOf(state.locale, at));
  });
}
