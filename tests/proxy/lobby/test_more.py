"""What few requests say is asked of whoever says that there is more, and of nobody else (R-25, R-42)."""

import asyncio
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bastion import clock
from bastion.domain.access_request import InterventionKind
from bastion.domain.announced_file import AnnouncedFile
from bastion.domain.emergency import Call
from bastion.domain.work_plan import PLAIN
from bastion.errors import Conflict, DeviceNotReady, Locked, NotFound, PolicyRefused
from bastion.proxy.lobby.lists import MOST_TOLD
from bastion.proxy.lobby.more import DEVICES, FILES, HOW, NO_SUCH, PEOPLE, STEPS
from bastion.proxy.lobby.plan import KEEPS
from bastion.services.drafts import ONE_DEVICE
from tests.proxy.lobby.test_screens import item
from tests.proxy.lobby.test_usual import ONE

HASH = "3b" * 32
OTHER = "4C" * 32
BEGIN, END = "update it\r2+\r1\r1\r", "WO-7\r45\ryes\r"
"""Up to patient data, and from the work order on: in between stand devices, people, files, steps."""


@pytest.fixture
def play(play):
    play.desk.items = (item(), item("mri-2"), item("us-3"))
    return play


async def sent(play, typing, **how):
    play.start(typing=typing, **how)
    await play.shows("is with the hospital")
    return play.desk.drafts[-1]


async def test_whoever_has_no_more_to_say_is_asked_nothing_more(play):
    said = await sent(play, "update it\r2\r1\r1\rWO-7\r45\ryes\r")
    assert (said.announced, said.plan.people, said.plan.procedure, play.desk.others) == ((), (), "", ())
    assert not [question for question in (HOW, DEVICES, PEOPLE, FILES, STEPS) if question.strip() in play.screen]
    assert "Add + to say more, e.g. 2+: other devices, people, files you will bring, steps." in play.screen


async def test_all_of_it_is_said_a_line_each(play):
    more = f"mri-2\rUS-3\r\rBob Martin\rcarla; dan\r\r{HASH}  update.bin\r{OTHER} *C:\\kit\\b.zip\r\r"
    said = await sent(play, "update it\r2+\rviewing\r1\r" + more + "1. save\r2. update\r\r" + END)
    assert play.desk.others == ("mri-2", "us-3")
    assert said.plan.people == ("Bob Martin", "carla", "dan")
    assert said.announced == (AnnouncedFile("update.bin", 0, HASH), AnnouncedFile("b.zip", 0, OTHER.lower()))
    assert (said.plan.procedure, said.plan.keeps) == ("1. save\n2. update", "viewing")
    assert (said.device_code, said.work_order, said.minutes) == ("ct-01", "WO-7", 45)
    assert "Noted (2): mri-2, us-3 " in play.screen
    assert "Noted (2): update.bin, b.zip " in play.screen


async def test_an_empty_line_leaves_each_of_it_out(play):
    said = await sent(play, BEGIN + "\r\r\r\r" + END)
    assert (said.announced, said.plan, play.desk.others) == ((), PLAIN, ())
    assert "Noted" not in play.screen


@pytest.mark.parametrize("answer", ["+", "2+", "2 +", "+2"])
async def test_a_plus_alone_says_more_of_the_usual_kind(play, answer):
    play.start(typing=f"update it\r{answer}\r1\r")
    if answer == "+2":
        await play.shows("Please answer 1, 2, 3 or 4.")
    else:
        await play.shows(KEEPS.strip())


async def test_an_emergency_with_more_to_say_names_whom_they_spoke_to(play):
    said = await sent(play, "scanner down\r2u+\rDr Roux\rBob\r4512\r1\r1\r\r\r\r\r" + END)
    assert (said.emergency, said.kind) == (Call("Dr Roux", "Bob", "4512"), InterventionKind.TELEMAINTENANCE)


async def test_software_is_asked_once_what_stays_usable(play):
    said = await sent(play, "new version\r4+\rviewing\rNAS\r\rrestore it\r1\r\r\r\r\r" + END)
    assert play.screen.count(KEEPS.strip()) == 1
    assert said.plan.keeps == "viewing"


