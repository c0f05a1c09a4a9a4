// At a desk the arrow keys go from one request that waits to the next. Only while one of them has the focus: elsewhere
// they scroll as ever, and at either end they do so too. Tab goes everywhere as before.

const STEPS: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };

function onKey(event: KeyboardEvent): void {
  const step = STEPS[event.key];
  const here = event.target;
  if (step === undefined || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (!(here instanceof HTMLAnchorElement) || !here.matches(".ask .cover")) return;
  const links = [...document.querySelectorAll<HTMLAnchorElement>(".ask .cover")];
  const next = links[links.indexOf(here) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

export function walkWaiting(): void {
  document.addEventListener("keydown", onKey);
}
