"""T12: a login name is taken apart only if every part is harmless wherever it is used later."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bastion.proxy.ssh.names import LONGEST, LoginName, parse, shown

HARMLESS = frozenset(string.ascii_letters + string.digits + "._-")
IN_ACCOUNTS = HARMLESS | frozenset("@\\$")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("alice", LoginName("alice")),
        ("alice+ct-01", LoginName("alice", "ct-01")),
        ("alice.martin+ct_01+svc", LoginName("alice.martin", "ct_01", "svc")),
        ("alice+ct-01+CHU\\svc", LoginName("alice", "ct-01", "CHU\\svc")),
        ("alice+ct-01+svc@chu.fr", LoginName("alice", "ct-01", "svc@chu.fr")),
        ("alice+ct-01+_svc$", LoginName("alice", "ct-01", "_svc$")),
        ("a" * 64, LoginName("a" * 64)),
        ("7", LoginName("7")),
    ],
)
def test_names_people_really_have(text, name):
    assert parse(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "", "+", "alice+", "alice+ct-01+", "+ct-01", "alice++svc", "a+b+c+d", "a" * 65, "alice+" + "b" * 65,
        "-oProxyCommand=id", "alice+-oProxyCommand=id", "alice+ct-01+-l", ".alice", "_alice",
        "alice\n", "alice\nroot", "alice\x00", "alice\r", "alice ", " alice", "al ice", "alice\t",
        "alice\x7f", "alice\x9b",
        "alice\u202eecila", "alice\u200b", "аlice", "élodie", "alice٣", "alice\ud800", "\uff0dalice",
        "alice%h", "alice;id", "alice|id", "alice&", "`id`", "$(id)", "alice'", 'alice"', "alice<", "alice*", "alice?",
        "alice/../root", "alice\\x", "alice@host", "alice+ct-01/..", "alice+ct$", "alice#", "~alice", "alice=1", "a,b",
    ],
)  # fmt: skip
def test_T12_hostile_names_are_refused(text):
    assert parse(text) is None


def test_T12_a_name_longer_than_the_limit_is_refused_before_it_is_looked_at():
    assert parse("a+" * 5_000_000) is None
    assert LONGEST == 200
    assert parse("+".join(["a" * 64] * 3)) is not None


@given(st.one_of(st.text(max_size=250), st.text(alphabet="ab-_.+@\\$\n\x00 é", max_size=30)))
@example("alice+ct-01+svc\n")
def test_T12_whatever_gets_past_is_harmless(text):
    name = parse(text)
    if name is None:
        return
    parts = [part for part in (name.technician, name.device, name.account) if part]
    assert "+".join(parts).lower() == text.lower()
    assert set(name.technician + name.device) <= HARMLESS
    assert set(name.account) <= IN_ACCOUNTS
    for part in parts:
        assert 1 <= len(part) <= 64
        assert part[0] in string.ascii_letters + string.digits + "_"


_PERSON = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)
_ACCOUNT = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._@\\$-]{0,63}", fullmatch=True)


@given(_PERSON, _PERSON, _ACCOUNT)
def test_what_was_put_together_comes_apart_the_same(technician, device, account):
    person, place = technician.lower(), device.lower()
    assert parse(technician) == LoginName(person)
    assert parse(f"{technician}+{device}") == LoginName(person, place)
    assert parse(f"{technician}+{device}+{account}") == LoginName(person, place, account)


@given(st.text(max_size=300))
@example("\x1b]0;title\x07")
def test_T12_a_hostile_name_is_kept_short_and_harmless(text):
    kept = shown(text)
    assert len(kept) == min(len(text), 64)
    assert kept.isascii()
    assert kept == "" or kept.isprintable()


def test_a_harmless_name_is_kept_as_it_is():
    assert shown("alice+ct-01; id") == "alice+ct-01; id"
    assert shown("a\nb\u202ec") == "a?b?c"
