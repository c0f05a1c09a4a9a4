"""A lobby that nobody has entered yet."""

import asyncio

import pytest

from tests.proxy.lobby.playing import Play


@pytest.fixture
async def play(monkeypatch):
    playing = Play(monkeypatch)
    yield playing
    playing.task.cancel()
    await asyncio.gather(playing.task, return_exceptions=True)
