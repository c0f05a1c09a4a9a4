from dataclasses import dataclass, replace
from datetime import timedelta

from bastion import clock
from bastion.proxy.lobby.desk import ServiceDesk
from tests.proxy.fakes import a_grant


@dataclass
class View:
    grant: object


class Asked:
    def __init__(self, *grants) -> None:
        self.asked = self
        self._grants = grants

    async def grants(self, actor, technician_id):
        assert technician_id == actor.id
        return [View(g) for g in self._grants]


@dataclass
class Alice:
    id: str = "t1"


async def test_the_next_grant_on_the_device_is_the_one_that_begins_first():
    now = clock.now()
    later = a_grant(id="later", start=now + timedelta(hours=2), end=now + timedelta(hours=3))
    soon = replace(later, id="soon", start=now + timedelta(hours=1))
    elsewhere = replace(soon, id="elsewhere", device_id="d2", start=now + timedelta(minutes=1))
    present = replace(soon, id="open", start=now)
    desk = ServiceDesk(Asked(later, soon, elsewhere, present), Alice())
    assert (await desk.coming("d1")).id == "soon"
    assert await desk.coming("d9") is None
