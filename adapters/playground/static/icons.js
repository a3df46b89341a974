// The page's drawings: strokes on a grid of 24, in the colour of the text around them.
// Decorative, always: the element that holds an icon carries the words.

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  add: "M12 5v14M5 12h14",
  send: "M12 19V5.500M6 11.500l6-6 6 6",
  reply: "M9.5 6.5 4.5 11.500l5 5M5 11.500h8.500a6 6 0 0 1 6 6v1",
  delete: "M5 7h14M10 7V4.500h4V7M7 7l.8 12.500h8.400L17 7M10.3 10.500v5.500M13.7 10.500v5.5",
  close: "M6.5 6.500l11 11M17.5 6.500l-11 11",
  menu: "M4 7.500h16M4 12.500h16M4 17.500h10",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.500v2M12 19.500v2M2.5 12h2M19.5 12h2M5.3 5.300l1.4 1.400M17.3 17.300l1.4 1.400M18.7 5.300l-1.4 1.400M6.7 17.300l-1.4 1.4",
  moon: "M20 14.500A8.3 8.3 0 0 1 9.5 4a8.3 8.3 0 1 0 10.5 10.500z",
  previous: "M14.5 5.5 8 12l6.5 6.5",
  next: "M9.5 5.5 16 12l-6.5 6.5",
  down: "M12 5v13.500M6 12.500l6 6 6-6",
  download: "M12 4v11M7 10.500l5 5 5-5M5 19.500h14",
  group:
    "M9 11.500a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.400zM3 19c.4-3.2 2.8-5 6-5s5.6 1.8 6 5M15.5 5.400a3.2 3.2 0 0 1 0 5.900M17.5 14.400c2 .7 3.2 2.3 3.5 4.6",
  lock: "M6 11h12v8.500H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  undo: "M9 5.500 4.500 10 9 14.500M4.500 10h9a5.500 5.500 0 0 1 0 11H10",
  original: "M12 3.500v17M5 8.500h9.500M5 15.500h6M16.500 6.500l2 2-2 2",
  tree: "M6 4.500v11a3 3 0 0 0 3 3h3M6 9.500h6M14.500 6.500h5v6h-5zM14.500 15.500h5v5h-5z",
  details: "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM12 11v5.500M12 7.500v.1",
  copy: "M9 9h10.500v11H9zM15 9V4.500H4.500v11H9",
  more: "M6 12h.1M12 12h.1M18 12h.1",
  cancel: "M7 7h10v10H7z",
  retry: "M19 12a7 7 0 1 1-2.1-5M19.5 3.500V7.500h-4",
  vary: "M4 7h3.500c4.5 0 4.5 10 9 10H20M4 17h3.500c1.7 0 2.8-1.4 3.7-3M13.3 10c.9-1.6 1.9-3 3.7-3h3M17.5 4.5 20 7l-2.5 2.500M17.5 14.5 20 17l-2.5 2.5",
  edit: "M5 19l.9-4L15.5 5.400a1.9 1.9 0 0 1 2.7 0l.4.4a1.9 1.9 0 0 1 0 2.700L9 18.100zM13.5 7.500l3 3",
  "option-tier": "M4.5 9V4.500H9M19.5 15v4.500H15M5 5l6 6M19 19l-6-6",
  "option-quality": "M12 4l2.3 5.2 5.700.6-4.3 3.800 1.3 5.600-5-2.900-5 2.900 1.3-5.600L4 9.800l5.7-.6z",
  "option-n": "M8 8h12v12H8zM4 16V4h12",
  "option-model": "M12 3.500l1.8 5.700 5.7 1.800-5.7 1.800-1.8 5.700-1.8-5.700L4.5 11l5.7-1.800z",
  compare: "M12 3.500v17M9 6.500H4.500v11H9M15 6.500h4.500v11H15",
  photo: "M4.5 5.500h15v13h-15zM4.5 15.500l4-4 4 4 2.5-2.5 4.5 4M15.2 9.300h.1",
  brush:
    "M19.5 4.500c-4.5 2.5-8 6-9.5 8.500l2 2c2.5-1.5 6-5 7.5-10.500zM9.5 13.500c-2.5 0-3.5 1.5-3.5 3.2 0 1.3-.8 2-2 2.3 3 1.5 7.5.5 7.5-3.5",
  region: "M4 8V4h4M12 4h3M19.500 4h.500v4M20 12v2M4 12v3M4 19v1h4M11.500 20l1-3.500 6-6 2.500 2.500-6 6z",
  reframe: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M9 9h6v6H9z",
  zoom: "M9 9h6v6H9zM4.5 8.500v-4h4M15.5 4.500h4v4M19.5 15.500v4h-4M8.5 19.500h-4v-4",
  pan: "M4 8h9v8H4zM16 12h5M18.5 9.500l2.500 2.500-2.500 2.500",
  shape: "M3.500 7.500h17v9h-17zM8.500 7.500v9M15.5 7.500v9",
  cutout: "M12 6.500a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM6.500 19c.7-3.500 2.800-5 5.500-5s4.800 1.500 5.500 5M4 4h.1M8 4h.1M16 4h.1M20 4h.1M4 9h.1M20 9h.1",
  upscale: "M4.5 9V4.500H9M19.5 15v4.500H15M5 5l6 6M19 19l-6-6",
  frame: "M4 4h16v16H4zM7.5 7.500h9v9h-9z",
  easel: "M12 2.500V5M4.5 16.500h15M8.5 16.500l-2 5M15.5 16.500l2 5M12 16.500v3M6 5h12v8.500H6z",
  wall: "M4 4.500h7v8.500H4zM14 4.500h6v5h-6zM14 12.500h6v7h-6zM4 16h7v3.500H4z",
  search: "M10.500 4.500a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15 15l5 5",
  keys: "M3 6.500h18v11.500H3zM6.500 10.200h.1M10 10.200h.1M13.700 10.200h.1M17.300 10.200h.1M8 14.300h8",
  file: "M7 3.500h7l4 4v13H7zM13.5 3.500V8H18",
};

/** @param {keyof typeof PATHS} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name] ?? PATHS[/** @type {keyof typeof PATHS} */ (name.split("-")[0])] ?? PATHS.file);
  svg.append(path);
  return svg;
}

/** A shape as a little frame; without a ratio, one that may become any. @param {number | null} ratio width / height */
export function frame(ratio) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", ratio ? "icon frame" : "icon frame any");
  svg.setAttribute("aria-hidden", "true");
  const [wide, high] = !ratio ? [15, 15] : ratio > 1 ? [18, Math.max(5, 18 / ratio)] : [Math.max(5, 18 * ratio), 18];
  const rect = document.createElementNS(SVG, "rect");
  const places = { x: 12 - wide / 2, y: 12 - high / 2, width: wide, height: high, rx: 1.5 };
  for (const [name, value] of Object.entries(places)) rect.setAttribute(name, value.toFixed(2));
  svg.append(rect);
  return svg;
}

/** The mark: an easel with one stroke on its canvas. */
export function mark() {
  const svg = icon("easel");
  svg.setAttribute("class", "mark");
  const dab = document.createElementNS(SVG, "path");
  dab.setAttribute("d", "M8.5 11c1.5-2.6 2.8-2.6 3.5-1s1.7.8 3-1.6");
  dab.setAttribute("class", "mark-dab");
  svg.append(dab);
  return svg;
}
