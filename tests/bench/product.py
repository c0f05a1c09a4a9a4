"""The bastion as its users meet it: `bastion demo` in a folder of its own, driven through its SSH port and its API.

All the harness knows of it stands here: what `demo.json` says, how a technician asks, how an approver agrees.
"""

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyotp

from tests.bench.servers import CIPHER, Lab, end, login, wait_for
from tests.policy_sets import straight_through

TECHNICIAN, APPROVER, ANOTHER, SECURITY, ADMIN = "alice", "claire", "paul", "samir", "denis"
DEVICE, MODEL = "bench-01", "ct-01"  # the device that is measured; the demo's own whose hospital and maker it shares
GREETING = re.compile(rb"Last login|[#$] ")
STEP = 30  # seconds a one-time code is for


@dataclass
class Codes:
    """One-time codes of a person, each given once; waits for the next half minute when they are used up."""

    secret: str
    used: set[int] = field(default_factory=set)

    def next(self) -> str:
        while True:
            now = int(time.time()) // STEP
            for step in (now, now - 1):
                if step not in self.used and time.time() < (step + 2) * STEP - 10:  # not one about to lapse
                    self.used.add(step)
                    return pyotp.TOTP(self.secret).generate_otp(step)
            time.sleep(0.5)


def _codes(secret: str) -> Codes:
    """Codes from the present half minute on: the demo has spent the one before to enrol its people."""
    now = int(time.time()) // STEP
    return Codes(secret, {now - 2, now - 1})


