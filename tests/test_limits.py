"""Open files: the soft limit is raised as far as it may be, and not further than anybody needs."""

import resource

import pytest

from bastion import limits

INFINITE = resource.RLIM_INFINITY


@pytest.fixture
def machine(monkeypatch):
    """A machine whose limits are the test's."""

    class Machine:
        now = (1024, 4096)

    monkeypatch.setattr(limits.resource, "getrlimit", lambda _what: Machine.now)
    monkeypatch.setattr(limits.resource, "setrlimit", lambda _what, wanted: setattr(Machine, "now", wanted))
    return Machine


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((1024, 4096), (4096, 4096)),
        ((4096, 4096), (4096, 4096)),
        ((1024, 1 << 30), (1 << 20, 1 << 30)),
        ((1024, INFINITE), (1 << 20, INFINITE)),
        ((1 << 25, 1 << 30), (1 << 25, 1 << 30)),
        ((INFINITE, INFINITE), (INFINITE, INFINITE)),
    ],
)
def test_the_soft_limit_becomes_the_hard_one_within_reason(machine, before, after):
    machine.now = before
    assert limits.raise_files() == limits.most_files()
    assert machine.now == after


def test_what_is_left_for_sessions():
    assert [limits.sessions_in(files) for files in (50, 100, 600, 4100)] == [0, 0, 100, 800]


def test_the_real_limit_can_be_raised():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, before[1]), before[1]))
        files = limits.raise_files()
        assert files >= 512
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == files
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
