"""Several devices at once: each once, and not without end."""

import pytest

from bastion.domain.batch import MOST, codes
from bastion.errors import Invalid


def test_each_device_is_named_once_in_the_order_it_was_said():
    assert codes(("ct-01", " CT-01 ", "", "mr-02", "ct-01")) == ("ct-01", "mr-02")


@pytest.mark.parametrize(("said", "field"), [(("", " "), "device"), ([f"d{n}" for n in range(MOST + 1)], "others")])
def test_none_and_too_many_are_refused(said, field):
    with pytest.raises(Invalid) as refused:
        codes(said)
    assert refused.value.field == field
    assert len(codes(f"d{n}" for n in range(MOST))) == MOST
