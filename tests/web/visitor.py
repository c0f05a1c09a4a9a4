"""Asks the console as a browser would: with its cookies and its `Sec-Fetch-Site`, over https, without a socket."""

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import httpx2
from fastapi import FastAPI

from bastion import clock
from bastion.domain.credentials import WebSession
from bastion.domain.parties import Staff, Technician
from bastion.domain.portal import PortalSession
from bastion.services.authentication import hash_token
from tests.services.house import House
from web.portal.security import COOKIE as SUPPLIERS
from web.security import COOKIE

P = TypeVar("P", Staff, Technician)
HOST = "bastion.test"


class Visitor:
    def __init__(self, app: FastAPI, house: House) -> None:
        transport = httpx2.ASGITransport(app=app, client=("127.0.0.1", 4711), raise_app_exceptions=False)
        self.client = httpx2.AsyncClient(transport=transport, base_url=f"https://{HOST}")
        self._house = house

    async def enter(self, person: Staff | Technician, *, fresh: bool = True) -> "Visitor":
        """Be signed in, as if password and code had just been given (or, not fresh, a while ago)."""
        cookie, token = await seated(self._house, person, fresh=fresh)
        self.client.cookies.set(cookie, token, domain=HOST)
        return self

    async def see(self, path: str, **headers: str) -> httpx2.Response:
        return await self.client.get(path, headers={"accept-language": "en", **headers})

    async def send(self, path: str, **form: object) -> httpx2.Response:
        """Post a form from the console's own page."""
        headers = {"sec-fetch-site": "same-origin", "origin": f"https://{HOST}", "accept-language": "en"}
        return await self.client.post(path, data=form, headers=headers)

    async def ask(self, method: str, path: str, **headers: str) -> httpx2.Response:
        return await self.client.request(method, path, headers=headers)


async def seated(house: House, person: Staff | Technician, *, fresh: bool) -> tuple[str, str]:
    """Return name and value of the cookie of somebody who has just signed in at the door that is his."""
    token, now = secrets.token_urlsafe(32), clock.now()
    times = now, now + timedelta(hours=1), now if fresh else now - timedelta(minutes=30)
    async with house.database.write() as uow:
        if isinstance(person, Technician):
            await uow.portal_sessions.add(PortalSession(hash_token(token), person.id, *times, "127.0.0.1"))
            return SUPPLIERS, token
        await uow.web_sessions.add(WebSession(hash_token(token), person.id, *times, "127.0.0.1"))
    return COOKIE, token


async def speak(house: House, person: P, language: str) -> P:
    """Let a person read the console in `language`."""
    changed = replace(person, language=language)
    async with house.database.write() as uow:
        await (uow.technicians if isinstance(person, Technician) else uow.staff).save(changed)
    return changed
