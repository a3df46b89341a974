// Painting without a pointer: a grid over the picture, a cursor on it, and what its cell is. No DOM here.

const ACROSS = 16; // cells along the longer side

/** @param {number} width @param {number} height  of the picture, pixels */
export function createCells(width, height) {
  const edge = Math.max(width, height) / ACROSS;
  const columns = Math.max(1, Math.round(width / edge));
  const rows = Math.max(1, Math.round(height / edge));
  const at = { column: Math.floor(columns / 2), row: Math.floor(rows / 2) };
  return {
    at,
    /** @param {number} across @param {number} down */
    move(across, down) {
      at.column = Math.min(columns - 1, Math.max(0, at.column + across));
      at.row = Math.min(rows - 1, Math.max(0, at.row + down));
    },
    /** The cell's corners in the picture: x, y, x, y. */
    corners() {
      const [wide, high] = [width / columns, height / rows];
      return [at.column * wide, at.row * high, (at.column + 1) * wide, (at.row + 1) * high].map(Math.round);
    },
  };
}
