"""Looking who follows: what is read, what the session is told, and what is kept."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import pytest

from bastion.domain.session import SessionState
from bastion.domain.watch import SILENCE, Watch
from bastion.errors import Unavailable
from bastion.proxy import followers as module
from bastion.proxy.followers import Followers
from tests.proxy.carried import Carried
from tests.proxy.fakes import NOW, a_grant


class Records:
    def __init__(self) -> None:
        self.watches: list[Watch] = []
        self.kept: list = []
        self.away = self.slow = False

    async def standing(self, grant_ids):
        if self.away:
            raise Unavailable("gone")
        if self.slow:
            await asyncio.sleep(60)
        return [one for one in self.watches if one.grant_id in grant_ids]

    async def judged(self, present, lapsed):
        self.kept.append((present, [one.id for one in lapsed]))
        self.watches = [replace(one, present=present.get(one.id, one.present)) for one in self.watches]


class Scene:
    def __init__(self, tmp_path, monkeypatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: self.now))  # the loop keeps its own
        self.records = Records()
        self.carried = Carried(tmp_path, replace(a_grant(), watcher=True))
        self.live = self.carried.live
        self.tasks: list = []
        self.followers = Followers(self.records, self._spawn)

    def _spawn(self, work, _name):
        self.tasks.append(asyncio.ensure_future(work))
        return self.tasks[-1]

    def comes(self, ident="w1", name="Eve") -> None:
        self.records.watches.append(Watch(ident, self.live.grant.id, "s1", name, name, "b", NOW))

    async def look(self, *, later: float = 0.15, beat: bool = True) -> None:
        self.now += later
        if beat:
            self.records.watches = [replace(one, beats=one.beats + 1) for one in self.records.watches]
        await self.followers.look([self.live])
        await asyncio.gather(*self.tasks)


@pytest.fixture
async def scene(tmp_path, monkeypatch):
    return Scene(tmp_path, monkeypatch)


async def test_a_page_that_beats_lets_it_go_on_and_one_that_stops_holds_it(scene):
    await scene.look()
    assert scene.live.state is SessionState.FROZEN
    scene.comes()
    await scene.look()
    assert scene.live.unwatched, "seen once is not there yet"
    await scene.look()
    assert (scene.live.state, scene.live.watchers) == (SessionState.ACTIVE, ("Eve",))
    await scene.look(later=SILENCE - 0.1, beat=False)
    assert scene.live.state is SessionState.ACTIVE
    await scene.look(later=0.2, beat=False)
    assert scene.live.state is SessionState.FROZEN
    assert await scene.carried.tags() == ["session:unwatched", "session:watched", "session:unwatched"]
    assert scene.records.kept == [({"w1": True}, []), ({"w1": False}, [])], "written when it changes, and only then"


async def test_one_name_for_two_windows_of_the_same_person_and_two_people(scene):
    for ident, name in (("w1", "Eve"), ("w2", "Eve"), ("w3", "Max")):
        scene.comes(ident, name)
    await scene.look()
    await scene.look()
    assert scene.live.watchers == ("Eve", "Max")


@pytest.mark.parametrize("trouble", ["away", "slow"])
async def test_T10_what_cannot_be_read_counts_as_nobody(scene, trouble):
    scene.comes()
    await scene.look()
    await scene.look()
    setattr(scene.records, trouble, True)
    await scene.look(later=SILENCE - 0.1)
    assert scene.live.state is SessionState.ACTIVE, "for a moment it is believed"
    await scene.look(later=0.2)
    assert scene.live.state is SessionState.FROZEN


async def test_a_watch_that_was_left_counts_no_more_at_once(scene):
    scene.comes()
    await scene.look()
    await scene.look()
    scene.records.watches = []
    await scene.look()
    assert scene.live.state is SessionState.FROZEN


async def test_long_silence_is_told_so_that_it_ends(scene):
    scene.comes()
    await scene.look()
    await scene.look(later=31, beat=False)
    assert scene.records.kept[-1] == ({}, ["w1"])


async def test_the_watch_stands_in_the_recording_and_on_the_screen(scene):
    scene.comes()
    await scene.look()
    await scene.look()
    channel = scene.carried.channel()
    await scene.look(later=SILENCE + 0.1, beat=False)
    channel.device.send(b"unseen")
    await scene.look(beat=True)
    assert "Nobody of the hospital follows" in channel.technician.text
    assert "Eve follows your session; it goes on" in channel.technician.text
    assert "unseen" not in channel.technician.text
    marks = b"".join(path.read_bytes() for path in scene.carried.recorder.directory.rglob("*") if path.is_file())
    for words in ("Your session is followed by Eve.", "Nobody of the hospital follows", "Eve follows your session"):
        assert words.encode() in marks
