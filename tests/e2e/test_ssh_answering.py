"""R-38: whoever answers for patient data is retired while a technician is at work: real clients, a real device."""

from bastion.domain.access_request import InterventionKind
from bastion.services.drafts import RequestDraft
from tests.e2e.world import OPERATOR
from tests.services.professionals import LABEL, ROUX, needing

SAYS = f"{LABEL} does not answer for patient data any more: nothing opens under this authorisation."


async def needed(hospital) -> None:
    """Alice may work with patient data for an hour."""
    draft = RequestDraft(
        hospital.device.code, InterventionKind.TELEMAINTENANCE, "replace the tube", 60, "WO-1",
        notice_accepted=True, plan=needing(),
    )  # fmt: skip
    await hospital.approve(await hospital.services.access.request(hospital.alice.actor, draft))


async def test_a_live_session_goes_on_nothing_new_opens_and_the_terminal_leads_through_asking_anew(hospital, screens):
    one = await hospital.services.professionals.add(OPERATOR, ROUX)
    await needed(hospital)
    live = screens(hospital.screen())
    live.send("PS1='rea''dy> '\r")
    await live.expect("ready> ")
    await hospital.services.professionals.retire(OPERATOR, one.id)
    live.send("echo still''here\r")
    await live.expect("stillhere\r\n")
    await hospital.forget_codes()
    refused = await hospital.ssh("id")
    assert refused.status != 0
    assert SAYS in " ".join(refused.says.split())
    assert "uid=" not in refused.says
    await hospital.forget_codes()
    again = screens(hospital.screen())
    await again.expect("Reason")
    assert SAYS in " ".join(again.seen.decode().split())
    live.send("exit\r")
    assert await live.ended() == 0
    assert len(await hospital.records()) == 1
