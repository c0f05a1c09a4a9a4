"""R-19: once no line is open, one person who leads reviews there signs for the whole, and anybody can check of what."""

import asyncio
import csv
import hashlib
import io
import subprocess
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bastion import clock
from bastion.domain.parties import Role
from bastion.domain.review import CampaignState, LineState, Remit, ReviewSignature
from bastion.errors import BastionError, Conflict, Forbidden, FreshFactorNeeded, Invalid, NotFound, Suspended
from bastion.services.people import StaffForm
from bastion.services.review_sheet import digest, signed
from bastion.store.review_pages import ReviewPages
from tests.services.house import OPERATOR, moved
from tests.services.test_reviews import CONFIRMED, WITHDRAWN, begun, later, lines, use
from tests.services.test_row_order import waiting

__all__ = ["later", "use"]


async def decided(house, *codes: str, name: str = "H2 2026"):
    """A campaign of which one line is withdrawn and the rest confirmed."""
    campaign = await begun(house, 10, *codes, name=name)
    ids = await lines(house, campaign)
    gone = ids.pop("Alice Martin")
    await house.services.reviews.decide(OPERATOR, campaign.id, list(ids.values()), CONFIRMED)
    await house.services.reviews.decide(OPERATOR, campaign.id, [gone], WITHDRAWN, "has changed job")
    return campaign


async def sheet(house, campaign) -> bytes:
    return (await house.services.reviews.export(house.staff(house.ruth), campaign.id))[1]


