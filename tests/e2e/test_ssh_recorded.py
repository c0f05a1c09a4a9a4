"""What a client can send besides bytes reaches the device only as far as the recording tells of it (T36)."""

import asyncio
from dataclasses import asdict

import asyncssh
import pytest

from recordings import replay
from tests.e2e.test_ssh_refusals import connect


@pytest.fixture
async def shell(hospital):
    """A terminal with modes of its own, and one that no standard names."""
    await hospital.grant()
    connection = await connect(hospital)
    yield await connection.create_process(
        "stty -a; echo ready; while :; do sleep 0.05; done",
        request_pty="force", term_type="vt100", term_size=(90, 30, 111, 222), term_modes={1: 7, 53: 0, 19: 99},
    )  # fmt: skip
    connection.abort()


async def told(hospital):
    await hospital.settled()
    record = (await hospital.records())[0]
    opened = replay.open_recording(hospital.archive.blobs, record.id, hospital.signer.public)
    return opened.track(0), [frame.data.decode() for frame in opened.frames(0) if frame.code == "m"]


async def until_said(shell, text):
    said = ""
    async with asyncio.timeout(5):
        while text not in said:
            said += await shell.stdout.read(1000)
    return said


async def test_T36_signals_and_modes_of_a_real_terminal_stand_in_the_recording(hospital, shell):
    settings = await until_said(shell, "ready")
    assert "intr = ^G" in settings
    assert "-echo " in settings
    assert "columns 90" in settings
    shell.send_signal("USR1")
    shell.channel.send_signal("canary@example.com")
    shell.channel.send_break(250)
    shell.stdin.write("\x07")
    await shell.wait()
    shell.get_extra_info("connection").close()
    track, marks = await told(hospital)
    assert asdict(track.head)["modes"] == {"VINTR": 7, "ECHO": 0}
    assert marks[:2] == ["signal USR1", "break 250 ms"]
    assert "canary" not in "".join(marks)
    (refused,) = await hospital.events("channel:refused")
    assert (refused.fields["kind"], refused.fields["detail"]) == ("signal", "canary@example.com")


async def test_a_cut_stands_in_the_recording_with_who_and_why(hospital, shell):
    await until_said(shell, "ready")
    record = (await hospital.records())[0]
    await hospital.services.supervision.freeze(hospital.staff(hospital.eve), record.id)
    await until_said(shell, "frozen")
    await hospital.services.supervision.cut(hospital.staff(hospital.eve), record.id, "wrong device")
    with pytest.raises(asyncssh.ProcessError):
        await shell.wait(check=True)
    _, marks = await told(hospital)
    assert marks[0].startswith("Eve has frozen your session")
    assert marks[-1] == "Eve has ended the session: wrong device."


@pytest.mark.parametrize(
    ("line", "findings"),
    [("1\\033[1m85 05 78 006 084 91\\033[0m", ("identity_number",)), ("2 85 05 78 006 084 91", ())],
    ids=["with a colour in its midst", "without a valid key"],
)
async def test_a_patient_on_the_screen_marks_the_recording_as_health_data(hospital, line, findings):
    await hospital.grant()
    connection = await connect(hospital)
    await connection.run(f"printf 'patient {line}\\n'", request_pty="force")
    connection.close()
    await connection.wait_closed()
    await hospital.settled()
    (record,) = await hospital.records()
    assert record.screen_findings == findings
    assert [event.fields["findings"] for event in await hospital.events("recording:findings")] == list(findings)
