"""Old devices in the console: a service with its options, a derogation made and taken back, what an approver reads."""

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bastion import clock
from bastion.domain.derogation import DerogationKind, DerogationStatus
from bastion.domain.device import Protocol
from bastion.services.derogations import DerogationForm
from tests.services.house import OPERATOR

DAY = timedelta(days=1)
PARIS = ZoneInfo("Europe/Paris")


def tomorrow(days: int = 60) -> str:
    return (clock.now() + days * DAY).date().isoformat()


@pytest.fixture
async def admin(house, visitor, people):
    return await visitor().enter(people["admin"])


async def derogate(house, kind, *names, days=60.0):
    form = DerogationForm(kind, "Dr Vasseur", "isolated in VLAN 12", clock.now() + days * DAY, names)
    return await house.services.derogations.make(OPERATOR, house.device.id, form)


def form(**changes):
    return {
        "allows": "ssh_legacy", "algorithms": ["ssh-rsa", "aes128-cbc"], "owner": "Dr Vasseur",
        "reason": "no update from the maker", "ends": tomorrow(),
    } | changes  # fmt: skip


async def test_R10_a_derogation_is_made_on_the_device_s_page_and_taken_back(house, admin):
    path = f"/directory/devices/{house.device.id}"
    assert "this device does without" in (await admin.see(path)).text
    assert (await admin.send(f"{path}/derogations", **form())).headers["location"] == path
    page = (await admin.see(path)).text
    for said in ("Old SSH algorithms", "In force", "ssh-rsa, aes128-cbc", "Dr Vasseur answers for it"):
        assert said in page
    (made,) = await house.services.derogations.of(OPERATOR, house.device.id)
    assert made.algorithms == ("ssh-rsa", "aes128-cbc")
    last = date.fromisoformat(form()["ends"])
    assert made.ends == datetime.combine(last + DAY, time(), PARIS), "to the end of that day"
    answer = await admin.send(f"{path}/derogations/{made.id}/withdraw")
    assert answer.status_code == 303
    page = (await admin.see(path)).text
    assert "Withdrawn" in page
    assert f"/derogations/{made.id}/withdraw" not in page


async def test_R10_without_a_fresh_code_nothing_is_allowed_and_what_was_typed_stays(house, visitor, people):
    admin = await visitor().enter(people["admin"], fresh=False)
    answer = await admin.send(f"/directory/devices/{house.device.id}/derogations", **form())
    assert answer.status_code in {401, 403, 422}
    assert "Dr Vasseur" in answer.text
    assert await house.services.derogations.of(OPERATOR, house.device.id) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"ends": ""}, "Say until which day"),
        ({"ends": "2020-01-01"}, "ends within a year"),
        ({"owner": ""}, "answers for this risk"),
        ({"reason": ""}, "reason is missing"),
        ({"algorithms": []}, "Name the algorithms"),
        ({"allows": "rlogin"}, "Choose one of the list"),
    ],
    ids=str,
)
async def test_R10_a_mistake_is_said_at_its_field(house, admin, wrong, said):
    answer = await admin.send(f"/directory/devices/{house.device.id}/derogations", **form(**wrong))
    assert answer.status_code == 422
    assert said in answer.text


async def test_a_service_of_another_kind_is_added_with_what_it_needs(house, admin):
    path = f"/directory/devices/{house.device.id}"
    serial = {"protocol": "serial", "host": "10.1.2.9", "port": "2001", "baud": "19200", "parity": "even", "stop": "1"}
    assert (await admin.send(f"{path}/endpoint", **serial, bits="7", prompt_login="Benutzer:")).status_code == 303
    assert (
        await admin.send(f"{path}/endpoint", protocol="rdp", host="10.1.2.9", port="3389", baud="9600")
    ).status_code == 303
    page = (await admin.see(path)).text
    for said in ("10.1.2.9:2001", "baud=19200", "prompt_login=Benutzer:", "only when and how much is recorded"):
        assert said in page
    kinds = {e.protocol: e for e in (await house.services.inventory.device(OPERATOR, house.device.id)).endpoints}
    assert kinds[Protocol.SERIAL].options["parity"] == "even"
    assert kinds[Protocol.RDP].options == {}, "what another protocol would need is left aside"
    assert page.count("Ask the device for its identity") == 1, "only SSH shows one"


