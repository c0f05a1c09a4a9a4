"""Commissioning a device: register, address, identity, account (R-9, R-12)."""

import html
import re
from datetime import timedelta

from bastion import clock
from bastion.domain.device import SecretKind
from bastion.secret import Secret
from tests.services.house import OPERATOR, private_text, public_line
from tests.services.test_rota import now_on_call

NEW = {
    "code": "us-09", "name": "Ultrasound 9", "facility_code": "chu", "supplier_codes": ["acme", "other"],
    "criticality": "3", "ward": "Cardiology", "location": "C 12", "maker": "GE", "model": "Vivid", "serial": "S1",
    "active": "yes",
}  # fmt: skip


async def test_R9_a_device_is_commissioned_step_by_step(house, visitor, people):
    house.device_keys[:] = [public_line()]  # another device than ct-01
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
    assert "checked" not in re.search(r'<form class="offer.*?</form>', offer, re.DOTALL)[0], "a confirmation is an act"
    unticked = await browser.send(f"{path}/pin", endpoint=endpoint)
    assert unticked.status_code == 422
    assert "Tick each key that you have compared" in unticked.text
    assert fingerprint in html.unescape(unticked.text), "the keys are shown again"
    assert "Identity not confirmed" in (await browser.see(path)).text, "showing is not confirming"
    assert (await browser.send(f"{path}/pin", endpoint=endpoint, fingerprint=[fingerprint])).status_code == 303
    assert "Identity confirmed" in (await browser.see(path)).text
    await browser.send(f"{path}/account", login="service", kind="password", password="canary-pw")
    ready = (await browser.see(path)).text
    assert "Ready" in ready
    assert "canary-pw" not in ready


async def test_what_is_still_to_do_is_listed_with_the_place_where_it_is_done(house, visitor, people):
    browser = await visitor().enter(people["admin"])
    path = (await browser.send("/directory/devices/new", **NEW | {"supplier_codes": []})).headers["location"]
    assert await _still_to_do(browser, path) == ["#h-end", "#h-acc", f"{path}/edit"]
    await browser.send(f"{path}/endpoint", host="10.1.2.3", port="23", protocol="telnet")
    assert await _still_to_do(browser, path) == ["#h-der", "#h-acc", f"{path}/edit"]
    await browser.send(f"{path}/endpoint", host="10.1.2.3", port="22")
    assert await _still_to_do(browser, path) == ["#h-end", "#h-acc", f"{path}/edit"]
    listed = (await browser.see("/directory/devices?text=us-09")).text
    assert "identity, account on the device, supplier" in listed
    ready = (await browser.see(f"/directory/devices/{house.device.id}")).text
    assert 'id="lacks"' not in ready


async def _still_to_do(browser, path):
    said = re.search(r'<div class="note wait" id="lacks">.*?</div></div>', (await browser.see(path)).text, re.DOTALL)[0]
    return re.findall(r'<a href="([^"]+)">', said)


async def test_R9_the_address_and_the_identity_of_another_device_are_taken_on_confirmation_only(house, visitor, people):
    browser = await visitor().enter(people["admin"])
    (standing,) = (await house.services.inventory.device(house.staff(house.ruth), house.device.id)).endpoints
    path = (await browser.send("/directory/devices/new", **NEW)).headers["location"]
    said = {"host": standing.host.upper(), "port": str(standing.port)}
    twin = await browser.send(f"{path}/endpoint", **said)
    assert twin.status_code == 422
    assert "are those of ct-01 already" in twin.text
    assert 'name="shared"' in twin.text
    login = re.search(r'name="login" value="([^"]*)" autocomplete', twin.text)[1]
    assert login == "", "what the form of a service said is no login"
    assert (await browser.send(f"{path}/endpoint", **said, shared="yes")).status_code == 303
    endpoint = re.search(r'name="endpoint" value="(\w+)"', (await browser.see(path)).text)[1]
    offer = (await browser.send(f"{path}/scan", endpoint=endpoint)).text
    assert "ct-01 shows the same identity" in offer
    print_ = re.search(r'name="fingerprint" value="([^"]+)"', offer)[1].replace("&#43;", "+")
    unsaid = await browser.send(f"{path}/pin", endpoint=endpoint, fingerprint=[print_])
    assert unsaid.status_code == 422
    assert "if a gateway or a port server stands before both" in unsaid.text
    assert "Identity not confirmed" in (await browser.see(path)).text
    assert (await browser.send(f"{path}/pin", endpoint=endpoint, fingerprint=[print_], shared="yes")).status_code == 303


async def test_a_code_typed_in_capitals_is_taken_and_kept_small(house, visitor, people):
    browser = await visitor().enter(people["admin"])
    form = (await browser.see("/directory/devices/new")).text
    assert "Kept in small letters; they may type either." in form
    path = (await browser.send("/directory/devices/new", **NEW | {"code": "US-09"})).headers["location"]
    assert path in (await browser.see("/directory/devices?text=us-09")).text
    assert (await house.services.inventory.by_code(house.staff(house.ruth), "us-09")) is not None


