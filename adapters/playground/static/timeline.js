// The list of messages: order, grouping, days, scrolling.
// One view a message, kept by id; message.js draws the inside, walk.js leads the keyboard.

import { arrange, attribute, h, hook, mayMove, write } from "./dom.js";
import { createEmpty } from "./empty.js";
import { dayNumber, dayOf } from "./format.js";
import { icon } from "./icons.js";
import { createMessage } from "./message.js";
import { quoteOf } from "./quote.js";
import { currentMessages, findMessage, say } from "./state.js";
import { createWalk } from "./walk.js";
/** @import { State } from "./state.js" */
/** @import { Actions } from "./actions.js" */
/** @import { Message, Outgoing } from "./protocol.js" */

const SAME_BREATH = 5 * 60_000; // milliseconds between messages of one sender that share a head
const NEAR_END = 80; // pixels; closer than this counts as reading the newest

/** @param {Actions} actions */
export function createTimeline(actions) {
  const scroller = hook("#timeline");
  const column = h("div", { class: "column", role: "feed" });
  const empty = createEmpty(actions);
  const toEnd = h(
    "button",
    { type: "button", class: "to-end", hidden: true, on: { click: toNewest } },
    icon("down"),
    h("span", {}),
  );
  const skeleton = h("div", { class: "skeleton", "aria-hidden": "true" }, bone(), bone(), bone());
  scroller.append(column, skeleton, empty.node);
  scroller.after(toEnd);

  /** @type {Map<string, ReturnType<typeof createMessage>>} */
  const views = new Map();
  /** @type {Map<number, HTMLElement>} */
  const days = new Map();
  let active = "";
  let atEnd = true;
  let shown = ""; // the chat, and whether older messages stand there
  let sought = 0;
  let newest = "";
  /** @type {State | undefined} */
  let last;

  scroller.addEventListener("scroll", () => {
    atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END;
    if (atEnd && !last?.past) toEnd.hidden = true;
  });
  const follow = new ResizeObserver(() => atEnd && scrollToEnd(false));
  follow.observe(column);
  follow.observe(scroller);
  createWalk(column, actions);
  column.addEventListener("focusin", (event) => {
    const id = /** @type {Element} */ (event.target)
      .closest("[data-message-id]")
      ?.getAttribute("data-message-id");
    if (id && id !== active && last) {
      active = id;
      render(last);
    }
  });

  /** @param {boolean} smooth */
  function scrollToEnd(smooth) {
    scroller.scrollTo({ top: scroller.scrollHeight, behavior: smooth && mayMove() ? "smooth" : "instant" });
  }

  /** To the newest message, also from older ones. */
  function toNewest() {
    if (last?.past) actions.returnToNow();
    else scrollToEnd(true);
  }

  /** @param {string} id */
  function show(id) {
    const node = views.get(id)?.node;
    if (!node) return;
    node.scrollIntoView({ block: "center", behavior: mayMove() ? "smooth" : "instant" });
    node.focus({ preventScroll: true });
    node.classList.add("found");
    setTimeout(() => node.classList.remove("found"), 1600);
  }

  /** @param {State} state */
  function render(state) {
    last = state;
    const messages = currentMessages(state);
    const ghosts = state.outbox.filter((each) => each.chat === state.chat);
    const place = `${state.chat} ${state.past ? state.past.messages[0]?.id : ""}`;
    const switched = shown !== place;
    if (switched) forget(place);
    if (!messages.some((each) => each.id === active)) active = messages.at(-1)?.id ?? "";
    const lost = focusLost(messages);
    const wanted = [...draw(state, messages), ...ghosts.map((each) => drawGhost(state, each))];
    arrange(column, wanted);
    for (const id of [...views.keys()]) if (!views.get(id)?.node.isConnected) views.delete(id);
    if (lost) (views.get(active)?.node ?? hook("#composer")).focus({ preventScroll: true });

    attribute(column, "aria-label", say(state, "page-timeline"));
    const waits = !state.loaded[state.chat] && wanted.length === 0;
    skeleton.hidden = !waits;
    empty.render(state, !waits && wanted.length === 0);
    column.hidden = wanted.length === 0;
    write(/** @type {Node} */ (toEnd.lastChild), say(state, state.past ? "page-newest" : "page-new-messages"));
    settleScroll(switched, ghosts.at(-1)?.nonce ?? messages.at(-1)?.id ?? "");
    if (state.past) toEnd.hidden = false;
    if (state.sought.count !== sought) {
      sought = state.sought.count;
      requestAnimationFrame(() => show(state.sought.id)); // once it is drawn
    }
  }

  /** Whether the focus sits in a message that is about to go. @param {Message[]} messages */
  function focusLost(messages) {
    const holder = document.activeElement
      ?.closest("#timeline [data-message-id]")
      ?.getAttribute("data-message-id");
    return Boolean(holder) && !messages.some((each) => each.id === holder);
  }

  /** @param {boolean} switched @param {string} end the id of what stands last */
  function settleScroll(switched, end) {
    const arrived = end !== newest;
    newest = end;
    if (switched || (arrived && (atEnd || last?.outbox.some((each) => each.nonce === end)))) {
      atEnd = true;
      scrollToEnd(!switched);
    } else if (arrived && !atEnd) toEnd.hidden = false;
  }

  /** @param {string} place */
  function forget(place) {
    views.clear();
    days.clear();
    column.replaceChildren();
    shown = place;
    toEnd.hidden = true;
  }

  /** @param {string} key */
  function view(key) {
    let found = views.get(key);
    if (!found) views.set(key, (found = createMessage(actions, (id) => void actions.lead(id))));
    return found;
  }

  /** @param {State} state @param {Message[]} messages @returns {HTMLElement[]} */
  function draw(state, messages) {
    const today = new Date();
    return messages.flatMap((message, index) => {
      const previous = messages[index - 1];
      const day = dayNumber(message.at);
      const newDay = !previous || dayNumber(previous.at) !== day;
      const near = previous && Date.parse(message.at) - Date.parse(previous.at) < SAME_BREATH;
      const first = newDay || previous.sender !== message.sender || !near;
      const one = view(message.id);
      one.update(state, message, { first, active: message.id === active, pending: "" });
      attribute(one.node, "aria-posinset", index + 1);
      attribute(one.node, "aria-setsize", messages.length);
      if (!newDay) return [one.node];
      const divider = days.get(day) ?? h("div", { class: "day" }, h("span", {}));
      days.set(day, divider);
      write(/** @type {Node} */ (divider.firstChild), dayOf(state.locale, message.at, today));
      return [divider, one.node];
    });
  }

  /** @param {State} state @param {Outgoing} outgoing */
  function drawGhost(state, outgoing) {
    const answered = findMessage(state, outgoing.reply_to);
    const one = view(`ghost ${outgoing.nonce}`);
    one.update(
      state,
      {
        id: outgoing.nonce,
        chat: outgoing.chat,
        sender: outgoing.as,
        text: outgoing.text,
        files: outgoing.files,
        preview: null,
        buttons: [],
        reply_to: answered ? quoteOf(answered, outgoing.reply_file) : null,
        source: null,
        at: outgoing.at,
        edited: false,
      },
      {
        first: true,
        active: false,
        pending: outgoing.error ? "failed" : "sending",
        nonce: outgoing.nonce,
        error: outgoing.error,
      },
    );
    return one.node;
  }

  return { render };
}

/** The place of a message that has not come yet. */
function bone() {
  return h("div", { class: "bone" }, h("i", {}), h("span", {}));
}
