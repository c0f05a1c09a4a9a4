"""The link of a mail opens one request for one person, and decides once, with password and code (T20, T34, R-15)."""

import asyncio
import re
import shutil
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest

from bastion import clock
from bastion.domain.lock import LockScope
from bastion.domain.parties import Role, assigned
from bastion.errors import (
    AuthenticationFailed,
    Conflict,
    DecisionLinkSpent,
    Invalid,
    Locked,
    NotFound,
    ReasonNeeded,
    TooManyAttempts,
)
from bastion.services.authentication import hash_token
from bastion.services.decision_links import Proof, mint
from bastion.services.inventory import DeviceForm
from bastion.services.people import StaffForm
from policies.engine import PolicyEngine
from policies.loader import LIBRARY, load
from tests.services.house import OPERATOR, PASSWORD, SOURCE, WITH_LINKS, audited_house, enrol
from tests.services.postroom import ADDRESS, turn

LINK = re.compile(rf"{re.escape(ADDRESS)}/decide#([A-Za-z0-9_-]+)\s")
LENGTH = WITH_LINKS.link_length


@pytest.fixture
async def house(database, tmp_path):
    async with audited_house(database, tmp_path, WITH_LINKS) as built:
        yield built


@pytest.fixture
def links(house):
    return house.services.decision_links


def mailed(box, address: str) -> str:
    """The secret of the newest link that reached this address."""
    letters = [one.get_content() for one in box.letters if one["To"] == address]
    return LINK.search(letters[-1])[1]


async def asked(house, tell, box) -> tuple[object, str]:
    """A request, and the link that eve was mailed."""
    request = await house.asked()
    await turn(tell)
    return request, mailed(box, "eve@chu")


@pytest.fixture
async def eve(house, later):
    """Makes proofs of eve, each with a code of its own: she set up her account before anything was mailed."""
    password, totp = await enrol(house, house.eve)
    later(seconds=60)  # the first code is spent
    steps = iter((0, 1))

    def proof(**changed: str) -> Proof:
        code = changed.get("code") or pyotp.TOTP(totp).at(clock.now(), counter_offset=next(steps))
        return replace(Proof(password, code, SOURCE), **changed)

    return proof


async def why(house) -> str:
    event = await house.event("auth:failed")
    assert event.fields["door"] == "decision link"
    return event.fields["why"]


# -- the mail ----------------------------------------------------------------------------------------------------------
async def test_T20_each_approver_gets_a_link_of_his_own_and_only_its_digest_is_kept(house, tell, box):
    request, secret = await asked(house, tell, box)
    other = mailed(box, "max@chu")
    assert len(secret) == 43
    assert secret != other
    async with house.database.read() as uow:
        kept = {one.id: one for one in await uow.decision_links.all()}
        rest = [await uow.deliveries.search(limit=50), await uow.audit.search(limit=500)]
    assert kept.keys() == {hash_token(secret), hash_token(other)}
    assert kept[hash_token(secret)].staff_id == house.eve.id
    assert kept[hash_token(secret)].request_id == request.id
    assert secret not in repr([kept, rest])
    said = next(one.get_content() for one in box.letters if one["To"] == "eve@chu")
    assert f"{ADDRESS}/requests/{request.id}" in said, "signing in stays possible"
    assert "30 minutes" in said
    assert request.reason not in said
    made = await house.event("link:made")
    assert made.subject_id == request.id


async def test_without_the_setting_a_mail_leads_to_signing_in_alone(house, tell, box, links):
    tell._link_length = timedelta()
    await house.asked()
    await turn(tell)
    assert all("/decide" not in one.get_content() for one in box.letters)
    links._length = timedelta()
    with pytest.raises(NotFound):
        await links.look("x", SOURCE)
    with pytest.raises(NotFound):
        await links.approve("x", Proof("", "", SOURCE), 1, 60)
    async with house.database.read() as uow:
        assert await uow.decision_links.all() == []


async def test_security_and_webhooks_are_told_without_a_link(house, tell, box, later):
    await house.asked()
    await turn(tell)
    for _ in range(3):
        later(minutes=16)
        await tell.escalate()
        await turn(tell)
    told = [one.get_content() for one in box.letters if one["To"] == "ruth@chu"]
    assert told
    assert all("/decide" not in one for one in told)


