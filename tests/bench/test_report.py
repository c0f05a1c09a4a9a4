"""The report says what was measured, and nothing else."""

import json
from pathlib import Path

import pytest

from tests.bench.product import STEP, Codes
from tests.bench.report import ROWS, Results, entry, put_into, table, write

ROW = {row.name: row for row in ROWS}
NAMES = "setup echo_p50 echo_p99 exec_download exec_upload cpu_per_gib pty_flood sftp_get sftp_put small_files \
forward_download forward_upload sftp_memory_mib memory_per_session_kib \
sessions_per_second approval_to_prompt_ms acknowledged_to_device_ms cut_ms half_open_sign_in_ms lock_command_s \
second_start_s"


@pytest.fixture
def results() -> Results:
    made = Results()
    for ours, jump in ((40, 100), (90, 180), (30, 100)):
        made.add("setup", "bastion", ours)
        made.add("setup", "jump", jump)
    for value in (300.0, 280.0):
        made.add("cut_ms", "bastion", value)
    return made


def test_the_ratio_is_the_median_of_the_rounds_each_against_its_own_jump(results: Results) -> None:
    found = entry(results, ROW["setup"], "bastion")
    assert (found["ratio_to_jump"], found["median"], found["min"], found["max"]) == (0.4, 40, 30, 90)
    assert (found["first_goal_met"], found["goal_met"], found["to_goal"]) == (True, True, 1)


def test_more_is_better_the_other_way_round(results: Results) -> None:
    results.add("exec_upload", "bastion", 100)
    results.add("exec_upload", "jump", 100)
    found = entry(results, ROW["exec_upload"], "bastion")
    assert (found["first_goal_met"], found["goal_met"], found["to_goal"]) == (True, False, 0.7692)


def test_an_absolute_row_is_judged_by_its_value(results: Results) -> None:
    found = entry(results, ROW["cut_ms"], "bastion")
    assert (found["median"], found["ratio_to_jump"], found["goal_met"]) == (290, None, True)


def test_what_was_not_measured_is_null_and_not_met(results: Results) -> None:
    found = entry(results, ROW["pty_flood"], "bastion")
    assert found["median"] is found["goal_met"] is found["ratio_to_jump"] is None


def test_a_round_without_a_partner_is_not_compared(results: Results) -> None:
    results.add("echo_p50", "bastion", 1.0)
    assert results.ratio("echo_p50", "bastion") is None


def test_the_file_has_every_row_under_its_name(results: Results, tmp_path: Path) -> None:
    results.problems.append("flood jump: TimeoutExpired")
    write(results, "bastion", tmp_path / "var" / "bench.json")
    kept = json.loads((tmp_path / "var" / "bench.json").read_text())
    assert [row["name"] for row in kept["rows"]] == NAMES.split()
    assert kept["rows"][0]["unit"] == "ms"
    assert kept["problems"] == ["flood jump: TimeoutExpired"]


def test_the_table_shows_goals_met_and_missed(results: Results) -> None:
    results.add("echo_p50", "bastion", 300)
    results.add("echo_p50", "jump", 100)
    lines = {line.split(" | ")[0].strip("| "): line for line in table(results, "bastion").splitlines()}
    assert "40 (30 to 90)" in lines["setup"]
    assert "≤ 0.5 ✓" in lines["setup"]
    assert "≤ 1.8 ✗" in lines["echo_p50"]
    assert lines["pty_flood"].count("–") == 6


def test_the_table_of_a_page_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "bench.md"
    page.write_text("before\n<!-- table -->\nold\n<!-- end -->\nafter\n")
    put_into(page, "new")
    assert page.read_text() == "before\n<!-- table -->\nnew\n<!-- end -->\nafter\n"
    page.write_text("no marks")
    with pytest.raises(ValueError, match="no place"):
        put_into(page, "new")


def test_codes_are_given_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0 * STEP

    def pass_by(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr("tests.bench.product.time.time", lambda: now)
    monkeypatch.setattr("tests.bench.product.time.sleep", pass_by)
    codes = Codes("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    given = [codes.next() for _ in range(5)]
    assert len(set(given)) == 5
    assert codes.used == {999, 1000, 1001, 1002, 1003}
    assert now < 1004 * STEP
