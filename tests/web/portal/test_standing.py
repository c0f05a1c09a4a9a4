"""R-18: whoever comes to work reads what his company owes for him before it shuts him out, and who can give it."""

from datetime import timedelta

from bastion import clock
from bastion.domain.roster import EVERY, GRACE
from tests.services.house import OPERATOR
from tests.web.portal.test_work import plain

HOME, COMPANY = "/supplier/", "/supplier/company"


def registered_ago(monkeypatch, gone: timedelta) -> None:
    """Look at everything so long after these people were registered, which is what they count as confirmed from."""
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + gone)


async def read_by(comer, person, path: str = HOME) -> str:
    return plain((await (await comer(person)).see(path)).text)


async def test_while_the_word_holds_nothing_is_said_of_it(comer, house, carl):
    for person in (house.alice, carl):
        page = await read_by(comer, person)
        assert "confirm" not in page.lower(), person.login


async def test_a_correspondent_is_reminded_of_his_own_people_and_led_to_the_open_list(comer, house, carl, monkeypatch):
    assert 'id="roster" open' not in (await (await comer(house.alice)).see(COMPANY)).text
    registered_ago(monkeypatch, EVERY - timedelta(days=7))
    page = (await (await comer(house.alice)).see(HOME)).text
    assert "People to confirm 2" in plain(page)
    assert plain(page).count("to be confirmed by") == 2
    assert "Bob" not in page
    assert f'href="{COMPANY}#roster"' in page
    assert 'id="roster" open' in (await (await comer(house.alice)).see(COMPANY)).text
    await house.services.company.confirm(house.technician(), [house.alice.id])
    page = await read_by(comer, house.alice)
    assert "People to confirm 1" in page
    assert "Carl Weber" in page
    await house.services.company.confirm(house.technician(), [carl.id])
    assert "People to confirm" not in await read_by(comer, house.alice)


async def test_a_technician_reads_until_when_and_who_can_prevent_it(comer, house, carl, monkeypatch):
    registered_ago(monkeypatch, EVERY + timedelta(days=1))
    page = await read_by(comer, carl)
    assert "from " in page
    assert "on you are suspended. Who can do it here: Alice Martin." in page
    assert "People to confirm" not in page, "who else the company has is not his to read"
    await house.services.company.name_correspondent(OPERATOR, house.alice.id, named=False)
    assert "Nobody speaks for your company here; ask the hospital." in await read_by(comer, carl)


async def test_who_is_suspended_reads_why(comer, house, carl, monkeypatch):
    registered_ago(monkeypatch, EVERY + GRACE + timedelta(days=1))
    why = "You cannot work here at the moment: the supplier has not confirmed that this person still works for it."
    page = await read_by(comer, carl)
    assert why in page
    assert "Who can do it here: Alice Martin." in page
    speaker = await read_by(comer, house.alice)
    assert why in speaker
    assert speaker.count("suspended since") == 2


async def test_a_long_list_is_told_short(comer, house, carl, monkeypatch):
    for number in range(9):
        form = {"name": f"Person {number}", "login": f"p{number}", "language": "fr", "country": "FR"}
        await (await comer(house.alice)).send(f"{COMPANY}/people/new", **form)
    registered_ago(monkeypatch, EVERY)
    page = await read_by(comer, house.alice)
    assert "People to confirm 11" in page
    assert "and 3 other people" in page