class Terminal:
    """A client on a terminal of its own, read until it falls silent or says something."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)
        self.seen = b""

    def read(self, seconds: float) -> bytes:
        """What comes within `seconds`; empty if nothing does. Raises EOFError when the client has ended."""
        if not select.select([self._master], [], [], seconds)[0]:
            return b""
        try:
            data = os.read(self._master, 65536)
        except OSError as error:  # a pseudo-terminal without its other side
            raise EOFError(self.seen.decode(errors="replace")) from error
        self.seen += data
        return data

    def fall_silent(self, quiet: float = 0.3, seconds: float = 20) -> None:
        """Read until nothing has come for `quiet` seconds, but something has."""
        end, before = time.monotonic() + seconds, len(self.seen)
        while time.monotonic() < end:
            if not self.read(quiet) and len(self.seen) > before:
                return
        raise TimeoutError(self.seen.decode(errors="replace"))

    def type(self, line: str) -> None:
        os.write(self._master, f"{line}\r".encode())

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)


class Product:
    """`start` it, `admit` the technician, then connect as often as you like; `cut` ends everything until `lift`."""

    name = "bastion"

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.home = lab.folder / "bastion"
        self._facts: dict[str, Any] = {}
        self._codes: dict[str, Codes] = {}
        self._standing: Terminal | None = None
        self._lock = ""

    # -- starting ------------------------------------------------------------------------------------------------------
    def start(self, device_port: int, service_port: int) -> None:
        """Start it, and commission the OpenSSH server on `device_port` as a device with a service on `service_port`."""
        environment = os.environ | {
            "BASTION_HOME": str(self.home), "BASTION_SSH_PORT": "0", "BASTION_WEB_PORT": "0",
            "BASTION_POLICIES_DIR": str(straight_through(self._lab.folder / "policies")),
        }  # fmt: skip
        process = self._lab.start("bastion", [sys.executable, "-m", "bastion", "demo"], environment)
        self._await_facts(process)
        self.pid = process.pid
        self._facts = json.loads((self.home / "demo.json").read_text())
        self._codes = {each["login"]: _codes(each["totp_secret"]) for each in self._facts["accounts"]}
        wait_for(self.port)
        self._commission(device_port, service_port)
        block = f"Host bastion\n Port {self.port}\n User {self.login}\n IdentityFile {self.key}\n Ciphers {CIPHER}\n"
        self._lab.config.write_text(block + self._lab.config.read_text())

    def _await_facts(self, process: "subprocess.Popen[bytes]") -> None:
        end = time.monotonic() + 120
        while not (self.home / "ssh.conf").exists():  # the last file it writes
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the bastion did not start: {(self._lab.folder / 'bastion.log').read_text()}")
            time.sleep(0.05)

    def _commission(self, port: int, service: int) -> None:
        """As an administrator does: the device, where it answers, its identity, an account with a key."""
        model = next(each for each in self._call(ADMIN, "/devices") if each["code"] == MODEL)
        body = {"code": DEVICE, "name": "Measured", "facility": model["facility"], "suppliers": model["suppliers"]}
        device = self._call(ADMIN, "/devices", body)
        where = self._call(ADMIN, f"/devices/{device['id']}/endpoints", {"host": "127.0.0.1", "port": port})
        tunnel = {"host": "127.0.0.1", "port": service, "protocol": "tcp"}
        self._call(ADMIN, f"/devices/{device['id']}/endpoints", tunnel)
        offer = self._call(ADMIN, f"/endpoints/{where['id']}/scan", {})
        self._call(ADMIN, f"/endpoints/{where['id']}/pin", {"fingerprints": offer["fingerprints"]}, sure=True)
        secret = (self._lab.folder / "bastion_key").read_text()
        account = {"login": login(), "kind": "private_key", "secret": secret}
        self._call(ADMIN, f"/devices/{device['id']}/accounts", account)

    @property
    def port(self) -> int:
        return int(self._facts["ssh_port"])

    @property
    def login(self) -> str:
        return f"{TECHNICIAN}+{DEVICE}"

    @property
    def key(self) -> Path:
        return Path(self._account(TECHNICIAN)["private_key_path"])

    def _account(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(each for each in self._facts["accounts"] if each["login"] == name)
        return found

    # -- what people do ------------------------------------------------------------------------------------------------
    def admit(self) -> float:
        """The technician asks at his terminal, the approver agrees; seconds from her yes to the device's greeting.

        How long a shell takes to its prompt after that is its own affair. The terminal stays connected: its code
        serves the further connections under the same authorisation.
        """
        self._leave()
        self._standing = terminal = Terminal(self._command(), self._environment())
        for answer in ("replace the tube", "2", "1", "1", "WO-1", "2h", "oui"):
            terminal.fall_silent()
            terminal.type(answer)
        terminal.fall_silent()
        request = self._pending()
        code = self._codes[APPROVER].next()
        body = {"version": request["version"], "minutes": request["minutes"], "code": code}
        at = len(terminal.seen)
        self._call(APPROVER, f"/requests/{request['id']}/approve", body)
        agreed = time.perf_counter()
        self._greeted(terminal, at)
        return time.perf_counter() - agreed

    @staticmethod
    def _greeted(terminal: Terminal, at: int) -> None:
        while not GREETING.search(terminal.seen, at):
            if not terminal.read(10):
                raise TimeoutError(terminal.seen.decode(errors="replace"))

    def acknowledge(self) -> float:
        """Seconds from the technician's yes to the recording notice, under an open authorisation, to the greeting."""
        self._leave()
        body = {
            "technician": TECHNICIAN, "device": DEVICE, "kind": "telemaintenance", "reason": "replace the tube",
            "minutes": 60, "work_order": "WO-1",
            "plan": {"keeps": "everything", "patient_data": "none", "software_change": False},
        }  # fmt: skip
        asked = self._call(APPROVER, "/requests", body)
        yes = {"version": asked["version"], "minutes": 60, "code": self._codes[ANOTHER].next()}
        agreed = self._call(ANOTHER, f"/requests/{asked['id']}/approve", yes)
        self._standing = terminal = Terminal(self._command(), self._environment())
        terminal.fall_silent()
        terminal.type("oui")
        begun = time.perf_counter()
        self._greeted(terminal, len(terminal.seen))
        taken = time.perf_counter() - begun
        self._leave()
        self._call(ANOTHER, f"/grants/{agreed['grant_id']}/revoke", {"reason": "measured"})
        return taken

    def lock_command(self) -> float:
        """Seconds from the start of `bastion lock --all` until a live session is closed at the technician's end."""
        terminal = self._standing
        assert terminal is not None, "admit first"
        environment = os.environ | {"BASTION_HOME": str(self.home)}
        command = [sys.executable, "-m", "bastion", "lock", "--all", "--reason", "measuring"]
        begun = time.perf_counter()
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as locking:
            terminal.process.wait(20)
            taken = time.perf_counter() - begun
            if locking.wait(20):
                raise RuntimeError("bastion lock failed")
        self._leave()
        for lock in self._call(ADMIN, "/locks"):
            self._lock = lock["id"]
            self.lift()
        return taken

    def second_start(self) -> float:
        """Seconds from the start of a demo that has run before until its screen stands; one in a folder of its own."""
        home = self._lab.folder / "again"
        environment = os.environ | {"BASTION_HOME": str(home), "BASTION_SSH_PORT": "0", "BASTION_WEB_PORT": "0"}
        for time_of_it in ("first", "second"):
            begun = time.perf_counter()
            log = self._lab.folder / f"again-{time_of_it}.log"
            process = self._lab.start(f"again-{time_of_it}", [sys.executable, "-m", "bastion", "demo"], environment)
            while b"Ctrl-C" not in log.read_bytes():
                if process.poll() is not None or time.perf_counter() - begun > 120:
                    raise RuntimeError(log.read_text())
                time.sleep(0.01)
            taken = time.perf_counter() - begun
            end(process)
        return taken

    def cut(self) -> None:
        body = {"scope": "all", "reason": "measuring how long it takes", "code": self._codes[SECURITY].next()}
        self._lock = self._call(SECURITY, "/locks", body)["id"]

    def lift(self) -> None:
        self._call(ADMIN, f"/locks/{self._lock}/lift", {"why": "measured", "code": self._codes[ADMIN].next()})

    def close(self) -> None:
        self._leave()

    def _leave(self) -> None:
        if self._standing is not None:
            self._standing.close()
            self._standing = None

    def _pending(self) -> dict[str, Any]:
        for _ in range(100):
            found: list[dict[str, Any]] = self._call(APPROVER, "/requests?state=pending")
            if found:
                return found[0]
            time.sleep(0.05)
        raise TimeoutError(self._standing.seen.decode(errors="replace") if self._standing else "no request")

    def _command(self) -> list[str]:
        options = ["-o", "BatchMode=no", "-o", "NumberOfPasswordPrompts=1"]
        return ["ssh", "-tt", "-F", str(self._lab.config), *options, "bastion"]

    def _environment(self) -> dict[str, str]:
        """An environment in which the client gets its one-time code by itself."""
        answer = self._lab.folder / "askpass"
        answer.write_text(f"#!/bin/sh\necho '{self._codes[TECHNICIAN].next()}'\n")
        answer.chmod(0o700)
        return os.environ | {"SSH_ASKPASS": str(answer), "SSH_ASKPASS_REQUIRE": "force", "TERM": "xterm"}

    def _call(self, who: str, path: str, body: dict[str, Any] | None = None, *, sure: bool = False) -> Any:
        """Ask the API as `who`; `sure` brings a fresh code."""
        code = {"Authenticator-Code": self._codes[who].next()} if sure else {}
        token = {"Authorization": f"Bearer {self._account(who)['api_token']}"}
        request = urllib.request.Request(
            f"{self._facts['web_url']}/api/v1{path}",
            data=json.dumps(body).encode() if body is not None else None,
            headers={**token, **code, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=15) as response:
            return json.load(response)
