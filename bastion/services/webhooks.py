"""Programs that are told what happens: an administrator registers where, of which topics, and gets the secret once."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from bastion import clock
from bastion.domain.credentials import SealedSecret
from bastion.domain.ids import new_id
from bastion.domain.parties import EVERYWHERE, Actor, Role
from bastion.domain.telling import Delivery, Topic, Webhook
from bastion.errors import Invalid
from bastion.networks import Networks
from bastion.secret import Secret
from bastion.services.authentication import Authentication
from bastion.services.forms import check_name, need_admin, need_admin_of
from bastion.services.joins import found
from bastion.services.sealing import secret_aad
from bastion.store.database import Database
from bastion.store.vault import Vault

LONGEST_URL: Final = 500
PERSONAL: Final = frozenset({"who", "login"})
"""Facts that name a person: people read them, programs do not."""
OFFERED: Final = tuple(topic for topic in Topic if topic is not Topic.DIGEST)


@dataclass(frozen=True, slots=True)
class WebhookForm:
    """`facility` is a code; empty for all hospitals."""

    name: str
    url: str
    topics: frozenset[Topic]
    facility: str = ""


class Webhooks:
    def __init__(self, database: Database, vault: Vault, authentication: Authentication, networks: Networks) -> None:
        self._database = database
        self._vault = vault
        self._authentication = authentication
        self._networks = networks

    async def all(self, actor: Actor) -> list[Webhook]:
        need_admin(actor)
        async with self._database.read() as uow:
            rows = await uow.webhooks.all()
        return [one for one in rows if actor.covers(one.facility_id or EVERYWHERE, Role.ADMIN)]

    async def register(self, actor: Actor, form: WebhookForm) -> tuple[Webhook, str]:
        """Return it with the secret that signs its messages. It is shown this once; the vault keeps it."""
        need_admin(actor)
        name, url = form.name.strip(), form.url.strip()
        check_name(name)
        self._check(url, form.topics)
        self._authentication.require_fresh(actor)
        now, text = clock.now(), secrets.token_urlsafe(32)
        secret_id = new_id(now)
        sealed = self._vault.seal(Secret.of(text), secret_aad(secret_id))
        async with self._database.write() as uow:
            facility = found(await uow.facilities.by_code(form.facility), form.facility) if form.facility else None
            need_admin_of(actor, facility.id if facility else EVERYWHERE)
            made = Webhook(
                new_id(now), name, url, form.topics, facility.id if facility else "", secret_id, now, actor.name
            )
            await uow.secrets.add(SealedSecret(secret_id, sealed, self._vault.key_of(sealed), now))
            await uow.webhooks.add(made)
            await uow.audit.append(
                "webhook:registered", actor=actor, subject=("webhook", made.id), facility_id=made.facility_id, at=now,
                name=made.name, host=urlsplit(url).netloc, topics=" ".join(sorted(made.topics)),
            )  # fmt: skip
        return made, text

    async def remove(self, actor: Actor, webhook_id: str) -> None:
        """It hears nothing more; what still waits for it is dropped, and its secret forgotten."""
        need_admin(actor)
        self._authentication.require_fresh(actor)
        async with self._database.write() as uow:
            await uow.locks.hold()
            gone = found(await uow.webhooks.get(webhook_id), webhook_id)
            need_admin_of(actor, gone.facility_id or EVERYWHERE)
            await uow.webhooks.remove(gone.id)
            await uow.secrets.remove(gone.secret_id)
            await uow.audit.append(
                "webhook:removed", actor=actor, subject=("webhook", gone.id), facility_id=gone.facility_id,
                at=clock.now(), name=gone.name, host=urlsplit(gone.url).netloc,
            )  # fmt: skip

    def _check(self, url: str, topics: Iterable[Topic]) -> None:
        if not is_plain_https(url):
            raise Invalid(
                "url",
                field="url",
                sentence="Give an address that begins with https://, without a password in it.",
            )
        if why := self._networks.why_not_host(urlsplit(url).hostname or ""):
            raise Invalid(why, field="url", sentence="Nothing may be sent to this address. Give another one.")
        if not set(topics) or not set(topics) <= set(OFFERED):
            raise Invalid("topics", field="topics", sentence="Choose at least one topic.")


def is_plain_https(url: str) -> bool:
    """An HTTPS address that can stand in a request as it is: ASCII, printable, no fragment, nobody's name in it."""
    if not (url.isascii() and url.isprintable()) or " " in url or len(url) > LONGEST_URL:
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    named = bool(parts.hostname) and "@" not in parts.netloc and "#" not in url and "\\" not in url
    return parts.scheme == "https" and named and (port is None or 0 < port < 65536)


def webhook_body(delivery: Delivery, address: str) -> dict[str, object]:
    """Return what a webhook is told; documented in `docs/api.md`."""
    return {
        "id": delivery.id, "topic": delivery.topic.value, "at": _instant(delivery.at),
        "link": f"{address}{delivery.path}",
        "facts": {name: said for name, said in sorted(delivery.facts.items()) if name not in PERSONAL},
    }  # fmt: skip


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