async def test_each_attempt_carries_a_new_link_and_voids_the_one_before(house, tell, box, links, later):
    request = await house.asked()
    box.refuse = "451 not now: http://bastion.test/decide#canary-secret read"
    await turn(tell)
    async with house.database.read() as uow:
        first = {one.id for one in await uow.decision_links.all()}
        troubles = [one.trouble for one in await uow.deliveries.search(limit=9)]
    assert troubles
    assert all("/decide#…" in one and "canary" not in one for one in troubles), "what servers repeat is not kept"
    box.refuse = ""
    later(seconds=31)
    await turn(tell)
    secret = mailed(box, "eve@chu")
    assert (await links.look(secret, SOURCE)).view.request.id == request.id
    async with house.database.read() as uow:
        rows = await uow.decision_links.all()
    assert {one.id for one in rows if one.void_at is not None} == first
    assert len(rows) == 4


# -- looking -----------------------------------------------------------------------------------------------------------
async def test_looking_uses_nothing_up_and_stands_in_the_trail_once_for_each_place(house, tell, box, links):
    request, secret = await asked(house, tell, box)
    for source in (SOURCE, SOURCE, "192.0.2.7"):
        opened = await links.look(secret, source)
        assert opened.view.request.id == request.id
        assert opened.view.can_decide
        assert opened.actor.factor_at is None, "nothing is proved by holding a link"
    assert (await house.tags("link:")).count("link:opened") == 2
    event = await house.event("link:opened")
    assert (event.actor_id, event.source, event.fields["who"]) == ("stranger", "192.0.2.7", "Eve")


async def test_a_link_that_opens_nothing_says_one_sentence_and_the_trail_says_why(house, tell, box, links, later):
    _request, secret = await asked(house, tell, box)
    with pytest.raises(DecisionLinkSpent) as unknown:
        await links.look("x" * 43, SOURCE)
    assert await why(house) == "unknown"
    later(minutes=31)
    with pytest.raises(DecisionLinkSpent) as expired:
        await links.look(secret, SOURCE)
    assert await why(house) == "expired"
    assert (unknown.value.sentence, unknown.value.params) == (expired.value.sentence, expired.value.params)
    assert "Sign in" in expired.value.sentence


async def test_T28_who_tries_one_link_after_the_other_is_slowed_down(links):
    for number in range(50):
        with pytest.raises(DecisionLinkSpent):
            await links.look(f"guess-{number}", "203.0.113.9")
    with pytest.raises(TooManyAttempts):
        await links.look("guess-50", "203.0.113.9")


# -- deciding ----------------------------------------------------------------------------------------------------------
async def test_password_and_code_decide_and_the_link_is_used_up(house, tell, box, links, eve):
    request, secret = await asked(house, tell, box)
    given = eve()
    made = await links.approve(secret, given, request.version, 30, "go ahead")
    assert made.grant_id
    assert [one.staff_name for one in made.approvals] == ["Eve"]
    used = await house.event("link:used")
    assert (used.actor_id, used.subject_id, used.fields["outcome"]) == (house.eve.id, request.id, "agreed")
    approved = await house.event("request:approved")
    assert (approved.actor_id, approved.source) == (house.eve.id, SOURCE)
    proved = await house.event("auth:succeeded")
    assert (proved.fields["door"], proved.fields["factors"]) == ("decision link", "password totp")
    async with house.database.read() as uow:
        assert await uow.web_sessions.of(house.eve.id) == [], "it is no session"
    for replay in (links.look(secret, SOURCE), links.approve(secret, given, request.version, 30)):
        with pytest.raises(DecisionLinkSpent):
            await replay
        assert await why(house) == "used"


async def test_refusing_needs_a_reason_and_spends_no_code_without(house, tell, box, links, eve):
    request, secret = await asked(house, tell, box)
    given = eve()
    with pytest.raises(ReasonNeeded):
        await links.deny(secret, given, request.version, " ")
    made = await links.deny(secret, given, request.version, "the ward is full")
    assert made.decision_note == "the ward is full"
    assert (await house.event("link:used")).fields["outcome"] == "refused"


