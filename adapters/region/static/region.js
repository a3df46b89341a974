// The wiring of the region page: hands and keys change the drawing, the drawing is shown, Paint sends it.
// Everything meets here, once; what a mask is and what it costs only the server knows.

import { attribute, h, hook, write } from "./dom.js";
import { createCells } from "./cells.js";
import { createDrawing, thin } from "./drawing.js";
import { createRequests, readLink, Refused } from "./link.js";
import { listenToKeys } from "./keys.js";
import { listenToPointers } from "./pointers.js";
import { createRaster } from "./raster.js";
import { openMiniApp } from "./telegram.js";
import { createTools } from "./tools.js";
import { fit, move, toPicture } from "./view.js";
/** @import { Stroke } from "./drawing.js" */
/** @import { Tool } from "./tools.js" */
/** @import { View } from "./view.js" */

const THINNEST = 0.004; // of the picture's longer side
const THICKEST = 0.4;
const ASK_PAUSE = 400; // milliseconds after the last key until the price is asked for
const ZOOM = 1.5;

const link = readLink(location.hash);
/** @type {Record<string, string>} */
let texts = {};
let locale = "";
const request = createRequests(link, () => locale);
const kept = `easel.region.${link.token.slice(0, 22)}`;
const stage = hook("#stage");
const sheet = hook("#sheet");
const picture = /** @type {HTMLImageElement} */ (hook("#picture"));
const ring = hook("#ring");
const box = hook("#box");
const cell = hook("#cell");

/** @param {string} key */
const say = (key) => texts[key] ?? "";
/** @param {string} key @param {Record<string, string | number>} facts */
const tell = (key, facts) => say(key).replace(/\[(\w+)\]/g, (_, name) => String(facts[name] ?? ""));

/** @param {string} text @param {boolean} [wrong] */
function note(text, wrong = false) {
  const node = hook("#note");
  write(node, text);
  node.classList.toggle("wrong", wrong);
}

/** @param {unknown} failure @returns {string} */
const wordsOf = (failure) => (failure instanceof Refused && failure.message) || say("region-page-offline");

open().catch((failure) => {
  attribute(hook("#region"), "aria-busy", "false");
  note(wordsOf(failure) || "…", true);
});

async function open() {
  const app = link.launch ? await openMiniApp() : null;
  const page = await (await request("page")).json();
  ({ locale, texts } = page);
  document.documentElement.lang = locale;
  document.title = say("region-page-title");
  write(hook("#title"), document.title);
  note(say("region-page-loading"));
  picture.src = URL.createObjectURL(await (await request("picture")).blob());
  attribute(picture, "alt", say("region-page-picture"));
  await picture.decode().catch(() => {
    throw new Refused(say("region-page-picture-failed"), false);
  });
  note("");
  edit(page, app);
  attribute(hook("#region"), "aria-busy", "false");
}

