// Reads the bot's status text: which line is the bar, how far it is. Pure; unknown forms stay plain lines.
// It never invents: without a bar of blocks followed by a percentage there is no number.

const BLOCKS = /[\u2580-\u259f\u25a0\u25a1\u25ac\u25ad\u25ae\u25af\u25b0\u25b1\u2501\u2500]{3,}/u;
const PERCENT = /(\d{1,3})(?:[.,]\d+)?[\s\u00a0\u202f]?%/u;

/** @typedef {{kind: "stage" | "bar" | "rest", text: string, before: string, blocks: string, after: string}} Line */

/** @param {"stage" | "rest"} kind @param {string} text @returns {Line} */
const plain = (kind, text) => ({ kind, text, before: "", blocks: "", after: "" });

/**
 * @param {string} text
 * @returns {{lines: Line[], percent: number | null}} percent from 0 to 100
 */
export function readStatus(text) {
  /** @type {number | null} */
  let percent = null;
  const lines = text.split("\n").map((line, index) => {
    const blocks = BLOCKS.exec(line)?.[0] ?? "";
    const found = blocks ? PERCENT.exec(line.replace(blocks, "")) : null;
    if (!found || percent !== null) {
      return plain(index ? "rest" : "stage", line);
    }
    percent = Math.min(100, Number(found[1]));
    const at = line.indexOf(blocks);
    const [before, after] = [line.slice(0, at), line.slice(at + blocks.length)];
    return { kind: /** @type {const} */ ("bar"), text: line, before, blocks, after };
  });
  return { lines, percent };
}

/** How many pictures will come, as far as the request tells (`--n 4`): 1 to 10. @param {string} request */
export function expectedCount(request) {
  const found = /(?:--|\u2014)n[\s=]+(\d{1,2})\b/iu.exec(request);
  return Math.min(10, Math.max(1, Number(found?.[1] ?? 1)));
}

/** The shape a picture will have, as far as the request tells (`--size 3:2`, `--size 1024x1536`): width / height.
 *  @param {string} request */
export function expectedRatio(request) {
  const size = /(?:--|\u2014)size[\s=]+(\d{1,5})\s?[:x\u00d7]\s?(\d{1,5})/iu.exec(request);
  const ratio = size ? Number(size[1]) / Number(size[2]) : 1;
  return ratio > 0.2 && ratio < 5 ? ratio : 1;
}

const EMOJI = /^(?:\p{Extended_Pictographic}[\uFE0F\u200D]*)+\s*/u;

/** The emoji that a line begins with, and its words. @param {string} line @returns {[string, string]} */
export function splitEmoji(line) {
  const emoji = EMOJI.exec(line)?.[0] ?? "";
  return [emoji, line.slice(emoji.length)];
}