@pytest.mark.parametrize("wrong", [{"password": "x"}, {"code": "000000"}, {"code": ""}, {"password": "", "code": ""}])
async def test_T05_neither_factor_alone_decides_and_the_trail_says_which_was_wrong(house, tell, box, links, eve, wrong):
    request, secret = await asked(house, tell, box)
    given = replace(eve(), **wrong)
    with pytest.raises(AuthenticationFailed) as refused:
        await links.approve(secret, given, request.version, 30)
    assert not isinstance(refused.value, DecisionLinkSpent)
    event = await house.event("auth:failed")
    assert event.fields["stage"] == ("password" if "password" in wrong else "code")
    assert "link:used" not in await house.tags("link:")
    assert (await links.look(secret, SOURCE)).view.request.approvals == ()


async def test_T20_five_tries_then_the_link_is_void_for_the_right_answer_too(house, tell, box, links, eve):
    request, secret = await asked(house, tell, box)
    for number in range(5):
        with pytest.raises(AuthenticationFailed):
            await links.approve(secret, eve(code="000000", source=f"192.0.2.{number}"), request.version, 30)
    for late in (links.approve(secret, eve(), request.version, 30), links.look(secret, SOURCE)):
        with pytest.raises(DecisionLinkSpent):
            await late
        assert await why(house) == "too many tries"


async def test_T20_the_fifth_answer_may_be_the_right_one(house, tell, box, links, eve):
    request, secret = await asked(house, tell, box)
    for number in range(4):
        with pytest.raises(AuthenticationFailed):
            await links.approve(secret, eve(code="000000", source=f"192.0.2.{number}"), request.version, 30)
    made = await links.approve(secret, eve(), request.version, 30)
    assert made.grant_id


async def test_T20_of_many_tries_at_once_five_are_judged(house, tell, box, links, eve):
    request, secret = await asked(house, tell, box)
    tries = [
        links.approve(secret, eve(password="x", code="1", source=f"192.0.2.{number}"), request.version, 30)
        for number in range(9)
    ]
    assert all(isinstance(one, AuthenticationFailed) for one in await asyncio.gather(*tries, return_exceptions=True))
    async with house.database.read() as uow:
        stages = [one.fields["stage"] for one in await uow.audit.search(tag_prefix="auth:failed", limit=50)]
    assert sorted(stages) == ["link"] * 4 + ["password"] * 5


async def test_T28_the_counters_are_those_of_signing_in(house, tell, box, links, eve):
    """Five wrong passwords at the console from one place, and the link asks nobody there either; and the reverse."""
    request, secret = await asked(house, tell, box)
    for _ in range(5):
        with pytest.raises(AuthenticationFailed):
            await house.services.authentication.sign_in("eve", "x", "000000", SOURCE)
    with pytest.raises(TooManyAttempts):
        await links.approve(secret, eve(), request.version, 30)
    made = await links.approve(secret, eve(source="192.0.2.1"), request.version, 30)
    assert made.grant_id, "from elsewhere she is not locked out"


async def test_T21_a_code_that_was_used_in_the_console_decides_nothing_here(house, tell, box, links, eve):
    request, secret = await asked(house, tell, box)
    given = eve()
    await house.services.authentication.sign_in("eve", given.password, given.code, SOURCE)
    with pytest.raises(AuthenticationFailed):
        await links.approve(secret, given, request.version, 30)


async def test_two_at_once_with_two_codes_decide_once(house, tell, box, links, eve):
    request, secret = await asked(house, tell, box)
    posts = [links.approve(secret, eve(), request.version, 30) for _ in range(2)]
    done = await asyncio.gather(*posts, return_exceptions=True)
    assert sum(not isinstance(one, Exception) for one in done) == 1
    assert all(isinstance(one, Conflict | DecisionLinkSpent) for one in done if isinstance(one, Exception))
    assert (await house.tags("request:approved"), await house.tags("link:used")) == (
        ["request:approved"],
        ["link:used"],
    )


async def test_a_stale_page_decides_nothing_and_keeps_the_link(house, tell, box, links, eve):
    request, secret = await asked(house, tell, box)
    with pytest.raises(Conflict):
        await links.approve(secret, eve(), request.version + 1, 30)
    made = await links.approve(secret, eve(), request.version, 30)
    assert made.grant_id


