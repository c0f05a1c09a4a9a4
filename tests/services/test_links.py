"""Links that set somebody up, the hospital's and the suppliers': once, in time, the newest only (T20, T34).

To whoever holds one that opens nothing all of them say the same; the trail says why. Links that decide on a request:
`test_decision_links.py`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import pyotp
import pytest

from bastion import clock
from bastion.domain.parties import Role
from bastion.errors import AuthenticationFailed, LinkSpent, TooManyAttempts
from bastion.services.attempts import CODE_SECONDS
from bastion.services.enrolment import SPENT
from bastion.services.invitations import Answers
from bastion.services.people import StaffForm, TechnicianForm
from tests.services.house import OPERATOR, PASSWORD, SOURCE, House, enrol, public_line, set_up


@dataclass(frozen=True)
class Kind:
    """`look` returns the authenticator it offers; `use` takes a code of it; `close` puts the account out of use."""

    make: Callable[[], Awaitable[str]]
    look: Callable[[str, str], Awaitable[str]]
    use: Callable[[str, str], Awaitable[object]]
    close: Callable[[], Awaitable[object]]
    done: str
    spent: str = LinkSpent.sentence
    """What is said whatever was wrong with it."""


def of_staff(house: House) -> Kind:
    enrolment, eve = house.services.enrolment, house.eve
    gone = StaffForm("eve", "Eve", "eve@chu", frozenset({Role.APPROVER}), ("chu",), "en", active=False, id=eve.id)

    async def look(secret: str, source: str) -> str:
        return pyotp.parse_uri((await enrolment.begin(secret, source))[1]).secret

    return Kind(
        lambda: enrolment.invite(OPERATOR, eve.id), look,
        lambda secret, code: enrolment.finish(secret, PASSWORD, code, SOURCE),
        lambda: house.services.people.save_staff(OPERATOR, gone), "enrolment:completed", SPENT,
    )  # fmt: skip


def of_technician(house: House) -> Kind:
    links, bob = house.services.invitations, house.bob
    gone = TechnicianForm("bob", "Bob Petit", "b@other", "other", "fr", active=False, id=bob.id)

    async def look(secret: str, source: str) -> str:
        return pyotp.parse_uri((await links.look(secret, source)).authenticator).secret

    return Kind(
        lambda: links.invite(OPERATOR, bob.id), look,
        lambda secret, code: links.accept(secret, Answers(PASSWORD, code, public_line()), SOURCE),
        lambda: house.services.people.save_technician(OPERATOR, gone), "portal:enrolled",
    )  # fmt: skip


KINDS = {"staff": of_staff, "technician": of_technician}


async def staff_before(house: House) -> None:
    """The present code is left for what follows."""
    for _ in range(2):  # the step may end while the password is hashed
        with suppress(AuthenticationFailed):
            await enrol(house, house.eve, clock.now() - timedelta(seconds=CODE_SECONDS))
            return


async def technician_before(house: House) -> None:
    await set_up(house, house.bob)


BEFORE = {"staff": staff_before, "technician": technician_before}


@pytest.fixture(
    params=[(name, again) for name in KINDS for again in (False, True)], ids=lambda one: f"{one[0]}-{one[1]}"
)
async def kind(house, request) -> Kind:
    """Of somebody who is set up for the first time, or again."""
    name, again = request.param
    if again:
        await BEFORE[name](house)
    return KINDS[name](house)


def code(totp: str, step: int = 0) -> str:
    return pyotp.TOTP(totp).at(clock.now(), counter_offset=step)


async def opens_nothing(house: House, kind: Kind, secret: str, why: str) -> None:
    """Neither looking nor using does anything; both say the one sentence, and the trail says why."""
    before = await house.tags(kind.done)
    for attempt in (kind.look, kind.use):
        with pytest.raises(LinkSpent) as spent:
            await attempt(secret, SOURCE if attempt is kind.look else "123456")
        assert spent.value.public == kind.spent
        failed = await house.event("auth:failed")
        assert (failed.fields["stage"], failed.fields["why"]) == ("link", why)
    assert await house.tags(kind.done) == before


async def test_T20_it_is_used_once(house, kind):
    secret = await kind.make()
    totp = await kind.look(secret, SOURCE)
    await kind.use(secret, code(totp))
    await opens_nothing(house, kind, secret, "used")


async def test_T20_of_two_at_once_with_two_codes_one_wins(house, kind, monkeypatch):
    """Both have been let through to the last step before either takes it."""
    passwords, there = house.services.authentication.passwords, asyncio.Barrier(2)
    hashed = await passwords.hash(PASSWORD)

    async def together(_password: str) -> str:
        await there.wait()
        return hashed

    monkeypatch.setattr(passwords, "hash", together)
    before, secret = await house.tags(kind.done), await kind.make()
    totp = await kind.look(secret, SOURCE)
    both = [kind.use(secret, code(totp, step)) for step in (0, 1)]
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(isinstance(one, LinkSpent) for one in outcomes) == [False, True]
    assert await house.tags(kind.done) == [*before, kind.done]


async def test_T20_it_ends(house, kind, later):
    secret = await kind.make()
    later(hours=73)
    await opens_nothing(house, kind, secret, "expired")


async def test_T20_a_newer_one_takes_its_place_and_works(house, kind):
    older, newer = await kind.make(), await kind.make()
    await opens_nothing(house, kind, older, "replaced or taken back")
    totp = await kind.look(newer, SOURCE)
    await kind.use(newer, code(totp))
    await opens_nothing(house, kind, older, "replaced or taken back")


async def test_T24_it_ends_with_the_account(house, kind):
    secret = await kind.make()
    await kind.close()
    with pytest.raises(LinkSpent):
        await kind.look(secret, SOURCE)
    assert (await house.event("auth:failed")).fields["stage"] == "link"


SPOILT = {
    "cut short": lambda secret: secret[:-1],
    "with more behind it": lambda secret: secret + "A",
    "in other letters": str.swapcase,
    "empty": lambda _secret: "",
}


@pytest.mark.parametrize("how", SPOILT)
async def test_T34_what_is_nearly_one_is_none(house, kind, how):
    await opens_nothing(house, kind, SPOILT[how](await kind.make()), "unknown")


async def test_T34_what_opens_another_door_opens_nothing_here(house):
    """A link of the other kind, a token of either API: nothing here, and unspent where it belongs."""
    kinds = {name: make(house) for name, make in KINDS.items()}
    made = {name: await kind.make() for name, kind in kinds.items()}
    alice, eve = house.technician(), house.staff(house.eve)
    tokens = [
        (await house.services.supplier_tokens.create(alice, "x", 1, writes=True))[1],
        (await house.services.tokens.create(eve, "x", 1, frozenset({Role.APPROVER})))[1],
    ]
    for name, kind in kinds.items():
        for foreign in (*tokens, *(secret for other, secret in made.items() if other != name)):
            await opens_nothing(house, kind, foreign, "unknown")
    for name, kind in kinds.items():
        assert await kind.look(made[name], SOURCE)


async def test_T28_who_tries_one_after_the_other_is_slowed_down(house, kind):
    for number in range(50):
        with pytest.raises(LinkSpent):
            await kind.look(f"guess-{number}", "203.0.113.9")
    with pytest.raises(TooManyAttempts):
        await kind.look("guess-50", "203.0.113.9")


async def test_a_wrong_first_code_uses_nothing_up(house, kind):
    before, secret = await house.tags(kind.done), await kind.make()
    totp = await kind.look(secret, SOURCE)
    with pytest.raises(AuthenticationFailed) as wrong:
        await kind.use(secret, "000000")
    assert not isinstance(wrong.value, LinkSpent)
    await kind.use(secret, code(totp))
    assert await house.tags(kind.done) == [*before, kind.done]
