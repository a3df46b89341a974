// The chosen theme, applied before the first paint so that the page never flashes. A classic script on purpose.
// Nothing else lives here; the switch itself stands in rail.js.
try {
  const theme = localStorage.getItem("easel.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be closed to the page: the system's theme it is.
}
