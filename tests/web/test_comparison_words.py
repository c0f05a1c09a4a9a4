import pytest

from bastion.domain import act
from bastion.domain.comparison import SPANS, Aspect, Mark, Standing, Unseen, What
from web import comparison_words as words


@pytest.mark.parametrize(("table", "members"), [
    (words.ASPECTS, Aspect), (words.MARKS, Mark), (words.ONE | words.MANY, What), (words.STANDINGS, Standing),
    (words.UNSEEN, Unseen), (words.ACTS, act.WRITING),
])  # fmt: skip
def test_every_member_has_a_word_and_no_word_is_idle(table, members):
    assert set(table) == set(members)


def test_a_thing_is_said_with_a_number_or_without():
    assert not set(words.ONE) & set(words.MANY)
    assert {what for what, said in words.ONE.items() if "{span}" in said} == SPANS
    assert all("{count}" in one and "{count}" in many for one, many in words.MANY.values())