# -- devices -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("answer", ["mri-2, us-3", "us-3;mri-2", "1 2", "?\rmri-2 US-3 mri-2 ct-01"])
async def test_devices_are_named_by_code_or_by_number(play, answer):
    await sent(play, BEGIN + f"{answer}\r\r\r\r\r" + END)
    assert sorted(play.desk.others) == ["mri-2", "us-3"]
    assert ("Your devices:" in play.screen) == ("?" in answer)


async def test_T33_a_device_of_another_company_is_answered_as_one_that_is_none(play):
    """Nothing is asked of the services about it: what he may know is the list of his own."""
    await sent(play, BEGIN + "of-bob\rno-such\r\r\r\r\r\r" + END)
    shown = play.screen.replace("of-bob", "no-such")
    assert shown.count(f"“no-such”: {NO_SUCH}") == 2
    assert "Lines not taken: 2." in play.screen
    assert play.desk.others == ()
    assert not [line for line in play.desk.log if "of-bob" in line or "no-such" in line]


async def test_more_than_ten_devices_are_too_many(play):
    play.desk.items = (item(), *(item(f"us-{n}") for n in range(20, 31)))
    await sent(play, BEGIN + " ".join(f"us-{n}" for n in range(20, 31)) + "\r\r\r\r\r\r" + END)
    assert "Ask for 10 devices at most at once." in play.screen
    assert play.desk.others == ()


async def test_whoever_has_one_device_or_names_an_account_is_asked_for_no_other(play):
    play.desk.items = (item("CT-01"),)
    await sent(play, BEGIN + "\r\r\r" + END)
    assert DEVICES.strip() not in play.screen


async def test_with_an_account_he_is_told_why_he_is_asked_for_no_other(play):
    play.start(account="service", typing=BEGIN)
    await play.shows(ONE_DEVICE)
    await play.shows(PEOPLE.strip())
    assert DEVICES.strip() not in play.screen


async def test_the_time_allowed_is_that_of_the_strictest_device(play):
    play.desk.longest_of = {"ct-01": timedelta(hours=4), "mri-2": timedelta(hours=1), "us-3": None}
    said = await sent(play, BEGIN + "mri-2 us-3\r\r\r\r\rWO-7\r2h\r50\ryes\r")
    assert "allow 1 h at most" in play.screen
    assert said.minutes == 50


@pytest.mark.parametrize("problem", [DeviceNotReady("x", device="mri-2"), Locked(why="ransomware"), NotFound("x")])
async def test_what_stands_in_the_way_of_another_device_can_be_left_out(play, problem):
    play.desk.refusal, play.desk.longest_of = problem, {"mri-2": problem}
    play.start(typing=BEGIN + "mri-2\r\r\r\r\r" + END)
    await play.shows("Change the request and send it again?")
    play.desk.refusal = None
    play.type("yes\r" + "\r\r\r\r" + "-\r\r\r\r" + "\r\r")
    await play.shows("is with the hospital")
    assert play.desk.others == ()


async def test_what_stands_in_the_way_of_the_device_itself_ends_it(play):
    play.desk.refusal = Locked(why="ransomware")
    play.start(typing=BEGIN + "\r\r\r\r" + END)
    with pytest.raises(Locked):
        await play.result()


# -- files -------------------------------------------------------------------------------------------------------------
BAD = [
    "update.bin", HASH, f"{HASH[1:]} short.bin", f"{HASH}x long.bin", f"{HASH} dir/", "x" * 600, "a\x00b", "\x1b[2J",
    f"{HASH}  {'n' * 401}", "zz" * 32 + "  name",
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD)
async def test_each_bad_line_is_said_in_a_sentence_and_the_good_ones_stay(play, bad):
    lines = f"{HASH}  first.bin\r{bad}\r{OTHER}  last.bin\r\r\r"
    said = await sent(play, BEGIN + "\r\r" + lines + "\r" + END)
    assert [file.name for file in said.announced] == ["first.bin", "last.bin"]
    assert "Lines not taken: 1. Type them again, or press Enter to go on without them." in play.screen
    assert play.screen.count("Noted (2): first.bin, last.bin") == 1
    assert "\x1b[2J" not in play.screen


async def test_a_bad_line_is_typed_again_before_it_ends(play):
    lines = f"{HASH} first.bin\rlast.bin\r\rlast.bin {OTHER}\r\r"
    said = await sent(play, BEGIN + "\r\r" + lines + "\r" + END)
    assert [file.name for file in said.announced] == ["first.bin", "last.bin"]
    assert "“last.bin”: Write one file per line: its SHA-256 (64 characters, 0–9 and a–f)" in play.screen


