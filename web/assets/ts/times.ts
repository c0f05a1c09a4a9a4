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
  if (size < HOUR) return words.format(Math.trunc(seconds / MINUTE), "minute");
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

/** "until 14:35" beside each duration: what it would be if the decision fell now. */
function refreshEnds(now: number): void {
  for (const element of document.querySelectorAll<HTMLElement>("[data-ends-after]")) {
    const end = new Date(now + Number(element.dataset["endsAfter"]) * MINUTE * 1000);
    const zone = element.dataset["zone"] ?? "Europe/Paris";
    const words = new Intl.DateTimeFormat(language(), { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: zone });
    element.textContent = words.format(end);
  }
}

export function keepTime(): void {
  const drift = Date.parse(document.body.dataset["now"] ?? "") - Date.now() || 0;
  const refresh = (): void => {
    const now = Date.now() + drift;
    refreshRelative(now);
    refreshBoxes(now);
    refreshEnds(now);
  };
  setInterval(refresh, STEP);
}
