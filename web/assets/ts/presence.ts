// Whoever follows a session says so for as long as the page is open: one small request after the other. The server
// answers each after a quarter of a second, so no timer is needed, which a browser would slow down in the background.

const PAUSE = 300; // milliseconds before another attempt when the server could not be reached
const PATIENCE = 5000; // milliseconds after which an unanswered request is given up

async function sign(url: string, given: AbortSignal): Promise<Response | null> {
  const signal = AbortSignal.any([given, AbortSignal.timeout(PATIENCE)]);
  return fetch(url, { method: "POST", redirect: "manual", signal }).catch(() => null);
}

function show(lost: boolean): void {
  for (const place of document.querySelectorAll<HTMLElement>("[data-presence-lost]")) place.hidden = !lost;
}

/** The watch is over, or nobody is signed in any more: the page reads itself again and says so. */
function over(): void {
  location.assign(document.body.dataset["here"] ?? location.pathname);
}

export async function stayPresent(): Promise<void> {
  // What is still on its way when one stops following would be told that the watch is over: that is no news.
  const leaving = new AbortController();
  document.addEventListener("submit", (event) => {
    if ((event.target as HTMLElement).hasAttribute("data-presence-ends")) leaving.abort();
  });
  for (;;) {
    const url = document.querySelector<HTMLElement>("[data-presence]")?.dataset["presence"];
    if (!url || leaving.signal.aborted) return;
    const answer = await sign(url, leaving.signal);
    if (leaving.signal.aborted) return;
    const heard = answer?.status === 204;
    if (answer && !heard && answer.status < 500) return over();
    show(!heard);
    if (!heard) await new Promise((done) => setTimeout(done, PAUSE));
  }
}
