"""Speaks to a GMAO: one signed request, one bounded answer. `docs/gmao.md` is the contract.

The same care as for webhooks: certificates are verified (T22), the address is resolved once and judged (T50), what is
answered is not followed. Requests are HTTP/1.0, so that an answer comes whole and not in chunks.
"""

import asyncio
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlsplit

from bastion.errors import BastionError
from bastion.secret import Secret
from bastion.services.couriers import Couriers, Undelivered, short, status_of

LOOK_PATIENCE: Final = 3.0
"""Seconds for a look at an order: somebody waits for it."""
MOST: Final = 64 * 1024
"""Bytes of an answer that are read."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content: bytes


@dataclass(frozen=True, slots=True)
class GmaoWire:
    couriers: Couriers

    async def look(self, url: str, number: str, secret: Secret, now: datetime) -> Answer:
        """Ask for one work order. Raises `Undelivered`."""
        target = f"{_root(url)}/work-orders/{quote(number, safe='')}"
        return await self._exchange(url, _request("GET", url, target, b"", secret, now, ""), LOOK_PATIENCE)

    async def report(
        self, url: str, place: str, ident: str, body: dict[str, object], secret: Secret, now: datetime
    ) -> None:  # fmt: skip
        """Tell of an intervention at `place`, below the root. `ident` is the same over all attempts. Anything but a 2xx
        answer is no delivery.
        """
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        sent = _request("POST", url, f"{_root(url)}{place}", content, secret, now, ident)
        answer = await self._exchange(url, sent, self.couriers.patience)
        if not 200 <= answer.status < 300:
            raise Undelivered(f"the GMAO answered {answer.status}")

    async def _exchange(self, url: str, sent: bytes, patience: float) -> Answer:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
        try:
            async with asyncio.timeout(patience):
                async with self.couriers.connected(host, port, patience) as (reader, writer):
                    writer.write(sent)
                    await writer.drain()
                    return await _answer(reader)
        except (BastionError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            raise Undelivered(short(error)) from error


def signature(secret: Secret, at: int, method: str, target: str, content: bytes) -> str:
    """Sign the moment, what is asked and the body: nothing of it can be sent again as something else."""
    return hmac.new(secret.reveal(), f"{at}.{method} {target}\n".encode() + content, hashlib.sha256).hexdigest()


async def _answer(reader: asyncio.StreamReader) -> Answer:
    head = await reader.readuntil(b"\r\n\r\n")
    status = status_of(head)
    said = [line.partition(b":")[2] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    if said:
        length = int(said[0])
        if length > MOST:
            raise ValueError("the answer is too long")
        return Answer(status, await reader.readexactly(length))
    content = await reader.read(MOST + 1)
    while len(content) <= MOST and (more := await reader.read(MOST + 1 - len(content))):
        content += more
    if len(content) > MOST:
        raise ValueError("the answer is too long")
    return Answer(status, content)


def _root(url: str) -> str:
    return urlsplit(url).path.rstrip("/")


def _request(
    method: str, url: str, target: str, content: bytes, secret: Secret, now: datetime, ident: str
) -> bytes:  # fmt: skip
    at = int(now.timestamp())
    signed = signature(secret, at, method, target, content)
    lines = [
        f"{method} {target} HTTP/1.0", f"Host: {urlsplit(url).netloc}", "User-Agent: Bastion",
        "Accept: application/json", f"Bastion-Signature: t={at},v1={signed}",
    ]  # fmt: skip
    if method == "POST":
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}", f"Idempotency-Key: {ident}"]
    return "\r\n".join((*lines, "", "")).encode("ascii") + content
