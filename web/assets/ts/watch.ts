// The replay page: one player, one track at a time, at the speed the viewer wants.
import { create, type Options, type Player } from "asciinema-player";

interface Stage {
  root: HTMLElement;
  player: Player | null;
  source: string;
}

const ENOUGH_SILENCE = 2; // seconds of silence shown when quiet stretches are skipped

function chosen(root: HTMLElement, name: string): string {
  const field = root.querySelector<HTMLInputElement | HTMLSelectElement>(`[name=${name}]`);
  if (field instanceof HTMLInputElement && field.type === "checkbox") return field.checked ? "yes" : "";
  return field?.value ?? "";
}

function options(stage: Stage, startAt: number): Options {
  const made: Options = {
    fit: "width",
    preload: true,
    controls: true,
    speed: Number(chosen(stage.root, "speed")) || 1,
    keystrokeOverlay: chosen(stage.root, "keys") === "yes",
    terminalFontFamily: getComputedStyle(document.documentElement).getPropertyValue("--mono").trim(),
    theme: "bastion",
    startAt,
  };
  if (chosen(stage.root, "skip")) made.idleTimeLimit = ENOUGH_SILENCE;
  return made;
}

function show(stage: Stage, startAt = 0, play = false): void {
  stage.player?.dispose();
  const screen = stage.root.querySelector<HTMLElement>("[data-screen]");
  if (!screen) return;
  screen.replaceChildren();
  stage.player = create({ url: stage.source, fetchOpts: { credentials: "same-origin" } }, screen, options(stage, startAt));
  if (play) void stage.player.play();
}

/** Speed and silence are fixed when a player is made, so a change makes a new one at the same place. */
function onSetting(stage: Stage): void {
  show(stage, stage.player?.getCurrentTime() ?? 0, true);
}

function onTrack(stage: Stage, tab: HTMLElement): void {
  for (const other of stage.root.querySelectorAll("[role=tab]")) {
    other.setAttribute("aria-selected", String(other === tab));
    other.setAttribute("tabindex", other === tab ? "0" : "-1");
  }
  stage.source = tab.dataset["source"] ?? "";
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

async function jump(stage: Stage, seconds: number): Promise<void> {
  await stage.player?.seek(seconds);
  await stage.player?.play();
}

function start(root: HTMLElement): void {
  const stage: Stage = { root, player: null, source: root.dataset["source"] ?? "" };
  const tabs = [...root.querySelectorAll<HTMLElement>("[role=tab]")];
  for (const tab of tabs) {
    tab.addEventListener("click", () => onTrack(stage, tab));
    tab.addEventListener("keydown", (event) => onTabKey(event, tabs));
  }
  for (const field of root.querySelectorAll("[data-setting]")) field.addEventListener("change", () => onSetting(stage));
  for (const mark of root.querySelectorAll<HTMLElement>("[data-at]")) {
    mark.addEventListener("click", () => void jump(stage, Number(mark.dataset["at"])));
  }
  for (const step of root.querySelectorAll<HTMLElement>("[data-step]")) {
    step.addEventListener("click", () => {
      const to = (stage.player?.getCurrentTime() ?? 0) + Number(step.dataset["step"]);
      void stage.player?.seek(Math.max(to, 0));
    });
  }
  show(stage);
}

for (const root of document.querySelectorAll<HTMLElement>("[data-replay]")) start(root);
