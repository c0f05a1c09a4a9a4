from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bastion.domain.access_request import InterventionKind
from bastion.domain.conditions import Condition
from bastion.domain.device import ChannelKind, FileRight
from bastion.domain.grant import Grant, GrantStatus
from bastion.errors import IllegalTransition, Invalid

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def grant() -> Grant:
    return Grant(
        "g", "r", "alice", "acme", "ct", "chu", "svc", InterventionKind.TELEDIAGNOSTIC, frozenset({ChannelKind.SHELL}),
        NOW, NOW + HOUR, 900, watcher=False, policy_hash="h", approved_by=("Eve",),
    )  # fmt: skip


def test_the_status_follows_the_clock_over_a_half_open_interval():
    tick = timedelta(microseconds=1)
    moments = [NOW - tick, NOW, NOW + HOUR - tick, NOW + HOUR]
    assert [grant().status(m) for m in moments] == [
        GrantStatus.SCHEDULED, GrantStatus.OPEN, GrantStatus.OPEN, GrantStatus.OVER,
    ]  # fmt: skip


def test_revoking_stands_for_ever():
    revoked = grant().revoke("Eve", "wrong device", NOW)
    assert revoked.status(NOW + 9 * HOUR) is GrantStatus.REVOKED
    for act in (lambda g: g.revoke("Eve", "again", NOW), lambda g: g.extend(NOW + 2 * HOUR, NOW)):
        with pytest.raises(IllegalTransition):
            act(revoked)


def test_a_coming_grant_can_be_revoked_and_a_past_one_cannot():
    assert grant().revoke("Eve", "x", NOW - HOUR).revoked_by == "Eve"
    with pytest.raises(IllegalTransition):
        grant().revoke("Eve", "x", NOW + HOUR)


def test_an_extension_only_ever_ends_later():
    longer = grant().extend(NOW + 2 * HOUR, NOW)
    assert (longer.box.end, longer.start) == (NOW + 2 * HOUR, NOW)
    with pytest.raises(Invalid):
        grant().extend(NOW + HOUR, NOW)
    with pytest.raises(IllegalTransition):
        grant().extend(NOW + 2 * HOUR, NOW + HOUR)


def test_the_time_counts_from_the_start_unless_there_is_slack():
    used = grant().first_used(NOW + HOUR / 2)
    assert (used.end, used.length, used.first_used_at) == (NOW + HOUR, HOUR, NOW + HOUR / 2)
    assert used.first_used(NOW + HOUR) is used, "once"


@pytest.mark.parametrize(
    ("minutes", "moved"),
    [(-10, 0), (0, 0), (10, 10), (20, 20), (45, 20)],
    ids=["early", "sharp", "late", "just", "too late"],
)
def test_with_slack_the_end_moves_with_the_first_connection_and_no_further(minutes, moved):
    minute = timedelta(minutes=1)
    planned = replace(grant(), start=NOW - 15 * minute, due=NOW, slack=20 * minute)
    used = planned.first_used(NOW + minutes * minute)
    assert (used.end, used.length) == (NOW + HOUR + moved * minute, HOUR)
    assert used.extend(used.end + HOUR, NOW + 30 * minute).length == 2 * HOUR
    assert planned.length == HOUR
    assert (planned.status(NOW - 15 * minute), planned.planned) == (GrantStatus.OPEN, NOW)


def test_conditions_take_away_and_never_give():
    full = replace(grant(), files=frozenset({FileRight.UPLOAD, FileRight.DOWNLOAD}), channels=frozenset(ChannelKind))
    assert full.under(frozenset()) == full
    assert full.under(frozenset({Condition.WATCHER})).takes_input
    less = full.under(frozenset({Condition.NO_UPLOAD}))
    assert (less.files, less.conditions, less.watcher) == (
        frozenset({FileRight.DOWNLOAD}), frozenset({Condition.NO_UPLOAD}), False,
    )  # fmt: skip
    assert (less.channels, less.takes_input) == (full.channels - {ChannelKind.FORWARD}, False)
    seen = less.under(frozenset({Condition.WATCHER}))
    assert (seen.watcher, seen.files) == (True, less.files)
    assert seen.conditions == frozenset({Condition.NO_UPLOAD, Condition.WATCHER})
    assert replace(full, watcher=True).under(frozenset()).watcher