def rows(table: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"), newline="")))


def before_signature(table: bytes) -> bytes:
    return table[: table.index(b"\r\nsignature,") + 2]


async def test_the_whole_is_signed_once_no_line_is_open(house, use):
    ruth, campaign = house.staff(house.ruth), await decided(house)
    before = (await use.of(ruth, campaign.id)).standing
    assert (before.state, before.signature) == (CampaignState.TO_SIGN, None)
    made = await use.sign(ruth, campaign.id, "  seen with the wards ")
    assert (made.signed_by, made.confirmed, made.withdrawn, made.suspended) == ("Ruth", 5, 1, 0)
    assert made.remark == "seen with the wards"
    (standing,) = await use.all(house.staff(house.max))
    assert (standing.state, standing.signature) == (CampaignState.SIGNED, made)
    assert (await use.of(ruth, campaign.id)).standing.signature == made
    event = await house.event("review:signed")
    assert {**event.fields} == {
        "name": "H2 2026", "confirmed": "5", "withdrawn": "1", "suspended": "0", "sha256": made.digest,
        "note": "seen with the wards",
    }  # fmt: skip
    assert (event.subject_id, event.actor_id, event.at) == (campaign.id, house.ruth.id, made.signed_at)


async def test_with_a_line_open_nobody_signs_and_nothing_is_written(house, use):
    ruth, campaign = house.staff(house.ruth), await begun(house)
    ids = list((await lines(house, campaign)).values())
    await use.decide(OPERATOR, campaign.id, ids[1:], CONFIRMED)
    assert not (await use.of(ruth, campaign.id)).may_sign
    with pytest.raises(Conflict) as refused:
        await use.sign(ruth, campaign.id)
    assert refused.value.public == "This review is signed once every line is decided. Lines that still wait: 1."
    assert "review:signed" not in await house.tags()
    assert (await use.of(ruth, campaign.id)).standing.state is CampaignState.OPEN
    await use.decide(OPERATOR, campaign.id, ids[:1], CONFIRMED)
    assert (await use.of(ruth, campaign.id)).may_sign
    await use.sign(ruth, campaign.id)


async def test_what_the_day_suspended_is_signed_too_and_stays_suspended(house, use, later):
    campaign = await begun(house, 10, "chu")
    ids = await lines(house, campaign)
    await use.decide(OPERATOR, campaign.id, [ids["Eve approver"]], CONFIRMED)
    later(9.9)
    with pytest.raises(Conflict):
        await use.sign(house.staff(house.ruth), campaign.id)
    later(10.1)
    made = await use.sign(house.staff(house.ruth), campaign.id)
    assert (made.confirmed, made.suspended) == (1, 1)
    with pytest.raises(Suspended):
        await house.asked()


async def test_it_is_signed_once_and_the_other_is_told_who_did(house, use):
    campaign = await decided(house)
    first = await use.sign(house.staff(house.ruth), campaign.id)
    for actor in (OPERATOR, house.staff(house.ruth)):
        with pytest.raises(Conflict) as refused:
            await use.sign(actor, campaign.id, "I too")
        assert refused.value.public == "Ruth has signed this review already."
    assert (await use.of(OPERATOR, campaign.id)).standing.signature == first
    assert Counter(await house.tags())["review:signed"] == 1


async def test_of_two_who_sign_at_once_one_wins(house, use):
    campaign = await decided(house)
    ruth = house.staff(house.ruth)
    said = await asyncio.gather(
        use.sign(ruth, campaign.id, "one"), use.sign(OPERATOR, campaign.id, "two"), return_exceptions=True
    )
    kept = (await use.of(ruth, campaign.id)).standing.signature
    assert [one for one in said if isinstance(one, ReviewSignature)] == [kept]
    (lost,) = [one for one in said if isinstance(one, BastionError)]
    assert isinstance(lost, Conflict)
    assert kept.signed_by in lost.public
    assert Counter(await house.tags())["review:signed"] == 1


async def test_who_signs_and_what_it_needs(house, use):
    campaign, local = await decided(house), await decided(house, "chu", name="of one hospital")
    ruth, here = house.staff(house.ruth), house.device.facility_id
    for actor in (house.staff(house.max), moved(ruth, {here})):  # an approver; who leads in one hospital of several
        assert not (await use.of(house.staff(house.max), campaign.id)).may_sign
        with pytest.raises((Forbidden, NotFound)):
            await use.sign(actor, campaign.id)
    with pytest.raises(Forbidden) as refused:
        await use.sign(house.staff(house.eve), local.id)
    assert "leads reviews in every hospital of this one" in refused.value.public
    for actor in (house.technician(), moved(ruth, {"elsewhere"})):
        with pytest.raises((Forbidden, NotFound)):
            await use.sign(actor, local.id)
    with pytest.raises(FreshFactorNeeded):
        await use.sign(house.staff(house.ruth, fresh=False), local.id)
    with pytest.raises(NotFound):
        await use.sign(ruth, "0" * 32)
    with pytest.raises(Invalid):
        await use.sign(ruth, local.id, "x" * 2001)
    assert "review:signed" not in await house.tags()
    assert (await use.sign(moved(ruth, {here}), local.id)).signed_by == "Ruth"


async def test_who_covers_one_hospital_of_two_does_not_sign_for_both(house, use):
    """He sees it and may decide on its lines; the other hospital's leader answers for the other hospital."""
    both = await decided(house, "chu", "ch2")
    half = moved(house.staff(house.ruth), {house.device.facility_id})
    assert not (await use.of(half, both.id)).may_sign
    with pytest.raises(Forbidden) as refused:
        await use.sign(half, both.id)
    assert "you do not" in refused.value.public
    assert [one.id for one in await use.to_sign(half)] == []
    assert [one.id for one in await use.to_sign(house.staff(house.ruth))] == [both.id]


async def test_R23_on_his_own_rights_another_has_decided_before_he_signs(house, use):
    ruth, campaign = house.staff(house.ruth), await begun(house)
    ids = await lines(house, campaign)
    own = [ids.pop(f"Ruth {role}") for role in ("admin", "security")]
    await use.decide(ruth, campaign.id, list(ids.values()), CONFIRMED)
    with pytest.raises(Forbidden):
        await use.decide(ruth, campaign.id, own, CONFIRMED)
    with pytest.raises(Conflict):
        await use.sign(ruth, campaign.id)
    await use.decide(OPERATOR, campaign.id, own, CONFIRMED)
    assert (await use.sign(ruth, campaign.id)).confirmed == 6


async def test_whoever_may_sign_is_reminded_until_somebody_has(house, use):
    ruth = house.staff(house.ruth)
    assert await use.to_sign(ruth) == []
    campaign, local = await decided(house), await decided(house, "chu", name="of one hospital")
    await begun(house, 10, name="still open")
    assert [one.id for one in await use.to_sign(ruth)] == [campaign.id, local.id]
    assert [one.id for one in await use.to_sign(moved(ruth, {house.device.facility_id}))] == [local.id]
    assert await use.to_sign(house.staff(house.max)) == []
    await use.sign(ruth, campaign.id)
    assert [one.id for one in await use.to_sign(ruth)] == [local.id]


# -- the table that was signed -----------------------------------------------------------------------------------------
async def test_the_file_says_who_signed_and_its_digest_is_checked_with_sha256sum(house, use, tmp_path):
    campaign = await decided(house)
    made = await use.sign(house.staff(house.ruth), campaign.id, "=seen")
    table = await sheet(house, campaign)
    assert hashlib.sha256(before_signature(table)).hexdigest() == made.digest
    file = Path(tmp_path / "review.csv")
    file.write_bytes(table)
    command = f"sed '/^signature,/,$d' {file} | sha256sum"
    said = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
    assert said.stdout.split()[0] == made.digest
    *right, which, signature = rows(table)
    assert len(right) == 6
    assert (which["kind"], which["name"], which["right"]) == ("review", "H2 2026", campaign.id)
    assert (signature["kind"], signature["right"], signature["state"]) == ("signature", made.digest, "signed")
    assert (signature["decided_by"], signature["note"]) == ("Ruth", "'=seen")
    assert signature["decided_at"] == made.signed_at.isoformat()


async def test_a_word_that_was_changed_in_the_file_shows(house, use):
    campaign = await decided(house)
    made = await use.sign(house.staff(house.ruth), campaign.id)
    table = await sheet(house, campaign)
    forged = before_signature(table).replace(b"withdrawn", b"confirmed")
    assert hashlib.sha256(forged).hexdigest() != made.digest


async def test_two_campaigns_that_say_the_same_have_two_digests(house, use, later):
    campaigns = [await begun(house, 10, "chu", name=name) for name in ("one", "another")]
    later(11)
    first, second = [await use.sign(OPERATOR, one.id) for one in campaigns]
    assert (first.suspended, second.suspended) == (2, 2)
    assert first.digest != second.digest


async def test_what_is_decided_after_the_signature_leaves_it_as_it_was_and_stands_behind_it(house, use, later):
    """A late confirmation still lifts what the day suspended; the file shows both, and the digest still holds."""
    campaign = await begun(house, 10, "chu")
    ids = await lines(house, campaign)
    await use.decide(OPERATOR, campaign.id, [ids["Eve approver"]], CONFIRMED)
    later(11)
    made = await use.sign(house.staff(house.ruth), campaign.id)
    signed = await sheet(house, campaign)
    later(12)
    await use.decide(house.staff(house.eve), campaign.id, [ids["Alice Martin"]], CONFIRMED, "back from leave")
    assert (await house.asked()).quorum == 1
    review = await use.of(OPERATOR, campaign.id)
    assert review.standing.signature == made
    assert review.standing.counts[LineState.SUSPENDED] == 0
    assert [one.line.name for one in review.since] == ["Alice Martin"]
    table = await sheet(house, campaign)
    assert table.startswith(signed)
    assert hashlib.sha256(before_signature(table)).hexdigest() == made.digest
    (late,) = rows(table.splitlines(keepends=True)[0] + table[len(signed) :])
    assert (late["name"], late["state"], late["note"]) == ("Alice Martin", "confirmed", "back from leave")


async def test_a_table_that_was_signed_with_fewer_columns_keeps_them(house, use):
    """What was signed by an earlier version says less of each right; so does what follows it."""
    campaign = await decided(house, "chu")
    review = await use.of(OPERATOR, campaign.id)
    kept = "kind,name,company,right,state\r\nstaff,Eve,,approver,confirmed\r\n"
    made = ReviewSignature(campaign.id, "Ruth", campaign.created_at, 1, 0, 0, digest(kept))
    standing = replace(review.standing, signature=made)
    table = signed(kept, made, replace(review, standing=standing))
    assert table.startswith(kept)
    assert {len(row) for row in csv.reader(io.StringIO(table, newline=""))} == {5}
    assert len(table.splitlines()) == 5, "the signature, and both lines that were decided after it"


async def test_who_has_which_role_everywhere_is_signed_as_it_was_then(house, use):
    """The column `everywhere` tells the present; what was signed does not follow it."""
    everywhere = StaffForm("nina", "Nina", "", frozenset({Role.AUDITOR}))
    nina = await house.services.people.save_staff(OPERATOR, everywhere)
    campaign = await decided(house)
    made = await use.sign(house.staff(house.ruth), campaign.id)
    before = await sheet(house, campaign)
    assert next(one for one in rows(before) if one["name"] == "Nina")["everywhere"] == "yes"
    await house.services.people.save_staff(OPERATOR, replace(everywhere, id=nina.id, facility_codes=("chu",)))
    assert await sheet(house, campaign) == before
    assert hashlib.sha256(before_signature(before)).hexdigest() == made.digest


async def test_whoever_waits_for_the_signature_to_be_given_decides_after_it(house, use, monkeypatch):
    """A decision counts from the moment its lines are its own, however long before it was sent."""
    campaign = await decided(house)
    ids, real, chosen, waited = await lines(house, campaign), clock.now, ReviewPages.chosen, []

    async def after_a_wait(*args):
        waited.append(timedelta(minutes=1))
        return await chosen(*args)

    monkeypatch.setattr(ReviewPages, "chosen", after_a_wait)
    monkeypatch.setattr(clock, "now", lambda: real() + sum(waited, timedelta()))
    sent = clock.now()
    (line, *_) = await use.decide(OPERATOR, campaign.id, [ids["Max approver"]], WITHDRAWN, "gone")
    assert line.decided_at > sent + timedelta(minutes=1)


async def test_a_decision_waits_for_whoever_signs_and_counts_after_the_signature(house, use):
    """The lines are held while the signature is given; whoever decides meanwhile is told so by its instant."""
    campaign = await decided(house)
    ids = await lines(house, campaign)
    async with house.database.write() as uow:
        await uow.review_pages.whole(campaign, Remit("nobody"), hold=True)
        deciding = asyncio.create_task(use.decide(OPERATOR, campaign.id, [ids["Max approver"]], WITHDRAWN, "gone"))
        await waiting(house, uow, deciding)
        signed_at = clock.now()
    (line, *_) = await deciding
    assert line.decided_at > signed_at
