"""Asks the console as a browser would: with its cookies and its `Sec-Fetch-Site`, over https, without a socket."""

import secrets
from dataclasses import replace
from datetime import timedelta

import httpx2
from fastapi import FastAPI

from bastion import clock
from bastion.domain.credentials import WebSession
from bastion.domain.parties import Staff
from bastion.services.authentication import hash_token
from tests.services.house import House
from web.security import COOKIE

HOST = "bastion.test"


class Visitor:
    def __init__(self, app: FastAPI, house: House) -> None:
        transport = httpx2.ASGITransport(app=app, client=("127.0.0.1", 4711), raise_app_exceptions=False)
        self.client = httpx2.AsyncClient(transport=transport, base_url=f"https://{HOST}")
        self._house = house

    async def enter(self, person: Staff, *, fresh: bool = True) -> "Visitor":
        """Be signed in, as if password and code had just been given (or, not fresh, a while ago)."""
        token, now = secrets.token_urlsafe(32), clock.now()
        factor_at = now if fresh else now - timedelta(minutes=30)
        session = WebSession(hash_token(token), person.id, now, now + timedelta(hours=1), factor_at, "127.0.0.1")
        async with self._house.database.write() as uow:
            await uow.web_sessions.add(session)
        self.client.cookies.set(COOKIE, token, domain=HOST)
        return self

    async def see(self, path: str, **headers: str) -> httpx2.Response:
        return await self.client.get(path, headers={"accept-language": "en", **headers})

    async def send(self, path: str, **form: object) -> httpx2.Response:
        """Post a form from the console's own page."""
        headers = {"sec-fetch-site": "same-origin", "origin": f"https://{HOST}", "accept-language": "en"}
        return await self.client.post(path, data=form, headers=headers)

    async def ask(self, method: str, path: str, **headers: str) -> httpx2.Response:
        return await self.client.request(method, path, headers=headers)


async def speak(house: House, person: Staff, language: str) -> Staff:
    """Let a person read the console in `language`."""
    changed = replace(person, language=language)
    async with house.database.write() as uow:
        await uow.staff.save(changed)
    return changed
