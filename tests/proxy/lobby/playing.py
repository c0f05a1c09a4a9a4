"""The lobby played: a desk that stands for the services, and a terminal that is typed at and read."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest

from bastion import clock
from bastion.domain.access_request import RequestState
from bastion.domain.parties import Supplier, Technician
from bastion.domain.remark import Remark, Side
from bastion.errors import Conflict, Unavailable
from bastion.proxy.frames import Data
from bastion.proxy.lobby import lobby as module
from bastion.proxy.lobby.lobby import Lobby
from bastion.proxy.lobby.talk import Left
from bastion.proxy.lobby.terminal import Terminal
from bastion.proxy.notices import Words
from bastion.proxy.pulse import Pulse
from bastion.services.commands import EVERYTHING, ready
from bastion.services.views import Entry
from tests.proxy.fakes import FakeEnd, a_grant
from tests.proxy.lobby.test_pasted import HERE
from tests.proxy.lobby.test_screens import CHU, a_request, device, item

ALICE = Technician("t1", "alice", "Alice", "a@acme", "s1", "en")
ACME = Supplier("s1", "acme", "Acme", ())
FORM = "replace the tube\r1\r1\r1\rWO-7\r1h30\ryes\r"


class Desk:
    """Plays the services. `grant`, `pending`, `coming_` are the rows; `log` what was asked."""

    def __init__(self) -> None:
        self.grant = self.pending = self.coming_ = None
        self.log, self.drafts, self.troubles = [], [], []
        self.undertaking = self.emergency = None
        self.stuck, self.unanswered = "", None

    async def enter(self, code, account):
        for trouble in self.troubles:
            raise trouble
        if not code:
            return Entry(ALICE, ACME, menu=self.items)
        self.log.append(f"enter {code}")
        return Entry(
            ALICE, ACME, device(code), CHU, None, grant=self.grant, pending=self.pending, approvers=("Eve",),
            undertaking=self.undertaking, emergency=self.emergency, stuck=self.stuck,
            unanswered=self.unanswered,
        )  # fmt: skip

    async def coming(self, device_id):
        return self.coming_

    async def still_coming(self, grant_id):
        self.log.append(f"still coming {grant_id}")
        if self.never:
            raise self.never

    never = None

    async def acknowledge(self, grant_id):
        self.log.append(f"acknowledge {grant_id}")

    async def undertake(self, version):
        self.log.append(f"undertake {version}")
        if version != self.undertaking.version or self.newer:
            self.undertaking, self.newer = self.newer, None
            raise Conflict("newer")
        self.undertaking = None

    newer = None

    listed = ("Dr Roux, radiologist", "Dr Vidal, head of radiotherapy")

    async def professionals(self, device):
        return self.listed

    templates = ()
    items = (item(), item("mri-2"))

    async def usual(self, device):
        return self.templates

    async def ask(self, draft, others=()):
        self.drafts.append(draft)
        self.others = others
        if isinstance(self.refusal, Exception):
            raise self.refusal
        now = clock.now()
        self.pending = a_request(created_at=now, expires_at=now + timedelta(hours=2), quorum=1)
        return self.pending

    refusal = None
    longest_ = None

    longest_of = MappingProxyType({})

    async def longest(self, draft):
        found = self.longest_of.get(draft.device_code, self.longest_)
        if isinstance(found, Exception):
            raise found
        return found

    async def request(self, request_id):
        return self.pending

    async def thread(self, request_id):
        return self.remarks

    remarks = ()

    async def answer(self, request_id, text):
        self.log.append(f"answer {text}")

    address = HERE
    owes = ()

    async def owed(self):
        return self.owes

    async def commands(self, device):
        self.log.append(f"commands {device}")
        if self.away:
            raise Unavailable("down")
        return ready(HERE, "alice", device, EVERYTHING, ())

    away = False

    async def withdraw(self, request_id):
        self.log.append("withdraw")
        self.pending = replace(self.pending, stored_state=RequestState.WITHDRAWN)


class Play:
    def __init__(self, monkeypatch) -> None:
        monkeypatch.setattr(module, "LOOK_AGAIN", 0.03)
        self.end, self.desk, self.news = FakeEnd(), Desk(), Pulse()
        self.lobby = Lobby(Terminal(self.end, 80), self.desk, Words("en"), self.news)

    def start(self, device="ct-01", typing="", account=""):
        self.task = asyncio.ensure_future(self.lobby.run(device, account))
        if typing:
            self.type(typing)

    def type(self, text):
        self.end.say(Data(text.encode()))

    @property
    def screen(self):
        return " ".join(b"".join(bytes(f.data) for f in self.end.got).decode().split())

    async def shows(self, text):
        async with asyncio.timeout(30):
            while text not in self.screen:
                await asyncio.sleep(0.005)

    async def result(self):
        async with asyncio.timeout(30):
            return await self.task

    async def leaves(self):
        with pytest.raises(Left):
            await self.result()


def a_remark(ident: str, side: Side, text: str) -> Remark:
    return Remark(ident, "r1", side, "e1", "Eve", clock.now(), text)


def open_grant(**changes):
    now = clock.now()
    return a_grant(start=now, end=now + timedelta(hours=1), **changes)