/** @param {{prompt: string, price: string, limit: number}} page @param {any} app  Telegram's; null elsewhere */
function edit(page, app) {
  const size = { width: picture.naturalWidth, height: picture.naturalHeight };
  const longer = Math.max(size.width, size.height);
  const before = restore();
  const drawing = createDrawing(before.strokes);
  const raster = createRaster(/** @type {HTMLCanvasElement} */ (hook("#marks")), size.width, size.height);
  const cells = createCells(size.width, size.height);
  for (const [key, pixels] of Object.entries(size)) sheet.style.setProperty(`--${key}`, `${pixels}px`);
  /** @type {Tool} */
  let tool = "brush";
  let share = 0.55; // of the slider
  let spaced = false;
  let done = false;
  /** @type {View} */
  let view = { x: 0, y: 0, scale: 1 };
  /** @type {Stroke | null} */
  let stroke = null;

  const thickness = () => longer * THINNEST * (THICKEST / THINNEST) ** share;
  const stageSize = () => ({ width: stage.clientWidth, height: stage.clientHeight });
  const updateTools = createTools(
    hook("#tools"),
    {
      choose,
      step,
      resize(to) {
        share = to;
        updateAll();
      },
      see(what) {
        if (what === "fit") show(fit(size, stageSize()));
        else zoom(what === "in" ? ZOOM : 1 / ZOOM);
      },
    },
    say,
  );
  const { form, prompt, price, button } = createAsk(page);
  if (before.prompt) prompt.value = before.prompt;
  hook("#tools").hidden = form.hidden = false;
  attribute(stage, "tabindex", "0");
  attribute(stage, "role", "application");
  attribute(stage, "aria-label", say("region-page-stage"));

  // ---------------------------------------------------------------- what is seen

  /** @param {View} next */
  function show(next) {
    view = next;
    sheet.style.setProperty("transform", `translate(${view.x}px, ${view.y}px) scale(${view.scale})`);
    sheet.style.setProperty("--scale", String(view.scale));
    ring.style.setProperty("--ring", `${thickness() * view.scale}px`);
  }

  /** @param {number} factor */
  function zoom(factor) {
    const { width, height } = stageSize();
    const middle = { x: width / 2, y: height / 2 };
    show(move(view, middle, middle, factor, size, stageSize()));
  }

  function updateAll() {
    const strokes = drawing.strokes();
    updateTools({
      tool,
      share,
      canUndo: drawing.canUndo(),
      canRedo: drawing.canRedo(),
      canClear: strokes.length > 0,
    });
    attribute(stage, "data-tool", spaced ? "pan" : tool);
    ring.style.setProperty("--ring", `${thickness() * view.scale}px`);
  }

  /** The drawing has changed: it is counted, said, and kept over a reload. */
  function settle() {
    raster.redraw(drawing.strokes());
    updateAll();
    const marked = raster.measure().share;
    const percent = marked > 0 && marked < 0.005 ? "<1" : String(Math.round(marked * 100));
    write(hook("#live"), marked ? tell("region-page-marked", { percent }) : say("region-page-nothing"));
    write(hook("#share"), marked ? tell("region-page-marked", { percent }) : say("region-page-nothing"));
    keep();
    if (drawing.canUndo() && app?.isVersionAtLeast("6.2")) app.enableClosingConfirmation();
  }

  // ---------------------------------------------------------------- what hands do

  /** @param {Tool} next */
  function choose(next) {
    tool = next;
    updateAll();
  }

  /** @param {"undo" | "redo" | "clear" | "invert"} what */
  function step(what) {
    if (done) return;
    if (what === "invert") drawing.add({ tool: "invert" });
    else drawing[what]();
    settle();
  }

  listenToPointers(stage, {
    pans: () => spaced || tool === "pan",
    begin(place) {
      if (done) return;
      const { x, y } = toPicture(view, place);
      if (tool === "rectangle") stroke = { tool, points: [x, y, x, y] };
      else stroke = { tool: tool === "eraser" ? "eraser" : "brush", size: thickness(), points: [x, y] };
      if (stroke.tool !== "rectangle") raster.draw(stroke);
      cell.hidden = true;
    },
    extend(places) {
      if (!stroke?.points) return;
      const from = stroke.points.length;
      for (const each of places) {
        const { x, y } = toPicture(view, each);
        if (stroke.tool === "rectangle") stroke.points.splice(2, 2, x, y);
        else stroke.points.push(x, y);
      }
      if (stroke.tool === "rectangle") frameBox(stroke.points);
      else raster.draw(stroke, from);
    },
    end() {
      const ended = stroke;
      stroke = null;
      box.hidden = true;
      if (!ended?.points) return;
      const points = ended.tool === "rectangle" ? whole(ended.points) : thin(ended.points, (ended.size ?? 0) / 8);
      if (points.length) drawing.add({ ...ended, ...(ended.size && { size: Math.round(ended.size * 10) / 10 }), points });
      settle();
    },
    cancel() {
      stroke = null;
      box.hidden = true;
      settle();
    },
    move: (from, to, factor) => show(move(view, from, to, factor, size, stageSize())),
    hover(place) {
      ring.hidden = !place || tool === "rectangle" || tool === "pan" || spaced || done;
      if (!place) return;
      ring.style.setProperty("--x", `${place.x}px`);
      ring.style.setProperty("--y", `${place.y}px`);
    },
  });

  /** The whole pixels of a rectangle within the picture; none where it has none. @param {number[]} corners */
  function whole([x, y, u, v]) {
    /** @param {number} at @param {number} most */
    const within = (at, most) => Math.round(Math.min(most, Math.max(0, at)));
    const [left, right] = [within(Math.min(x, u), size.width), within(Math.max(x, u), size.width)];
    const [top, bottom] = [within(Math.min(y, v), size.height), within(Math.max(y, v), size.height)];
    return left < right && top < bottom ? [left, top, right, bottom] : [];
  }

  /** @param {number[]} corners */
  function frameBox([x, y, u, v]) {
    box.hidden = false;
    const places = {
      "--left": view.x + Math.min(x, u) * view.scale,
      "--top": view.y + Math.min(y, v) * view.scale,
      "--wide": Math.abs(u - x) * view.scale,
      "--high": Math.abs(v - y) * view.scale,
    };
    for (const [name, pixels] of Object.entries(places)) box.style.setProperty(name, `${pixels}px`);
  }

  // ---------------------------------------------------------------- what keys do

  function showCell() {
    const [x, y, u, v] = cells.corners();
    const places = { "--left": x, "--top": y, "--wide": u - x, "--high": v - y };
    for (const [name, pixels] of Object.entries(places)) cell.style.setProperty(name, `${pixels}px`);
    cell.hidden = false;
    const marked = raster.measure((x + u) / 2, (y + v) / 2).here;
    const facts = { row: cells.at.row + 1, column: cells.at.column + 1 };
    write(hook("#live"), tell(marked ? "region-page-cell-marked" : "region-page-cell-free", facts));
    return marked;
  }

  listenToKeys(stage, {
    walk(across, down) {
      if (!cell.hidden) cells.move(across, down);
      showCell();
    },
    toggle() {
      if (done) return;
      const tool = showCell() ? "hole" : "rectangle";
      drawing.add({ tool, points: cells.corners() });
      settle();
      showCell();
    },
    choose,
    step,
    resize(by) {
      share = Math.min(1, Math.max(0, share + by));
      updateAll();
    },
    zoom: (direction) => (direction ? zoom(direction > 0 ? ZOOM : 1 / ZOOM) : show(fit(size, stageSize()))),
    space(down) {
      spaced = down;
      updateAll();
    },
    leave: () => parent !== window && parent.postMessage({ easel: "region", state: "closed" }, location.origin),
  });

  // ---------------------------------------------------------------- what is asked for

  let asked = 0;
  prompt.addEventListener("input", () => {
    keep();
    clearTimeout(asked);
    asked = setTimeout(async () => {
      const words = prompt.value;
      const answer = await request("price", { prompt: words }).catch(() => null);
      if (answer && words === prompt.value) write(price, (await answer.json()).price);
    }, ASK_PAUSE);
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (done || button.disabled) return;
    clearTimeout(asked); // the link is used up once this is accepted
    button.disabled = true;
    note(say("region-page-sending"));
    try {
      const sent = { prompt: prompt.value, drawing: { ...size, strokes: drawing.strokes() } };
      const { text } = await (await request("paint", sent)).json();
      finish(text);
    } catch (failure) {
      note(wordsOf(failure), true);
      button.disabled = failure instanceof Refused && failure.dead;
    }
  });

  /** @param {string} text */
  function finish(text) {
    done = true;
    note(text);
    hook("#tools").hidden = form.hidden = ring.hidden = cell.hidden = true;
    removeEventListener("beforeunload", ask);
    forget();
    app?.disableClosingConfirmation?.();
    app?.close();
    if (parent !== window) parent.postMessage({ easel: "region", state: "done" }, location.origin);
  }

  /** @param {BeforeUnloadEvent} event */
  function ask(event) {
    if (drawing.strokes().length && !app && parent === window) event.preventDefault();
  }
  addEventListener("beforeunload", ask);

  function keep() {
    try {
      sessionStorage.setItem(kept, JSON.stringify({ strokes: drawing.history(), prompt: prompt.value }));
    } catch {
      // Storage is full or closed to the page: a reload begins anew.
    }
  }

  new ResizeObserver(() => show(fit(size, stageSize()))).observe(stage);
  show(fit(size, stageSize()));
  settle();
  stage.focus({ preventScroll: true });
}

