"""What was declared beside what was observed: each difference, and nothing that is none (R-60)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bastion.domain.access_request import InterventionKind
from bastion.domain.act import Act, Seen
from bastion.domain.announced_file import AnnouncedFile
from bastion.domain.comparison import (
    Aspect,
    Declared,
    Mark,
    Observed,
    Reporting,
    SeenFile,
    Spot,
    Standing,
    Unseen,
    What,
    compare,
)
from bastion.domain.held_file import Direction
from bastion.domain.work_plan import PatientData

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ONE, TWO = "1" * 64, "2" * 64
DIAGNOSIS = Declared(
    InterventionKind.TELEDIAGNOSTIC, HOUR, HOUR, PatientData.NONE, software_change=False, announced=(), tunnels=True
)
REPAIR = replace(DIAGNOSIS, kind=InterventionKind.TELEMAINTENANCE)
QUIET = Observed("s1", NOON, NOON + timedelta(minutes=10), channels=1)


def brought(sha256: str = ONE, path: str = "/tmp/a.conf", size: int = 7, **more) -> SeenFile:
    return SeenFile(path, Direction.IN, size, sha256, **more)


def fetched(**more) -> SeenFile:
    return SeenFile("/data/scan.dcm", Direction.OUT, 9, TWO, **more)


def row(declared: Declared, *sessions: Observed, aspect: Aspect, **more):
    shown = compare(declared, sessions, NOON + HOUR, **more)
    return next(one for one in shown.rows if one.aspect is aspect)


def said(declared: Declared, *sessions: Observed, aspect: Aspect, **more) -> dict[What, tuple[int, Mark]]:
    return {one.what: (one.count, one.mark) for one in row(declared, *sessions, aspect=aspect, **more).observed}


def test_work_as_it_was_declared_differs_in_nothing():
    shown = compare(DIAGNOSIS, [QUIET], NOON + HOUR)
    assert shown.differences == ()
    assert [one.aspect for one in shown.rows] == [
        Aspect.CHANGES, Aspect.SOFTWARE, Aspect.FILES, Aspect.PATIENTS, Aspect.TIME,
    ]  # fmt: skip
    assert {one.mark for one in shown.rows} == {Mark.FITS}
    assert shown.unseen == ()


@pytest.mark.parametrize(("seen", "what"), [
    ({"acts": (Seen(Act.REBOOT, 2, 1, 90),)}, What.REBOOT),
    ({"acts": (Seen(Act.ACCOUNT, 1),)}, What.ACCOUNT),
    ({"acts": (Seen(Act.CONFIG, 1),)}, What.CONFIG),
    ({"acts": (Seen(Act.INSTALL, 1),)}, What.INSTALL),
    ({"acts": (Seen(Act.COPY, 1),)}, What.COPY),
    ({"acts": (Seen(Act.DELETE, 1),)}, What.DELETE),
    ({"files": (brought(),)}, What.BROUGHT),
    ({"altered": 3}, What.ALTERED),
])  # fmt: skip
def test_R60_a_diagnosis_that_changes_something_is_a_finding_and_a_repair_is_not(seen, what):
    session = replace(QUIET, **seen)
    assert said(DIAGNOSIS, session, aspect=Aspect.CHANGES)[what][1] is Mark.DIFFERS
    assert said(REPAIR, session, aspect=Aspect.CHANGES)[what][1] is Mark.FITS
    assert Aspect.CHANGES in compare(DIAGNOSIS, [session], NOON + HOUR).differences


def test_the_first_of_a_kind_says_where_it_is():
    first, second = (replace(QUIET, session_id=f"s{n}", acts=(Seen(Act.REBOOT, n, 4, 60 * n),)) for n in (1, 2))
    (point,) = row(DIAGNOSIS, first, second, aspect=Aspect.CHANGES).observed
    assert (point.count, point.spot) == (3, Spot("s1", 4, 60))


def test_what_was_merely_tried_or_may_have_been_is_no_difference():
    session = replace(QUIET, tried=2, acts=(Seen(Act.EDITOR, 1), Seen(Act.LINES, 5)))
    assert said(DIAGNOSIS, session, aspect=Aspect.CHANGES) == {
        What.TRIED: (2, Mark.NOTE), What.EDITOR: (1, Mark.NOTE)
    }  # fmt: skip
    assert compare(DIAGNOSIS, [session], NOON + HOUR).differences == ()


def test_a_file_the_desk_holds_has_changed_nothing():
    session = replace(QUIET, files=(brought(passed=False),))
    assert said(DIAGNOSIS, session, aspect=Aspect.CHANGES) == {What.NOTHING_CHANGED: (0, Mark.FITS)}
    assert said(DIAGNOSIS, session, aspect=Aspect.FILES)[What.HELD] == (1, Mark.NOTE)


@pytest.mark.parametrize(("name", "software"), [
    ("/tmp/Setup.EXE", True), ("/fw/v2.bin", True), ("C:\\upd\\a.msi", True), ("/tmp/a.conf", False),
    ("/tmp/bin", False),
])  # fmt: skip
def test_software_that_was_not_declared_is_a_finding(name, software):
    session = replace(QUIET, files=(brought(path=name),))
    marks = {Mark.DIFFERS} if software else {Mark.FITS}
    assert {one.mark for one in row(REPAIR, session, aspect=Aspect.SOFTWARE).observed} == marks
    silent = row(replace(REPAIR, software_change=None), session, aspect=Aspect.SOFTWARE)
    assert {one.mark for one in silent.observed} == marks
    assert [one.what for one in silent.declared] == [What.SOFTWARE_UNSAID]
    changing = replace(REPAIR, software_change=True)
    assert row(changing, session, aspect=Aspect.SOFTWARE).mark is (Mark.FITS if software else Mark.NOTE)


def test_files_are_told_apart_by_their_hash_and_not_by_their_name():
    announced = (AnnouncedFile("a.conf", 7, ONE), AnnouncedFile("b.conf", 0, "3" * 64))
    declared = replace(REPAIR, announced=announced)
    session = replace(QUIET, files=(brought(path="/etc/other"), brought(TWO, "/tmp/a.conf"), fetched()))
    assert said(declared, session, aspect=Aspect.FILES, whole=True) == {
        What.MATCHED: (1, Mark.FITS), What.UNANNOUNCED: (1, Mark.DIFFERS), What.NOT_SEEN: (1, Mark.NOTE),
        What.FETCHED: (1, Mark.FITS),
    }  # fmt: skip
    assert What.NOT_SEEN not in said(declared, session, aspect=Aspect.FILES)
    shown = compare(declared, [session], NOON + HOUR, whole=True)
    assert [(one.name, one.standing) for one in shown.files] == [
        ("other", Standing.MATCHED), ("a.conf", Standing.UNANNOUNCED), ("scan.dcm", Standing.FETCHED),
        ("b.conf", Standing.NOT_SEEN),
    ]  # fmt: skip


def test_another_size_under_the_same_hash_is_not_what_was_announced():
    declared = replace(REPAIR, announced=(AnnouncedFile("a.conf", 8, ONE),))
    assert said(declared, replace(QUIET, files=(brought(),)), aspect=Aspect.FILES) == {
        What.UNANNOUNCED: (1, Mark.DIFFERS)
    }


def test_the_same_content_in_two_sessions_is_one_file():
    held, passed = (replace(QUIET, session_id=f"s{n}", files=(brought(passed=bool(n)),)) for n in (0, 1))
    shown = compare(REPAIR, [held, passed], NOON + HOUR)
    assert [(one.sha256, one.passed) for one in shown.files] == [(ONE, True)]


def test_what_was_asked_for_and_kept_back_is_not_fetched_until_it_passes():
    kept, passed = (replace(QUIET, session_id=f"s{n}", files=(fetched(passed=bool(n)),)) for n in (0, 1))
    assert said(REPAIR, kept, aspect=Aspect.FILES) == {What.HELD: (1, Mark.NOTE)}
    for sessions, standing in (([kept], Standing.KEPT), ([kept, passed], Standing.FETCHED)):
        assert [one.standing for one in compare(REPAIR, sessions, NOON + HOUR).files] == [standing]
    assert [one.standing for one in compare(REPAIR, [passed, kept], NOON + HOUR).files] == [Standing.FETCHED]


@pytest.mark.parametrize(("declared", "seen", "mark"), [
    (PatientData.NONE, {"screens": True}, Mark.DIFFERS),
    (None, {"screens": True}, Mark.DIFFERS),
    (PatientData.VISIBLE, {"screens": True}, Mark.FITS),
    (PatientData.NEEDED, {"screens": True}, Mark.FITS),
    (PatientData.NONE, {"files": (fetched(patients=True),)}, Mark.DIFFERS),
    (PatientData.VISIBLE, {"files": (fetched(patients=True),)}, Mark.DIFFERS),
    (PatientData.NEEDED, {"files": (fetched(patients=True),)}, Mark.FITS),
    (PatientData.NONE, {"files": (fetched(looked_at=False),)}, Mark.NOTE),
    (PatientData.NONE, {"files": (fetched(),)}, Mark.FITS),
])  # fmt: skip
def test_patient_data_are_compared_with_what_was_said_of_them(declared, seen, mark):
    session = replace(QUIET, **seen)
    assert row(replace(REPAIR, patient_data=declared), session, aspect=Aspect.PATIENTS).mark is mark


def test_time_is_counted_once_where_sessions_run_beside_each_other():
    other = replace(QUIET, session_id="s2", began=NOON + timedelta(minutes=5), ended=NOON + timedelta(minutes=20))
    later = replace(QUIET, session_id="s3", began=NOON + timedelta(minutes=50), ended=None)
    seen = said(REPAIR, later, QUIET, other, aspect=Aspect.TIME)
    assert seen[What.USED] == (30 * 60, Mark.FITS)
    assert (seen[What.SESSIONS], seen[What.RUNNING]) == ((3, Mark.FITS), (1, Mark.NOTE))
    long = replace(QUIET, ended=NOON + HOUR + timedelta(minutes=2))
    assert said(REPAIR, long, aspect=Aspect.TIME)[What.USED] == (62 * 60, Mark.DIFFERS)
    assert [one.what for one in row(replace(REPAIR, wanted=2 * HOUR), QUIET, aspect=Aspect.TIME).declared] == [
        What.ASKED, What.AGREED,
    ]  # fmt: skip


def test_a_session_without_any_act_is_worth_knowing():
    assert said(REPAIR, replace(QUIET, channels=0), aspect=Aspect.TIME)[What.NO_ACT] == (1, Mark.NOTE)
    assert What.NO_ACT not in said(REPAIR, replace(QUIET, channels=0, ended=None), aspect=Aspect.TIME)


def test_tunnels_say_what_cannot_be_seen():
    session = replace(QUIET, tunnels=2, tunnels_refused=1)
    assert said(DIAGNOSIS, session, aspect=Aspect.TUNNELS) == {
        What.TUNNELS: (2, Mark.FITS), What.TUNNELS_REFUSED: (1, Mark.NOTE)
    }  # fmt: skip
    assert compare(DIAGNOSIS, [session], NOON + HOUR).unseen == (Unseen.TUNNEL,)
    assert row(replace(DIAGNOSIS, tunnels=False), session, aspect=Aspect.TUNNELS).mark is Mark.DIFFERS


def test_what_is_not_known_is_named():
    blind = tuple(Seen(act, 1) for act in (Act.UNREAD, Act.HIDDEN, Act.FULLSCREEN, Act.PIPED, Act.CUT_SHORT))
    session = replace(QUIET, ended=None, acts=blind, unseen=frozenset({Unseen.SCREEN, Unseen.MORE}))
    assert compare(DIAGNOSIS, [session], NOON + HOUR).unseen == (
        Unseen.RUNNING, Unseen.UNREAD, Unseen.HIDDEN, Unseen.FULLSCREEN, Unseen.PIPED, Unseen.CUT_SHORT,
        Unseen.SCREEN, Unseen.MORE,
    )  # fmt: skip


@pytest.mark.parametrize(("report", "marks"), [
    (Reporting(0, owed=True, late=True), {What.REPORT_LATE: (1, Mark.DIFFERS)}),
    (Reporting(0, owed=True, late=False), {What.REPORT_MISSING: (1, Mark.NOTE)}),
    (Reporting(2, owed=False, late=False), {What.REPORT_WRITTEN: (2, Mark.FITS)}),
    (Reporting(1, owed=True, late=False), {What.REPORT_WRITTEN: (1, Mark.FITS), What.REPORT_MISSING: (1, Mark.NOTE)}),
])  # fmt: skip
def test_the_report_is_compared_as_well(report, marks):
    assert said(REPAIR, QUIET, aspect=Aspect.REPORT, report=report) == marks


def test_where_no_report_is_owed_nothing_is_said_of_one():
    shown = compare(REPAIR, [QUIET], NOON + HOUR, report=Reporting(0, owed=False, late=False))
    assert Aspect.REPORT not in {one.aspect for one in shown.rows}
