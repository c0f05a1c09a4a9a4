"""The words of the player that the page has a translation for are those that it really says."""

import re
from html import unescape
from pathlib import Path

import pytest

from web.player_words import PLAYER

BUNDLE = Path(__file__).parents[2] / "node_modules/asciinema-player/dist/bundle/asciinema-player-ui.js"


@pytest.mark.parametrize("said", PLAYER)
def test_the_player_says_it(said: str):
    bare = unescape(re.sub(r"<[^>]+>", " ", BUNDLE.read_text()))
    assert said in BUNDLE.read_text() or said in re.sub(r"\s+", " ", bare)
