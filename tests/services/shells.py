"""What shells make of a pasted line: a real bash, and for Windows the rules of its two shells and of its C library."""

import re
import subprocess
from pathlib import Path

PROGRAMS = ("ssh", "sftp", "scp", "putty", "plink", "psftp", "pscp", "winscp.exe")
HARMLESS = re.compile(r"[A-Za-z0-9_./:+@=-]*")
PRINTABLE = re.compile(r"[ -~]*")


class Bash:
    """An interactive bash in which the programs only say what they were given; `canary` is what no name may touch."""

    def __init__(self, folder: Path) -> None:
        self.canary = folder / "canary"
        self._said = folder / "said"
        self._folder = folder / "bin"
        self._folder.mkdir()
        for name in PROGRAMS:
            script = self._folder / name
            script.write_text(f"#!/bin/bash\nprintf '%s\\0' {name} \"$@\" END >> {self._said}\n")
            script.chmod(0o700)

    def pasted(self, text: str) -> list[list[str]]:
        """Return the arguments of every program that was started."""
        self._said.write_bytes(b"")
        environment = {"PATH": f"{self._folder}:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(self._folder)}
        subprocess.run(
            ["bash", "--norc", "--noprofile", "-i"], input=f"{text}\n".encode(), env=environment, timeout=20,
            capture_output=True, check=False, cwd=self._folder, start_new_session=True,
        )  # fmt: skip
        found: list[list[str]] = [[]]
        for word in self._said.read_bytes().decode().split("\0")[:-1]:
            found.append([]) if word == "END" else found[-1].append(word)
        return found[:-1]


def cmd(text: str) -> list[str]:
    """The arguments a program gets from cmd; raises for anything cmd itself might act on."""
    assert PRINTABLE.fullmatch(text), "letters that are mapped to others"
    assert not set(text) & set("%!"), "expanded even within quotes"
    assert text.count('"') % 2 == 0, "a quote that is left open"
    outside = "".join(part for at, part in enumerate(text.split('"')) if at % 2 == 0)
    assert HARMLESS.fullmatch(outside.replace(" ", "")), "not quoted, and cmd reads it"
    return c_library(text)


def c_library(line: str) -> list[str]:
    """As Microsoft's start-up code parts a command line into arguments."""
    words: list[str] = []
    word, quoted, begun, at = "", False, False, 0
    while at < len(line):
        slashes = len(line[at:]) - len(line[at:].lstrip("\\"))
        after = line[at + slashes : at + slashes + 1]
        if slashes:
            word, begun = word + "\\" * (slashes // 2 if after == '"' else slashes), True
            at += slashes
            if after == '"' and slashes % 2:
                word, at = word + '"', at + 1
        elif line[at] == '"':
            quoted, begun, at = not quoted, True, at + 1
        elif line[at] in " \t" and not quoted:
            words, word, begun, at = [*words, word] if begun else words, "", False, at + 1
        else:
            word, begun, at = word + line[at], True, at + 1
    assert not quoted, "a quote that is left open"
    return [*words, word] if begun else words


def powershell(text: str) -> list[str]:
    """The arguments a program gets from any PowerShell; raises where versions differ, or where it would act."""
    assert PRINTABLE.fullmatch(text), "letters that are mapped to others, or taken for quotes"
    words = [_word(token) for token in re.findall(r"(?:'(?:[^']|'')*'|[^ '])+", text)]
    for word in words:
        assert re.fullmatch(r'[^"]*[^"\\]', word), "handed over differently by each version"
    return words


def _word(token: str) -> str:
    if token.startswith("'"):
        assert re.fullmatch(r"'(?:[^']|'')*'", token), "joined to something else"
        return token[1:-1].replace("''", "'")
    assert HARMLESS.fullmatch(token), "not quoted, and PowerShell reads it"
    assert token[0] not in "@=", "a splat, or an assignment"
    assert not token.startswith("-") or re.fullmatch(r"-[A-Za-z]+", token), "an option PowerShell takes apart"
    return token
