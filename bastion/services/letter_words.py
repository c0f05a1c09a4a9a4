"""The sentences of mails, and which of them tell a delivery. They are few on purpose: what it is about, and no more.

Nothing that a person typed into the bastion stands in a mail, and no secret; the page it leads to asks who reads.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bastion.domain.telling import Delivery, RecipientKind, Topic
from bastion.i18n import N_

YOURS: Final = N_(
    "This link is for you alone: it opens this one request, for {minutes} minutes and until you have decided."
)
PROOF: Final = N_("Deciding there asks for your password and a code. Do not pass the link on.")
OR_SIGN_IN: Final = N_("Or sign in to the console:")
URGENT: Final = N_("URGENT: {subject}")
FOOT: Final = N_("You read this because of your part in the hospital’s bastion. It never asks for a password by mail.")
_WHERE: Final = N_("{supplier} · {device} · {facility}")
_WHERE_ALL: Final = N_("{supplier} · {places}")
WORDS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = MappingProxyType(
    {
        Topic.REQUEST_WAITING: (
            N_("Request {ref} waits for your decision: {device}"),
            (N_("A supplier asks for access to a device."), _WHERE, N_("Read the request and decide here:")),
        ),
        Topic.EMERGENCY_WAITING: (
            N_("URGENT: emergency {ref} waits for your decision: {device}"),
            (N_("A supplier asks for access to a device that cannot wait."), _WHERE, N_("Read it and decide here:")),
        ),
        "more_waiting": (
            N_("{ref}: {more} min more are asked for on {device}, {end} → {later}"),
            (
                N_("More time is asked for under an authorisation that runs already: {end} → {later}."), _WHERE,
                N_("Read the request and decide here:"),
            ),
        ),
        "more_agreed": (
            N_("Request {ref} was agreed to: {device} until {later}"),
            (N_("The hospital agrees to more time: the authorisation runs until {later}. Go on working."), _WHERE),
        ),
        "batch_waiting": (
            N_("{count} requests wait for your decision: {devices}"),
            (
                N_("A supplier asks for access to several devices at once."), _WHERE_ALL,
                N_("Read them and decide on all of them here:"),
            ),
        ),
        "batch_unanswered": (
            N_("{count} requests still wait for a decision: {devices}"),
            (
                N_("Requests for access to several devices have waited {minutes} minutes and nobody has answered."),
                _WHERE_ALL, N_("Read them, decide on them or see who can, here:"),
            ),
        ),
        "request_next": (
            N_("Request {ref} still waits for a decision: {device}"),
            (
                N_("A request for access has waited {minutes} minutes and nobody has answered. Now you are asked."),
                _WHERE,
                N_("Read the request and decide here:"),
            ),
        ),
        Topic.REQUEST_UNANSWERED: (
            N_("Request {ref} still waits for a decision: {device}"),
            (
                N_("A request for access has waited {minutes} minutes. The approvers were told first."), _WHERE,
                N_("See who can decide here:"),
            ),
        ),
        "request_nobody": (
            N_("Request {ref} waits, and nobody can be asked: {device}"),
            (
                N_("A request for access waits. Who decides is away, has no address, or is kept from it by the rules."),
                _WHERE, N_("Find somebody who can decide; read it here:"),
            ),
        ),
        "request_agreed": (
            N_("Request {ref} was agreed to: {device}"),
            (N_("The hospital agrees. Connect as usual; the bastion says until when."), _WHERE),
        ),
        "request_refused": (
            N_("Request {ref} was refused: {device}"),
            (N_("The hospital refuses. Call it if you do not know why."), _WHERE),
        ),
        "request_expired": (
            N_("Request {ref} lapsed, nobody has decided: {device}"),
            (
                N_("Nobody has decided in time; nothing opens by this request. Call the hospital, or ask again."),
                _WHERE,
            ),
        ),
        Topic.REQUEST_WITHDRAWN: (
            N_("Request {ref} was taken back: {device}"),
            (N_("Nothing is left to decide or to wait for: the request was taken back."), _WHERE, N_("Who did it:")),
        ),
        Topic.GRANT_REVOKED: (
            N_("The authorisation {ref} was withdrawn: {device}"),
            (
                N_("What was agreed to for {planned} holds no longer; if a session ran, it was ended."), _WHERE,
                N_("Who withdrew it, and why:"),
            ),
        ),
        "revoked_technician": (
            N_("The authorisation {ref} was withdrawn: {device}"),
            (
                N_("What was agreed to for {planned} holds no longer; if a session ran, it was ended."), _WHERE,
                N_("Do not set out for this work. Who withdrew it and why stands at the suppliers’ entrance."),
            ),
        ),
        Topic.GRANT_GIVEN_BACK: (
            N_("The authorisation {ref} was given back: {device}"),
            (
                N_("What was agreed to for {planned} is not wanted, or no longer: nobody works under it."), _WHERE,
                N_("Who gave it back:"),
            ),
        ),
        Topic.GRANT_UNANSWERED: (
            N_("Nobody answers for patient data any more under {ref}: {device}"),
            (
                N_(
                    "Who was named in what was agreed to for {planned} does not answer for patient data any more: no "
                    "new session opens under it, one that is open goes on."
                ),
                _WHERE,
                N_("What is still wanted is asked for anew, naming somebody who does. The authorisation:"),
            ),
        ),
        "handed_over": (
            N_("The authorisation {ref} was handed over: {device}"),
            (
                N_("A colleague goes on under an authorisation of his own; this one has ended."), _WHERE,
                N_("The request:"),
            ),
        ),
        Topic.QUESTION_ASKED: (
            N_("The hospital asks about request {ref}: {device}"),
            (N_("Somebody of the hospital asks something before deciding."), _WHERE, N_("Read it and answer here:")),
        ),
        "question_technician": (
            N_("The hospital asks about request {ref}: {device}"),
            (
                N_("Somebody of the hospital asks something before deciding."), _WHERE,
                N_("Answer in the terminal where you wait, or at the suppliers’ entrance."),
            ),
        ),
        Topic.QUESTION_ANSWERED: (
            N_("Your question on request {ref} is answered: {device}"),
            (N_("Whoever asked for access has answered you."), _WHERE, N_("Read the answer and decide here:")),
        ),
        Topic.REVIEW_DUE: (
            N_("Emergency {ref} is to be reviewed by {until}: {device}"),
            (
                N_("An emergency was agreed to. Somebody who neither agreed nor called looks at it afterwards."),
                _WHERE, N_("Review it here, once the work is over:"),
            ),
        ),
        Topic.REVIEW_OVERDUE: (
            N_("Emergency {ref} was not reviewed by {until}: {device}"),
            (
                N_("Until somebody reviews it, this supplier cannot ask for another emergency."), _WHERE,
                N_("Review it, or see who can, here:"),
            ),
        ),
        Topic.REPORT_DUE: (
            N_("The report on {ref} is due by {until}: {device}"),
            (
                N_("The work has ended, and nobody has reported on it yet."), _WHERE,
                N_("From that day on, by the usual rules, the company asks for nothing new but emergencies."),
                N_("Write it here:"),
            ),
        ),
        Topic.REPORT_OVERDUE: (
            N_("The report on {ref} is overdue since {until}: {device}"),
            (
                N_("The work has ended, and nobody has reported on it."), _WHERE,
                N_("Until it is written, by the usual rules, the company asks for nothing new but emergencies."),
                N_("Write it here:"),
            ),
        ),
        Topic.REPORT_WRITTEN: (
            N_("The intervention {ref} is reported on: {device}"),
            (N_("The supplier has reported on its work."), _WHERE, N_("The report:")),
        ),
        Topic.WINDOW_WAITING: (
            N_("Maintenance window {ref} waits for your agreement: {device}"),
            (
                N_("Somebody proposes times that come again, in which a supplier may work on a device."), _WHERE,
                N_("Read it and agree, or end it, here:"),
            ),
        ),
        Topic.WINDOW_ENDED: (
            N_("Maintenance window {ref} has ended: {device}"),
            (
                N_("Somebody has ended it before its last day; nobody is expected by it any more."), _WHERE,
                N_("Who ended it, and why:"),
            ),
        ),
        "window_contract": (
            N_("Maintenance window {ref} has ended with a contract: {device}"),
            (
                N_("No contract runs any more of the supplier who would come, so the device need not be kept free."),
                _WHERE,
                N_("A new contract does not bring the window back: whoever is to come again is proposed anew."),
                N_("The window:"),
            ),
        ),
        Topic.RIGHTS_DUE: (
            N_("Access rights are to be reviewed by {until}"),
            (
                N_("A review of access rights is under way. Lines that nobody has decided yet: {count}"),
                N_("What nobody confirms in time is suspended then: roles of staff, people of suppliers, windows."),
                N_("Confirm or withdraw what is yours to review here:"),
            ),
        ),
        Topic.PAPER_ENDING: (
            N_("A paper of {supplier} ends on {until}"),
            (
                N_("A paper that the hospital keeps of this supplier ends, and nothing follows it."),
                N_("Without a paper that is required, nobody of the company can work."),
                N_("Which one, and what is required:"),
            ),
        ),
        Topic.ROSTER_OVERDUE: (
            N_("{supplier} has not confirmed its people"),
            (
                N_("A supplier says at regular intervals who still works for it. People not confirmed: {count}."),
                N_("Whoever is not confirmed by {until} is suspended then."), N_("The list:"),
            ),
        ),
        Topic.SUBCONTRACTOR_DECLARED: (
            N_("{supplier} has declared a subcontractor"),
            (
                N_("The hospital may object until {until}; silence allows its people to work."),
                N_("Security and administrators of the whole group can object. Read who it is here:"),
            ),
        ),
        Topic.FILE_HELD: (
            N_("A file waits in the release desk: {device}"),
            (N_("Files of a session are held until somebody decides."), _WHERE, N_("Release or refuse them here:")),
        ),
        Topic.SESSION_BEGUN: (
            N_("Somebody is at work on {device}"),
            (N_("The session you agreed to has begun."), _WHERE, N_("Follow or stop it here:")),
        ),
        "session_unwatched": (
            N_("Somebody must follow the session on {device}"),
            (N_("The technician waits until somebody of the hospital follows."), _WHERE, N_("Follow it here:")),
        ),
        Topic.SESSION_ENDED: (
            N_("The work on {device} has ended"),
            (N_("The session you agreed to has ended."), _WHERE, N_("How it ended:")),
        ),
        Topic.TECHNICIAN_INVITED: (
            N_("A link was made that sets up your access"),
            (
                N_("{who} has made a link that sets your password, authenticator and key at the hospital anew."),
                N_("It works once, until {until}, and comes to you from that person, never by this mail."),
                N_("If you did not expect it, call the hospital: whoever uses the link works under your name."),
            ),
        ),
        Topic.TECHNICIAN_ENROLLED: (
            N_("Your access was set up"),
            (
                N_("Your password and authenticator at the hospital were set by the link that {who} made ({at})."),
                N_("If it was not you, call the hospital at once: somebody can work under your name."),
            ),
        ),
        "invited_by_company": (
            N_("A link was made that sets up the access of {login}"),
            (
                N_("{who} of {supplier} has made a link that sets password, authenticator and key of {login} anew."),
                N_("It works once, until {until}. If nobody expects it, call that person, or close the account."),
            ),
        ),
        Topic.ADDRESS_CHANGED: (
            N_("Your mail address was changed"),
            (
                N_("{who} has changed the address at which the hospital’s bastion writes to you ({at})."),
                N_("If it was not agreed with you, call the hospital: somebody may want to work under your name."),
            ),
        ),
        "address_of": (
            N_("The mail address of {login} was changed"),
            (
                N_("{who} has changed it ({at}). The person is told at the address before, for a month."),
                N_("Whoever has the new address reads what is meant for that person. If nobody expects it, ask them."),
            ),
        ),
        "enrolled_again": (
            N_("Somebody of {supplier} has set up his access anew"),
            (
                N_("{login} had a password and an authenticator: the link that {who} made replaced them ({at})."),
                N_("If nothing was lost, somebody else may have used the link. Ask the person, or close the account:"),
            ),
        ),
        "cut": (
            N_("Access was cut"),
            (N_("Sessions were ended and none can open until somebody lifts the cut."), N_("Who cut what, and why:")),
        ),
        "cut_lifted": (
            N_("A cut was lifted"),
            (N_("New sessions can open again."), N_("What is still cut:")),
        ),
        Topic.DEVICE_CHANGED: (
            N_("{device} shows another identity"),
            (
                N_("The bastion did not connect: the device may have been replaced, or somebody sits in between."),
                _WHERE, N_("Compare the identities before you confirm a new one:"),
            ),
        ),
        Topic.RECORDING_TROUBLE: (
            N_("Recordings are in trouble"),
            (N_("A recording failed or is damaged. Without a recording no session opens."), N_("What happened:")),
        ),
        Topic.DIGEST: (
            N_("The bastion’s day in numbers"),
            (
                N_("Requests made: {asked}"), N_("Requests agreed to: {agreed}"), N_("Requests refused: {refused}"),
                N_("Sessions: {sessions}"), N_("Files held: {held}"), N_("Alarms: {alarms}"),
                N_("Requests that wait now: {waiting}"), N_("Files that wait now: {desk}"),
                N_("Emergencies still to be reviewed: {reviews}"),
                N_("Access rights still to be reviewed: {rights}"),
                N_("Hospitals without a review of access rights begun for half a year: {unbegun}"),
                N_("Messages that could not be delivered: {undelivered}"),
                N_("The console:"),
            ),
        ),
    }
)  # fmt: skip


def variant(delivery: Delivery) -> str:
    """Which of the wordings of its topic a delivery has."""
    outcome, ring = delivery.facts.get("outcome", ""), delivery.facts.get("ring", "security")
    theirs = delivery.recipient_kind is RecipientKind.TECHNICIAN
    if "places" in delivery.facts:
        return "batch_waiting" if delivery.topic is Topic.REQUEST_WAITING else "batch_unanswered"
    agreed, waits = ("more_agreed", "more_waiting") if "more" in delivery.facts else ("request_agreed", "")
    nobody = "request_nobody" if delivery.facts.get("minutes") == "0" else ""
    unanswered = nobody if ring == "security" else "request_next"
    special = {
        Topic.REQUEST_WAITING: waits,
        Topic.REQUEST_DECIDED: {"agreed": agreed, "expired": "request_expired"}.get(outcome, "request_refused"),
        Topic.REQUEST_UNANSWERED: unanswered,
        Topic.QUESTION_ASKED: "question_technician" if theirs else "",
        Topic.GRANT_REVOKED: "handed_over" if outcome == "handed_over" else "revoked_technician" if theirs else "",
        Topic.WINDOW_ENDED: "window_contract" if outcome == "contract" else "",
        Topic.TECHNICIAN_ENROLLED: "" if delivery.to_himself else "enrolled_again",
        Topic.TECHNICIAN_INVITED: "" if delivery.to_himself else "invited_by_company",
        Topic.ADDRESS_CHANGED: "" if delivery.to_himself else "address_of",
        Topic.ACCESS_CUT: "cut_lifted" if outcome == "lifted" else "cut",
        Topic.SESSION_BEGUN: "session_unwatched" if outcome == "unwatched" else "",
    }
    return special.get(delivery.topic) or delivery.topic
