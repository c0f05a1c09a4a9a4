// What a recorded track tells about one moment of it: the time on the wall, and what had been typed by then.
import type { RecordingEvent } from "asciinema-player";

/** `events` carry milliseconds since the track began; `most` is how many seconds of silence the player shows. */
export interface Take {
  events: RecordingEvent[];
  most: number;
}

const KEPT = 160; // characters of typed text on show
const NAMES: Record<string, string> = { "\r": "⏎", "\n": "⏎", "\t": "⇥", "\x7f": "⌫", "\b": "⌫", "\x1b": "⎋" };

/** Turn the player's time, out of which long silences are cut, into seconds since the track began. */
export function wallOf(take: Take, shown: number): number {
  let before = 0;
  let cut = 0;
  for (const [time] of take.events) {
    const at = time / 1000;
    const skipped = Math.max(at - before - take.most, 0);
    if (at - cut - skipped > shown) break;
    cut += skipped;
    before = at;
  }
  return shown + cut;
}

/** The last of what was typed or pasted up to `seconds`; keys that leave no letter are drawn. */
export function typedUntil(take: Take, seconds: number): string {
  const typed = take.events.filter(([time, code]) => code === "i" && time / 1000 <= seconds);
  const text = typed.map(([, , data]) => String(data)).join("");
  const drawn = [...text].map((c) => NAMES[c] ?? (c < " " ? `^${String.fromCharCode(c.charCodeAt(0) + 64)}` : c));
  return drawn.slice(-KEPT).join("");
}

/** Write an instant on a clock: hours, minutes and seconds in the hospital's own zone. */
export function clockOf(clock: HTMLTimeElement, at: Date): void {
  if (Number.isNaN(at.getTime())) return;
  const words = new Intl.DateTimeFormat(document.documentElement.lang || "en", {
    hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false, timeZone: clock.dataset["zone"] ?? "Europe/Paris",
  });
  clock.dateTime = at.toISOString();
  clock.textContent = words.format(at);
}
