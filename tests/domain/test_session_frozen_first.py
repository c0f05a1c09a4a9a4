"""A session whose approver wants to begin together: it opens frozen, and one can wait in it."""

from datetime import UTC, datetime, timedelta

from bastion.domain.device import ChannelKind
from bastion.domain.session import Session, SessionState
from bastion.domain.session_effects import Audit, HoldInput, Notice, OpenChannel, RefusalReason, RefuseChannel, Say
from bastion.domain.session_events import ChannelAsked, Frozen, GrantBound, Thawed, WatchersChanged
from bastion.domain.timebox import TimeBox

T0 = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)
BOX = TimeBox(T0, T0 + timedelta(hours=1))


def bound(**more) -> tuple[Session, list[object]]:
    session = Session()
    grant = GrantBound(BOX, frozenset(ChannelKind), timedelta(minutes=15), frozen_by="Eve", **more)
    return session, list(session.handle(grant, T0))


def test_it_begins_frozen_and_the_trail_says_so():
    session, effects = bound()
    assert (session.state, session.frozen_by_hand) == (SessionState.FROZEN, True)
    assert effects[:3] == [
        HoldInput(on=True), Say(Notice.FROZEN_FIRST, {"by": "Eve"}), Audit("session:frozen", {"by": "Eve"}),
    ]  # fmt: skip


def test_one_waits_in_a_terminal_and_nothing_else_opens():
    session, _ = bound()
    assert OpenChannel(1, ChannelKind.SHELL, "") in session.handle(ChannelAsked(1, ChannelKind.SHELL), T0)
    for number, kind in enumerate((ChannelKind.EXEC, ChannelKind.SFTP, ChannelKind.FORWARD), 2):
        assert RefuseChannel(number, RefusalReason.FROZEN) in session.handle(ChannelAsked(number, kind), T0)


def test_once_thawed_it_is_a_session_like_any_other():
    session, _ = bound()
    assert HoldInput(on=False) in session.handle(Thawed(""), T0)
    assert session.state is SessionState.ACTIVE
    assert OpenChannel(1, ChannelKind.EXEC, "") in session.handle(ChannelAsked(1, ChannelKind.EXEC), T0)
    session.handle(Frozen("Max"), T0)
    shell = session.handle(ChannelAsked(2, ChannelKind.SHELL), T0)
    assert RefuseChannel(2, RefusalReason.FROZEN) in shell, "frozen later, nothing opens"


def test_to_be_followed_as_well_takes_both():
    session, _ = bound(watcher=True)
    shell = session.handle(ChannelAsked(1, ChannelKind.SHELL), T0)
    assert RefuseChannel(1, RefusalReason.UNWATCHED) in shell
    assert HoldInput(on=False) not in session.handle(WatchersChanged(("Max",)), T0), "followed, and still frozen"
    assert session.state is SessionState.FROZEN
    assert HoldInput(on=False) in session.handle(Thawed(""), T0)
    assert session.state is SessionState.ACTIVE
