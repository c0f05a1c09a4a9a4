// A request is decided on: the page shows it at once, in its own words and without asking anybody. The whole truth comes
// when the fragment reads itself again.
//
// Where a request stands is marked `data-request`; in it, its state `data-standing` and the form one decides with
// `data-decides`. The words are templates of the page, one for each state that ends the waiting.

interface Reading {
  detail: { ctx: object };
}

/** What has been told of each request, numbered in turn. */
const told = new Map<string, { state: string; number: number }>();
let number = 0;

/** How much had been told when a fragment began to be read. */
const known = new WeakMap<object, number>();

/** Show what became of a request wherever this page shows it; nothing when it does not, or when it still waits. */
export function decided(request: string, state: string): void {
  const places = mark(request, state);
  if (!places) return;
  number += 1;
  told.set(request, { state, number });
  announce(wordsFor(state)?.dataset["says"]?.replace("{what}", () => places[0]?.dataset["what"] ?? "") ?? "");
}

/** What was on its way when the decision came may be older than it, and does not take it back. */
export function keepDecided(): void {
  document.addEventListener("htmx:before:request", (event) => {
    known.set((event as unknown as Reading).detail.ctx, number);
  });
  document.addEventListener("htmx:after:swap", (event) => {
    const before = known.get((event as unknown as Reading).detail.ctx) ?? number;
    for (const [request, one] of told) if (one.number > before) mark(request, one.state);
  });
}

function wordsFor(state: string): HTMLTemplateElement | null {
  return document.querySelector<HTMLTemplateElement>(`template[data-state="${CSS.escape(state)}"]`);
}

/** Return the places that show it, or null when there is nothing to show. */
function mark(request: string, state: string): HTMLElement[] | null {
  const words = wordsFor(state);
  const places = [...document.querySelectorAll<HTMLElement>(`[data-request="${CSS.escape(request)}"]`)];
  if (!words || !places.length) return null;
  for (const place of places) markOne(place, words, state);
  return places;
}

function markOne(place: HTMLElement, words: HTMLTemplateElement, state: string): void {
  place.dataset["decided"] = state;
  for (const standing of place.querySelectorAll("[data-standing]")) {
    standing.replaceChildren(words.content.cloneNode(true));
  }
  // Not `disabled`: a button that has the focus keeps it, and whoever stands on it hears why it does nothing any more.
  for (const form of place.querySelectorAll<HTMLFormElement>("form[data-decides]")) {
    form.dataset["over"] = state;
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
  }
}

function announce(sentence: string): void {
  const voice = document.querySelector("[data-voice]");
  if (voice) voice.textContent = sentence;
}
