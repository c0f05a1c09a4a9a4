"""Commissioning a device: register, address, identity, account (R-9, R-12)."""

import re

from tests.services.house import private_text, public_line

NEW = {
    "code": "us-09", "name": "Ultrasound 9", "facility_code": "chu", "supplier_codes": ["acme", "other"],
    "criticality": "3", "ward": "Cardiology", "location": "C 12", "maker": "GE", "model": "Vivid", "serial": "S1",
    "active": "yes",
}  # fmt: skip


async def test_R9_a_device_is_commissioned_step_by_step(house, visitor, people):
    browser = await visitor().enter(people["admin"])
    path = (await browser.send("/directory/devices/new", **NEW)).headers["location"]
    assert "Not finished" in (await browser.see(path)).text
    assert (await browser.send(f"{path}/endpoint", host="10.1.2.3", port="22")).status_code == 303
    page = (await browser.see(path)).text
    assert "10.1.2.3:22" in page
    assert "Identity not confirmed" in page
    endpoint = re.search(r'name="endpoint" value="(\w+)"', page)[1]
    offer = (await browser.send(f"{path}/scan", endpoint=endpoint)).text
    fingerprint = re.search(r'name="fingerprint" value="([^"]+)"', offer)[1].replace("&#43;", "+")
    assert fingerprint.startswith("SHA256:")
    assert "Identity not confirmed" in (await browser.see(path)).text, "showing is not confirming"
    assert (await browser.send(f"{path}/pin", endpoint=endpoint, fingerprint=[fingerprint])).status_code == 303
    assert "Identity confirmed" in (await browser.see(path)).text
    await browser.send(f"{path}/account", login="service", kind="password", password="canary-pw")
    ready = (await browser.see(path)).text
    assert "Ready" in ready
    assert "canary-pw" not in ready


async def test_R9_a_changed_identity_is_called_out(house, visitor, people):
    browser, path = await visitor().enter(people["admin"]), f"/directory/devices/{house.device.id}"
    house.device_keys[:] = [public_line()]
    page = (await browser.see(path)).text
    endpoint = re.search(r'name="endpoint" value="(\w+)"', page)[1]
    assert "shows another identity" in (await browser.send(f"{path}/scan", endpoint=endpoint)).text
    lied = await browser.send(f"{path}/pin", endpoint=endpoint, fingerprint=["SHA256:nothing"])
    assert lied.status_code == 502


async def test_R12_a_secret_is_never_shown_again_not_even_after_a_mistake(house, visitor, people):
    browser, path = await visitor().enter(people["admin"]), f"/directory/devices/{house.device.id}"
    wrong = await browser.send(f"{path}/account", login="", kind="password", password="canary-pw")
    assert wrong.status_code == 422
    assert "canary-pw" not in wrong.text
    broken = await browser.send(f"{path}/account", login="root", kind="private_key", private_key="canary-key")
    assert broken.status_code == 422
    assert "not an OpenSSH or PEM private key" in broken.text
    assert "canary-key" not in broken.text
    key = private_text().reveal().decode()
    pasted = key.strip().replace("\n", "\r\n")
    assert (
        await browser.send(f"{path}/account", login="root", kind="private_key", private_key=pasted)
    ).status_code == 303
    assert key.splitlines()[1] not in (await browser.see(path)).text


async def test_an_endpoint_is_reached_through_its_own_device_only(house, scenery, visitor, people):
    other = await scenery.device("mri-02", "MRI", 2, "Imaging", "B4")
    (endpoint,) = (await house.services.inventory.device(house.staff(house.ruth), house.device.id)).endpoints
    browser = await visitor().enter(people["admin"])
    answer = await browser.send(f"/directory/devices/{other.id}/scan", endpoint=endpoint.id)
    assert answer.status_code == 422
    assert "belongs to another device" in answer.text


async def test_a_device_is_edited_and_what_was_typed_stays_after_a_mistake(house, visitor, people):
    browser, path = await visitor().enter(people["admin"]), f"/directory/devices/{house.device.id}"
    form = (await browser.see(f"{path}/edit")).text
    assert 'value="ct-01"' in form
    wrong = await browser.send(f"{path}/edit", **NEW | {"code": "Not A Code", "criticality": "3"})
    assert wrong.status_code == 422
    assert 'value="Not A Code"' in wrong.text
    assert (await browser.send(f"{path}/edit", **NEW | {"criticality": "x"})).status_code == 422
    assert (await browser.send(f"{path}/edit", **NEW | {"active": ""})).headers["location"] == path
    page = (await browser.see(path)).text
    assert "Ultrasound 9" in page
    assert "Out of use" in page


async def test_devices_are_searched(scenery, visitor, people):
    await scenery.device("mri-02", "Magnet", 2, "Imaging", "B4")
    browser = await visitor().enter(people["approver"])
    assert "Magnet" in (await browser.see("/directory/devices?text=magnet")).text
    assert "Magnet" not in (await browser.see("/directory/devices?text=scanner")).text
    assert "/directory/devices/new" not in (await browser.see("/directory/devices")).text


async def test_a_code_is_taken_once(visitor, people):
    browser = await visitor().enter(people["admin"])
    answer = await browser.send("/directory/devices/new", **NEW | {"code": "ct-01"})
    assert answer.status_code == 409
