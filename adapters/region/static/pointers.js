// Mice, pens and fingers on the stage: one paints, two pinch and move. Knows no picture; says what hands do.

const GRACE = 150; // milliseconds in which a second finger shows that the first was not meant to paint

/** @typedef {{x: number, y: number}} Place  On the stage, screen pixels */

/**
 * @param {HTMLElement} stage
 * @param {{
 *   pans: () => boolean,
 *   begin: (place: Place) => void,
 *   extend: (places: Place[]) => void,
 *   end: () => void,
 *   cancel: () => void,
 *   move: (from: Place, to: Place, factor: number) => void,
 *   hover: (place: Place | null) => void,
 * }} hands  `pans`: whether one pointer moves the picture just now, instead of painting
 */
export function listenToPointers(stage, hands) {
  /** @type {Map<number, Place>} */
  const held = new Map();
  /** @type {"" | "paint" | "pan" | "pinch"} */
  let doing = "";
  let begun = 0;

  /** @param {{clientX: number, clientY: number}} event @returns {Place} */
  const place = ({ clientX, clientY }) => {
    const { left, top } = stage.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  };

  // A finger that leaves quickly would begin a fling, though nothing here scrolls: Chromium takes the tap that follows,
  // wherever on the page, for what stops it, and makes no click of it. A touch that is the page's begins none.
  stage.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });

  stage.addEventListener("pointerdown", (event) => {
    if (event.button > 1 || held.size > 1) return;
    event.preventDefault();
    stage.focus({ preventScroll: true });
    stage.setPointerCapture(event.pointerId);
    held.set(event.pointerId, place(event));
    if (held.size === 1) {
      doing = event.button === 1 || hands.pans() ? "pan" : "paint";
      begun = event.timeStamp;
      if (doing === "paint") hands.begin(place(event));
    } else {
      if (doing === "paint") event.timeStamp - begun <= GRACE ? hands.cancel() : hands.end();
      doing = "pinch";
      hands.hover(null);
    }
  });

  stage.addEventListener("pointermove", (event) => {
    const to = place(event);
    const from = held.get(event.pointerId);
    if (event.pointerType !== "touch") hands.hover(to);
    if (!from) return;
    const before = [...held.values()];
    held.set(event.pointerId, to);
    if (doing === "paint") {
      const all = event.getCoalescedEvents?.() ?? [];
      hands.extend((all.length ? all : [event]).map(place));
    } else if (doing === "pan") {
      hands.move(from, to, 1);
    } else if (doing === "pinch" && held.size === 2) {
      const after = [...held.values()];
      const factor = apart(after) / Math.max(1, apart(before));
      hands.move(middle(before), middle(after), factor);
    }
  });

  /** @param {PointerEvent} event */
  function release(event) {
    if (!held.delete(event.pointerId)) return;
    if (doing === "paint") event.type === "pointerup" ? hands.end() : hands.cancel();
    doing = held.size && doing === "pinch" ? "pinch" : ""; // the finger that stays does nothing more
  }
  stage.addEventListener("pointerup", release);
  stage.addEventListener("pointercancel", release);
  stage.addEventListener("pointerleave", () => held.size || hands.hover(null));

  stage.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const at = place(event);
      if (event.shiftKey) hands.move(at, { x: at.x - (event.deltaX || event.deltaY), y: at.y }, 1);
      else hands.move(at, at, Math.exp(-event.deltaY / (event.ctrlKey ? 100 : 400)));
    },
    { passive: false },
  );
}

/** @param {Place[]} two */
const apart = ([a, b]) => Math.hypot(a.x - b.x, a.y - b.y);

/** @param {Place[]} two */
const middle = ([a, b]) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