# -- void by what happens meanwhile ------------------------------------------------------------------------------------
async def decided(house, request):
    await house.services.approvals.approve(house.staff(house.max), request.id, request.version, 30)


async def refused(house, request):
    await house.services.approvals.deny(house.staff(house.max), request.id, request.version, "not today")


async def withdrawn(house, request):
    await house.services.taking_back.withdraw(house.technician(), request.id)


def saved(**changes):
    async def work(house, _request):
        form = StaffForm("eve", "Eve", "eve@chu", frozenset({Role.APPROVER}), ("chu",), "en", id=house.eve.id)
        await house.services.people.save_staff(OPERATOR, replace(form, **changes))

    return work


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        (decided, "nothing left to decide"),
        (refused, "nothing left to decide"),
        (withdrawn, "nothing left to decide"),
        (saved(active=False), "replaced or taken back"),
        (saved(roles=frozenset({Role.AUDITOR})), "replaced or taken back"),
        (saved(facility_codes=("ch2",)), "replaced or taken back"),
    ],
)
async def test_T25_it_is_void_after_a_decision_a_withdrawal_and_when_its_person_may_no_longer(
    house, tell, box, links, eve, happens, said
):
    request, secret = await asked(house, tell, box)
    await happens(house, request)
    for late in (links.look(secret, SOURCE), links.approve(secret, eve(), request.version, 30)):
        with pytest.raises(DecisionLinkSpent):
            await late
        assert await why(house) == said


@pytest.mark.parametrize("changes", [{"active": False}, {"assignments": assigned({Role.AUDITOR}, {"*"})}])
async def test_T25_a_person_who_may_no_longer_decide_opens_nothing_whoever_changed_the_row(
    house, tell, box, links, changes
):
    _request, secret = await asked(house, tell, box)
    async with house.database.write() as uow:
        await uow.staff.save(replace(house.eve, **changes))
    with pytest.raises(DecisionLinkSpent):
        await links.look(secret, SOURCE)
    assert await why(house) in {"account out of use", "nothing left to decide"}


async def test_T25_somebody_who_comes_back_finds_the_link_void(house, tell, box, links):
    request, secret = await asked(house, tell, box)
    await saved(active=False)(house, request)
    await saved()(house, request)
    with pytest.raises(DecisionLinkSpent):
        await links.look(secret, SOURCE)


async def test_a_new_password_voids_what_was_mailed(house, tell, box, links, eve):
    _request, secret = await asked(house, tell, box)
    await house.services.authentication.change_password(house.staff(house.eve), PASSWORD, "seven lazy gulls over port")
    with pytest.raises(DecisionLinkSpent):
        await links.look(secret, SOURCE)


async def test_T32_who_asked_for_a_technician_himself_cannot_decide_by_a_link(house, tell, box, links):
    """He is not mailed one; and a link that was made all the same opens nothing."""
    request = await house.services.access.request(house.staff(house.eve), house.draft(technician_login="alice"))
    await turn(tell)
    assert all("/decide" not in one.get_content() for one in box.letters if one["To"] == "eve@chu")
    async with house.database.write() as uow:
        (to_max, *_) = await uow.deliveries.search(limit=5)
        secret = await mint(uow, house.services.decisions, to_max, house.eve, LENGTH, clock.now())
    with pytest.raises(DecisionLinkSpent):
        await links.look(secret, SOURCE)
    assert await why(house) == "nothing left to decide"
    assert request.approvals == ()


async def test_the_first_of_two_uses_his_link_up_and_the_second_keeps_his(house, tell, box, links, eve):
    device = DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 4, "Imagerie", "B12", id=house.device.id)
    await house.services.inventory.save_device(OPERATOR, device)
    request, secret = await asked(house, tell, box)
    others = mailed(box, "max@chu")
    made = await links.approve(secret, eve(), request.version, 30)
    assert made.missing == 1
    with pytest.raises(DecisionLinkSpent):
        await links.look(secret, SOURCE)
    assert (await links.look(others, SOURCE)).view.request.version == made.version


