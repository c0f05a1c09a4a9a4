"""Hands a mail to the mail server and a message to a webhook. Whatever goes wrong is `Undelivered` with a short reason.

Certificates are verified, always: against the system's authorities, or against those of `outgoing_ca` as well. There is
no way to turn that off (T22). A webhook's address is judged like a device's (T50), and what it answers is not followed.
"""

import asyncio
import hashlib
import hmac
import json
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiosmtplib

from bastion.config import MAILABLE, MailServer
from bastion.domain.telling import Delivery
from bastion.errors import BastionError
from bastion.networks import Networks, connect
from bastion.secret import Secret
from bastion.services.letters import Letter
from bastion.store.audit_log import plain

PATIENCE: Final = 15.0
STATUS: Final = re.compile(rb"HTTP/1\.[01] ([0-9]{3})\s")
_LONGEST_TROUBLE: Final = 300


class Undelivered(Exception):
    """Why an attempt failed, in a few words for the console and the log."""


@dataclass(frozen=True, slots=True)
class Couriers:
    """The ways out. Without a mail server there is no mail."""

    mail_server: MailServer | None = None
    mail_from: str = ""
    ca: Path | None = None
    networks: Networks = field(default_factory=Networks)
    patience: float = PATIENCE

    # -- mail ----------------------------------------------------------------------------------------------------------
    async def mail(self, to: str, letter: Letter, delivery: Delivery, language: str) -> None:
        server = self.mail_server
        if server is None:
            raise Undelivered("no mail server is set up")
        try:
            message = self._message(to, letter, delivery, language)
            async with asyncio.timeout(self.patience):
                await aiosmtplib.send(
                    message, recipients=[to], hostname=server.host, port=server.port, use_tls=server.security == "tls",
                    start_tls=server.security == "starttls", tls_context=self.trust(), timeout=self.patience,
                    username=server.user or None, password=server.password.reveal().decode() or None,
                    local_hostname=self.mail_from.rpartition("@")[2],
                )  # fmt: skip
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise Undelivered(short(error)) from error

    def _message(self, to: str, letter: Letter, delivery: Delivery, language: str) -> EmailMessage:
        """The same delivery has the same Message-ID however often it is tried. What is no single address is refused."""
        if not MAILABLE.fullmatch(to):
            raise ValueError("this is no mail address")
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"], message["Subject"] = self.mail_from, to, letter.subject
        message["Date"] = format_datetime(delivery.at)
        message["Message-ID"] = f"<{delivery.id}@{self.mail_from.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.body)
        message["Content-Language"] = language
        return message

    # -- webhooks ------------------------------------------------------------------------------------------------------
    async def post(self, url: str, secret: Secret, body: dict[str, object], now: datetime) -> None:
        """POST once, to an address that may be dialled; anything but a 2xx answer is no delivery."""
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
        head = _head(parts.netloc, parts.path or "/", parts.query, str(body["id"]), content, secret, now)
        try:
            async with asyncio.timeout(self.patience):
                status = await self._exchange(host, port, head + content)
        except (BastionError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            raise Undelivered(short(error)) from error
        if not 200 <= status < 300:
            raise Undelivered(f"the receiver answered {status}")

    async def _exchange(self, host: str, port: int, sent: bytes) -> int:
        async with self.connected(host, port, self.patience) as (reader, writer):
            writer.write(sent)
            await writer.drain()
            return status_of(await reader.readuntil(b"\n"))  # nothing after the status line is read

    @asynccontextmanager
    async def connected(
        self, host: str, port: int, patience: float
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A connection to an address that may be dialled (T50), whose certificate holds (T22); nobody waits for a
        farewell.
        """
        sock = await connect(host, port, self.networks, patience, device=host)
        try:
            reader, writer = await asyncio.open_connection(sock=sock, ssl=self.trust(), server_hostname=host)
        except BaseException:
            sock.close()
            raise
        try:
            yield reader, writer
        finally:
            writer.transport.abort()

    def trust(self) -> ssl.SSLContext:
        """Whom to believe; there is no way to believe everybody."""
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.ca is not None:
            context.load_verify_locations(cafile=self.ca)
        return context


def status_of(head: bytes) -> int:
    """Read the status from how an answer begins; `ValueError` when it is no HTTP answer."""
    status = STATUS.match(head)
    if status is None:
        raise ValueError("this is no HTTP answer")
    return int(status[1])


def signature(secret: Secret, at: int, content: bytes) -> str:
    """Sign the moment and the body, so that an old message cannot be sent again as a new one."""
    return hmac.new(secret.reveal(), f"{at}.".encode() + content, hashlib.sha256).hexdigest()


def _head(
    netloc: str, path: str, query: str, ident: str, content: bytes, secret: Secret, now: datetime
) -> bytes:  # fmt: skip
    at = int(now.timestamp())
    lines = (
        f"POST {path}{'?' + query if query else ''} HTTP/1.1", f"Host: {netloc}", "User-Agent: Bastion",
        "Content-Type: application/json", f"Content-Length: {len(content)}", "Connection: close",
        f"Bastion-Delivery: {ident}", f"Bastion-Signature: t={at},v1={signature(secret, at, content)}",
    )  # fmt: skip
    return "\r\n".join((*lines, "", "")).encode("ascii")


def short(error: Exception) -> str:
    """Say in a few words what went wrong."""
    said = error.detail if isinstance(error, BastionError) else str(error)
    return plain(f"{type(error).__name__}: {said}".rstrip(": "))[:_LONGEST_TROUBLE]
