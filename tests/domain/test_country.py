"""R-45: countries are codes of the list, and what is not said counts as outside the EEA."""

import pytest

from bastion.domain.country import CODES, EEA, checked, checked_all, outside_eea
from bastion.errors import Invalid


def test_the_economic_area_has_thirty_countries_and_the_regions_of_france():
    assert len(EEA - {"GF", "GP", "MQ", "RE", "YT", "MF"}) == 30
    assert EEA <= CODES
    assert [code for code in ("FR", "DE", "NO", "CH", "GB", "US", "") if outside_eea(code)] == ["CH", "GB", "US", ""]


def test_codes_are_cleaned_and_listed_once():
    assert checked(" fr ") == "FR"
    assert checked_all(["de", "", " FR", "DE"]) == ("DE", "FR")


@pytest.mark.parametrize("code", ["", "F", "FRA", "EU", "ZZ", "xx", "<b"])
def test_anything_else_is_refused_at_its_field(code):
    with pytest.raises(Invalid) as refused:
        checked(code)
    assert refused.value.field == "country"
