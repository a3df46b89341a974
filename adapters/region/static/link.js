// The link that led here: its token, what Telegram adds to it, and the requests that carry both in headers.
// The token is the fragment of the address, which no browser sends and no log has.

/** @param {string} hash  of the address */
export function readLink(hash) {
  const parts = hash.replace(/^#/, "").split(/[?&]/);
  const given = new Map(parts.filter((each) => each.includes("=")).map((each) => [each.split("=")[0], after(each)]));
  const launch = given.get("tgWebAppData") ?? "";
  const token = /^[\w-]{62}$/.test(parts[0]) ? parts[0] : new URLSearchParams(launch).get("start_param");
  return { token: token ?? "", launch };
}

/** @param {string} pair */
const after = (pair) => decodeURIComponent(pair.slice(pair.indexOf("=") + 1).replaceAll("+", "%20"));

/** A sentence of the server's in the place of an answer. */
export class Refused extends Error {
  /** @param {string} words @param {boolean} dead  whether the link is of no more use */
  constructor(words, dead) {
    super(words);
    this.dead = dead;
  }
}

/** @param {ReturnType<typeof readLink>} link @param {() => string} locale */
export function createRequests({ token, launch }, locale) {
  /** @param {string} path @param {object} [body]  posted; else the answer is fetched */
  return async function request(path, body) {
    /** @type {Record<string, string>} */
    const headers = { Authorization: `Bearer ${token}` };
    if (launch) headers["X-Easel-Launch"] = launch;
    if (locale()) headers["X-Easel-Locale"] = locale();
    if (body) headers["Content-Type"] = "application/json";
    const answer = await fetch(`region/${path}`, {
      method: body ? "POST" : "GET",
      headers,
      cache: "no-store",
      credentials: "omit",
      body: body ? JSON.stringify(body) : undefined,
    });
    if (answer.ok) return answer;
    const { refusal = "", dead = false } = await answer.json().catch(() => ({}));
    throw new Refused(refusal, dead);
  };
}
