// Makes what stands on the page like what was built anew, and touches only what differs: focus, selection, scrolling and
// opened details stay where they were. Rows are told apart by `data-key`.

/** @param {Node} node */
const keyOf = (node) => (node instanceof HTMLElement ? node.dataset.key : undefined);

/** @param {Node} old @param {Node} wanted */
const isSame = (old, wanted) => old.nodeName === wanted.nodeName && keyOf(old) === keyOf(wanted);

/** @param {Element} old @param {Element} wanted */
export function morph(old, wanted) {
  for (const { name } of [...old.attributes])
    if (!wanted.hasAttribute(name) && !isOwn(old, name)) old.removeAttribute(name);
  for (const { name, value } of [...wanted.attributes])
    if (old.getAttribute(name) !== value && !isOwn(old, name)) old.setAttribute(name, value);
  if (old instanceof HTMLProgressElement && wanted instanceof HTMLProgressElement) return;
  const keyed = new Map([...old.childNodes].filter(keyOf).map((each) => [keyOf(each), each]));
  let place = old.firstChild;
  for (const each of [...wanted.childNodes]) {
    const key = keyOf(each);
    const found = key ? keyed.get(key) : place && !keyOf(place) ? place : undefined;
    if (found && isSame(found, each)) {
      if (found !== place) old.insertBefore(found, place);
      else place = place.nextSibling;
      if (found instanceof Element) morph(found, /** @type {Element} */ (each));
      else if (found.nodeValue !== each.nodeValue) found.nodeValue = each.nodeValue;
    } else {
      old.insertBefore(each, place);
    }
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

/** What a reader has done to an element. @param {Element} node @param {string} name */
const isOwn = (node, name) => name === "open" && node instanceof HTMLDetailsElement;