async def test_R12_who_replaces_a_secret_reads_what_becomes_of_the_old_one(house, visitor, people):
    browser, path = await visitor().enter(people["admin"]), f"/directory/devices/{house.device.id}"
    (account,) = (await house.services.inventory.device(house.staff(house.ruth), house.device.id)).accounts
    before = (await browser.see(path)).text
    assert "The secret kept so far leaves the vault for good." in before
    assert "by root" in before, "who set it last"
    sent = {"account": account.id, "login": account.login, "kind": "password", "password": "canary-new"}
    assert (await browser.send(f"{path}/account", **sent)).status_code == 303
    after = (await browser.see(path)).text
    assert f"by {people['admin'].name}" in after
    assert "canary-new" not in after


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


async def test_the_page_says_who_may_come_who_decides_and_what_was_agreed_to(house, visitor, people):
    browser, path = await visitor().enter(people["approver"]), f"/directory/devices/{house.device.id}"
    page = (await browser.see(path)).text
    assert "Nothing was ever agreed to on this device." in page
    assert f'href="/directory/technicians/{house.alice.id}">Alice Martin<' in page
    await now_on_call(house, "eve")
    taken = await house.approved()
    await house.services.approvals.revoke(house.staff(house.eve), taken.grant_id, "patient on <the> table")
    kept = await house.approved()
    page = (await browser.see(path)).text
    assert re.search(r"Eve <span class=\"status ok\">.*?On call", page, re.DOTALL)
    rights = page[page.index('id="rights"') :]
    assert rights.index(f"/requests/{kept.id}") < rights.index(f"/requests/{taken.id}")
    assert "Withdrawn by Eve: patient on &lt;the&gt; table" in rights
    assert "All that was agreed to" not in rights
    for number in range(2, 7):
        await house.approved(start=clock.now() + timedelta(days=number))
    link = re.search(r'href="([^"]+)">All that was agreed to<', (await browser.see(path)).text)[1]
    listed = (await browser.see(html.unescape(link))).text
    assert all(f"/requests/{one.id}" in listed for one in (taken, kept))


async def test_R22_who_changes_a_device_reads_what_waits_and_what_is_planned_on_it(house, visitor, people):
    browser = await visitor().enter(people["admin"])
    path = f"/directory/devices/{house.device.id}/edit"
    assert "Waiting or planned here" not in (await browser.see(path)).text
    planned = await house.approved(start=clock.now() + timedelta(days=2))
    over = await house.approved()
    waiting = await house.asked(start=clock.now() + timedelta(days=1))
    said = re.search(r"Waiting or planned here: ([^.]*)[.]", (await browser.see(path)).text)[1]
    assert said == f"{waiting.ref}, {planned.ref}"
    assert over.ref not in said, "what is open has been agreed to as it is"


async def test_what_was_entered_by_mistake_is_withdrawn_and_what_was_used_says_why_it_stays(house, visitor, people):
    path = f"/directory/devices/{house.device.id}"
    inventory = house.services.inventory
    wrong = await inventory.save_endpoint(OPERATOR, house.device.id, "192.0.2.77", 22)
    typo = await inventory.save_account(
        OPERATOR, house.device.id, "mistyped", SecretKind.PASSWORD, Secret.of("canary-s3cret")
    )
    browser = await visitor().enter(people["admin"])
    page = (await browser.see(path)).text
    assert page.count("Withdraw this connection") == page.count("Withdraw this account") == 2
    for name, one in (("endpoint", wrong), ("account", typo)):
        stale = await browser.send(f"{path}/{name}/withdraw", **{name: one.id}, version="0")
        assert (stale.status_code, "Somebody else has just changed this." in stale.text) == (409, True)
        done = await browser.send(f"{path}/{name}/withdraw", **{name: one.id}, version=str(one.version))
        assert (done.status_code, done.headers["location"]) == (303, path)
        again = await browser.send(f"{path}/{name}/withdraw", **{name: one.id}, version=str(one.version))
        assert again.status_code == 404
    page = (await browser.see(path)).text
    assert "192.0.2.77" not in page
    assert "mistyped" not in page
    await house.opened()
    view = await inventory.device(OPERATOR, house.device.id)
    page = (await browser.see(path)).text
    assert "Withdraw this connection" not in page
    for name, (one,), word in (("endpoint", view.endpoints, "address"), ("account", view.accounts, "secret")):
        kept = await browser.send(f"{path}/{name}/withdraw", **{name: one.id}, version=str(one.version))
        assert kept.status_code == 409
        assert f"it stays. {'Change' if word == 'address' else 'Replace'} its {word} instead." in kept.text
    approver = (await (await visitor().enter(people["approver"])).see(path)).text
    assert "Withdraw this" not in approver
