"""A reference GMAO: a small real HTTPS service that keeps `docs/gmao.md`, for the tests and for whoever builds one.

It checks the signature of each request and takes each report once, however often it comes. By itself:

    python -m tests.services.reference_gmao --certificate server.pem --secret-file secret.txt --port 8443
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

SKEW = 300
"""Seconds the bastion's clock and ours may differ."""
PREFIX = "/api"


def order(number: str = "WO-1", **changes: object) -> dict[str, object]:
    usual = {
        "number": number, "title": "Replace the tube", "state": "in progress", "open": True, "device": "ct-01",
        "supplier": "acme", "asked_by": "Imaging ward",
    }  # fmt: skip
    return usual | changes


@dataclass
class Asked:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class ReferenceGmao:
    """`first` are answers given once each before it behaves; `pause` is how long it thinks about each."""

    secret: str = ""
    port: int = 0
    orders: dict[str, dict[str, object]] = field(default_factory=dict)
    reports: dict[str, dict[str, object]] = field(default_factory=dict)
    """Which sessions were taken, by idempotency key."""
    written: dict[str, dict[str, object]] = field(default_factory=dict)
    """And which reports."""
    asked: list[Asked] = field(default_factory=list)
    first: list[bytes] = field(default_factory=list)
    pause: float = 0.0
    now: Callable[[], float] = time.time

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}{PREFIX}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):  # the client went away
            asked = await _read(reader)
            self.asked.append(asked)
            await asyncio.sleep(self.pause)
            writer.write(self.first.pop(0) if self.first else self._answer(asked))
            await writer.drain()
        writer.close()

    def _answer(self, asked: Asked) -> bytes:
        if not self._signed(asked):
            return reply(401, {"error": "signature"})
        if asked.method == "GET" and asked.target.startswith(f"{PREFIX}/work-orders/"):
            known = self.orders.get(unquote(asked.target.rpartition("/")[2]))
            return reply(200, known) if known else reply(404, {"error": "unknown"})
        taken = {f"{PREFIX}/interventions": self.reports, f"{PREFIX}/reports": self.written}
        if asked.method == "POST" and asked.target in taken:
            return _take(asked, taken[asked.target])
        return reply(404, {"error": "no such address"})

    def _signed(self, asked: Asked) -> bool:
        fields = dict(part.split("=", 1) for part in asked.headers.get("bastion-signature", "t=0,v1=").split(","))
        if abs(self.now() - int(fields["t"])) > SKEW:
            return False
        signed = f"{fields['t']}.{asked.method} {asked.target}\n".encode() + asked.body
        made = hmac.new(self.secret.encode(), signed, hashlib.sha256).hexdigest()
        return hmac.compare_digest(made, fields["v1"])


def _take(asked: Asked, kept: dict[str, dict[str, object]]) -> bytes:
    key, said = asked.headers.get("idempotency-key", ""), json.loads(asked.body)
    if not key or said.get("id") != key:
        return reply(400, {"error": "idempotency key"})
    if kept.setdefault(key, said) != said:
        return reply(409, {"error": "the same key with another body"})
    return reply(200, {"taken": key})


def reply(status: int, content: object) -> bytes:
    body = json.dumps(content).encode()
    return raw(status, body)


def raw(status: int, body: bytes, *more: str) -> bytes:
    lines = (f"HTTP/1.1 {status} Said", "Content-Type: application/json", f"Content-Length: {len(body)}", *more)
    return "\r\n".join((*lines, "", "")).encode() + body


async def _read(reader: asyncio.StreamReader) -> Asked:
    first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in rest if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    method, target, _ = first.split(" ")
    return Asked(method, target, headers, body)


@asynccontextmanager
async def reference_gmao(context: ssl.SSLContext, port: int = 0) -> AsyncIterator[ReferenceGmao]:
    gmao = ReferenceGmao(orders={"WO-1": order()})
    server = await asyncio.start_server(gmao.serve, "127.0.0.1", port, ssl=context)
    gmao.port = server.sockets[0].getsockname()[1]
    try:
        yield gmao
    finally:
        server.close()


async def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--certificate", type=Path, required=True, help="certificate and key, PEM")
    parser.add_argument("--secret-file", type=Path, required=True, help="the secret the console showed")
    parser.add_argument("--port", type=int, default=8443)
    given = parser.parse_args()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(given.certificate)
    async with reference_gmao(context, given.port) as gmao:
        gmao.secret = given.secret_file.read_text(encoding="utf-8").strip()
        print(f"GMAO at {gmao.url}; work orders: {', '.join(gmao.orders)}")
        await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_main())
