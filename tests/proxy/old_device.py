"""An old device's login and shell, as a program on a terminal: run by telnetd, or beside a serial line.

`python old_device.py WORDS` where WORDS are `french`, `echo` (shows the password), `stars`, `banner`, `password-only`,
`mute` (never asks). Account: `service` with `s3cret-Pass`.
"""

import os
import signal
import struct
import sys
import termios
import time
import tty

LOGIN, PASSWORD = "service", "s3cret-Pass"


def say(text: str) -> None:
    os.write(1, text.encode())


def ask(prompt: str, *, shown: str = "plain") -> str:
    """Read a line the way a raw terminal does, and echo it as `shown`: plain, stars, or nothing."""
    say(prompt)
    line = bytearray()
    while (key := os.read(0, 1)) not in {b"\r", b"\n"}:
        if not key:
            raise SystemExit(0)
        line += key
        if shown:
            os.write(1, b"*" if shown == "stars" else key)
    say("\r\n")
    return line.decode("utf-8", "replace")


def log_in(words: set[str]) -> None:
    name, secret, refusal = ("login: ", "Password: ", "Login incorrect")
    if "french" in words:
        name, secret, refusal = ("Identifiant : ", "Mot de passe : ", "Identifiant ou mot de passe incorrect")
    shown = "plain" if "echo" in words else "stars" if "stars" in words else ""
    while True:
        login = LOGIN if "password-only" in words else ask(name)
        if (login, ask(secret, shown=shown)) == (LOGIN, PASSWORD):
            return
        time.sleep(0.3)
        say(f"{refusal}\r\n\r\n")


def shell() -> None:
    """Commands: `size`, `term`, `bytes N` (N raw bytes follow and are shown in hex), `flood N`, `exit`."""
    signal.signal(signal.SIGINT, lambda *_: say("[interrupted]"))
    signal.signal(signal.SIGQUIT, lambda *_: say("[quit]"))
    say("Last login: Tue Nov  3 09:12:44 from 10.0.0.8\r\n3 failed logins since then.\r\n")
    while (command := ask("old$ ").split()) != ["exit"]:
        if command == ["size"]:
            rows, cols = struct.unpack("hh", termios_size())
            say(f"{cols}x{rows}\r\n")
        elif command == ["term"]:
            say(f"<{os.environ.get('TERM', '')}>\r\n")
        elif command[:1] == ["bytes"]:
            got = b""
            say("ready\r\n")
            while len(got) < int(command[1]):
                got += os.read(0, 65536)
            say(f"={got.hex()}\r\n")
        elif command[:1] == ["flood"]:
            os.write(1, bytes(range(256)) * (int(command[1]) // 256))


def termios_size() -> bytes:
    import fcntl

    return fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 4)


def main() -> None:
    words = set(sys.argv[1:])
    tty.setraw(0)
    modes = termios.tcgetattr(0)
    modes[3] |= termios.ISIG  # ^C interrupts, as on any terminal
    termios.tcsetattr(0, termios.TCSANOW, modes)
    if "mute" in words:
        time.sleep(600)
    if "banner" in words:
        say("Password: see the label. Authorised staff only; last login: never\r\n\x1b[1mWELCOME\x1b[0m\r\n")
    log_in(words)
    shell()


if __name__ == "__main__":
    main()
