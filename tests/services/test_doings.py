"""What is being done in a running session, put together from the trail."""

import pytest

from bastion.domain.device import ChannelKind
from bastion.domain.parties import Role
from bastion.domain.session_effects import Audit
from bastion.errors import Forbidden, NotFound
from bastion.services.doings import MOST_FILES
from tests.services.house import as_only, moved


def passed(path: str) -> Audit:
    facts = {
        "op": "put", "direction": "in", "path": path, "target": "", "size": 7, "sha256": "ab" * 32, "pieces": "",
        "seconds": 0.1, "outcome": "done", "detail": "",
    }  # fmt: skip
    return Audit("file:passed", facts)


@pytest.fixture
async def busy(house):
    opened = await house.opened()
    facts = [
        Audit("channel:opened", {"channel": 1, "kind": "shell", "detail": ""}),
        Audit("channel:opened", {"channel": 2, "kind": "forward", "detail": "vnc ct-01:5900"}),
        Audit("channel:refused", {"channel": 0, "kind": "forward", "why": "no service of it", "detail": "pacs:104"}),
        Audit("channel:refused", {"channel": 0, "kind": "x11", "why": "not offered", "detail": ""}),
        Audit("channel:opened", {"channel": 3, "kind": "sftp", "detail": "sftp"}),
        Audit("channel:closed", {"channel": 1, "kind": "shell", "outcome": "status 0"}),
        passed("/fw/a.bin"),
        Audit("file:refused", {"op": "remove", "path": "/etc/passwd", "target": "", "why": "delete_not_granted"}),
    ]
    await house.services.sessions.note(opened.record, facts)
    return opened


async def test_open_channels_stand_first_with_where_they_lead(house, busy):
    seen = await house.services.doing.of(house.staff(house.eve), busy.record.id)
    assert [(one.kind, one.detail, one.open, one.refused) for one in seen.channels] == [
        (ChannelKind.SFTP, "sftp", True, False), (ChannelKind.FORWARD, "vnc ct-01:5900", True, False),
        (ChannelKind.FORWARD, "pacs:104", False, True), (ChannelKind.SHELL, "", False, False),
    ]  # fmt: skip
    assert seen.channels[-1].outcome == "status 0"


async def test_files_are_the_newest_first_and_bounded(house, busy):
    seen = await house.services.doing.of(house.staff(house.eve), busy.record.id)
    assert [(one.tag, one.op, one.path, one.outcome) for one in seen.files] == [
        ("refused", "remove", "/etc/passwd", "delete_not_granted"), ("passed", "put", "/fw/a.bin", "done"),
    ]  # fmt: skip
    assert (seen.files[1].size, seen.more_files) == (7, False)
    await house.services.sessions.note(busy.record, [passed(f"/{number}") for number in range(MOST_FILES)])
    seen = await house.services.doing.of(house.staff(house.eve), busy.record.id)
    assert (len(seen.files), seen.files[0].path, seen.more_files) == (MOST_FILES, f"/{MOST_FILES - 1}", True)


async def test_T31_only_whoever_may_follow_reads_it(house, busy):
    elsewhere = moved(house.staff(house.eve), {"elsewhere"})
    with pytest.raises(NotFound):
        await house.services.doing.of(elsewhere, busy.record.id)
    for role in (Role.AUDITOR, Role.ADMIN):
        with pytest.raises(Forbidden):
            await house.services.doing.of(as_only(house.staff(house.eve), {role}), busy.record.id)
