"""French identity numbers (NIR, and INS which is built alike) in a window of bytes.

The key alone lets one in 97 chance numbers through; month, department, commune and order must be possible too, and
the digits must not be part of a longer number, of a word (hex digests), or the decimals of a fraction (`0.18505…`).

One form needs more care: thirteen digits, a blank, two digits is how people write the number, and also how logs write
a time in milliseconds followed by a value. So these count only where a fair part of them has a valid key.
"""

import re
from dataclasses import dataclass

from stdnum.fr import nir

LONGEST = 40
"""No match is longer, with the widest separators (a narrow no-break space is three bytes in UTF-8)."""

_MONTH = rb"(?:0[1-9]|1[0-2]|20|3[0-9]|4[0-2]|[5-9][0-9])"  # past 12: births registered without a month
_GAP = rb"(?:[ .\-\xa0]|\xc2\xa0|\xe2\x80[\x89\xaf])?"
_CANDIDATE = re.compile(
    rb"[123478](?<![0-9A-Za-z].)(?<![0-9]\..)"  # after the digit: a pattern that starts with a set is searched faster
    + _GAP.join([rb"", rb"[0-9]{2}", _MONTH, rb"(?:[0-9]{2}|2[ABab])", rb"[0-9]{3}", rb"[0-9]{3}", rb"[0-9]{2}"])
    + rb"(?![0-9A-Za-z])",
    re.DOTALL,
)
_GREY = re.compile(rb"(?:(.)\1\1)(?:(.)\2\2)(?:(.)\3\3)(?:(.)\4\4)(?:(.)\5\5)")  # grey pixels of a colour image
_APART = re.compile(rb"[^0-9ABab]+")

_SEPARATORS = b" .-\xa0\xc2\xe2\x80\x89\xaf"
_SHAPE = bytes(ord("0") if byte in b"0123456789ABab" else ord("x") for byte in range(256))
_RUN = b"0" * 15

_FAIR_PART = 8


@dataclass(slots=True)
class NumberCount:
    sure: int = 0
    split: int = 0
    split_candidates: int = 0

    @property
    def total(self) -> int:
        fair = self.split * _FAIR_PART >= self.split_candidates
        return self.sure + (self.split if fair else 0)

    def look(self, window: bytes, start: int, limit: int) -> None:
        """Count the numbers that begin in `[start, limit)`."""
        if _RUN not in window[start:].translate(_SHAPE, _SEPARATORS):
            return
        while (match := _CANDIDATE.search(window, start)) and match.start() < limit:
            self._weigh(_APART.split(match[0]))
            start = match.start() + 1  # no number begins inside another: its groups would have to fit both

    def _weigh(self, groups: list[bytes]) -> None:
        valid = _valid(b"".join(groups))
        if len(groups) != 2:
            self.sure += valid
        elif len(groups[0]) == 13:
            self.split_candidates += 1
            self.split += valid


def _valid(digits: bytes) -> bool:
    if digits[5:7] == b"00" or digits[7:10] == b"000" or digits[10:13] == b"000" or _GREY.fullmatch(digits):
        return False
    if digits.isdigit() and (int(digits[:13]) + int(digits[13:])) % 97:
        return False  # what stdnum says too, ten times as fast: it matters in files full of other long numbers
    return nir.is_valid(digits.decode("ascii"))
