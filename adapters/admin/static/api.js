// What the page asks of its server. Addresses are relative to the page's own, whatever path a proxy has put before it.
// The token that changes need is kept here alone.

const BASE = `${location.pathname.replace(/\/+$/, "")}/api`;

let token = "";
/** @type {() => void} */
let signedOut = () => {};

/** An answer that is a sentence. */
export class Refused extends Error {
  /** @param {string} words @param {number} status */
  constructor(words, status) {
    super(words);
    this.status = status;
  }
}

/** @param {() => void} then  called when the session is over */
export const whenSignedOut = (then) => {
  signedOut = then;
};

/** @param {string} given */
export const keepToken = (given) => {
  token = given;
};

/** @param {string} path @param {{refresh?: boolean}} [how]  `refresh`: nobody has asked for it */
export const ask = (path, { refresh = false } = {}) =>
  send(path, { headers: refresh ? { "X-Easel-Refresh": "1" } : {} });

/** @param {string} path @param {Record<string, unknown>} [body] */
export const change = (path, body = {}) =>
  send(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Easel-Token": token },
    body: JSON.stringify(body),
  });

/** The address of a list as a file. @param {string} name @param {Record<string, string>} params */
export const fileAddress = (name, params) => `${BASE}/${name}.csv${query(params)}`;

/** @param {Record<string, string | undefined>} params */
export function query(params) {
  const given = Object.entries(params).filter(([, value]) => value);
  return given.length ? `?${new URLSearchParams(/** @type {any} */ (given))}` : "";
}

/** @param {string} path @param {RequestInit} how */
async function send(path, how) {
  const answer = await fetch(`${BASE}/${path}`, how).catch(() => {
    throw new Refused("Easel does not answer; is it running?", 0);
  });
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) return body;
  const refused = new Refused(body.refusal ?? `The server answers with HTTP ${answer.status}.`, answer.status);
  if (answer.status === 401) signedOut();
  throw refused;
}
