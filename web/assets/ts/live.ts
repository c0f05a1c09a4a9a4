// Hints from the server: "requests changed", and of a request what became of it. The latter stands on the page at once
// (`decided.ts`); all else the fragment that cares reads again.
//
// A browser opens six connections to one host at most, and an event stream holds one. So of all tabs of a browser only
// the one that holds a lock keeps the stream; it passes the hints on to the others.
import { decided } from "./decided";

// Each door has its own: a browser may stand at the console and at the suppliers' door at once.
const CHANNEL = `bastion-hints:${document.body.dataset["live"] ?? ""}`;
const SETTLED = 500;
const RETRY = 3000;

/** What has changed and will be read when it is this page's turn. */
const due = new Set<string>();

function read(topic: string): void {
  document.body.dispatchEvent(new CustomEvent(`bastion:${topic}`));
}

/** Where many pages are open, the server says to each when to read; what changes until then is read with it. */
function readLater(topic: string, wait: number): void {
  due.add(topic);
  if (due.size > 1) return;
  setTimeout(() => {
    const topics = [...due];
    due.clear();
    for (const one of topics) read(one);
  }, wait);
}

/** Take a line of the stream: `state ID STATE`, or `TOPIC`, or `TOPIC MILLISECONDS [ID]`. */
function tell(line: string): void {
  const [topic = "", second = "", third = ""] = line.split(" ");
  if (topic === "gone") {
    // The session ended elsewhere: the server sends us to the sign-in page. No reload, which might send a form again.
    location.assign(document.body.dataset["here"] ?? "/");
  } else if (topic === "state") {
    decided(second, third);
  } else if (second && !(third && location.pathname.includes(third))) {
    readLater(topic, Number(second));
  } else {
    read(topic); // also on the page about that very row, on which somebody may be acting
  }
}

/** Write a number beside every link that leads to what waits, and into the title of the tab. */
function write(waiting: number): void {
  for (const place of document.querySelectorAll<HTMLElement>("[data-count]")) {
    place.textContent = waiting ? String(waiting) : "";
    place.classList.toggle("count", waiting > 0);
  }
  const title = document.title.replace(/^\(\d+\) /, "");
  document.title = waiting ? `(${waiting}) ${title}` : title;
}

/** How many requests wait: the page that shows them says so itself, for the others the server is asked. */
async function count(): Promise<void> {
  if (document.querySelector("[data-waits]")) return;
  const url = document.body.dataset["waiting"];
  const answer = url ? await fetch(url, { headers: { accept: "text/plain" } }) : null;
  if (answer?.ok) write(Number(await answer.text()));
}

/** A page that shows what waits writes the number anew each time it has read itself again. */
function countWhatIsShown(): void {
  const shown = (): void => {
    const board = document.querySelector<HTMLElement>("[data-waits]");
    if (board) write(Number(board.dataset["waits"]));
  };
  new MutationObserver(shown).observe(document.body, { subtree: true, attributeFilter: ["data-waits"] });
  shown();
}

/** Write beside a link how much waits behind it, where that is asked for by an address of its own. */
async function tally(): Promise<void> {
  for (const place of document.querySelectorAll<HTMLElement>("[data-tally]")) {
    const answer = await fetch(place.dataset["tally"] ?? "", { headers: { accept: "text/plain" } });
    if (!answer.ok) continue;
    const waiting = Number(await answer.text());
    place.textContent = waiting ? String(waiting) : "";
    place.classList.toggle("count", waiting > 0);
  }
}

/** The browser has given the stream up for good: either nobody is signed in any more, or the server was not well. */
async function recover(url: string, pass: (line: string) => void): Promise<void> {
  const answer = await fetch(url.replace(/live$/, "count"), { redirect: "manual" }).catch(() => null);
  if (answer?.type === "opaqueredirect") pass("gone");
  else setTimeout(() => connect(url, pass, true), RETRY);
}

function connect(url: string, pass: (line: string) => void, lost = false): void {
  const source = new EventSource(url);
  source.addEventListener("hint", (event) => pass(String(event.data)));
  source.addEventListener("error", () => {
    lost = true;
    document.body.dataset["link"] = "lost";
    if (source.readyState === EventSource.CLOSED) void recover(url, pass);
  });
  source.addEventListener("open", () => {
    delete document.body.dataset["link"];
    if (lost) pass("resync");
    lost = false;
  });
}

/** Keep the page told of changes for as long as it is open. */
export function listen(url: string): void {
  for (const topic of ["request", "resync"]) document.body.addEventListener(`bastion:${topic}`, () => void count());
  void count();
  countWhatIsShown();
  for (const topic of ["held_file", "resync"]) document.body.addEventListener(`bastion:${topic}`, () => void tally());
  void tally();
  // A telephone that slept, or a tab that was left aside, may have missed what happened meanwhile.
  document.addEventListener("visibilitychange", () => document.hidden || tell("resync"));
  if (!("locks" in navigator)) {
    connect(url, tell);
    return;
  }
  const others = new BroadcastChannel(CHANNEL);
  others.addEventListener("message", (event) => tell(String(event.data)));
  const pass = (line: string): void => {
    others.postMessage(line);
    tell(line);
  };
  let leads = false;
  // A change between the making of this page and this line went unheard; the tab that leads hears it from the stream.
  setTimeout(() => leads || tell("resync"), SETTLED);
  void navigator.locks.request(CHANNEL, () => {
    leads = true;
    connect(url, pass);
    return new Promise<never>(() => undefined); // held until this tab closes; then another tab takes over
  });
}