async def test_a_lock_refuses_here_as_in_the_console(house, tell, box, links, eve):
    request, secret = await asked(house, tell, box)
    await house.services.locks.impose(house.staff(house.ruth), LockScope.ALL, "", "fire")
    with pytest.raises(Locked):
        await links.approve(secret, eve(), request.version, 30)
    assert "link:used" not in await house.tags("link:")


async def test_what_has_long_expired_is_forgotten(house, tell, box, later):
    await asked(house, tell, box)
    later(days=31)
    await asked(house, tell, box)
    async with house.database.read() as uow:
        assert len(await uow.decision_links.all()) == 2


# -- a question by the link --------------------------------------------------------------------------------------------
async def test_R25_a_question_takes_the_same_proof_and_leaves_the_link_good(house, tell, box, links, eve):
    request, secret = await asked(house, tell, box)
    with pytest.raises(AuthenticationFailed):
        await links.ask(secret, eve(password="wrong"), "Which tube?")
    remark = await links.ask(secret, eve(), "Which tube?")
    assert (remark.text, remark.author_name) == ("Which tube?", house.eve.name)
    assert (await house.event("request:question")).subject_id == request.id
    assert (await house.event("link:asked")).fields["who"] == house.eve.name
    assert [one.text for one in (await links.look(secret, SOURCE)).view.thread] == ["Which tube?"]


async def test_an_empty_question_spends_no_code(house, tell, box, links, eve):
    _, secret = await asked(house, tell, box)
    with pytest.raises(Invalid):
        await links.ask(secret, Proof("", "", SOURCE), "  ")
    async with house.database.read() as uow:
        assert {one.tries for one in await uow.decision_links.all()} == {0}


async def test_R25_the_answer_comes_with_a_link_that_decides(house, tell, box, links, eve):
    request, secret = await asked(house, tell, box)
    await links.ask(secret, eve(), "Which tube?")
    await turn(tell)
    await house.services.threads.answer(house.technician(), request.id, "the left one")
    await turn(tell)
    newer = mailed(box, "eve@chu")
    assert newer != secret
    made = await links.approve(newer, eve(), request.version, 30)
    assert made.approvals[0].staff_name == house.eve.name


# -- the rules ---------------------------------------------------------------------------------------------------------
def engine_without_links(tmp_path, criticality: int):
    """The shipped rules of a hospital that wants the console from this criticality on."""
    folder = tmp_path / "own"
    shutil.copytree(LIBRARY, folder)
    rules = folder / "staff.cedar"
    head, rule = rules.read_text().split('@id("decides-by-link")')
    allowed = f"resource is Device\n) when {{ resource.criticality < {criticality} }};"
    rule = rule.replace("resource is Device\n);", allowed, 1)
    rules.write_text(f'{head}@id("decides-by-link"){rule}')
    examples = folder / "examples.toml"
    lowest = '[devices]\nus-01 = { facility = "nord", suppliers = ["acme"], criticality = 1 }\n'
    one, *rest = examples.read_text().replace("[devices]\n", lowest, 1).split("[[example]]")
    mine = [said for said in rest if '"decideByLink"' in said and "ct-01" in said]
    kept = [said for said in rest if '"decideByLink"' not in said]
    examples.write_text("[[example]]".join([one, *kept, *(said.replace("ct-01", "us-01") for said in mine)]))
    return PolicyEngine(load(folder))


async def test_the_hospital_forbids_links_per_criticality(house, tell, box, links, tmp_path):
    _, secret = await asked(house, tell, box)
    house.services.decisions.replace_engine(engine_without_links(tmp_path, 3))
    assert (await links.look(secret, SOURCE)).view.device.criticality == 2
    house.services.decisions.replace_engine(engine_without_links(tmp_path / "two", 2))
    with pytest.raises(DecisionLinkSpent):
        await links.look(secret, SOURCE)
    assert await why(house) == "not by a link, by the rules"


async def test_where_the_rules_want_the_console_a_mail_carries_no_link(house, tell, box, tmp_path):
    house.services.decisions.replace_engine(engine_without_links(tmp_path, 2))
    request = await house.asked()
    await turn(tell)
    (said,) = [one.get_content() for one in box.letters if one["To"] == "eve@chu"]
    assert "/decide" not in said
    assert f"{ADDRESS}/requests/{request.id}" in said