/** What was painted before the page was loaded again. @returns {{strokes: Stroke[], prompt: string}} */
function restore() {
  try {
    const { strokes, prompt } = JSON.parse(sessionStorage.getItem(kept) ?? "{}");
    return { strokes: Array.isArray(strokes) ? strokes : [], prompt: prompt ?? "" };
  } catch {
    return { strokes: [], prompt: "" };
  }
}

function forget() {
  try {
    sessionStorage.removeItem(kept);
  } catch {
    // As above.
  }
}

/** @param {{prompt: string, price: string, limit: number}} page */
function createAsk(page) {
  const form = /** @type {HTMLFormElement} */ (hook("#ask"));
  const prompt = h("textarea", { id: "prompt", rows: 2, dir: "auto", maxlength: page.limit + 1000 });
  prompt.value = page.prompt;
  attribute(prompt, "placeholder", say("region-page-prompt"));
  attribute(prompt, "aria-label", say("region-page-prompt"));
  prompt.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  const price = h("span", { id: "price", class: "price" }, page.price);
  const share = h("span", { id: "share", class: "share", "aria-hidden": "true" });
  const button = h("button", { type: "submit", class: "paint", id: "paint" }, say("region-page-paint"));
  form.append(prompt, h("div", { class: "ask-row" }, share, price, button));
  return { form, prompt, price, button };
}
