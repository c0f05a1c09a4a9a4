// A page that reads itself again leaves open what its reader has opened. The server writes `open` on a `<details>` once,
// as the page is made; from then on it is the reader's, and a hint that comes just then must not fold it away.
import htmx from "htmx.org";

interface Change {
  attrName: string;
}

/** Return false for what a re-read fragment must not change. */
function mayChange(element: Element, change: Change): boolean {
  return !(element instanceof HTMLDetailsElement && change.attrName === "open");
}

export function keepUnfolded(): void {
  htmx.registerExtension("unfolded", { htmx_before_morph_attr: mayChange });
}
