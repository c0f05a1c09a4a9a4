// A page that reads itself again leaves what its reader did. The server writes `open` on a `<details>` once, as the page
// is made; from then on it is the reader's, and a hint that comes just then must not fold it away. So it must not take
// back the tick on a button that has just copied a command.
import htmx from "htmx.org";

interface Change {
  attrName: string;
}

/** Return false for what a re-read fragment must not change. */
function mayChange(element: Element, change: Change): boolean {
  if (change.attrName === "data-done") return false;
  return !(element instanceof HTMLDetailsElement && change.attrName === "open");
}

export function keepWhatTheReaderDid(): void {
  htmx.registerExtension("kept", { htmx_before_morph_attr: mayChange });
}
