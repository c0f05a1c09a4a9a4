"""What a form of the console or of the suppliers' entrance does, a program can do: form by form, or why not."""

import pytest

from web.api.guards import API_GUARDS, SUPPLIER_API_GUARDS
from web.guards import GUARDS
from web.portal.guards import PORTAL_GUARDS, PREFIX

IN_PERSON = "What proves who somebody is, is shown and changed by the person himself, in a browser."
SESSION = "It is about the browser's own session."
MAILED = "It is the way of somebody who got a mail and has no token; a program decides on the request itself."
ONE_FORM = "It fills in a form; the call before it gives a program the same facts."

D = "/directory"
STAFF_FORMS = {
    "/account/language": "PUT /me/language",
    "/account/mails": "PUT /me/mails",
    "/account/tokens/{ident}/revoke": "DELETE /tokens/{ident}",
    "/reviews/{ident}/lines/{line}/withdraw": "POST /reviews/{ident}/decide",
    "/desk/{ident}/refuse": "POST /files/{ident}/refuse",
    "/desk/{ident}/release": "POST /files/{ident}/release",
    f"{D}/devices/new": "POST /devices",
    f"{D}/devices/{{ident}}/edit": "PUT /devices/{ident}",
    f"{D}/devices/{{ident}}/account": "POST /devices/{ident}/accounts",
    f"{D}/devices/{{ident}}/endpoint": "POST /devices/{ident}/endpoints",
    f"{D}/devices/{{ident}}/endpoint/withdraw": "POST /endpoints/{ident}/withdraw",
    f"{D}/devices/{{ident}}/account/withdraw": "POST /accounts/{ident}/withdraw",
    f"{D}/devices/{{ident}}/scan": "POST /endpoints/{ident}/scan",
    f"{D}/devices/{{ident}}/pin": "POST /endpoints/{ident}/pin",
    f"{D}/devices/{{ident}}/derogations": "POST /devices/{ident}/derogations",
    f"{D}/devices/{{ident}}/derogations/{{derogation}}/withdraw": "POST /derogations/{ident}/withdraw",
    f"{D}/facilities/new": "POST /facilities",
    f"{D}/facilities/{{ident}}": "PUT /facilities/{ident}",
    f"{D}/import": "POST /imports/{register}",
    f"{D}/import/{{ident}}": "POST /imports/{register}/apply",
    f"{D}/papers": "PUT /paper-rules/{kind}",
    f"{D}/staff/new": "POST /staff",
    f"{D}/staff/{{ident}}": "PUT /staff/{ident}",
    f"{D}/staff/{{ident}}/invite": "POST /staff/{ident}/invite",
    f"{D}/suppliers/new": "POST /suppliers",
    f"{D}/suppliers/{{ident}}": "PUT /suppliers/{ident}",
    f"{D}/suppliers/{{ident}}/papers": "POST /suppliers/{ident}/papers",
    f"{D}/suppliers/{{ident}}/papers/{{paper}}/withdraw": "POST /papers/{ident}/withdraw",
    f"{D}/suppliers/{{ident}}/roster": "POST /suppliers/{ident}/roster",
    f"{D}/suppliers/{{ident}}/subcontractors": "POST /suppliers/{ident}/subcontractors",
    f"{D}/suppliers/{{ident}}/subcontractors/{{sub}}/end": "POST /subcontractors/{ident}/end",
    f"{D}/suppliers/{{ident}}/subcontractors/{{sub}}/object": "POST /subcontractors/{ident}/object",
    f"{D}/technicians/new": "POST /technicians",
    f"{D}/technicians/{{ident}}/edit": "PUT /technicians/{ident}",
    f"{D}/technicians/{{ident}}/correspondent": "PUT /technicians/{ident}/correspondent",
    f"{D}/technicians/{{ident}}/invite": "POST /technicians/{ident}/invite",
    f"{D}/technicians/{{ident}}/keys": "POST /technicians/{ident}/keys",
    f"{D}/technicians/{{ident}}/keys/{{key}}/remove": "DELETE /technicians/{ident}/keys/{key}",
    f"{D}/technicians/{{ident}}/leave": "POST /technicians/{ident}/leave",
    f"{D}/technicians/{{ident}}/tokens/{{token}}/revoke": "DELETE /technicians/{ident}/tokens/{token}",
    f"{D}/technicians/{{ident}}/totp": "POST /technicians/{ident}/totp",
    f"{D}/templates/new": "POST /templates",
    f"{D}/templates/{{ident}}/edit": "PUT /templates/{ident}",
    f"{D}/templates/{{ident}}/retire": "POST /templates/{ident}/retire",
    f"{D}/undertaking": "POST /undertakings",
    "/messages/gmao": "PUT /gmao",
    "/messages/gmao/{ident}/remove": "DELETE /gmao/{ident}",
    "/messages/webhooks": "POST /webhooks",
    "/messages/webhooks/{ident}/remove": "DELETE /webhooks/{ident}",
    "/recordings/{ident}/download": "POST /recordings/{ident}/cast",
    "/requests/new": "POST /requests",
    "/requests/forecast": "GET /forecast",
    "/requests/fill": "GET /device-templates/{device}",
    "/requests/{ident}/refuse": "POST /requests/{ident}/deny",
    "/requests/{ident}/approve-all": "POST /batches/{ident}/approve",
    "/requests/{ident}/refuse-all": "POST /batches/{ident}/deny",
    "/requests/{ident}/withdraw-all": "POST /batches/{ident}/withdraw",
    f"{D}/professionals": "POST /professionals",
    f"{D}/professionals/{{ident}}/retire": "POST /professionals/{ident}/retire",
    "/standins/absences": "POST /absences",
    "/standins/absences/{ident}/withdraw": "POST /absences/{ident}/withdraw",
    "/standins/delegations": "POST /delegations",
    "/standins/delegations/{ident}/revoke": "POST /delegations/{ident}/revoke",
    "/windows/new": "POST /windows",
}
"""Forms that are called otherwise than their call; those of the same name need no line."""
STAFF_WITHOUT = {
    "/account/password": IN_PERSON, "/account/tokens": IN_PERSON, "/setup": IN_PERSON, "/setup/finish": IN_PERSON,
    "/sign-in": SESSION, "/sign-out": SESSION,
    "/decide": MAILED, "/decide/ask": MAILED, "/decide/agree": MAILED, "/decide/refuse": MAILED,
}  # fmt: skip
READ_BY_MORE = {"/requests/fill"}
"""What the form fills in, whoever reads may read."""

