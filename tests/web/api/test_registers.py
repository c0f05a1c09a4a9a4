"""Hospitals, suppliers, people and devices over the API; secrets go in and never come out."""

from datetime import timedelta

import pytest

from bastion import clock
from tests.services.house import public_line
from tests.web.api.conftest import problem


async def test_a_hospital_and_a_supplier(ruth):
    made = (await ruth.ask("POST", "/facilities", code="ch3", name="CH Trois")).json()
    changed = await ruth.ask("PUT", f"/facilities/{made['id']}", code="ch3", name="CH Trois-Rivières")
    assert changed.json()["name"] == "CH Trois-Rivières"
    assert "ch3" in [f["code"] for f in (await ruth.ask("GET", "/facilities")).json()]
    supplier = await ruth.ask("POST", "/suppliers", code="beam", name="Beam", networks=["203.0.113.0/24"])
    assert supplier.json()["networks"] == ["203.0.113.0/24"]
    wrong = await ruth.ask("POST", "/suppliers", code="beam2", name="Beam", networks=["everywhere"])
    assert problem(wrong) == (422, "invalid")
    assert problem(await ruth.ask("POST", "/suppliers", code="beam", name="Beam again")) == (409, "already_exists")


async def test_a_technician_with_key_and_authenticator(ruth):
    body = {"login": "carol", "name": "Carol", "email": "c@acme", "supplier": "acme"}
    carol = (await ruth.ask("POST", "/technicians", **body)).json()
    path = f"/technicians/{carol['id']}"
    key = (await ruth.sure("POST", f"{path}/keys", public=public_line(), label="laptop")).json()
    assert (await ruth.sure("POST", f"{path}/totp")).json()["secret"].startswith("otpauth://totp/")
    shown = (await ruth.ask("GET", path)).json()
    assert ([k["fingerprint"] for k in shown["keys"]], shown["totp_enrolled"]) == ([key["fingerprint"]], True)
    assert (await ruth.ask("DELETE", f"{path}/keys/{key['id']}")).status_code == 204
    gone = (await ruth.ask("PUT", path, **body, active=False)).json()
    assert (gone["keys"], gone["active"]) == ([], False)


async def test_a_technician_is_invited_and_speaks_for_his_company(ruth, house):
    path = f"/technicians/{house.alice.id}"
    assert problem(await ruth.ask("POST", f"{path}/invite")) == (403, "fresh_factor_needed")
    link = (await ruth.sure("POST", f"{path}/invite")).json()["secret"]
    assert "/supplier/welcome#" in link
    assert (await house.services.invitations.look(link.partition("#")[2], "127.0.0.1")).technician.login == "alice"
    assert (await ruth.sure("PUT", f"{path}/correspondent", correspondent=True)).status_code == 204
    assert (await house.services.company.own(house.technician())).code == "acme"


async def test_T32_nobody_makes_himself_more_than_he_is(ruth, house):
    body = {"login": "ruth", "name": "Ruth", "email": "r@chu", "roles": ["admin", "approver"]}
    assert problem(await ruth.sure("PUT", f"/staff/{house.ruth.id}", **body)) == (403, "forbidden")


async def test_a_person_of_the_hospital_is_invited(ruth):
    body = {"login": "nina", "name": "Nina", "email": "n@chu", "roles": ["auditor"], "facilities": ["chu"]}
    nina = (await ruth.sure("POST", "/staff", **body)).json()
    assert len((await ruth.sure("POST", f"/staff/{nina['id']}/invite")).json()["secret"]) >= 22
    assert "nina" in [person["login"] for person in (await ruth.ask("GET", "/staff")).json()]


async def test_R12_a_device_is_commissioned_and_its_secret_never_answered(ruth, house):
    body = {"code": "mr-07", "name": "IRM 7", "facility": "chu", "suppliers": ["acme"]}
    device = (await ruth.ask("POST", "/devices", **body)).json()
    path = f"/devices/{device['id']}"
    endpoint = (await ruth.ask("POST", f"{path}/endpoints", host="192.0.2.7")).json()
    assert (endpoint["port"], endpoint["pinned"]) == (22, False)
    offer = (await ruth.ask("POST", f"/endpoints/{endpoint['id']}/scan")).json()
    assert offer["others"] == ["ct-01"]
    said = {"fingerprints": offer["fingerprints"]}
    assert (await ruth.sure("POST", f"/endpoints/{endpoint['id']}/pin", **said)).json()["field"] == "shared"
    pinned = await ruth.sure("POST", f"/endpoints/{endpoint['id']}/pin", **said, shared=True)
    assert pinned.json()["pinned"] is True
    kept = await ruth.ask("POST", f"{path}/accounts", login="service", kind="password", secret="canary-hunter2")
    shown = await ruth.ask("GET", path)
    assert (shown.json()["ready"], shown.json()["accounts"][0]["login"]) == (True, "service")
    assert "canary" not in kept.text + shown.text + (await ruth.ask("GET", "/audit?limit=500")).text


