"""The simulated scanner: a log that grows with the clock, and a file tree nobody leaves."""

from datetime import UTC, datetime, timedelta

import pytest

from bastion.demo.scanner import LOG_STEP, Scanner, resolve

START = datetime(2026, 11, 22, 8, tzinfo=UTC)


def test_the_log_grows_by_a_line_each_step():
    scanner = Scanner(START)
    before, after = START + timedelta(minutes=1), START + timedelta(minutes=1) + LOG_STEP
    assert scanner.written(after) == scanner.written(before) + 1
    assert scanner.log(before, 3) == scanner.log(after, 4)[:3]
    assert scanner.log(before, 1)[0].startswith("2026-11-22 08:01:00")


def test_calibrating_mends_the_detector():
    scanner = Scanner(START)
    assert dict(scanner.status(START))["detector"] == "E-2207: module 17"
    scanner.calibrate(START)
    assert dict(scanner.status(START))["detector"] == "64/64 ok"


@pytest.mark.parametrize(
    ("folder", "path", "expected"),
    [
        ("", "logs", "logs"),
        ("logs", "..", ""),
        ("logs", "../..//calibration/.", "calibration"),
        ("logs", "/README.txt", "README.txt"),
        ("", "../../../etc/passwd", "etc/passwd"),
    ],
)
def test_a_path_never_leaves_the_tree(folder, path, expected):
    assert resolve(folder, path) == expected


def test_folders_list_what_is_in_them():
    scanner = Scanner(START)
    assert scanner.listing("logs") == ["das.log", "tube.log"]
    assert "logs/" in (scanner.listing("") or [])
    assert scanner.listing("nowhere") is None
    assert scanner.read("logs/das.log")
    assert scanner.read("etc/passwd") is None
