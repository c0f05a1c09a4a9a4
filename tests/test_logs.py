"""The log: everything ends in one place, as one line, without secrets and without control characters."""

import io
import json
import logging

import pytest
import structlog

from bastion import logs
from bastion.secret import Secret


@pytest.fixture(autouse=True)
def put_back():
    root = logging.getLogger()
    before, level = root.handlers, root.level
    yield
    root.handlers = before
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def lines():
    stream = io.StringIO()
    logs.setup("json", "info", stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_libraries_speak_through_the_same_door(lines):
    logging.getLogger("asyncssh").warning("from %s", "there")
    logging.getLogger("uvicorn.error").error("bad")
    assert [(line["logger"], line["event"]) for line in lines()] == [
        ("asyncssh", "from there"),
        ("uvicorn.error", "bad"),
    ]


def test_talkative_libraries_are_kept_to_warnings(lines):
    logging.getLogger("asyncssh").info("Accepted SSH connection")
    logging.getLogger("uvicorn.access").info("GET /")
    assert lines() == []


def test_secrets_do_not_reach_the_log(lines):
    structlog.get_logger().info("x", password="hunter2", kept=Secret(b"hunter2"), nested={"token": "hunter2"})
    assert "hunter2" not in json.dumps(lines())


def test_a_traceback_shows_no_local_variables(lines):
    password = "hunter" + "2"
    try:
        raise ValueError(f"length {len(password)}")
    except ValueError:
        structlog.get_logger().exception("broke")
    (line,) = lines()
    assert "ValueError: length 7" in line["exception"]
    assert "hunter2" not in json.dumps(line)


@pytest.mark.parametrize("hostile", ["\x1b]52;c;aGk=\x07", "\x9b2J", "a\nlevel=info forged", "\u202edlrow", "\x00"])
@pytest.mark.parametrize("log_format", ["json", "console"])
def test_T39_control_characters_are_inert_in_the_log(hostile, log_format):
    stream = io.StringIO()
    logs.setup(log_format, "info", stream)
    structlog.get_logger().info(hostile, login=hostile, seen=[hostile], by={"k": hostile})
    logging.getLogger("asyncssh").warning("user %s", hostile)
    text = stream.getvalue()
    assert len(text.splitlines()) == 2
    assert not logs.UNPRINTABLE.search(text.replace("\n", ""))


def test_the_level_asked_for_is_the_least_that_is_written():
    stream = io.StringIO()
    logs.setup("console", "error", stream)
    structlog.get_logger().warning("quiet")
    logging.getLogger("asyncssh").warning("quiet")
    structlog.get_logger().error("loud")
    assert "quiet" not in stream.getvalue()
    assert "loud" in stream.getvalue()
