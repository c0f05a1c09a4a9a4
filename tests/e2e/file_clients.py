"""Programs that carry files, as people have them, each pointed at the bastion with nothing but a key.

None of them could answer a question: where one gets in, no new code was asked.
"""

import asyncio
import base64
import contextlib
import hashlib
import os
import shlex
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

from tests.e2e.clients import Done, run
from tests.e2e.world import World

LONG = 120.0
"""Seconds after which a client on a busy machine has hung."""


def program(name: str) -> str:
    found = shutil.which(name, path="/usr/bin:/usr/sbin:/bin:/sbin")
    assert found, f"{name} is not installed; `make system` does it"
    return found


class Client:
    """`put`, `get` carry one file, the `_rest`s what is missing of a file, the `_tree`s a folder to a place where there
    is none of its name yet. `remote` is a path on the device."""

    resumes = True
    sftp = True
    """False: it has a command of its own run on the device, and the gate sees no file."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.home = world.home
        self.port = world.listener.port
        self.login = f"alice+{world.device.code}"
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.home), "LANG": "C.UTF-8"}

    async def ready(self) -> None:
        """Prepare what the client needs."""

    async def put(self, local: Path, remote: Path) -> None:
        raise NotImplementedError

    async def get(self, remote: Path, local: Path) -> None:
        raise NotImplementedError

    async def put_tree(self, local: Path, remote: Path) -> None:
        raise NotImplementedError

    async def get_tree(self, remote: Path, local: Path) -> None:
        raise NotImplementedError

    async def put_rest(self, local: Path, remote: Path) -> None:
        raise NotImplementedError

    async def get_rest(self, remote: Path, local: Path) -> None:
        raise NotImplementedError

    def broken_off(self, local: Path, remote: Path) -> contextlib.AbstractAsyncContextManager[None]:
        """Put a file; what is left of it when the context ends is never sent."""
        raise NotImplementedError


class Program(Client):
    """Run once for each thing asked. `self.ssh` is how programs that start OpenSSH themselves are told about us."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.config = self.home / "ssh_config"
        self.config.write_text(
            f"Host bastion\n HostName 127.0.0.1\n Port {self.port}\n User {self.login}\n"
            f" IdentityFile {world.alice.key}\n IdentitiesOnly yes\n BatchMode yes\n LogLevel ERROR\n"
            f" StrictHostKeyChecking accept-new\n UserKnownHostsFile {self.home}/known_hosts\n"
        )
        self.ssh = shlex.join([program("ssh"), "-F", str(self.config)])

    def share(self, control: Path) -> None:
        """Open channels on the connection of an OpenSSH client that is there already, not connections of its own."""
        self.config.write_text(f"{self.config.read_text()} ControlPath {control}\n")

    def command(self, what: str, source: Path, target: Path) -> tuple[list[str], str]:
        """Return the arguments, and what the program reads on its standard input."""
        raise NotImplementedError

    async def run(self, what: str, source: Path, target: Path) -> Done:
        command, stdin = self.command(what, source, target)
        done = await run(command, self.environment, stdin.encode(), LONG)
        assert done.status == 0, f"{shlex.join(command)}: {done.says}"
        return done

    async def put(self, local: Path, remote: Path) -> None:
        await self.run("put", local, remote)

    async def get(self, remote: Path, local: Path) -> None:
        await self.run("get", remote, local)

    async def put_tree(self, local: Path, remote: Path) -> None:
        await self.run("put_tree", local, remote)

    async def get_tree(self, remote: Path, local: Path) -> None:
        await self.run("get_tree", remote, local)

    async def put_rest(self, local: Path, remote: Path) -> None:
        await self.run("put_rest", local, remote)

    async def get_rest(self, remote: Path, local: Path) -> None:
        await self.run("get_rest", remote, local)

    @contextlib.asynccontextmanager
    async def broken_off(self, local: Path, remote: Path) -> AsyncIterator[None]:
        command, stdin = self.command("put", local, remote)
        process = await asyncio.create_subprocess_exec(
            *command, env=self.environment, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(stdin.encode())
        process.stdin.write_eof()
        yield
        assert process.returncode is None, "it was through before anybody broke it off"
        os.killpg(process.pid, signal.SIGKILL)  # with the ssh it has started
        await process.wait()


class Sftp(Program):
    def command(self, what, source, target):
        word = {"put_tree": "put -r", "get_tree": "get -r", "put_rest": "reput", "get_rest": "reget"}.get(what, what)
        return [program("sftp"), "-q", "-F", str(self.config), "-b", "-", "bastion"], f'{word} "{source}" "{target}"\n'


class Scp(Program):
    resumes = False

    def command(self, what, source, target):
        ends = [f"bastion:{source}", str(target)] if what.startswith("get") else [str(source), f"bastion:{target}"]
        options = ["-r"] if what.endswith("tree") else []
        return [program("scp"), "-q", "-s", "-F", str(self.config), *options, *ends], ""


class Putty(Program):
    async def ready(self) -> None:
        self.key = self.home / "alice.ppk"
        puttygen = [program("puttygen"), str(self.world.alice.key), "-O", "private", "-o", str(self.key)]
        made = await run(puttygen, self.environment)
        assert made.status == 0, made.says
        blob = base64.b64decode((self.home / "host_key.pub").read_text().split()[1])
        self.pinned = "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")

    def options(self) -> list[str]:
        return ["-batch", "-P", str(self.port), "-i", str(self.key), "-hostkey", self.pinned]


