// The keyboard: a cursor on a grid, tools by letters, and the steps back. Words are typed elsewhere and stay untouched.

const TOOLS = { b: "brush", e: "eraser", r: "rectangle", h: "pan" };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 0.05; // of the slider

/**
 * @param {HTMLElement} stage
 * @param {{
 *   walk: (across: number, down: number) => void, toggle: () => void, choose: (tool: any) => void,
 *   step: (step: "undo" | "redo" | "invert" | "clear") => void, resize: (by: number) => void,
 *   zoom: (direction: number) => void, space: (down: boolean) => void, leave: () => void,
 * }} act
 */
export function listenToKeys(stage, act) {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return act.leave();
    if (event.target instanceof HTMLTextAreaElement || event.altKey) return;
    if (event.ctrlKey || event.metaKey ? pressWithControl(event) : press(event)) event.preventDefault();
  });
  document.addEventListener("keyup", (event) => event.key === " " && act.space(false));
  addEventListener("blur", () => act.space(false));

  /** @param {KeyboardEvent} event */
  function pressWithControl(event) {
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return false;
    act.step(key === "y" || event.shiftKey ? "redo" : "undo");
    return true;
  }

  /** Whether the key means something. @param {KeyboardEvent} event */
  function press(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.target === stage) {
      const arrow = ARROWS[/** @type {keyof typeof ARROWS} */ (key)];
      if (arrow) act.walk(arrow[0] * (event.shiftKey ? 4 : 1), arrow[1] * (event.shiftKey ? 4 : 1));
      else if (key === "Enter") act.toggle();
      else if (key === " ") act.space(true);
      if (arrow || key === "Enter" || key === " ") return true;
    }
    if (key in TOOLS) act.choose(TOOLS[/** @type {keyof typeof TOOLS} */ (key)]);
    else if (key === "[" || key === "]") act.resize(key === "]" ? STEP : -STEP);
    else if (key === "i") act.step("invert");
    else if (key === "+" || key === "=" || key === "-" || key === "0") act.zoom({ "-": -1, 0: 0 }[key] ?? 1);
    else return false;
    return true;
  }
}
