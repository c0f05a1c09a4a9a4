"""The made-up hospital holds what the README lets a newcomer try."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pyotp
import pytest

from bastion import clock, config, parts
from bastion.cli.demo import LOOPBACK
from bastion.demo import hall, world
from bastion.demo.facts import Facts
from bastion.domain.access_request import InterventionKind, RequestState
from bastion.domain.parties import Actor, ActorKind, operator_actor
from bastion.domain.work_plan import PLAIN
from bastion.errors import AuthenticationFailed
from bastion.services.actors import staff_actor
from bastion.services.drafts import RequestDraft

ME = operator_actor("demo")


@pytest.fixture
async def settings(monkeypatch, tmp_path):
    monkeypatch.setenv("BASTION_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BASTION_TEST_NETWORKS", LOOPBACK)
    monkeypatch.setattr(hall.sshd, "find", lambda: None)
    made = config.load()
    await asyncio.to_thread(parts.prepare, made)
    return made


@pytest.fixture
async def running(settings):
    async with hall.devices(settings.home / "devices", {}) as devices:
        yield devices


async def started(settings, facts, running):
    """What a start of the demo does to the records; returns what is in them afterwards."""
    async with parts.opened(settings) as built:
        await world.fill(built.services, facts, settings, running)
        await world.refresh(built.services, facts, running)
        staff = {person.login: person for person in await built.services.people.staff(ME)}
        people = {view.technician.login: view.technician for view in await built.services.people.technicians(ME)}
        devices = {view.device.code: view for view in await built.services.inventory.devices(ME)}
    return staff, people, devices


async def test_work_on_the_most_critical_device_needs_two_people(settings, running):
    facts = Facts()
    staff, people, devices = await started(settings, facts, running)
    assert devices["ct-03"].device.criticality == 4
    assert devices["ct-03"].ready
    assert [device.code for device in facts.devices] == ["ct-01", "ct-02", "ct-03"]
    alice = Actor(
        ActorKind.TECHNICIAN, people["alice"].id, "alice", "Alice", "127.0.0.1", supplier_id=people["alice"].supplier_id
    )
    async with parts.opened(settings) as built:
        draft = RequestDraft("ct-03", InterventionKind.TELEMAINTENANCE, "detector fault", 30, plan=PLAIN)
        request = await built.services.access.request(alice, draft)
        for login, missing in (("claire", 1), ("paul", 0)):
            actor = staff_actor(staff[login], "127.0.0.1", clock.now())
            request = await built.services.approvals.approve(actor, request.id, request.version, 30, "")
            assert request.missing == missing
    assert request.stored_state is RequestState.APPROVED


async def test_a_demo_of_an_earlier_version_gets_what_it_lacks(settings, running, monkeypatch):
    facts = Facts()
    with monkeypatch.context() as earlier:
        earlier.setattr(world, "STAFF", tuple(form for form in world.STAFF if form.login != "paul"))
        await started(settings, facts, running[:2])
    before = [replace(account) for account in facts.accounts]
    staff, _, devices = await started(settings, facts, running)
    assert "paul" in staff
    assert facts.account("paul").password
    assert devices["ct-03"].ready
    assert [account for account in facts.accounts if account.login != "paul"] == before, "nobody's secrets change"


@pytest.mark.parametrize(
    ("language", "read"), [("fr", {"alice": "fr", "bob": "en"}), ("en", {"alice": "en", "bob": "en"})]
)
async def test_its_people_read_the_language_of_the_bastion(settings, running, language, read):
    staff, people, _ = await started(settings.model_copy(update={"language": language}), Facts(), running)
    assert {person.language for person in staff.values()} == {language}
    assert {login: person.language for login, person in people.items()} == read


async def test_a_first_code_leaves_the_present_one_even_when_a_step_ends_meanwhile(monkeypatch):
    """The password is hashed while the clock moves on to the next half minute."""
    totp, start = pyotp.TOTP(pyotp.random_base32()), clock.now() - timedelta(hours=1)
    times = iter([start, start + timedelta(seconds=30)])
    monkeypatch.setattr(world.clock, "now", lambda: next(times))
    used = []

    class Enrolment:
        async def finish(self, invitation, password, code, source):
            used.append(code)
            if len(used) == 1:
                raise AuthenticationFailed("code")

    await world._first_code(SimpleNamespace(enrolment=Enrolment()), "i", "p", totp)
    assert used == [totp.at(start, counter_offset=-1), totp.at(start)]


async def test_alice_comes_in_by_the_suppliers_entrance_and_speaks_for_her_company(settings, running):
    facts = Facts()
    await started(settings, facts, running)
    alice = facts.account("alice")
    async with parts.opened(settings) as built:
        actor, token = await built.services.portal.sign_in(
            "alice", alice.password, pyotp.TOTP(alice.totp_secret).now(), "127.0.0.1"
        )
        guest = await built.services.portal.guest(token, "127.0.0.1")
        assert guest.correspondent
        assert (await built.services.company.own(actor)).code == "tomolux"
