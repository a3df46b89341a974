// Numbers, times and names as the page writes them. Pure; times are in UTC, like Easel's days and its log.

const WHOLE = new Intl.NumberFormat("en");
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** @param {number | null | undefined} number */
export const count = (number) => (number === null || number === undefined ? "–" : WHOLE.format(number));

/** "1 picture", "2 pictures". @param {number} number @param {string} word */
export const counted = (number, word) => `${count(number)} ${word}${number === 1 ? "" : "s"}`;

/** @param {number | null | undefined} seconds */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min ${whole % MINUTE} s`;
  if (whole < DAY) return `${Math.floor(whole / HOUR)} h ${Math.floor((whole % HOUR) / MINUTE)} min`;
  return `${Math.floor(whole / DAY)} d ${Math.floor((whole % DAY) / HOUR)} h`;
}

/** "2026-11-30 08:15:04". @param {string | null} at ISO 8601 in UTC */
export const moment = (at) => (at ? at.slice(0, 19).replace("T", " ") : "–");

/** "08:15:04.123". @param {string} at ISO 8601 in UTC */
export const preciseTime = (at) => at.slice(11, 23).replace(/[+Z].*$/, "");

/** "failure-moderated" → "moderated". @param {string | null} key */
export const failureName = (key) => (key ?? "").replace(/^(failure|refusal)-/, "").replaceAll("-", " ");

/** "attempt-started" → "Attempt started". @param {string} name */
export const sentence = (name) => {
  const words = name.replaceAll("-", " ").replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** Facts by name in one line. @param {Record<string, unknown>} facts */
export const factsOf = (facts) =>
  Object.entries(facts)
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(" · ");
