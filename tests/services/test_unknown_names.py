"""T33: at every door a name that is not there costs what one that is there costs, and is answered in the same words.

Work is counted, not timed: hashes of passwords, secrets unsealed, and what each transaction asks of the database.
"""

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.parties import Role
from bastion.errors import AuthenticationFailed
from bastion.services.invitations import Answers
from bastion.services.passwords import Passwords
from bastion.services.people import StaffForm, TechnicianForm
from bastion.store.postgres import PostgresTransaction
from bastion.store.sqlite import SqliteTransaction
from tests.services.house import OPERATOR, PASSWORD, SOURCE, enrol, public_line, set_up

WRONG = "wrong horse battery"


@pytest.fixture
def counted(house, monkeypatch):
    """Note the work that is done while somebody knocks: `async with counted() as work: …`."""
    work: list[str] = []

    def note(owner: type, method: str, what: str) -> None:
        real = getattr(owner, method)

        def noted(self, *args, **more):
            work.append(what)
            return real(self, *args, **more)

        monkeypatch.setattr(owner, method, noted)

    for transaction in (SqliteTransaction, PostgresTransaction):
        note(transaction, "rows", "look")
        note(transaction, "change", "change")
        note(transaction, "commit", "commit")
    note(type(house.vault), "unseal", "unseal")
    hasher = type(house.services.authentication.passwords._hasher)
    note(hasher, "hash", "hash")
    note(hasher, "verify", "compare")

    @asynccontextmanager
    async def counting():
        work.clear()
        yield work

    return counting


@pytest.fixture
async def names(house) -> dict[str, str]:
    """People of all sorts by what becomes of their sign-in, and a name of nobody."""
    people = house.services.people
    await enrol(house, house.eve)
    await set_up(house, house.alice)
    gone = StaffForm("gone", "Gone", "g@chu", frozenset({Role.APPROVER}), (), "en", active=False)
    await people.save_staff(OPERATOR, gone)
    left = TechnicianForm("left", "Left", "l@acme", "acme", "en")
    saved = await people.save_technician(OPERATOR, left)
    await people.add_key(OPERATOR, saved.id, public_line())
    ended = replace(left, id=saved.id, valid_until=clock.now() - timedelta(days=1))
    await people.save_technician(OPERATOR, ended)
    return {
        "staff": "eve", "staff without a password": "max", "staff that has left": "gone",
        "technician": "alice", "technician without a password": "bob", "technician that has left": "left",
        "nobody": "nobody", "nobody, in other letters": "NOBODY", "nobody whose name is long": "x" * 64,
    }  # fmt: skip


async def knocked(counted, names, knock) -> list[tuple[str, list[str], str]]:
    """Try each name once; return it with the work it cost, and the words it was answered with."""
    found = []
    for who, login in names.items():
        async with counted() as work:
            with pytest.raises(AuthenticationFailed) as refused:
                await knock(login)
        found.append((who, list(work), refused.value.public))
    return found


def alike(found) -> None:
    _, work, words = found[0]
    assert {who: (done, said) for who, done, said in found if (done, said) != (work, words)} == {}


async def test_T33_the_consoles_door(house, counted, names):
    async def knock(login):
        await house.services.authentication.sign_in(login, WRONG, "000000", SOURCE)

    async def half_known(login):
        await house.services.authentication.sign_in(login, PASSWORD, "x", SOURCE)

    found = await knocked(counted, names, knock)
    found += await knocked(counted, {"who knows the password": "eve"}, half_known)
    alike(found)
    assert found[0][1].count("compare") == 1


async def test_T33_the_suppliers_door(house, counted, names):
    async def knock(login):
        await house.services.portal.sign_in(login, WRONG, "000000", SOURCE)

    async def half_known(login):
        await house.services.portal.sign_in(login, PASSWORD, "x", SOURCE)

    found = await knocked(counted, names, knock)
    found += await knocked(counted, {"who knows the password": "alice"}, half_known)
    alike(found)
    assert found[0][1].count("compare") == 1


async def test_T33_the_ssh_door_before_and_after_a_key_is_proved(house, counted, names):
    auth, key = house.services.authentication, public_line()

    async def knock(login):
        await auth.key_proved(login, key, SOURCE, "ct-01")

    alike(await knocked(counted, names, knock))
    offered = []
    for who, login in names.items():
        async with counted() as work:
            known = await auth.known_key(login, key)
        offered.append((who, list(work), str(known)))
    alike(offered)


@pytest.mark.parametrize("text", ["bst_nobody", "bsp_nobody", "", "bst_" + "x" * 40, "é", "x" * 5000])
async def test_T33_a_token_of_nobody_costs_what_a_revoked_one_does(house, counted, text):
    auth, supplier_tokens = house.services.authentication, house.services.supplier_tokens
    eve, alice = house.staff(house.eve), house.technician()
    old, of_staff = await house.services.tokens.create(eve, "old", 1, frozenset({Role.APPROVER}))
    await house.services.tokens.revoke(eve, old.id)
    kept, of_supplier = await supplier_tokens.create(alice, "old", 1, writes=False)
    await supplier_tokens.revoke(alice, kept.id)
    for door, revoked in ((auth.actor_of_token, of_staff), (supplier_tokens.guest, of_supplier)):
        costs = []
        for bearer in (revoked, text):
            async with counted() as work:
                assert await door(bearer, SOURCE) is None
            costs.append(list(work))
        assert costs[0] == costs[1] != []


async def test_T33_a_link_of_nobody_costs_no_hash(house, counted):
    given, services = Answers(WRONG, "000000", public_line()), house.services
    for opening in (services.invitations.accept("x" * 43, given, SOURCE),
                    services.enrolment.finish("x" * 32, WRONG, "000000", SOURCE)):  # fmt: skip
        async with counted() as work:
            with pytest.raises(AuthenticationFailed):
                await opening
        assert "look" in work
        assert {"hash", "compare", "unseal"}.isdisjoint(work)


async def test_the_first_comparison_with_nothing_is_like_every_other(monkeypatch):
    """It once made what it compares with, and so took twice as long."""
    passwords, made = Passwords(), []
    hasher = passwords._hasher
    monkeypatch.setattr(type(hasher), "hash", lambda _self, text: made.append(text))
    assert not await passwords.matches("", "")
    assert not await passwords.matches("", WRONG)
    assert made == []
    assert not hasher.check_needs_rehash(passwords._decoy)