class Psftp(Putty):
    def command(self, what, source, target):
        word = {"put_tree": "put -r", "get_tree": "get -r", "put_rest": "reput", "get_rest": "reget"}.get(what, what)
        batch = self.home / "psftp.batch"
        batch.write_text(f'{word} "{source}" "{target}"\n')
        return [program("psftp"), *self.options(), "-b", str(batch), f"{self.login}@127.0.0.1"], ""


class Pscp(Putty):
    resumes = False

    def command(self, what, source, target):
        there = f"{self.login}@127.0.0.1"
        ends = [f"{there}:{source}", str(target)] if what.startswith("get") else [str(source), f"{there}:{target}"]
        options = ["-r"] if what.endswith("tree") else []
        return [program("pscp"), *self.options(), "-sftp", "-q", *options, *ends], ""

    async def put_tree(self, local, remote):
        assert local.name == remote.name, "it copies into a folder, under the old name"
        await self.run("put_tree", local, remote.parent)

    async def get_tree(self, remote, local):
        assert local.name == remote.name
        await self.run("get_tree", remote, local.parent)


class Lftp(Program):
    """Asked for one thing more at the end: it knows the size of a file and would leave before it is told of its end."""

    def command(self, what, source, target):
        words = {
            "put": 'put "{}" -o "{}"', "get": 'get "{}" -o "{}"', "put_rest": 'put -c "{}" -o "{}"',
            "get_rest": 'get -c "{}" -o "{}"', "put_tree": 'mirror -R "{}" "{}"', "get_tree": 'mirror "{}" "{}"',
        }  # fmt: skip
        script = (
            f'set sftp:connect-program "{self.ssh} -a -x"; set cmd:fail-exit yes; set net:max-retries 1; '
            f"set sftp:auto-confirm yes; open -u {self.login},none sftp://bastion:{self.port}; "
        )
        return [program("lftp"), "--norc", "-c", f"{script}{words[what].format(source, target)}; recls -d /"], ""


class Rclone(Program):
    resumes = False

    def command(self, what, source, target):
        there = f':sftp,host=127.0.0.1,port={self.port},user="{self.login}",key_file="{self.world.alice.key}":'
        ends = [f"{there}{source}", str(target)] if what.startswith("get") else [str(source), f"{there}{target}"]
        word = "copy" if what.endswith("tree") else "copyto"
        options = ["--config", str(self.home / "rclone.conf"), "--retries", "1", "--inplace"]
        if "--inplace" not in self.knows:
            options.pop()
        return [program("rclone"), word, *options, *ends], ""

    async def ready(self) -> None:
        (self.home / "rclone.conf").touch()
        self.knows = (await run([program("rclone"), "help", "flags"], self.environment, timeout=LONG)).says


