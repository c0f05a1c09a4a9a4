"""All that a request can say, said from a real terminal: files as `sha256sum` prints them, people, several devices."""

import asyncio
import os
import subprocess

import pytest

from bastion.domain.announced_file import AnnouncedFile
from bastion.proxy.lobby.lists import NOTED
from bastion.services.directory import SupplierForm
from bastion.services.inventory import DeviceForm
from tests.e2e.world import OPERATOR
from tests.services.professionals import a_professional

pytestmark = pytest.mark.timed
DEVICES = "The same on other devices"
PEOPLE = "Who takes part besides you"
FILES = "Files you will bring"
STEPS = "What you will do, step by step"


@pytest.fixture
async def ward(hospital):
    """A second device of the same company, and one of another."""
    await hospital.simulated_device(lambda process: process.exit(0), "us-3")
    await hospital.services.directory.save_supplier(OPERATOR, SupplierForm("bobs", "Bobs", ("127.0.0.0/8",)))
    await hospital.services.inventory.save_device(OPERATOR, DeviceForm("bob-1", "Bob's", "chu", ("bobs",), 2, "", ""))
    return hospital


@pytest.fixture
async def asking(ward, screens):
    """A technician who has said that there is more to say, at the first of it."""
    screen = screens(ward.screen(name="alice+ct-01"))
    await answer(screen, "Reason", "new version\r")
    await answer(screen, "Number (Enter for 2):", "2+\r")
    await answer(screen, "What stays usable", "viewing\r")
    await answer(screen, "Patient data", "1\r")
    return screen


async def answer(screen, question, typed):
    await screen.expect(question)
    await asyncio.to_thread(os.write, screen._master, typed.encode() if isinstance(typed, str) else typed)


async def finish(screen, *, order="WO-7\r"):
    await answer(screen, "Work order", order)
    await answer(screen, "How long", "45\r")
    await answer(screen, "Do you accept?", "yes\r")
    await screen.expect("is with the hospital")


async def waiting(world):
    views = await world.services.asked.pending(world.staff(world.eve))
    return {view.device.code: view.request for view in views}


def hashed(folder, **files):
    """What the real program prints of files that are really there."""
    for name, content in files.items():
        (folder / name).write_text(content)
    return subprocess.run(["sha256sum", *files], cwd=folder, capture_output=True, text=True, check=True).stdout


async def test_R25_all_of_it_is_said_at_the_terminal_and_the_session_opens_there(ward, asking, tmp_path):
    printed = hashed(tmp_path, update="6.2", licence="abc").replace("\n", "\r")
    await answer(asking, DEVICES, "us-3\r\r")
    await asking.expect(NOTED.format(count=1, what="us-3"))
    await answer(asking, PEOPLE, "Bob Martin\rcarla\r\r")
    await answer(asking, FILES, printed + "\r")
    await asking.expect(NOTED.format(count=2, what="update, licence"))
    await answer(asking, STEPS, "1. save\r2. update\r\r")
    await finish(asking)
    both = await waiting(ward)
    assert set(both) == {"ct-01", "us-3"}
    for one in both.values():
        assert (one.plan.people, one.plan.procedure, one.plan.keeps) == (
            ("Bob Martin", "carla"), "1. save\n2. update", "viewing",
        )  # fmt: skip
        assert one.announced == tuple(AnnouncedFile(n, 0, h) for h, n in map(str.split, printed.split("\r")[:2]))
        assert (one.work_order, one.batch_id) == ("WO-7", both["ct-01"].batch_id)
    assert both["ct-01"].batch_ref
    await asking.expect(f"under the reference {both['ct-01'].batch_ref}; “w” withdraws")
    await ward.approve(both["us-3"], 45)
    await ward.approve(both["ct-01"], 45)
    await asking.expect("Agreed until ")
    await answer(asking, "# ", "echo on''device; exit\r")
    await asking.expect("ondevice")
    await asking.ended()
    assert {r.device_id for r in await ward.records()} == {both["ct-01"].device_id}


async def test_w_takes_back_the_one_that_is_waited_for_and_no_other(ward, asking):
    await answer(asking, DEVICES, "us-3\r\r\r\r\r")
    await finish(asking)
    asking.send("w\r")
    await asking.expect("The request is withdrawn.")
    await asking.ended()
    assert set(await waiting(ward)) == {"us-3"}


