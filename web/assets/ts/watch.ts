// The replay page: one player, one track at a time, at the speed the viewer wants. Beside it stands what the clock on
// the wall said at that moment, also when silence is skipped, and below it what was typed, pasted text included.
import { create, type Options, type Player, type Recording, type RecordingEvent } from "asciinema-player";

import { inOurWords } from "./spoken";
import { clockOf, typedUntil, wallOf, type Take } from "./take";

interface Stage {
  root: HTMLElement;
  player: Player | null;
  source: string;
  began: string;
  from: number; // where the player begins, in seconds of the track
  take: Take | null;
}

const ENOUGH_SILENCE = 2; // seconds of silence shown when quiet stretches are skipped
const TICK = 200;
const ROOM = matchMedia("(min-width: 60rem)"); // there the screen is as high as the window leaves it, see pages.css

function chosen(root: HTMLElement, name: string): string {
  const field = root.querySelector<HTMLInputElement | HTMLSelectElement>(`[name=${name}]`);
  if (field instanceof HTMLInputElement && field.type === "checkbox") return field.checked ? "yes" : "";
  return field?.value ?? "";
}

function options(stage: Stage, startAt: number): Options {
  const made: Options = {
    fit: ROOM.matches ? "both" : "width",
    preload: true,
    controls: true,
    speed: Number(chosen(stage.root, "speed")) || 1,
    keystrokeOverlay: false,
    terminalFontFamily: getComputedStyle(document.documentElement).getPropertyValue("--mono").trim(),
    theme: "bastion",
    startAt,
  };
  if (chosen(stage.root, "skip")) made.idleTimeLimit = ENOUGH_SILENCE;
  return made;
}

/** Read an asciicast v3: a header, then one event a line, each with the seconds since the one before it. */
async function read(stage: Stage, data: unknown): Promise<Recording> {
  const [head, ...lines] = (await (data as Response).text()).trimEnd().split("\n").map((line) => JSON.parse(line));
  let time = 0;
  const events = lines.filter(Array.isArray).map(([gap, code, what]): RecordingEvent => {
    time += gap * 1000;
    return [time, code, what];
  });
  stage.take = { events, most: chosen(stage.root, "skip") ? ENOUGH_SILENCE : Infinity };
  const cols = head.term.cols || 80;
  stage.root.querySelector<HTMLElement>("[data-screen]")?.style.setProperty("--cols", String(cols));
  return { cols, rows: head.term.rows || 24, events };
}

function show(stage: Stage, startAt = 0, play = false): void {
  stage.player?.dispose();
  stage.from = startAt;
  stage.take = null;
  const screen = stage.root.querySelector<HTMLElement>("[data-screen]");
  if (!screen) return;
  screen.replaceChildren();
  const source = { url: stage.source, fetchOpts: { credentials: "same-origin" as const }, parser: (data: unknown) => read(stage, data) };
  stage.player = create(source, screen, options(stage, startAt));
  if (play) void stage.player.play();
  tell(stage); // the clock must not say for a moment where the player no longer is
}

/** Seconds since the track began, silence included; before anything was played, where it will begin. */
function elapsed(stage: Stage): number {
  const shown = stage.player?.getCurrentTime() ?? 0;
  return stage.take && shown ? wallOf(stage.take, shown) : stage.from;
}

function tell(stage: Stage): void {
  const clock = stage.root.querySelector<HTMLTimeElement>("[data-wall]");
  const typed = stage.root.querySelector<HTMLElement>("[data-typed]");
  const at = elapsed(stage);
  if (clock) clockOf(clock, new Date(Date.parse(stage.began) + at * 1000));
  if (typed && !typed.hidden) typed.lastElementChild?.replaceChildren(stage.take ? typedUntil(stage.take, at) : "");
}

/** Speed and silence are fixed when a player is made, so a change makes a new one at the same moment. */
function onSetting(stage: Stage): void {
  show(stage, elapsed(stage), true);
}

function onKeys(stage: Stage): void {
  const typed = stage.root.querySelector<HTMLElement>("[data-typed]");
  if (typed) typed.hidden = !chosen(stage.root, "keys");
  tell(stage);
}

function onTrack(stage: Stage, tab: HTMLElement): void {
  for (const other of stage.root.querySelectorAll("[role=tab]")) {
    other.setAttribute("aria-selected", String(other === tab));
    other.setAttribute("tabindex", other === tab ? "0" : "-1");
  }
  stage.source = tab.dataset["source"] ?? "";
  stage.began = tab.dataset["began"] ?? "";
  show(stage);
}

function onTabKey(event: KeyboardEvent, tabs: HTMLElement[]): void {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const at = tabs.indexOf(event.target as HTMLElement);
  if (step === undefined || at < 0) return;
  const next = tabs[(at + step + tabs.length) % tabs.length];
  next?.focus();
  next?.click();
}

function start(root: HTMLElement): void {
  const stage: Stage = { root, player: null, source: root.dataset["source"] ?? "", began: root.dataset["began"] ?? "", from: 0, take: null };
  const tabs = [...root.querySelectorAll<HTMLElement>("[role=tab]")];
  for (const tab of tabs) {
    tab.addEventListener("click", () => onTrack(stage, tab));
    tab.addEventListener("keydown", (event) => onTabKey(event, tabs));
  }
  for (const field of root.querySelectorAll("[data-setting]")) field.addEventListener("change", () => onSetting(stage));
  root.querySelector("[name=keys]")?.addEventListener("change", () => onKeys(stage));
  for (const step of root.querySelectorAll<HTMLElement>("[data-step]")) {
    step.addEventListener("click", () => {
      const to = (stage.player?.getCurrentTime() ?? 0) + Number(step.dataset["step"]);
      void stage.player?.seek(Math.max(to, 0));
    });
  }
  const screen = root.querySelector<HTMLElement>("[data-screen]");
  if (screen) inOurWords(screen, ".ap-control-bar, .ap-overlay-help", JSON.parse(root.dataset["words"] ?? "{}"));
  onKeys(stage); // a browser may bring a ticked box back
  show(stage, Number(root.dataset["start"]) || 0);
  setInterval(() => tell(stage), TICK);
}

for (const root of document.querySelectorAll<HTMLElement>("[data-replay]")) start(root);