class Rsync(Program):
    """Over exec: the gate sees nothing of it, the recording has the bytes."""

    sftp = False

    def command(self, what, source, target):
        options = {"put_rest": ["--append-verify"], "get_rest": ["--append-verify"]}.get(what, ["--inplace"])
        slash = "/" if what.endswith("tree") else ""
        ends = [f"bastion:{source}{slash}", str(target)]
        if what.startswith("put"):
            ends = [f"{source}{slash}", f"bastion:{target}"]
        return [program("rsync"), "-a", *options, "-e", self.ssh, *ends], ""


class Sshfs(Program):
    """Mounted, used with `cp` and `dd`, unmounted."""

    @contextlib.asynccontextmanager
    async def mounted(self, *, orderly: bool = True) -> AsyncIterator[Path]:
        assert os.access("/dev/fuse", os.R_OK | os.W_OK), (
            "sshfs needs /dev/fuse; a container needs `--device /dev/fuse --cap-add SYS_ADMIN` to have it"
        )
        place = self.home / "mounted"
        place.mkdir(exist_ok=True)
        mount = [program("sshfs"), "-f", "-F", str(self.config), "bastion:/", str(place)]
        process = await asyncio.create_subprocess_exec(*mount, env=self.environment, start_new_session=True)
        try:
            async with asyncio.timeout(LONG):
                while not _is_mounted(place):
                    assert process.returncode is None, f"sshfs ended with {process.returncode}"
                    await asyncio.sleep(0.02)
            yield place
            if not orderly:
                os.killpg(process.pid, signal.SIGKILL)
        finally:
            option = "-u" if process.returncode is None and orderly else "-uz"
            done = await run([program("fusermount3"), option, str(place)], self.environment, timeout=LONG)
            async with asyncio.timeout(LONG):
                await process.wait()
        assert done.status == 0, done.says

    def command(self, what, source, target):
        if what.endswith("_rest"):
            return ["dd", "bs=32k", "oflag=append", "conv=notrunc", "status=none", f"if={source}", f"of={target}"], ""
        return ["cp", *(["-r"] if what.endswith("tree") else []), str(source), str(target)], ""

    async def run(self, what, source, target):
        files = sum(path.is_file() for path in source.rglob("*")) or 1
        before = await self.closed(what)
        async with self.mounted() as place:
            if what.startswith("get"):
                source = place / source.relative_to("/")
            else:
                target = place / target.relative_to("/")
            command, _ = self.command(what, source, target)
            if what.endswith("_rest"):
                there = (await asyncio.to_thread(target.stat)).st_size
                command += [f"skip={there}", "iflag=skip_bytes"]
            done = await run(command, self.environment, timeout=LONG)
            assert done.status == 0, f"{shlex.join(command)}: {done.says}"
            async with asyncio.timeout(LONG):  # it closes behind the back of `cp`, and unmounting waits for no answer
                while await self.closed(what) < before + files:
                    await asyncio.sleep(0.02)
        return done

    async def closed(self, what: str) -> int:
        return sum(event.fields["op"] == what[:3] for event in await self.world.events("file:passed"))

    @contextlib.asynccontextmanager
    async def broken_off(self, local, remote):
        async with self.mounted(orderly=False) as place:
            copy = asyncio.create_task(run(["cp", str(local), str(place / remote.relative_to("/"))], self.environment))
            yield
        assert (await copy).status != 0


def _is_mounted(place: Path) -> bool:
    """Ask nothing of the folder itself: behind it stands the bastion, in this very thread."""
    return f" {place} " in Path("/proc/self/mounts").read_text()