async def test_options_change_without_losing_the_identity_and_mistakes_are_said(house, admin):
    path = f"/directory/devices/{house.device.id}"
    wrong = await admin.send(f"{path}/endpoint", protocol="serial", host="10.1.2.9", port="2001", baud="fast")
    assert wrong.status_code == 422
    assert "speed of the line" in wrong.text
    assert 'value="10.1.2.9"' in wrong.text
    assert (await admin.send(f"{path}/endpoint", protocol="gopher", host="h", port="70")).status_code == 422


@pytest.mark.parametrize(
    ("kind", "names", "said"),
    [
        (DerogationKind.SSH_LEGACY, ("ssh-rsa",), "algorithms that are no longer safe: ssh-rsa"),
        (DerogationKind.TELNET, (), "reached by telnet"),
        (DerogationKind.SERIAL, (), "reached over a serial line"),
    ],
)
async def test_R10_the_approver_reads_a_banner_before_he_decides(house, visitor, people, kind, names, said):
    await derogate(house, kind, *names)
    if kind is not DerogationKind.SSH_LEGACY:
        (ssh,) = (await house.services.inventory.device(OPERATOR, house.device.id)).endpoints
        await house.services.inventory.save_endpoint(
            OPERATOR, house.device.id, "127.0.0.1", 23, ssh.id, Protocol(kind.value)
        )
    request = await house.asked()
    page = (await (await visitor().enter(people["approver"])).see(f"/requests/{request.id}")).text
    banner, decision = page.index(said), page.index('id="h-decide"')
    assert banner < decision
    assert "Dr Vasseur answers for it" in page
    assert "isolated in VLAN 12" in page
    assert ("No files: this device has a terminal only" in page) is (kind is not DerogationKind.SSH_LEGACY)


async def test_R10_a_modern_device_has_no_banner(house, visitor, people):
    await derogate(house, DerogationKind.TELNET)
    request = await house.asked()
    page = (await (await visitor().enter(people["approver"])).see(f"/requests/{request.id}")).text
    assert "answers for it" not in page


async def test_R10_that_it_ends_before_the_work_is_said(house, visitor, people):
    await derogate(house, DerogationKind.SSH_LEGACY, "ssh-rsa", days=0.02)
    request = await house.asked(minutes=60)
    page = (await (await visitor().enter(people["approver"])).see(f"/requests/{request.id}")).text
    assert "It ends before the time that is asked for" in page


async def test_what_can_be_recorded_and_how_files_pass_is_read_before_one_decides(house, visitor, people):
    for port, protocol in ((3389, Protocol.RDP), (104, Protocol.DICOM)):
        await house.services.inventory.save_endpoint(OPERATOR, house.device.id, "127.0.0.1", port, protocol=protocol)
    request = await house.asked()
    page = (await (await visitor().enter(people["approver"])).see(f"/requests/{request.id}")).text
    text = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page))
    assert "ct-01:3389 RDP: encrypted end to end: only when and how much is recorded" in text
    assert "ct-01:104 DICOM: recorded in full" in text
    assert "Terminal: every key and every answer is recorded." in text
    assert (
        "Files to the device: through the release desk, where a person decides on each one (no virus scanner is set up)"
        in text
    )


async def test_a_device_that_cannot_be_reached_says_so_on_the_request(house, visitor, people, monkeypatch):
    await derogate(house, DerogationKind.SSH_LEGACY, "ssh-rsa", days=1)
    request = await house.asked()
    browser = await visitor().enter(people["approver"])
    assert "cannot be reached yet" not in (await browser.see(f"/requests/{request.id}")).text
    (kept,) = await house.services.derogations.of(OPERATOR, house.device.id)
    monkeypatch.setattr(type(kept), "active", lambda *_: False)
    monkeypatch.setattr(type(kept), "status", lambda *_: DerogationStatus.OVER)
    page = (await browser.see(f"/requests/{request.id}")).text
    assert 0 < page.index("cannot be reached yet") < page.index("The device is free"), "at the top, once"
    assert page.count("cannot be reached yet") == 1
    await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 30)
    assert "cannot be reached yet" in (await browser.see(f"/requests/{request.id}")).text, "though it was agreed to"


async def test_R10_whoever_replays_a_session_reads_what_it_stood_on(house, scenery, visitor, people):
    made = await derogate(house, DerogationKind.SSH_LEGACY, "ssh-rsa")
    record = await scenery.recorded(house.alice, "ct-01", "Replace the tube")
    browser = await visitor().enter(people["security"])
    await browser.send(f"/recordings/{record.id}/open", why="quality check")
    assert made.words in (await browser.see(f"/recordings/{record.id}/watch")).text
