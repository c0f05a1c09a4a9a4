"""The commands staff copy for a technician, on the screen of a request and of a device (T49)."""

import html
import re

import pytest

from bastion.config import Settings
from bastion.domain.device import Protocol
from tests.services.house import OPERATOR
from tests.web.visitor import speak
from web.app import create

CODE = re.compile(r'<code id="(cmd-[\d-]+)">(.*?)</code>')


@pytest.fixture
def app(house, tmp_path):
    """A console that knows where technicians connect, beside the bastion's own identity."""
    settings = Settings(home=tmp_path, language="en", ssh_name="bastion.chu.example", ssh_port=2200)
    settings.host_key.parent.mkdir(exist_ok=True)
    public = settings.host_key.with_name(f"{settings.host_key.name}.pub")
    public.write_text("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIPL1hnKmVYHcUmcVZQEpBKdMz5Lf2qBoqyw7zDbA6Uc\n")
    return create(house.services, settings)


def shown(page: str) -> list[str]:
    return [html.unescape(text) for _, text in CODE.findall(page)]


async def at(visitor, person, path) -> str:
    return (await (await visitor().enter(person)).see(path)).text


async def dicom(house):
    save = house.services.inventory.save_endpoint
    await save(OPERATOR, house.device.id, "10.20.4.17", 104, protocol=Protocol.DICOM)


async def test_the_screen_of_a_request_has_what_it_would_allow_each_with_a_button(house, visitor, people):
    await dicom(house)
    request = await house.asked()
    page = await at(visitor, people["approver"], f"/requests/{request.id}")
    assert "ssh -p 2200 alice+ct-01@bastion.chu.example" in shown(page)
    assert "sftp -P 2200 alice+ct-01@bastion.chu.example" in shown(page)
    assert "ssh -N -p 2200 -L 10104:ct-01:104 alice+ct-01@bastion.chu.example" in shown(page)
    assert "winscp.exe sftp://bastion.chu.example:2200/ /username=alice+ct-01" in shown(page)
    assert "Service ct-01:104 (DICOM), then at localhost:10104" in page
    assert "SHA256:" in page
    idents = [ident for ident, _ in CODE.findall(page)]
    assert len(set(idents)) == len(idents) > 8
    assert all(page.count(f'data-copy="{ident}"') == 1 for ident in idents)


async def test_assistance_is_a_terminal_and_nothing_else(house, visitor, people):
    from bastion.domain.access_request import InterventionKind

    await dicom(house)
    request = await house.asked(kind=InterventionKind.TELEASSISTANCE)
    page = await at(visitor, people["approver"], f"/requests/{request.id}")
    assert {text.split()[0] for text in shown(page)} == {"ssh", "putty"}
    assert "-L" not in " ".join(shown(page))


async def test_after_a_refusal_there_is_nothing_to_send(house, visitor, people):
    request = await house.asked()
    await house.services.approvals.deny(house.staff(house.eve), request.id, request.version, "not today")
    page = await at(visitor, people["approver"], f"/requests/{request.id}")
    assert "Commands for the technician" not in page


async def test_a_withdrawn_authorisation_has_none_either(house, visitor, people):
    request = await house.approved()
    path = f"/requests/{request.id}"
    assert shown(await at(visitor, people["approver"], path))
    await house.services.approvals.revoke(house.staff(house.max), request.grant_id, "over")
    assert not shown(await at(visitor, people["approver"], path))


async def test_a_device_has_them_with_a_placeholder_in_french_too(house, visitor, people):
    await dicom(house)
    page = await at(visitor, await speak(house, people["admin"], "fr"), f"/directory/devices/{house.device.id}")
    assert "psftp -P 2200 LOGIN+ct-01@bastion.chu.example" in shown(page)
    assert "Commandes pour l’intervenant" in html.unescape(page)
    assert "LOGIN tient lieu de l’identifiant de l’intervenant" in html.unescape(page)


async def test_a_device_nobody_can_reach_has_none(house, visitor, people):
    from bastion.services.inventory import DeviceForm

    made = await house.services.inventory.save_device(OPERATOR, DeviceForm("mri-9", "MRI", "chu", ("acme",)))
    page = await at(visitor, people["admin"], f"/directory/devices/{made.id}")
    assert "nobody can reach this device" in page
    assert "Commands for the technician" not in page


async def test_a_technician_s_first_page_says_how_to_connect_and_what_the_bastion_must_show(house, visitor):
    page = await at(visitor, house.alice, "/supplier/")
    assert shown(page) == [
        "ssh -p 2200 alice@bastion.chu.example",
        "putty -ssh -P 2200 alice@bastion.chu.example",
    ]
    assert 'data-copy="cmd-1-1-1"' in page
    assert re.search(r'<code id="fingerprint-1">SHA256:[A-Za-z0-9+/]{43}</code>', page)
    request = await house.approved()
    page = await at(visitor, house.alice, "/supplier/")
    command = f"held-command-{request.grant_id}"
    assert f'id="{command}">ssh -p 2200 alice+ct-01@bastion.chu.example</code>' in page
    assert f'data-copy="{command}"' in page
