import re
from datetime import UTC, datetime, timedelta

import pyotp

from bastion import clock
from tests.services.house import public_line

FORM = {
    "login": "nora",
    "name": "Nora Roux",
    "email": "n@acme",
    "supplier_code": "acme",
    "language": "fr",
    "active": "yes",
}


async def test_R11_a_named_person_with_a_key_and_an_authenticator(house, visitor, people):
    browser = await visitor().enter(people["admin"])
    path = (await browser.send("/directory/technicians/new", **FORM, valid_until="2090-06-30")).headers["location"]
    page = (await browser.see(path)).text
    assert "until 30 Jun 2090" in page
    assert 'value="2090-06-30"' in (await browser.see(f"{path}/edit")).text
    kept = (await house.services.people.technician(house.staff(house.ruth), path.rsplit("/", 1)[1])).technician
    assert kept.valid_until == datetime(2090, 6, 30, 22, tzinfo=UTC), "the whole of that day"
    assert "No key yet" in page
    assert "missing" in page
    assert "Cannot connect: no key, no authenticator" in page
    assert "not yet; to be confirmed by" in page, "nobody of the supplier has said anything yet"
    assert (await browser.send(f"{path}/keys", key=public_line() + " nora@laptop", label="laptop")).status_code == 303
    enrolled = await browser.send(f"{path}/totp")
    assert "<svg" in enrolled.text.partition('class="qr"')[2]
    secret = re.search(r'class="mono wrap"[^>]*>([A-Z2-7 ]{20,})<', enrolled.text)[1]
    page = (await browser.see(path)).text
    assert secret not in page, "shown once"
    assert "shown; no code was checked yet" in page
    assert "Can connect; no code was checked yet" in page
    actor = await house.services.authentication.technician_code(
        "nora", "SHA256:x", pyotp.TOTP(secret.replace(" ", "")).at(clock.now()), "192.0.2.9"
    )  # fmt: skip
    assert path.endswith(actor.id)
    assert "Can connect<" in (await browser.see("/directory/technicians")).text
    page = (await browser.see(path)).text
    assert "Can connect<" in page
    assert "enrolled" in page
    key = re.search(r"/keys/(\w+)/remove", page)[1]
    assert (await browser.send(f"{path}/keys/{key}/remove")).status_code == 303
    page = (await browser.see(path)).text
    assert "No key yet" in page
    assert "Cannot connect: no key<" in page
    await browser.send(f"{path}/totp")
    assert "shown; no code was checked yet" in (await browser.see(path)).text, "another one, of which no code was"


async def test_R18_one_state_says_who_may_not_work_and_who_is_confirmed(house, visitor, people, monkeypatch):
    browser = await visitor().enter(people["admin"])
    supplier = house.alice.supplier_id
    await house.services.rosters.confirm(house.staff(house.ruth), supplier, (house.alice.id,), "letter 7")
    assert "not yet; to be confirmed" not in (await browser.see(f"/directory/technicians/{house.alice.id}")).text
    assert "May not work" not in (await browser.see("/directory/technicians")).text
    late = clock.now() + timedelta(days=400)
    monkeypatch.setattr(clock, "now", lambda: late)
    page = (await (await visitor().enter(people["admin"])).see("/directory/technicians")).text
    assert "May not work at the moment" in page


async def test_T13_a_key_with_options_or_lines_is_refused_beside_its_field(house, visitor, people):
    browser, path = await visitor().enter(people["admin"]), f"/directory/technicians/{house.alice.id}"
    for text in (
        'command="sh" ' + public_line(),
        public_line() + "\n" + public_line(),
        "ssh-rsa AAAA",
        HOSTILE_KEY,
        "",
    ):
        answer = await browser.send(f"{path}/keys", key=text)
        assert answer.status_code == 422, text
        assert "Paste one line" in answer.text


HOSTILE_KEY = "ssh-ed25519 AAAA\x1b]0;x\x07<script>"


async def test_a_person_is_edited(house, visitor, people):
    browser, path = await visitor().enter(people["admin"]), f"/directory/technicians/{house.alice.id}"
    assert 'value="alice"' in (await browser.see(f"{path}/edit")).text
    await browser.send(f"{path}/edit", **FORM | {"login": "alice", "active": ""}, valid_until="2020-01-01")
    page = (await browser.see(path)).text
    assert "Nora Roux" in page
    assert "Out of use" in page
    wrong = await browser.send(f"{path}/edit", **FORM | {"login": "-oProxyCommand=x"})
    assert wrong.status_code == 422
    assert (await browser.send(f"{path}/edit", **FORM | {"supplier_code": "none"})).status_code == 422
    assert (await browser.send(f"{path}/edit", **FORM, valid_until="soon")).status_code == 422
    assert "Out of use" in (await browser.see("/directory/technicians")).text


async def test_T24_administrators_see_a_technicians_tokens_and_revoke_them(house, visitor, people):
    token, text = await house.services.supplier_tokens.create(house.technician(), "our CMMS", 30, writes=True)
    browser, path = await visitor().enter(people["admin"]), f"/directory/technicians/{house.alice.id}"
    page = (await browser.see(path)).text
    assert "our CMMS" in page
    assert "read and write" in page
    assert text not in page
    assert token.hash not in page
    assert (await browser.send(f"{path}/tokens/{token.id}/revoke")).status_code == 303
    assert f"/tokens/{token.id}/revoke" not in (await browser.see(path)).text
    assert await house.services.supplier_tokens.guest(text, "127.0.0.1") is None
    assert (await house.event("token:revoked")).subject_id == house.alice.id
    assert (await browser.send(f"{path}/tokens/{'0' * 32}/revoke")).status_code == 404


async def test_who_is_no_administrator_of_the_group_reads_of_no_token(house, visitor, people):
    await house.services.supplier_tokens.create(house.technician(), "our CMMS", 30, writes=True)
    for role in ("approver", "security", "auditor"):
        browser = await visitor().enter(people[role])
        assert "our CMMS" not in (await browser.see(f"/directory/technicians/{house.alice.id}")).text
