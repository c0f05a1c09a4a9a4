"""A closed set that grows must find its new word here."""

import pytest

from bastion.domain.access_request import InterventionKind, RequestState
from bastion.domain.conditions import Condition
from bastion.domain.device import ChannelKind, SecretKind
from bastion.domain.events import KINDS, Severity
from bastion.domain.grant import GrantStatus
from bastion.domain.held_file import FileState
from bastion.domain.lock import LockScope
from bastion.domain.parties import ActorKind, Role
from bastion.domain.report import After
from bastion.domain.session import SessionState
from bastion.domain.session_events import EndReason
from bastion.domain.session_record import ACCOUNT_REFUSED
from bastion.domain.work_plan import PatientData
from bastion.proxy.files import rights
from bastion.proxy.ssh import deliveries
from recordings.model import TrackKind
from web import audit_words, condition_words, labels, plan_words, report_words


@pytest.mark.parametrize(("table", "members"), [
    (labels.KINDS, InterventionKind), (labels.KINDS_SHORT, InterventionKind), (labels.REQUEST_STATES, RequestState),
    (labels.GRANT_STATES, GrantStatus), (labels.AGREED_STATES, GrantStatus),
    (labels.END_REASONS, EndReason), (labels.OUTCOMES, {*EndReason, ACCOUNT_REFUSED}), (labels.ROLES, Role),
    (labels.ROLE_DUTIES, Role), (labels.CHANNELS, ChannelKind), (labels.SECRET_KINDS, SecretKind),
    (labels.LOCK_SCOPES, LockScope), (labels.SEVERITIES, Severity), (labels.ACTOR_KINDS, ActorKind),
    (labels.TRACKS, TrackKind), (plan_words.PATIENT_DATA, PatientData), (condition_words.CONDITIONS, Condition),
    (report_words.AFTER, After), (report_words.STATES, After),
    (condition_words.MEANING, Condition),
])  # fmt: skip
def test_every_member_has_a_word_and_no_word_is_idle(table, members):
    assert set(table) == set(members)


def test_each_right_that_a_technician_lacked_is_told_in_words_for_who_replays_it():
    refused = {one.sentence for one in (rights.NO_UPLOAD, rights.NO_DOWNLOAD, rights.NO_DELETE, rights.NO_RENAME)}
    assert set(labels.FILE_REFUSALS) == refused


def test_what_the_bastion_calls_its_own_channels_has_a_word():
    assert set(labels.OWN_CHANNELS) == {deliveries.COMMAND}


def test_every_audit_event_and_each_of_its_facts_has_a_word():
    assert set(audit_words.EVENTS) == set(KINDS)
    assert set(audit_words.FIELDS) == {name for kind in KINDS.values() for name in kind.fields}


def test_every_state_that_an_error_may_name_has_a_word():
    named = {state.value for machine in (RequestState, GrantStatus, SessionState, FileState) for state in machine} - {
        "lobby"
    }
    assert named <= set(audit_words.STATES)