SUPPLIER_FORMS = {
    "/company/people/new": "POST /company/people",
    "/company/people/{ident}/change": "PUT /company/people/{ident}",
    "/account/tokens/{ident}/revoke": "DELETE /tokens/{ident}",
    "/reports/{ident}": "POST /requests/{ident}/report",
    "/requests/new": "POST /requests",
    "/requests/fill": "GET /devices/{ident}/usual",
    "/requests/forecast": "GET /forecast",
    "/requests/{ident}/withdraw-all": "POST /batches/{ident}/withdraw",
}
SUPPLIER_WITHOUT = {
    "/account/keys": IN_PERSON, "/account/keys/{key}/remove": IN_PERSON,
    "/account/language": SESSION, "/account/password": IN_PERSON, "/account/tokens": IN_PERSON,
    "/undertaking": IN_PERSON, "/welcome": IN_PERSON, "/welcome/finish": IN_PERSON,
    "/sign-in": SESSION, "/sign-out": SESSION,
}  # fmt: skip

DOORS = {
    "console": (GUARDS, "", API_GUARDS, STAFF_FORMS, STAFF_WITHOUT),
    "suppliers": (PORTAL_GUARDS, PREFIX, SUPPLIER_API_GUARDS, SUPPLIER_FORMS, SUPPLIER_WITHOUT),
}


def forms(guards, prefix):
    return {path.removeprefix(prefix) for method, path in guards if method != "GET"}


@pytest.mark.parametrize("door", DOORS)
def test_every_form_has_its_call_or_a_reason_why_not(door):
    guards, prefix, calls, others, without = DOORS[door]
    there = forms(guards, prefix)
    for form in sorted(there - without.keys()):
        call = others.get(form, f"POST {form}")
        assert tuple(call.split()) in calls, f"{form}: give it a call, or say why it has none"
    assert (others.keys() | without.keys()) <= there, "lines without a form"
    assert not others.keys() & without.keys()
    assert not {form for form in without if ("POST", form) in calls}, "it has a call now"


@pytest.mark.parametrize("door", DOORS)
def test_who_may_send_a_form_may_make_its_call_and_nobody_else(door):
    guards, prefix, calls, others, without = DOORS[door]
    for form in forms(guards, prefix) - without.keys():
        call = tuple(others.get(form, f"POST {form}").split())
        assert calls[call] == guards["POST", prefix + form] or form in READ_BY_MORE, form
