"""`/technicians` and `/staff`."""

from fastapi import APIRouter, Request

from bastion.domain.country import HOME
from bastion.domain.parties import Role
from bastion.services.duties import Duty
from bastion.services.people import StaffForm, TechnicianForm
from web.api.bearer import Me, Use
from web.api.register_shapes import KeyShape, StaffShape, TechnicianShape
from web.api.shapes import Flag, Instant, Limit, Offset, Several, Shape
from web.api.supplier.account import TokenShape
from web.portal.links import link_of


class TechnicianBody(Shape):
    """`employer_id` is a declared subcontractor's; empty means the supplier itself (R-46)."""

    login: str
    name: str
    email: str
    supplier: str
    language: str = "fr"
    valid_until: Instant | None = None
    active: Flag = True
    employer_id: str = ""
    country: str = HOME


class DutyBody(Shape):
    """A role in one facility (its code; empty: in every one), an approver's also in some wards of it only."""

    role: Role
    facility: str = ""
    wards: tuple[str, ...] = ()


class StaffBody(Shape):
    """`roles` are held in each of `facilities` (codes; empty means every one), and `duties` beside them."""

    login: str
    name: str
    email: str
    roles: Several[Role] = frozenset()
    facilities: tuple[str, ...] = ()
    duties: tuple[DutyBody, ...] = ()
    language: str = "fr"
    active: Flag = True


class KeyBody(Shape):
    public: str
    label: str = ""


class SupplierTokenShape(TokenShape):
    """A technician's own token; its text is not kept."""


class CorrespondentBody(Shape):
    correspondent: Flag


class Once(Shape):
    """Something that is shown this once and not kept."""

    secret: str


def add_to(router: APIRouter) -> None:
    router.add_api_route("/technicians", technicians, methods=["GET"])
    router.add_api_route("/technicians", add_technician, methods=["POST"], status_code=201)
    router.add_api_route("/technicians/{ident}", technician, methods=["GET"])
    router.add_api_route("/technicians/{ident}", change_technician, methods=["PUT"])
    router.add_api_route("/technicians/{ident}/totp", enrol, methods=["POST"])
    router.add_api_route("/technicians/{ident}/keys", add_key, methods=["POST"], status_code=201)
    router.add_api_route("/technicians/{ident}/keys/{key}", remove_key, methods=["DELETE"], status_code=204)
    router.add_api_route("/technicians/{ident}/tokens", tokens, methods=["GET"])
    router.add_api_route("/technicians/{ident}/tokens/{token}", revoke_token, methods=["DELETE"], status_code=204)
    router.add_api_route("/technicians/{ident}/invite", invite_technician, methods=["POST"])
    router.add_api_route("/technicians/{ident}/correspondent", name_correspondent, methods=["PUT"], status_code=204)
    router.add_api_route("/staff", staff, methods=["GET"])
    router.add_api_route("/staff", add_staff, methods=["POST"], status_code=201)
    router.add_api_route("/staff/{ident}", change_staff, methods=["PUT"])
    router.add_api_route("/staff/{ident}/invite", invite, methods=["POST"])


async def technicians(
    me: Me, use: Use, text: str = "", limit: Limit = 100, offset: Offset = 0
) -> list[TechnicianShape]:
    """The named people of the suppliers, by name; `text` is part of a name, a login or a company."""
    return [TechnicianShape.of(view) for view in await use.people.technicians(me, text, limit, offset)]


async def technician(ident: str, me: Me, use: Use) -> TechnicianShape:
    """One of them."""
    return TechnicianShape.of(await use.people.technician(me, ident))


async def add_technician(body: TechnicianBody, me: Me, use: Use) -> TechnicianShape:
    """Register a technician."""
    return await change_technician("", body, me, use)


async def change_technician(ident: str, body: TechnicianBody, me: Me, use: Use) -> TechnicianShape:
    """Replace what is known of a technician."""
    form = TechnicianForm(
        body.login, body.name, body.email, body.supplier, body.language, body.valid_until, body.active, ident,
        body.employer_id, body.country,
    )  # fmt: skip
    saved = await use.people.save_technician(me, form)
    return TechnicianShape.of(await use.people.technician(me, saved.id))


async def enrol(ident: str, me: Me, use: Use) -> Once:
    """Make a new authenticator secret; answers the `otpauth:` address to show as a QR code, once."""
    return Once(secret=await use.enrolment.technician_totp(me, ident))


async def invite_technician(ident: str, request: Request, me: Me, use: Use) -> Once:
    """Make the link with which the person sets password, key and authenticator; an earlier one is void."""
    return Once(secret=link_of(request, await use.invitations.invite(me, ident)))


async def name_correspondent(ident: str, body: CorrespondentBody, me: Me, use: Use) -> None:
    """Say whether a technician speaks for his company at its web door."""
    await use.company.name_correspondent(me, ident, named=body.correspondent)


async def add_key(ident: str, body: KeyBody, me: Me, use: Use) -> KeyShape:
    """Register an SSH public key."""
    key = await use.people.add_key(me, ident, body.public, body.label)
    return KeyShape(id=key.id, fingerprint=key.fingerprint, label=key.label, added_at=key.added_at)


async def remove_key(ident: str, key: str, me: Me, use: Use) -> None:
    """Forget an SSH public key."""
    await use.people.remove_key(me, ident, key)


async def tokens(ident: str, me: Me, use: Use) -> list[SupplierTokenShape]:
    """The tokens a technician made for programs of his company, revoked and run out ones too."""
    return [SupplierTokenShape.model_validate(one) for one in await use.supplier_tokens.of(me, ident)]


async def revoke_token(ident: str, token: str, me: Me, use: Use) -> None:
    """Make one of them useless, at once and for good."""
    await use.supplier_tokens.revoke_of(me, ident, token)


async def staff(me: Me, use: Use) -> list[StaffShape]:
    """The people of the hospital."""
    return [StaffShape.model_validate(person) for person in await use.people.staff(me)]


async def add_staff(body: StaffBody, me: Me, use: Use) -> StaffShape:
    """Register a person of the hospital; an invitation follows."""
    return await change_staff("", body, me, use)


async def change_staff(ident: str, body: StaffBody, me: Me, use: Use) -> StaffShape:
    """Replace what is known of a person. Nobody changes his own rights."""
    form = StaffForm(
        body.login, body.name, body.email, body.roles, body.facilities, body.language, body.active, ident,
        tuple(Duty(one.role, one.facility, one.wards) for one in body.duties),
    )  # fmt: skip
    return StaffShape.model_validate(await use.people.save_staff(me, form))


async def invite(ident: str, me: Me, use: Use) -> Once:
    """Make a one-time secret with which the person sets password and authenticator."""
    return Once(secret=await use.enrolment.invite(me, ident))