@pytest.mark.parametrize(
    ("fingerprints", "refused"), [([], (422, "invalid")), (["SHA256:somethingelse"], (502, "host_key_changed"))]
)
async def test_R9_only_what_the_device_shows_is_pinned(ruth, house, fingerprints, refused):
    (device,) = (await ruth.ask("GET", "/devices?text=ct-01")).json()
    answer = await ruth.sure("POST", f"/endpoints/{device['endpoints'][0]['id']}/pin", fingerprints=fingerprints)
    assert problem(answer) == refused


async def test_who_comes_to_a_device_and_what_was_agreed_to_on_it_is_read_with_it(ruth, house):
    path = f"/devices/{house.device.id}"
    before = (await ruth.ask("GET", path)).json()
    assert (before["grants"], before["older_grants"]) == ([], False)
    assert {"supplier": "acme", "working": True, "able": ["alice"], "suspended": []} in before["comers"]
    agreed = await house.approved()
    await house.services.approvals.revoke(house.staff(house.eve), agreed.grant_id, "patient arrives")
    await house.approved()
    newest, first = (await ruth.ask("GET", path)).json()["grants"]
    assert (newest["status"], newest["device"], newest["technician"]) == ("open", "ct-01", "alice")
    assert (first["id"], first["status"], first["revoked_by"]) == (agreed.grant_id, "revoked", "Eve")


async def test_R22_who_changes_a_device_reads_what_waits_and_what_is_planned_on_it(ruth, house):
    path = f"/devices/{house.device.id}"
    body = {"code": "ct-01", "name": "Scanner 1", "facility": "chu", "suppliers": ["acme"]}
    assert (await ruth.ask("GET", path)).json()["touched"] == []
    planned = await house.approved(start=clock.now() + timedelta(days=2))
    waiting = await house.asked(start=clock.now() + timedelta(days=1))
    changed = (await ruth.ask("PUT", path, **body, criticality=4)).json()
    assert (changed["criticality"], changed["touched"]) == (4, [waiting.ref, planned.ref])


async def test_R10_an_old_device_its_line_and_its_derogation(ruth, house):
    path = f"/devices/{house.device.id}"
    line = {"host": "192.0.2.8", "port": 2001, "protocol": "serial", "options": {"baud": "19200"}}
    made = (await ruth.ask("POST", f"{path}/endpoints", **line)).json()
    assert (made["protocol"], made["options"]) == ("serial", {"baud": "19200"})
    wrong = await ruth.ask("POST", f"{path}/endpoints", **line | {"options": {"baud": "fast"}})
    assert (problem(wrong), wrong.json()["field"]) == ((422, "invalid"), "baud")
    body = {
        "kind": "ssh_legacy", "algorithms": ["ssh-rsa"], "owner": "Dr Vasseur", "reason": "no update from the maker",
        "ends": (clock.now() + timedelta(days=30)).isoformat(),
    }  # fmt: skip
    assert problem(await ruth.ask("POST", f"{path}/derogations", **body))[1] == "fresh_factor_needed"
    one = (await ruth.sure("POST", f"{path}/derogations", **body)).json()
    assert (one["status"], one["created_by"], one["algorithms"]) == ("active", "Ruth", ["ssh-rsa"])
    assert [d["id"] for d in (await ruth.ask("GET", path)).json()["derogations"]] == [one["id"]]
    request = await house.asked()
    shown = (await ruth.ask("GET", f"/requests/{request.id}")).json()["derogations"]
    assert [(d["owner"], d["kind"]) for d in shown] == [("Dr Vasseur", "ssh_legacy")]
    gone = (await ruth.sure("POST", f"/derogations/{one['id']}/withdraw")).json()
    assert (gone["status"], gone["withdrawn_by"]) == ("withdrawn", "Ruth")


async def test_what_was_entered_by_mistake_is_withdrawn_over_the_api(ruth, house):
    path = f"/devices/{house.device.id}"
    wrong = (await ruth.ask("POST", f"{path}/endpoints", host="192.0.2.77")).json()
    typo = (await ruth.ask("POST", f"{path}/accounts", login="mistyped", kind="password", secret="canary-x")).json()
    for noun, one in (("endpoints", wrong), ("accounts", typo)):
        stale = await ruth.ask("POST", f"/{noun}/{one['id']}/withdraw", version=0)
        assert problem(stale) == (409, "conflict")
        left = (await ruth.ask("POST", f"/{noun}/{one['id']}/withdraw", version=one["version"])).json()
        assert one["id"] not in [each["id"] for each in left[noun]]
        gone = await ruth.ask("POST", f"/{noun}/{one['id']}/withdraw", version=one["version"])
        assert problem(gone) == (404, "not_found")
    await house.opened()
    shown = (await ruth.ask("GET", path)).json()
    for noun in ("endpoints", "accounts"):
        (one,) = shown[noun]
        kept = await ruth.ask("POST", f"/{noun}/{one['id']}/withdraw", version=one["version"])
        assert problem(kept) == (409, "already_used")
    assert shown["endpoints"][0]["used_at"]
