"""Where somebody works: countries by their ISO 3166 code, and which of them lie in the European Economic Area (R-45).

Work from outside it needs an adequacy decision or guarantees, so it is never silent.
"""

from collections.abc import Iterable
from typing import Final

from bastion.errors import Invalid

HOME: Final = "FR"
_ALL: Final = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
    FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
    JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
    MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
    PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
    TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
"""
_EEA: Final = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK"
_OF_FRANCE: Final = "GF GP MF MQ RE YT"
"""Regions of France that have a code of their own."""
CODES: Final = frozenset(_ALL.split())
EEA: Final = frozenset(f"{_EEA} {_OF_FRANCE}".split())


def outside_eea(code: str) -> bool:
    """What is not said counts as outside."""
    return code not in EEA


def checked(code: str, field: str = "country") -> str:
    said = code.strip().upper()
    if said not in CODES:
        raise Invalid(code[:20], field=field, sentence="Choose a country of the list, such as FR or DE.")
    return said


def checked_all(codes: Iterable[str], field: str = "countries") -> tuple[str, ...]:
    return tuple(sorted({checked(code, field) for code in codes if code.strip()}))
