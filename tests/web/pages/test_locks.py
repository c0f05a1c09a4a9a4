from bastion.domain.lock import LockScope


async def test_everything_is_cut_and_restored_by_named_people(house, visitor, people):
    opened = await house.opened()
    security, approver = await visitor().enter(people["security"]), await visitor().enter(people["approver"])
    assert "session is live" in (await security.see("/locks/everything")).text
    assert (await security.send("/locks", scope="all", reason="")).status_code == 422
    assert (await security.send("/locks", scope="all", reason="intrusion")).headers["location"] == "/locks"
    for browser in (security, approver):
        page = (await browser.see("/")).text
        assert "All remote access has been cut" in page
        assert "intrusion" in page
    (lock,) = await house.services.locks.view()
    assert lock.scope is LockScope.ALL
    assert (await house.services.access.get(house.staff(house.eve), opened.record.request_id)).grant.revoked_at
    assert (await approver.send(f"/locks/{lock.id}/lift", why="all clear")).status_code == 403
    assert (await security.send(f"/locks/{lock.id}/lift", why="")).status_code == 422
    assert (await security.send(f"/locks/{lock.id}/lift", why="all clear")).status_code == 303
    assert "All remote access" not in (await approver.see("/")).text
    assert (await security.send(f"/locks/{lock.id}/lift", why="all clear")).status_code == 409


async def test_T41_a_cut_and_its_lifting_want_a_fresh_code(house, visitor, people):
    browser = await visitor().enter(people["security"], fresh=False)
    stale = await browser.send("/locks", scope="all", reason="intrusion")
    assert stale.status_code == 403
    assert "intrusion" in stale.text
    assert "Cut everything now" in stale.text
    assert await house.services.locks.view() == []


async def test_a_supplier_a_person_and_a_device_are_cut_by_name(house, visitor, people):
    browser = await visitor().enter(people["admin"])
    for form in (
        {"scope": "supplier", "supplier": "acme"}, {"scope": "technician", "technician": "alice"},
        {"scope": "device", "device": "ct-01", "hours": "4"},
    ):  # fmt: skip
        assert (await browser.send("/locks", reason="under inquiry", **form)).status_code == 303, form
    page = (await browser.see("/locks")).text
    for name in ("Acme Imaging", "Alice Martin · Acme Imaging", "ct-01 · Scanner 1", "lifts itself"):
        assert name in page
    assert "All remote access" not in page


async def test_nothing_is_cut_by_mistake(house, visitor, people):
    browser = await visitor().enter(people["admin"])
    for form in ({"scope": "supplier"}, {"scope": "nonsense"}, {"scope": "device", "device": "../x"}, {}):
        assert (await browser.send("/locks", reason="under inquiry", **form)).status_code == 422, form
    assert await house.services.locks.view() == []
