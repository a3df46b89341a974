// The wiring: frames change the state, the state is drawn, actions send frames. Everything meets here, once.
// No logic of its own beyond that order.

import { createActions } from "./actions.js";
import { createComposer } from "./composer.js";
import { hook, write } from "./dom.js";
import { createEstimates } from "./estimates.js";
import { announcement, receive } from "./frames.js";
import { createInner } from "./inner.js";
import { createLightbox } from "./lightbox.js";
import { createNotice } from "./notice.js";
import { createPanel } from "./panel.js";
import { createPresence } from "./presence.js";
import { createRail } from "./rail.js";
import { connect } from "./socket.js";
import { createState } from "./state.js";
import { load, save } from "./storage.js";
import { createTimeline } from "./timeline.js";

const SAVE_PAUSE = 300; // milliseconds; a draft can be megabytes, and progress redraws often
const RIGHT_TO_LEFT = ["ar", "fa", "he", "ur"];

const state = createState(load());
let planned = 0;
let keeping = 0;
let greeted = false;

/** Draws once for all that comes within a frame of the screen; a hidden page has none, so there a timer counts. */
function drawSoon() {
  planned ||= document.hidden ? setTimeout(draw, 250) : requestAnimationFrame(draw);
}

/** Draws at once: what a person does shows before anything else happens. */
function draw() {
  planned = 0;
  const root = document.documentElement;
  root.lang = state.locale || "en";
  root.dir = RIGHT_TO_LEFT.includes(root.lang) ? "rtl" : "ltr";
  hook("#app").setAttribute("aria-busy", String(!state.ready));
  for (const view of views) view.render(state);
  estimates.update();
  keeping ||= setTimeout(keep, SAVE_PAUSE);
}

function keep() {
  keeping = 0;
  save(state);
}

const socket = connect({
  onOpen() {
    greeted = false;
    socket.send({ type: "start", locale: state.locale });
  },
  onFrame(frame) {
    const id = frame.type === "message" ? frame.message.id : "";
    const before = id ? state.messages[frame.message.chat]?.find((each) => each.id === id) : undefined;
    receive(state, frame);
    if (frame.type === "hello") greet();
    const words = announcement(state, frame, before);
    if (words) write(hook("#announcer"), words);
    drawSoon();
  },
  onLost() {
    state.connection = "lost";
    state.pressing = {};
    drawSoon();
  },
});

/** Once a connection: what was written while there was none goes out, and the credits are asked for. */
function greet() {
  if (greeted) return;
  greeted = true;
  actions.resend();
  actions.resumeUploads();
  socket.send({ type: "quota", as: state.me });
}

const presence = createPresence();
addEventListener("keydown", (event) => event.key === "Enter" && presence.askPermission(), { once: true });
const actions = createActions(state, (frame) => state.connection === "open" && socket.send(frame), draw);
const estimates = createEstimates(state, (frame) => socket.send(frame));
const views = [
  createRail(actions),
  createTimeline(actions),
  createComposer(actions),
  createLightbox(actions),
  createInner(actions),
  createPanel(actions),
  createNotice(actions),
  presence,
];
addEventListener("pagehide", keep);
draw();
