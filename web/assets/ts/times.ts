// Keeps "in 12 min" and the time boxes true while the page stands open. The server wrote them; this only moves them on.

const STEP = 1000;
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

function language(): string {
  return document.documentElement.lang || "en";
}

function relative(seconds: number): string {
  const size = Math.abs(seconds);
  const words = new Intl.RelativeTimeFormat(language(), { numeric: "auto", style: "short" });
  if (size < MINUTE) return words.format(Math.trunc(seconds), "second");
  if (size < 2 * HOUR) return words.format(Math.trunc(seconds / MINUTE), "minute");
  if (size < DAY) return words.format(Math.trunc(seconds / HOUR), "hour");
  return words.format(Math.trunc(seconds / DAY), "day");
}

function refreshRelative(now: number): void {
  for (const element of document.querySelectorAll<HTMLTimeElement>("time[data-relative]")) {
    const seconds = (Date.parse(element.dateTime) - now) / 1000;
    const words = relative(seconds);
    if (element.textContent !== words) element.textContent = words;
  }
}

function refreshBoxes(now: number): void {
  for (const box of document.querySelectorAll<SVGElement>("svg[data-start]")) {
    const start = Date.parse(box.dataset["start"] ?? "");
    const end = Date.parse(box.dataset["end"] ?? "");
    const part = Math.min(Math.max((now - start) / (end - start), 0), 1) * 100;
    box.querySelector(".gone")?.setAttribute("width", part.toFixed(2));
    box.querySelector(".now")?.setAttribute("x", Math.min(part, 99.4).toFixed(2));
  }
}

function timeOfDay(moment: number, element: HTMLElement): string {
  const timeZone = element.dataset["zone"] ?? "Europe/Paris";
  const words = new Intl.DateTimeFormat(language(), { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone });
  return words.format(moment);
}

/** "until 14:35" beside each duration: what it would be if the decision fell now. */
function refreshEnds(now: number): void {
  for (const element of document.querySelectorAll<HTMLElement>("[data-ends-after]")) {
    element.textContent = timeOfDay(now + Number(element.dataset["endsAfter"]) * MINUTE * 1000, element);
  }
}

/** The clock under the heading of a first page, in the zone in which the server wrote it. */
function refreshClock(now: number): void {
  for (const element of document.querySelectorAll<HTMLElement>("[data-clock]")) {
    const words = timeOfDay(now, element);
    if (element.textContent !== words) element.textContent = words;
  }
}

/** A code given a moment ago serves for a while; once it serves no longer, the field says so and asks for another. */
function refreshLapsed(now: number): void {
  for (const said of document.querySelectorAll<HTMLElement>("[data-lapses]")) {
    if (Date.parse(said.dataset["lapses"] ?? "") > now) continue;
    const field = said.closest("label")?.querySelector("input");
    if (field) field.required = true;
    said.nextElementSibling?.removeAttribute("hidden");
    said.remove();
  }
}

function wall(at: number, zone: string, wanted: Intl.DateTimeFormatOptions): string {
  const written = language() === "en" ? "en-GB" : language(); // the day before the month, as the server writes it
  return new Intl.DateTimeFormat(written, { ...wanted, timeZone: zone }).format(at);
}

const CLOCK: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const DAY_OF: Intl.DateTimeFormatOptions = { day: "numeric", month: "short" };

/** " (1 Dec 06:00 – 08:00 Asia/Tokyo)"; nothing where a clock that is said already shows the same. */
function onMyClock(planned: number[], said: string[]): string {
  const [start, end] = planned;
  if (start === undefined) return "";
  const mine = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const whole = { ...DAY_OF, ...CLOCK };
  if (said.includes(mine)) return "";
  if (said.some((zone) => wall(start, zone, whole) === wall(start, mine, whole))) return "";
  const day = wall(start, mine, DAY_OF);
  const from = (day === wall(start, said[0] ?? mine, DAY_OF) ? "" : `${day} `) + wall(start, mine, CLOCK);
  return ` (${from}${end === undefined ? "" : ` – ${wall(end, mine, CLOCK)}`} ${mine})`;
}

/** Who reads from far away is told when that is for him. A part that is read again comes empty, and is filled again. */
function fillYours(): void {
  for (const place of document.querySelectorAll<HTMLElement>("[data-planned] > [data-yours]:empty")) {
    const { planned = "", said = "" } = place.parentElement?.dataset ?? {};
    const words = onMyClock(planned.split(" ").map(Date.parse), said.split(" "));
    if (words) place.textContent = words;
  }
}

export function keepTime(): void {
  const drift = Date.parse(document.body.dataset["now"] ?? "") - Date.now() || 0;
  const refresh = (): void => {
    const now = Date.now() + drift;
    refreshRelative(now);
    refreshBoxes(now);
    refreshEnds(now);
    refreshClock(now);
    refreshLapsed(now);
  };
  fillYours();
  new MutationObserver(fillYours).observe(document.body, { childList: true, subtree: true }); // before it is painted
  setInterval(refresh, STEP);
}
