"""The scanner's menu as a service engineer sees it, in French and English."""

import asyncio
from contextlib import suppress
from typing import Protocol

import asyncssh

from bastion import clock
from bastion.demo.scanner import LOG_STEP, Scanner, resolve

TITLE = "Tomolux 64"
MENU = {
    "fr": ("État du système", "Journal (suivi en direct)", "Étalonnage à l'air", "Températures des détecteurs",
           "Fichiers", "English", "Quitter"),
    "en": ("System status", "Log (live)", "Air calibration", "Detector temperatures", "Files", "Français", "Quit"),
}  # fmt: skip
SAY = {
    "fr": {
        "choice": "Choix : ", "unknown": "Choix inconnu.", "follow": "Entrée pour arrêter.", "bye": "Au revoir.",
        "calibrating": "Étalonnage : sans patient, table vide…", "calibrated": "Étalonnage réussi, 64/64.",
        "files": "Commandes : ls, cd DOSSIER, cat FICHIER, exit", "none": "introuvable", "title": "Console d'imagerie",
        "model": "modèle", "state": "état", "uptime": "en marche", "tube": "tube", "detector": "détecteur",
        "calibration": "étalonnage", "disk": "disque", "module": "module",
    },
    "en": {
        "choice": "Choice: ", "unknown": "Unknown choice.", "follow": "Press Enter to stop.", "bye": "Goodbye.",
        "calibrating": "Calibrating: no patient, table empty…", "calibrated": "Calibration passed, 64/64.",
        "files": "Commands: ls, cd FOLDER, cat FILE, exit", "none": "not found", "title": "Imaging console",
        "model": "model", "state": "state", "uptime": "uptime", "tube": "tube", "detector": "detector",
        "calibration": "calibration", "disk": "disk", "module": "module",
    },
}  # fmt: skip


class Leave(Exception):
    """The engineer is gone, or has chosen to go."""


class Terminal(Protocol):
    """What the menu needs of an SSH process."""

    @property
    def stdin(self) -> asyncssh.SSHReader[str]: ...
    @property
    def stdout(self) -> asyncssh.SSHWriter[str]: ...


class Menu:
    def __init__(self, scanner: Scanner, terminal: Terminal) -> None:
        self._scanner = scanner
        self._terminal = terminal
        self._language = "fr"

    async def run(self) -> None:
        """Show the menu until the engineer leaves."""
        with suppress(Leave):
            await self._show()

    async def _show(self) -> None:
        pages = (self._status, self._follow, self._calibrate, self._temperatures, self._files, self._switch, self._quit)
        self._print(f"\n  {TITLE} · {self._say('title')}")
        while True:
            self._print("")
            for number, label in enumerate(MENU[self._language], 1):
                self._print(f"  {number}  {label}")
            answer = await self._ask(f"\n{self._say('choice')}")
            if answer in {"1", "2", "3", "4", "5", "6", "7"}:
                await pages[int(answer) - 1]()
            elif answer:
                self._print(self._say("unknown"))

    async def _status(self) -> None:
        for name, value in self._scanner.status(clock.now()):
            self._print(f"  {self._say(name):<12} {value}")

    async def _temperatures(self) -> None:
        for module, degrees in enumerate(self._scanner.temperatures(clock.now()), 1):
            bar = "█" * round((degrees - 34) * 8)
            self._print(f"  {self._say('module')} {module}  {degrees:5.1f} °C  {bar}")

    async def _calibrate(self) -> None:
        self._print(self._say("calibrating"))
        for step in range(1, 11):
            await asyncio.sleep(0.2)
            self._terminal.stdout.write(f"\r  [{'#' * step:<10}] {step * 10:3d} %")
        self._scanner.calibrate(clock.now())
        self._print(f"\n{self._say('calibrated')}")

    async def _follow(self) -> None:
        """Print the log as it grows, until Enter; one task reads while the other prints."""
        self._print(self._say("follow"))
        for line in self._scanner.log(clock.now(), 8):
            self._print(line)
        printing = asyncio.create_task(self._print_new_lines())
        try:
            await self._read()
        finally:
            printing.cancel()

    async def _print_new_lines(self) -> None:
        last = self._scanner.written(clock.now())
        while True:
            await asyncio.sleep(LOG_STEP.total_seconds() / 4)
            newest = self._scanner.written(clock.now())
            for number in range(last + 1, newest + 1):
                self._print(self._scanner.line(number))
            last = newest

    async def _files(self) -> None:
        folder = ""
        self._print(self._say("files"))
        while (words := (await self._ask(f"/{folder}> ")).split(maxsplit=1)) != ["exit"]:
            folder = self._file_command(folder, words)

    def _file_command(self, folder: str, words: list[str]) -> str:
        """Carry out one line of the file browser and return the folder one is in afterwards."""
        verb, target = (words[0] if words else ""), resolve(folder, words[1] if len(words) > 1 else "")
        if verb == "cd" and self._scanner.listing(target) is not None:
            return target
        if verb == "ls" and (names := self._scanner.listing(target)) is not None:
            self._print("  ".join(names))
        elif verb == "cat" and (text := self._scanner.read(target)) is not None:
            self._print(text.rstrip())
        elif verb:
            self._print(f"{' '.join(words)}: {self._say('none')}")
        return folder

    async def _switch(self) -> None:
        self._language = "en" if self._language == "fr" else "fr"

    async def _quit(self) -> None:
        self._print(self._say("bye"))
        raise Leave

    def _say(self, key: str) -> str:
        return SAY[self._language].get(key, key)

    def _print(self, text: str) -> None:
        self._terminal.stdout.write(text.replace("\n", "\r\n") + "\r\n")

    async def _ask(self, prompt: str) -> str:
        self._terminal.stdout.write(prompt.replace("\n", "\r\n"))
        return (await self._read()).strip()

    async def _read(self) -> str:
        """Read a line; a resized window or Ctrl-C is an empty answer, the end of input is leaving."""
        while True:
            try:
                line = await self._terminal.stdin.readline()
            except asyncssh.TerminalSizeChanged:
                continue
            except (asyncssh.BreakReceived, asyncssh.SignalReceived):
                return ""
            if not line:
                raise Leave
            return line
