import random

import pytest

from policies.guards.numbers import NumberCount
from policies.guards.verdict import FindingKind
from tests.policies.guards.samples import NIR, NIR_CORSICA, kinds, look, only

GROUPED = "1 85 05 78 006 084 91"


@pytest.mark.parametrize(
    "text",
    [
        NIR,
        NIR_CORSICA,
        NIR_CORSICA.lower(),
        GROUPED,
        GROUPED.replace(" ", "."),
        GROUPED.replace(" ", "-"),
        GROUPED.replace(" ", "\N{NO-BREAK SPACE}"),
        GROUPED.replace(" ", "\N{NARROW NO-BREAK SPACE}"),
        "185057800608491^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.8&ISO^INS",
        "1850578006084 91",
        f"nom;{NIR};ville",
        f"1,{NIR},2",
        f"({NIR})",
        f"{NIR}.0",  # how a spreadsheet library writes a column that has gaps
        "2 53 07 2B 073 004 70",
        "199202012304568",  # a month that is not known is 20
        "199342012304501",  # or more
    ],
)
def test_an_identity_number_is_found_however_it_is_written(text: str):
    finding = only(f"patient {text} vu".encode())
    assert (finding.kind, finding.count, finding.evidence) == (FindingKind.IDENTITY_NUMBER, 1, "valid key")


def valid(first: str) -> str:
    return f"{first}{97 - int(first) % 97:02d}"


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("number", [NIR, GROUPED, GROUPED.replace(" ", "\N{NO-BREAK SPACE}"), NIR_CORSICA])
def test_in_every_encoding(encoding: str, number: str):
    assert only(f"N° de sécurité sociale\r\n{number}".encode(encoding)).count == 1


@pytest.mark.parametrize(
    "text",
    [
        "185057800608492",  # wrong key
        "1 85 05 78 006 084 92",
        f"9{NIR}",  # inside longer runs
        f"{NIR}0",
        f"a{NIR}",
        f"{NIR}f",
        f"0.{NIR}",  # decimals
        valid("1851378006084"),  # there is no month 13
        valid("5850578006084"),  # nor a sex 5
        valid("1850500006084"),  # nor a department 00
        valid("1850578000084"),
        valid("1850578006000"),
        "253072C07300443",
        "253072B07300471",
        "253072A07300470",  # the key of 2B
        "10003456789",  # RPPS: names a professional, not a patient
        "185 057 800 608 491",
        "18505780 0608491",
        "1 85057800608491",  # a number, and another of fourteen digits
        "444333999999111",  # grey pixels
    ],
)
def test_what_is_no_identity_number_is_not_taken_for_one(text: str):
    assert look(f"x {text} y".encode()).clean


def test_all_of_them_are_counted():
    numbers = "\n".join([NIR, GROUPED, valid("2900175056123"), valid("1700169123456"), NIR])
    assert only(numbers.encode()).count == 5


def test_times_in_milliseconds_followed_by_a_value_are_no_identity_numbers():
    chance = random.Random(3)
    log = "\n".join(f"{1795668430123 + line * 137} {chance.randrange(100):02d} ok" for line in range(20_000))
    assert look(log.encode()).clean
    count = NumberCount()
    count.look(log.encode() + b"\n", 0, len(log))
    assert count.split > 50  # though many have a valid key


def test_a_list_of_numbers_with_the_key_apart_is_found():
    numbers = [valid(f"1{year:02d}0578006{order:03d}") for year in range(99) for order in (1, 2)]
    assert only("\n".join(f"{one[:13]} {one[13:]}" for one in numbers).encode()).count == len(numbers)


def test_of_other_long_numbers_one_in_two_hundred_passes_as_the_page_says():
    chance = random.Random(5)
    numbers = "\n".join(f"{chance.randrange(10**14, 10**15)}" for _ in range(20_000))
    assert only(numbers.encode()).count == pytest.approx(20_000 * 0.0046 * 10 / 9, rel=0.3)


def test_a_number_at_the_very_start_and_the_very_end():
    assert only(NIR.encode()).count == 1
    assert kinds(NIR.encode()[1:]) == kinds(NIR.encode()[:-1]) == set()
