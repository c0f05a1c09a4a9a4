"""Who hears that a link sets somebody up, and that it was used (R-11)."""

from dataclasses import replace

from bastion.domain.parties import Role, assigned
from bastion.domain.telling import Topic
from bastion.services.webhooks import WebhookForm, webhook_body
from tests.services.house import OPERATOR
from tests.services.occasions import bea_speaks, bea_speaks_by, carl_comes, used
from tests.services.postroom import ADDRESS, heard, letter_to, turn


async def test_R11_whom_a_link_is_for_hears_of_it_at_his_own_address_and_once_more_when_it_is_used(house, tell, box):
    """By whom, and whom to call if it was not he; the link itself is in no mail."""
    bea, carl = await bea_speaks(house), await carl_comes(house)
    link = await house.services.invitations.invite(house.technician(bea), carl.id)
    await turn(tell)
    told = heard(box)
    assert told.pop("carl@acme") == ["A link was made that sets up your access"]
    said = ["A link was made that sets up the access of carl"]
    assert told == {"bea@acme": said, "ruth@chu": said}, "she hears what her account did"
    text = letter_to(box, "carl@acme").get_content()
    assert "Bea Petit" in text
    assert "call the hospital" in text
    assert link not in text
    box.raw.clear()
    await used(house, link)
    await turn(tell)
    assert heard(box) == {"carl@acme": ["Your access was set up"]}, "nothing was replaced: nobody else need know"
    text = letter_to(box, "carl@acme").get_content()
    assert "Bea Petit" in text
    assert "If it was not you, call the hospital at once" in text


async def test_a_french_mail_names_people_as_one_says_their_names(house, tell, box):
    bea, carl = await bea_speaks(house), await carl_comes(house)
    async with house.database.write() as uow:
        await uow.technicians.save(replace(bea, language="fr"))
        await uow.technicians.save(replace(house.alice, language="fr"))
    await house.services.invitations.invite(house.technician(bea), carl.id)
    await house.services.invitations.invite(house.technician(bea), house.alice.id)
    await turn(tell)
    said = [f"Un lien a été créé qui configure l’accès {whose}" for whose in ("de carl", "d’alice")]
    assert sorted(heard(box)["bea@acme"]) == sorted(said)


async def test_R11_that_a_factor_was_replaced_is_told_to_the_group_s_administrators_and_security(house, tell, box):
    group = replace(house.ruth, id="gil", login="gil", email="gil@group", assignments=assigned({Role.SECURITY}, {"*"}))
    async with house.database.write() as uow:
        await uow.staff.add(group)
        await uow.staff.save(replace(house.ruth, assignments=assigned({Role.SECURITY, Role.ADMIN}, {"fac-1"})))
        await uow.staff.save(replace(house.max, assignments=assigned({Role.APPROVER}, {"*"})))
    bea = await bea_speaks_by(house, OPERATOR)
    link = await house.services.invitations.invite(house.technician(bea), house.alice.id)
    await turn(tell)
    await used(house, link)
    await turn(tell)
    said = "Somebody of Acme Imaging has set up his access anew"
    mine = ["A link was made that sets up your access", "Your access was set up"]
    assert heard(box).pop("bea@acme") == ["A link was made that sets up the access of alice"]
    assert {to: said for to, said in heard(box).items() if to != "bea@acme"} == {"a@acme": mine, "gil@group": [said]}
    text = letter_to(box, "gil@group").get_content()
    assert "alice had a password and an authenticator: the link that Bea Petit made replaced them" in text
    assert f"{ADDRESS}/directory/technicians/{house.alice.id}" in text
    event = await house.event("portal:enrolled")
    assert (event.fields["again"], event.fields["invited_by"]) == ("yes", "Bea Petit")


async def test_programs_of_the_group_hear_that_somebody_was_set_up_and_no_name(house, tell):
    topics = frozenset({Topic.TECHNICIAN_INVITED, Topic.TECHNICIAN_ENROLLED})
    for place in ("", "chu"):
        form = WebhookForm(f"SIEM {place}", "https://198.51.100.7/hook", topics, place)
        await house.services.webhooks.register(house.staff(house.ruth), form)
    await used(house, await house.services.invitations.invite(OPERATOR, (await carl_comes(house)).id))
    while await tell.gather():
        pass
    async with house.database.read() as uow:
        rows = await uow.deliveries.search(limit=50)
    hooked = {one.topic: webhook_body(one, ADDRESS) for one in rows if one.channel == "webhook"}
    assert hooked.keys() == topics
    assert len([one for one in rows if one.channel == "webhook"]) == 2, "one of a single hospital hears nothing"
    assert hooked[Topic.TECHNICIAN_ENROLLED]["facts"].keys() == {"supplier", "technician", "at"}
    assert "carl" not in repr(hooked).lower()
