// Small mercies for forms: no double submission, none of what is decided already, codes without spaces, filters that answer at once.

function onSubmit(event: SubmitEvent): void {
  const form = event.target as HTMLFormElement;
  if (form.method !== "post") return;
  if (form.dataset["sent"] || form.dataset["over"]) {
    event.preventDefault();
    return;
  }
  form.dataset["sent"] = "yes";
  form.setAttribute("aria-busy", "true");
  // A download leaves the page where it is: let it be sent again.
  if (form.hasAttribute("data-again")) setTimeout(() => release(form), 2000);
}

function release(form: HTMLFormElement): void {
  delete form.dataset["sent"];
  form.removeAttribute("aria-busy");
}

function onInput(event: Event): void {
  const input = event.target;
  if (input instanceof HTMLInputElement && input.autocomplete === "one-time-code") {
    input.value = input.value.replace(/\D/g, "").slice(0, 6);
  }
}

/** What is chosen or ticked shows or hides a part of the form: `data-shown-for` names the values that show it, none of
 * them what is not ticked. */
function onChange(event: Event): void {
  const input = event.target;
  if (!(input instanceof HTMLInputElement || input instanceof HTMLSelectElement)) return;
  const unticked = input instanceof HTMLInputElement && input.type === "checkbox" && !input.checked;
  syncParts(input.form, input.name, unticked ? "" : input.value);
}

function syncParts(form: HTMLFormElement | null, name: string, value: string): void {
  for (const part of form?.querySelectorAll<HTMLElement>(`[data-shown-by="${name}"]`) ?? []) {
    const shown = (part.dataset["shownFor"] ?? "").split(" ").includes(value);
    part.hidden = !shown;
    for (const field of part.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input,textarea")) {
      field.disabled = !shown;
    }
  }
}

function syncAll(): void {
  for (const part of document.querySelectorAll<HTMLElement>("[data-shown-by]")) {
    const form = part.closest("form");
    const name = part.dataset["shownBy"] ?? "";
    const value = form ? String(new FormData(form).get(name) ?? "") : "";
    syncParts(form, name, value);
  }
}

async function onClick(event: MouseEvent): Promise<void> {
  const button = (event.target as Element).closest<HTMLElement>("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset["copy"] ?? "");
  await navigator.clipboard.writeText(source?.textContent?.trim() ?? "");
  button.dataset["done"] = "yes";
  setTimeout(() => delete button.dataset["done"], 2000);
}

/** An invitation's link carries its secret behind the `#`, which stays in the browser: hand it over and forget it. */
function takeFromAddress(): void {
  const field = document.querySelector<HTMLInputElement>("input[data-from-address]");
  const secret = location.hash.slice(1);
  if (!field?.form || !secret) return;
  history.replaceState(null, "", location.pathname);
  field.value = secret;
  field.form.requestSubmit();
}

export function keepFormsHonest(): void {
  document.addEventListener("submit", onSubmit);
  document.addEventListener("input", onInput);
  document.addEventListener("change", onChange);
  document.addEventListener("click", (event) => void onClick(event));
  // Coming back by the browser's own button must find the form usable.
  addEventListener("pageshow", () => document.querySelectorAll<HTMLFormElement>("form[data-sent]").forEach(release));
  syncAll();
  takeFromAddress();
}
