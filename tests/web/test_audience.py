"""So many open pages read one after the other, and few at once; the pages of one person together."""

from web.audience import EACH, FEW, Audience

CHU, CLINIC = frozenset({"chu"}), frozenset({"clinic"})
ALL = frozenset({"*"})
PEOPLE = [f"person {number}" for number in range(200)]


def with_pages(*places: frozenset[str]) -> Audience:
    audience = Audience()
    for one in places:
        audience.change(None, one)
    return audience


def test_few_pages_wait_for_nobody():
    audience = with_pages(*[CHU] * FEW)
    assert {audience.wait(who, "request 1", "chu") for who in PEOPLE} == {0}


def test_many_are_spread_over_the_time_they_need_and_a_person_reads_once():
    audience = with_pages(*[CHU] * 190, *[ALL] * 10)
    waits = sorted(audience.wait(who, "request 1", "chu") for who in PEOPLE)
    most = (200 - FEW) * EACH
    assert waits[0] < most * 0.05 < most * 0.95 < waits[-1] < most
    thirds = [sum(most * part <= 3 * wait < most * (part + 1) for wait in waits) for part in range(3)]
    assert min(thirds) > 40, "nobody waits while all the others read"
    assert waits == sorted(audience.wait(who, "request 1", "chu") for who in PEOPLE)
    assert waits != sorted(audience.wait(who, "request 2", "chu") for who in PEOPLE)


def test_only_those_count_whom_it_concerns():
    audience = with_pages(*[CHU] * 5, *[ALL] * 3, *[CLINIC] * 100, frozenset())
    assert [audience.seeing(one) for one in ("chu", "clinic", "elsewhere", "")] == [8, 103, 3, 109]
    assert audience.wait("person 7", "request 1", "chu") == 0


def test_who_leaves_or_changes_hospital_counts_no_longer():
    audience = with_pages(CHU, CHU)
    audience.change(CHU, CLINIC)
    audience.change(CHU, None)
    assert [audience.seeing(one) for one in ("chu", "clinic", "")] == [0, 1, 1]
