// Whoever works with the keyboard stays where he is when a page reads itself again. What he stood on may be gone, decided
// on by somebody else: then he stands on the next card, or else at the beginning of the work, and never outside of it.

const CARD = ".card .cover";

let stood: HTMLElement | null = null;
let number = -1;

function cards(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>(CARD)];
}

function onFocus(event: FocusEvent): void {
  stood = event.target instanceof HTMLElement ? event.target : null;
  number = stood?.matches(CARD) ? cards().indexOf(stood) : -1;
}

function onSwap(): void {
  if (!stood || stood.isConnected || document.activeElement !== document.body) return;
  const left = number < 0 ? [] : cards();
  const next = left[Math.min(number, left.length - 1)] ?? document.getElementById("work");
  next?.focus({ preventScroll: true });
}

export function keepFocus(): void {
  document.addEventListener("focusin", onFocus);
  document.addEventListener("htmx:after:swap", onSwap);
}
