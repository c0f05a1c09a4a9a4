// A request is decided on: the page shows it at once, in its own words and without asking anybody. The whole truth comes
// when the fragment reads itself again.
//
// Where a request stands is marked `data-request`; in it, its state `data-standing` and the form one decides with
// `data-decides`. The words are templates of the page, one for each state that ends the waiting.

/** Show what became of a request wherever this page shows it; nothing when it does not, or when it still waits. */
export function decided(request: string, state: string): void {
  const words = document.querySelector<HTMLTemplateElement>(`template[data-state="${CSS.escape(state)}"]`);
  const places = document.querySelectorAll<HTMLElement>(`[data-request="${CSS.escape(request)}"]`);
  if (!words || !places.length) return;
  for (const place of places) mark(place, words, state);
  announce((words.dataset["says"] ?? "").replace("{what}", () => places[0]?.dataset["what"] ?? ""));
}

function mark(place: HTMLElement, words: HTMLTemplateElement, state: string): void {
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
