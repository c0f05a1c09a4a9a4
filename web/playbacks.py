"""Recordings opened for watching, per signed-in browser: the reason was given once, the tracks are read many times.

In memory and short: after an hour, or on another node, one states the reason again. The address of a track is worth
nothing without the cookie that opened it (T31, T34).
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bastion.services.replay import Playback

LENGTH: Final = timedelta(hours=1)
MOST: Final = 500


@dataclass(frozen=True, slots=True)
class _Opened:
    playback: Playback
    until: datetime


class Playbacks:
    def __init__(self) -> None:
        self._opened: OrderedDict[tuple[str, str], _Opened] = OrderedDict()

    def keep(self, token: str, ident: str, playback: Playback, now: datetime) -> None:
        self._opened[_key(token, ident)] = _Opened(playback, now + LENGTH)
        while len(self._opened) > MOST:
            self._opened.popitem(last=False)

    def of(self, token: str, ident: str, now: datetime) -> Playback | None:
        opened = self._opened.get(_key(token, ident))
        return opened.playback if opened is not None and now < opened.until else None

    def forget(self, token: str) -> None:
        """Drop everything a browser had open; it has signed out."""
        mine = hashlib.sha256(token.encode()).hexdigest()
        for key in [key for key in self._opened if key[0] == mine]:
            del self._opened[key]


def _key(token: str, ident: str) -> tuple[str, str]:
    return hashlib.sha256(token.encode()).hexdigest(), ident
