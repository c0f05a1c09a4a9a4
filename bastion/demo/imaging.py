"""A simulated imaging console that speaks SSH: a menu in French and English, and a few commands for `ssh … COMMAND`.

It plays a *device*, so it and its menu may import asyncssh, as nothing else outside `bastion.proxy.ssh` does.
Run alone: `python -m bastion.demo.imaging PORT PASSWORD` (login `service`, a throw-away host key, loopback only).
"""

import asyncio
import shlex
import sys
from collections.abc import Awaitable, Callable
from hmac import compare_digest

import asyncssh

from bastion import clock
from bastion.demo.imaging_menu import Menu
from bastion.demo.scanner import LOG_STEP, Scanner, resolve

LOGIN = "service"
Process = asyncssh.SSHServerProcess[str]
Command = Callable[[Scanner, Process, list[str]], Awaitable[int]]


class _Door(asyncssh.SSHServer):
    """Lets in whoever knows the one service password: what a real console of this age does."""

    def __init__(self, password: str) -> None:
        self._password = password

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002 - everyone must authenticate
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return username == LOGIN and compare_digest(password.encode(), self._password.encode())


async def serve(host: str, port: int, host_key: asyncssh.SSHKey, password: str) -> asyncssh.SSHAcceptor:
    """Listen; `port` 0 picks a free one. The caller closes the acceptor."""
    scanner = Scanner(clock.now())
    return await asyncssh.listen(
        host,
        port,
        server_factory=lambda: _Door(password),
        server_host_keys=[host_key],
        process_factory=lambda process: _attend(scanner, process),
        encoding="utf-8",
        errors="surrogateescape",  # `cat` gives back every byte it was sent
        server_version="Tomolux-7.2",
    )


async def _attend(scanner: Scanner, process: Process) -> None:
    """Serve one channel to its end; whatever happens, the channel gets an exit status."""
    status = 255
    try:
        status = await (_shell if process.command is None else _exec)(scanner, process)
    except (asyncssh.BreakReceived, asyncssh.SignalReceived, BrokenPipeError, ConnectionResetError):
        status = 130
    finally:
        process.exit(status)


async def _shell(scanner: Scanner, process: Process) -> int:
    await Menu(scanner, process).run()
    return 0


async def _exec(scanner: Scanner, process: Process) -> int:
    try:
        words = shlex.split(process.command or "")
    except ValueError as error:
        process.stderr.write(f"syntax: {error}\n")
        return 2
    command = COMMANDS.get(words[0]) if words else None
    if command is None:
        process.stderr.write(f"{words[0] if words else ''}: unknown command, try `help`\n")
        return 127
    return await command(scanner, process, words[1:])


async def _help(_scanner: Scanner, process: Process, _words: list[str]) -> int:
    process.stdout.write("commands: " + " ".join(sorted(COMMANDS)) + "\n")
    return 0


async def _status(scanner: Scanner, process: Process, _words: list[str]) -> int:
    for name, value in scanner.status(clock.now()):
        process.stdout.write(f"{name:<12} {value}\n")
    return 0


async def _temps(scanner: Scanner, process: Process, _words: list[str]) -> int:
    for module, degrees in enumerate(scanner.temperatures(clock.now()), 1):
        process.stdout.write(f"module {module}  {degrees:5.1f} C\n")
    return 0


async def _log(scanner: Scanner, process: Process, words: list[str]) -> int:
    """`log [-n COUNT] [-f]`: the newest lines, and with -f those still to come."""
    count = int(words[words.index("-n") + 1]) if "-n" in words[:-1] and words[words.index("-n") + 1].isdigit() else 10
    process.stdout.writelines(f"{line}\n" for line in scanner.log(clock.now(), min(count, 5000)))
    last = scanner.written(clock.now())
    while "-f" in words:
        await process.stdout.drain()
        await asyncio.sleep(LOG_STEP.total_seconds() / 4)
        newest = scanner.written(clock.now())
        process.stdout.writelines(f"{scanner.line(number)}\n" for number in range(last + 1, newest + 1))
        last = newest
    return 0


async def _ls(scanner: Scanner, process: Process, words: list[str]) -> int:
    names = scanner.listing(resolve("", words[0] if words else ""))
    if names is None:
        process.stderr.write(f"ls: {words[0]}: no such folder\n")
        return 1
    process.stdout.writelines(f"{name}\n" for name in names)
    return 0


async def _cat(scanner: Scanner, process: Process, words: list[str]) -> int:
    """`cat FILE`, or standard input back to standard output when no file is named."""
    if not words:
        while chunk := await process.stdin.read(65536):
            process.stdout.write(chunk)
            await process.stdout.drain()
        return 0
    text = scanner.read(resolve("", words[0]))
    if text is None:
        process.stderr.write(f"cat: {words[0]}: no such file\n")
        return 1
    process.stdout.write(text)
    return 0


async def _echo(_scanner: Scanner, process: Process, words: list[str]) -> int:
    process.stdout.write(" ".join(words) + "\n")
    return 0


async def _reboot(_scanner: Scanner, process: Process, words: list[str]) -> int:
    if words != ["--dry-run"]:
        process.stderr.write("reboot: refused, a patient may be on the table; only --dry-run is allowed remotely\n")
        return 1
    process.stdout.write("would stop: recon, das, gantry\n")
    process.stderr.write("reboot: dry run, nothing was changed\n")
    return 0


COMMANDS: dict[str, Command] = {
    "help": _help,
    "status": _status,
    "temps": _temps,
    "log": _log,
    "ls": _ls,
    "cat": _cat,
    "echo": _echo,
    "reboot": _reboot,
}


async def _alone(port: int, password: str) -> None:
    acceptor = await serve("127.0.0.1", port, asyncssh.generate_private_key("ssh-ed25519"), password)
    await acceptor.wait_closed()


if __name__ == "__main__":
    asyncio.run(_alone(int(sys.argv[1]), sys.argv[2]))
