// The connection: opens, parses, reconnects with growing pauses. Knows no frame but the ones it is told to pass on.
// No state, no DOM.

const FIRST_PAUSE = 400; // milliseconds; doubles with each failure
const LONGEST_PAUSE = 8000;
const STEADY = 5000; // milliseconds a connection must stand before the pauses begin small again

/**
 * @param {object} options
 * @param {() => void} options.onOpen  a connection stands
 * @param {(frame: any) => void} options.onFrame
 * @param {() => void} options.onLost  it broke; the next try is already planned
 */
export function connect({ onOpen, onFrame, onLost }) {
  /** @type {WebSocket | undefined} */
  let socket;
  let failures = 0;
  let timer = 0;
  let steady = 0;

  function open() {
    clearTimeout(timer);
    const mine = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
    socket = mine;
    mine.addEventListener("open", () => {
      steady = setTimeout(() => (failures = 0), STEADY);
      onOpen();
    });
    mine.addEventListener("message", (event) => onFrame(JSON.parse(event.data)));
    mine.addEventListener("close", () => {
      if (socket !== mine) return;
      socket = undefined;
      clearTimeout(steady);
      const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failures) * (0.75 + Math.random() / 2);
      failures += 1;
      timer = setTimeout(open, pause);
      onLost();
    });
  }

  /** Tries at once when there is a reason to hope. */
  function hurry() {
    if (!socket) open();
  }

  addEventListener("online", hurry);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && hurry());
  open();

  return {
    /** Whether the frame went out. @param {object} frame */
    send(frame) {
      if (socket?.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify(frame));
      return true;
    },
  };
}
