"""The pages over a hospital with something to see."""

from pathlib import Path

import pytest

from tests.services.house import House
from tests.web.scenery import Scenery


@pytest.fixture
def scenery(house: House, tmp_path: Path) -> Scenery:
    return Scenery(house, tmp_path)
