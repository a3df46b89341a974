// How the picture lies on the screen: one scale and one shift, and their inverse for pointers. No DOM here.

/** @typedef {{x: number, y: number, scale: number}} View  Screen pixels of the picture's corner; screen pixels a pixel */
/** @typedef {{width: number, height: number}} Size */

const CLOSEST = 16; // screen pixels a pixel
const MARGIN = 16; // screen pixels around a picture that is shown whole
const LEFT = 48; // screen pixels of a picture that always stay in sight

/** The whole picture in the middle. @param {Size} picture @param {Size} stage @returns {View} */
export function fit(picture, stage) {
  const scale = Math.min(
    Math.max(1, stage.width - 2 * MARGIN) / picture.width,
    Math.max(1, stage.height - 2 * MARGIN) / picture.height,
  );
  return {
    scale,
    x: (stage.width - picture.width * scale) / 2,
    y: (stage.height - picture.height * scale) / 2,
  };
}

/** The view after a pinch or a wheel: what was at `from` lies at `to`, `factor` times as large.
 *  @param {View} view @param {{x: number, y: number}} from @param {{x: number, y: number}} to @param {number} factor
 *  @param {Size} picture @param {Size} stage @returns {View} */
export function move(view, from, to, factor, picture, stage) {
  const whole = fit(picture, stage).scale;
  const scale = Math.min(Math.max(CLOSEST, whole), Math.max(whole / 2, view.scale * factor));
  const grown = scale / view.scale;
  const x = to.x - (from.x - view.x) * grown;
  const y = to.y - (from.y - view.y) * grown;
  const [wide, high] = [picture.width * scale, picture.height * scale];
  return {
    scale,
    x: Math.min(stage.width - LEFT, Math.max(LEFT - wide, x)),
    y: Math.min(stage.height - LEFT, Math.max(LEFT - high, y)),
  };
}

/** A place on the stage in the picture's pixels. @param {View} view @param {{x: number, y: number}} place */
export const toPicture = (view, { x, y }) => ({ x: (x - view.x) / view.scale, y: (y - view.y) / view.scale });