async def test_T33_a_device_of_another_company_does_not_exist(ward, asking):
    await answer(asking, DEVICES, "bob-1\rno-such\r")
    told = [await asking.expect(f"“{code}”: There is no such device in the list.\r\n") for code in ("bob-1", "no-such")]
    assert told[1] == ""
    asking.send("\r\r\r\r\r")
    await finish(asking)
    assert set(await waiting(ward)) == {"ct-01"}


HASH = "3b" * 32
TEXT, LONG = "holds bytes that are no text", "too long: 500 characters at most"


@pytest.mark.parametrize(
    ("pasted", "sentence"),
    [
        (b"y" * 100_000, LONG), (b"up\0date " + HASH.encode(), TEXT), (b"\x1b[2J" + HASH.encode() + b" x", TEXT),
        (b"\x1b]0;owned\x07" + HASH.encode() + b" x", TEXT), (HASH.encode() + b" caf\xe9", TEXT),
        (b"not a hash", "Write one file per line"), (HASH.encode(), "Write one file per line"),
    ],
)  # fmt: skip
async def test_what_is_pasted_and_is_no_file_gets_its_sentence_and_the_others_stay(ward, asking, pasted, sentence):
    await answer(asking, DEVICES, "\r\r")
    await answer(asking, FILES, f"{HASH}  update.bin\r".encode() + pasted + b"\r\r")
    said = await asking.expect("Lines not taken: 1.")
    assert sentence in " ".join(said.split()), said
    assert "\x1b" not in said
    assert "\0" not in said
    asking.send("\r\r")
    await finish(asking)
    (one,) = (await waiting(ward)).values()
    assert one.announced == (AnnouncedFile("update.bin", 0, HASH),)


@pytest.mark.parametrize(
    "question", ["Reason", "What stays", "Patient data", "Work order", "How long", "Do you accept?"]
)
@pytest.mark.parametrize("pasted", [b"x" * 100_000, b"\0" * 100, b"\x1b[2Jx"])
async def test_every_question_says_so_and_is_asked_again(hospital, screens, question, pasted):
    screen = screens(hospital.screen())
    typed = {
        "Reason": "tube\r", "Number (Enter for 2):": "1\r", "What stays": "2\r", "Patient data": "1\r",
        "Work order": "WO-7\r", "How long": "45\r", "Do you accept?": "yes\r",
    }  # fmt: skip
    for asked, said in typed.items():
        if asked == question:
            await answer(screen, asked, pasted + b"\r")
            await screen.expect("Nothing of")
        await answer(screen, asked, said)
    await screen.expect("is with the hospital")
    (one,) = (await waiting(hospital)).values()
    assert (one.reason, one.work_order, int(one.wanted.total_seconds())) == ("tube", "WO-7", 45 * 60)


@pytest.mark.parametrize("cols", [40, 80])
async def test_no_word_is_broken_on_a_narrow_screen_in_french(ward, screens, cols):
    chantal = await ward.person("chantal", "fr")
    await a_professional(ward)
    screen = screens(ward.screen(name="chantal+ct-01", who=chantal, cols=cols))
    typed = {
        "Motif": "tube\r", "Numéro (Entrée pour 2)": "4u+\r", "appelé": "Dr Roux\r", "parlé": "\r", "rappeler": "\r",
        "utilisable": "1\r", "sauvegarde de sa": "NAS\r", "remonte": "\r", "revenez": "restore\r",
        "patients": "3\r", "répond": "1\r", "Pourquoi": "a real image\r", "dispositifs": "?\rbob-1\r\r\r",
        "Qui participe": "\r", "Fichiers": "no file\r\r\r", "étape par": "\r", "Bon de": "\r", "Durée": "45\r",
    }  # fmt: skip
    for asked, said in typed.items():
        await answer(screen, asked, said)
    await screen.expect("Acceptez-vous")
    answers = {line for said in typed.values() for line in said.split("\r") if line}
    for line in screen.seen.decode().split("Vous n’avez pas")[1].split("\r\n"):
        ours = next((line.removesuffix(said) for said in answers if line.endswith(f": {said}")), line)
        assert len(ours) <= cols, ours
