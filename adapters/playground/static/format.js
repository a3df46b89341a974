// Times, days and sizes as the reader's language writes them. Pure; the words come from Intl.
// No DOM.

/** @type {Map<string, Intl.DateTimeFormat>} */
const made = new Map();

/** @param {string} locale @param {Intl.DateTimeFormatOptions} options */
function formatter(locale, options) {
  const key = locale + JSON.stringify(options);
  let found = made.get(key);
  if (!found) made.set(key, (found = new Intl.DateTimeFormat(locale || "en", options)));
  return found;
}

/** @param {string} locale @param {string} at ISO 8601 */
export const timeOf = (locale, at) =>
  formatter(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(at));

/** @param {string} locale @param {string} at ISO 8601 */
export const momentOf = (locale, at) =>
  formatter(locale, { dateStyle: "long", timeStyle: "medium" }).format(new Date(at));

/** @param {string} locale @param {string} at ISO 8601 */
export const shortMomentOf = (locale, at) =>
  formatter(locale, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" }).format(new Date(at));

/** A number that is the same for all moments of one local day. @param {string} at */
export const dayNumber = (at) => {
  const day = new Date(at);
  return Math.round(Date.UTC(day.getFullYear(), day.getMonth(), day.getDate()) / 86_400_000);
};

/** "Today", "Yesterday", or the date. @param {string} locale @param {string} at ISO 8601 @param {Date} now */
export function dayOf(locale, at, now) {
  const away = dayNumber(at) - dayNumber(now.toISOString());
  const text =
    away === 0 || away === -1
      ? new Intl.RelativeTimeFormat(locale || "en", { numeric: "auto" }).format(away, "day")
      : formatter(locale, { dateStyle: "long" }).format(new Date(at));
  return text.charAt(0).toLocaleUpperCase(locale || "en") + text.slice(1);
}

/** @param {number} bytes */
export const megabytes = (bytes) => `${Math.max(0.1, Math.round(bytes / 100_000) / 10)} MB`;