async def test_a_long_paste_of_what_is_no_list_ends_in_a_count(play):
    await sent(play, BEGIN + "\r\r" + "no such thing\r" * 400 + "\r\r\r" + END)
    assert play.screen.count("Write one file per line") == MOST_TOLD
    assert "Lines not taken: 400." in play.screen
    assert play.desk.drafts[-1].announced == ()


async def test_too_many_files_are_too_many(play):
    lines = "".join(f"{n:064x}  {n}.bin\r" for n in range(1, 203))
    said = await sent(play, BEGIN + "\r\r" + lines + "\r\r\r" + END)
    assert len(said.announced) == 200
    assert play.screen.count("Announce 200 files at most.") == 2
    assert "Noted (200): 1.bin, 2.bin, 3.bin, 4.bin, 5.bin…" in play.screen


async def test_what_is_said_twice_counts_once(play):
    said = await sent(play, BEGIN + f"\rBob\rBob ; Bob\r\r{HASH} a\r{HASH.upper()} a\r\r\r" + END)
    assert (said.plan.people, len(said.announced)) == (("Bob",), 1)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("\r" + "x" * 201, "This text is too long: 200 characters at most."),
        ("\r" + ";".join(f"p{n}" for n in range(21)), "Name 20 people at most."),
        ("\r\r\r" + "\r".join("s" * 450 for _ in range(5)), "This text is too long: 2000 characters at most."),
    ],
)
async def test_people_and_steps_have_their_limits(play, typed, sentence):
    play.start(typing=BEGIN + typed + "\r")
    await play.shows(sentence)


# -- again -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("problem", [PolicyRefused(why="only by day."), Conflict("x", sentence="One waits already.")])
async def test_what_was_refused_keeps_all_of_it_and_a_dash_leaves_it_out(play, problem):
    play.desk.refusal = problem
    play.start(typing=BEGIN + f"mri-2\r\rBob\r\r{HASH} a.bin\r\r1. save\r2. update\r\r" + END)
    await play.shows("Change the request and send it again?")
    play.type("yes\r" + "\r" * 4 + "\r" * 4 + "\r\r")
    async with asyncio.timeout(30):
        while len(play.desk.drafts) < 2:
            await asyncio.sleep(0.005)
    first, second = play.desk.drafts
    assert second == first
    assert play.desk.others == ("mri-2",)
    for kept in ("mri-2", "Bob", "a.bin", "1. save, 2. update"):
        assert f"Enter keeps what you said: “{kept}”. A single - leaves it out." in play.screen
    play.desk.refusal = None
    play.type("yes\r" + "\r2\r\r\r" + "-\r-\r-\r-\r" + "\r\r")
    await play.shows("is with the hospital")
    third = play.desk.drafts[-1]
    assert (third.announced, third.plan.people, third.plan.procedure, play.desk.others) == ((), (), "", ())


async def test_the_steps_of_a_usual_request_stay_word_for_word_or_are_others(play):
    play.desk.templates = (ONE,)
    said = await sent(play, "1\r\r4+\r\r\r\r\r\r" + "\r\r\r\r" + "\r\ryes\r")
    assert said.plan.procedure == ONE.plan.procedure
    assert "Enter keeps what is usual: “1. save, 2. [2Jupdate”. A single - leaves it out." in play.screen


async def test_the_steps_of_a_usual_request_can_be_others(play):
    play.desk.templates = (ONE,)
    said = await sent(play, "1\r\r4+\r\r\r\r\r\r" + "\r\r\rquite another\r\r" + "\r\ryes\r")
    assert said.plan.procedure == "quite another"


# -- a backup that is still to be made ---------------------------------------------------------------------------------
async def test_R43_a_backup_may_be_made_just_before_the_work(play):
    day = (clock.now() + timedelta(days=2)).date().isoformat()
    typed = f"new version\r4\r2\rNAS\r{day[:7]}-32 21:00\r{day} 21:00\rrestore it\r1\r\r1h {day} 22:00\ryes\r"
    said = await sent(play, typed)
    assert "There is no such day or hour." in play.screen
    saved = said.plan.backup_at.astimezone(ZoneInfo("Europe/Paris"))
    assert saved.isoformat(sep=" ").startswith(f"{day} 21:00")
    assert said.start - said.plan.backup_at == timedelta(hours=1)
