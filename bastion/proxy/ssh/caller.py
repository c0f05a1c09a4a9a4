"""Who is at the door: one connection from its first byte until a technician is let in, or not.

Key and then code, as two SSH steps. What an attempt is worth is decided by `services.authentication`; here stands only
what has been proved on this connection. A new login name on the same connection starts from nothing.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import asyncssh
import structlog

from bastion.domain.parties import Actor
from bastion.errors import AuthenticationFailed, BastionError, TooManyAttempts, Unavailable
from bastion.i18n import LANGUAGES, sentence
from bastion.proxy.half_open import Arrival, Complaints, HalfOpen, Silent
from bastion.proxy.ssh import names
from bastion.proxy.ssh.channels import TechnicianEnd, TunnelEnd
from bastion.proxy.ssh.errors import answer, in_ascii
from bastion.proxy.ssh.roads import Roads, Standing
from bastion.proxy.ssh.visit import Visit
from bastion.proxy.supervisor import Supervisor
from bastion.proxy.tcp import Networks
from bastion.services.address import Address
from bastion.services.authentication import WRONG_CODE
from bastion.services.bundle import Services
from bastion.services.opening import Connection
from bastion.services.sign_ins import SignIn

HANDSHAKE: Final = 10.0
"""Seconds in which a caller must have agreed on keys and said a name (T14)."""
TOLD_EVERY: Final = 60.0
"""Seconds over which connections that we ended before anybody proved who he is are counted, for a line a source."""
BY_PROOF: Final = "key proof"
"""What was proved on a further connection whose second factor stands."""
MOST_IDLE: Final = 10
"""Callers a minute who said a name and then nothing, each with a line of his own in the trail; more are counted."""
NO_KEY: Final = "no key was proved in time"
NO_CODE: Final = "no code came in time"
LEFT: Final = "left without a code"
MOST_TRIES: Final = 10
"""Failed steps on one connection; agents offer several keys before the right one."""
MOST_CODES: Final = 3
"""Wrong codes on one connection; most clients ask three times, and then give up without a reason."""
LONGEST_CODE: Final = 32
BANNER: Final = (
    "Accès réservé aux intervenants autorisés ; toute session est enregistrée.\n"
    "Authorised technicians only; every session is recorded.\n"
)
PROMPT: Final = "Code (TOTP): "
WRONG_CODES: Final = "Three codes were wrong or used. Check your phone's clock, then connect again."

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Door:
    """What all connections of a listener share. `language` is spoken first to whoever is not known yet; `name` is the
    host name technicians are told to use, `portal` where their entrance in a browser is.
    """

    services: Services
    supervisor: Supervisor
    language: str = "fr"
    networks: Networks = field(default_factory=Networks)
    name: str = ""
    portal: str = ""
    half_open: HalfOpen = field(default_factory=HalfOpen)
    complaints: Complaints = field(default_factory=Complaints)
    silent: Silent = field(default_factory=Silent)
    idle: Complaints = field(default_factory=lambda: Complaints(MOST_IDLE))
    connections: set[asyncssh.SSHServerConnection] = field(default_factory=set)
    roads: Roads = field(init=False)
    closing: bool = False

    def __post_init__(self) -> None:
        self.roads = Roads(self.supervisor, self.networks)

    def found_at(self, address: Address) -> None:
        self.roads = replace(self.roads, address=address)

    def ended_unproved(self, source: str) -> None:
        """Count a connection that we end while nobody has proved who he is: a flood is one line a minute and source."""
        if self.silent.count(source):
            self.supervisor.spawn(self._tell_silent(), "silent callers")

    async def _tell_silent(self) -> None:
        try:
            await asyncio.sleep(TOLD_EVERY)
        finally:  # when the node stops, what was counted is told as well
            counts = self.silent.take()
            _log.warning("connections ended before anybody proved who he is", sources=counts)
            await self.services.authentication.unproved(counts, "ssh")

    def drop_all(self) -> None:
        """End every connection there is, at once."""
        self.closing = True
        for connection in tuple(self.connections):
            connection.abort()


class Caller(asyncssh.SSHServer):
    def __init__(self, door: Door) -> None:
        self.visit: Visit | None = None
        self._door = door
        self._services = door.services
        self._connection: asyncssh.SSHServerConnection | None = None
        self._arrival: Arrival | None = None
        self._handshake: asyncio.TimerHandle | None = None
        self._source = ""
        self._said = ""
        self._name: names.LoginName | None = None
        self._fingerprint = ""
        self._actor: Actor | None = None
        self._factors = ""
        self._standing: Standing | None = None
        self._unknown_keys = 0
        self._tries = 0
        self._wrong_codes = 0
        self._answered = False
        """We have ended it ourselves, and the trail says why."""

    # -- coming and going ----------------------------------------------------------------------------------------------
    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._door.connections.add(conn)
        peer = conn.get_extra_info("peername")
        self._source = str(peer[0]) if peer else ""
        self._arrival = Arrival(self._source, self._end_unproved)
        self._handshake = asyncio.get_running_loop().call_later(HANDSHAKE, self._end_unproved)
        self._door.half_open.came(self._arrival)

    def connection_lost(self, exc: Exception | None) -> None:
        self._let_through()
        self._drop_standing()
        if self._connection is not None:
            self._door.connections.discard(self._connection)
        if self.visit is not None:
            self.visit.gone()
        elif self._actor is not None:
            self._came_in(self._actor)
        elif self._answered or self._door.closing:
            pass
        elif self._unknown_keys and not self._fingerprint:
            self._complain("key", "no key offered is registered")
        elif self._fingerprint and not self._wrong_codes:  # a wrong code stands in the trail already
            self._complain("code", LEFT)
        elif isinstance(exc, asyncssh.ProtocolError):
            self._complain("protocol", str(exc))

    def time_is_up(self) -> None:
        """He has said a name, perhaps proved a key, and let the time run out. The first few such callers of a minute,
        wherever from, stand in the trail by name; the others are counted like those who said nothing (T14).
        """
        self._answered = True
        if self._said and self._door.idle.heard("") and self._door.complaints.heard(self._source):
            stage, why = ("code", NO_CODE) if self._fingerprint else ("key", NO_KEY)
            self._door.supervisor.spawn(self._write(stage, why), "idle caller")
        else:
            self._door.ended_unproved(self._source)

    def _end_unproved(self) -> None:
        self._answered = True
        if self._connection is not None:
            self._door.ended_unproved(self._source)
            self._connection.abort()

    def _came_in(self, actor: Actor) -> None:
        """He was let in and has gone before there was a visit: a sign-in by proof is kept with what it led to."""
        if self._factors == BY_PROOF:
            sign_in = SignIn(self._fingerprint, self.client, self._factors)
            self._door.supervisor.spawn(self._services.authentication.came_in(actor, sign_in), "sign-in")

    def _let_through(self) -> None:
        """Count this connection no more among those that have not proved who they are."""
        if self._handshake is not None:
            self._handshake.cancel()
        if self._arrival is not None:
            self._door.half_open.left(self._arrival)

    # -- asyncssh asks -------------------------------------------------------------------------------------------------
    def begin_auth(self, username: str) -> bool:
        """A name was said. Nothing of it is used unless it is plain (T12)."""
        self._named(username, names.parse(username))
        if self._name is None:
            raise self._nobody()
        return True

    def _named(self, said: str, name: names.LoginName | None) -> None:
        """Begin anew under another name."""
        if self._handshake is not None:
            self._handshake.cancel()
        if not self._said and self._connection is not None:
            self._connection.send_auth_banner(BANNER)
        self._said, self._name = names.shown(said), name
        self._fingerprint, self._actor, self._factors, self._wrong_codes = "", None, "", 0
        self._drop_standing()

    def _nobody(self) -> asyncssh.DisconnectError:
        self._complain("login", "login name is not plain")
        return self._goodbye(AuthenticationFailed("login name"))

    def public_key_auth_supported(self) -> bool:
        return not self._fingerprint

    def kbdint_auth_supported(self) -> bool:
        return bool(self._fingerprint) and self._actor is None

    def password_auth_supported(self) -> bool:
        return False

    def get_kbdint_challenge(
        self, _username: str, _lang: str, _submethods: str
    ) -> tuple[str, str, str, list[tuple[str, bool]]]:
        return "", "", "", [(PROMPT, False)]

    async def validate_kbdint_response(self, _username: str, responses: Sequence[str]) -> bool:
        """One answer to the one question; an empty, oversize, missing or second answer is a failure (T5)."""
        name, fingerprint = self._name, self._fingerprint
        if name is None or not fingerprint:
            return False
        code = responses[0].strip() if len(responses) == 1 else ""
        if not code or len(code) > LONGEST_CODE:
            await self._refused("code", "wrong number or length of answers")
            return self._wrong_code()
        try:
            self._actor = await self._services.authentication.technician_code(
                name.technician, fingerprint, code, self._source, self.client
            )
        except (TooManyAttempts, Unavailable) as problem:
            raise self._goodbye(problem) from problem
        except AuthenticationFailed:
            return self._wrong_code()
        self._factors = "key totp"
        return True

    def _wrong_code(self) -> bool:
        """Say so before the next question; after the last one the connection ends, and says why."""
        self._wrong_codes += 1
        if self._wrong_codes >= MOST_CODES:
            raise self._goodbye(AuthenticationFailed("wrong codes", sentence=WRONG_CODES))
        self._tell(AuthenticationFailed("wrong code", sentence=WRONG_CODE))
        return False

    def auth_completed(self) -> None:
        self._let_through()
        if self._connection is None or self._actor is None or self._name is None:
            raise PermissionError("nobody was let in")
        node = self._door.supervisor.node
        facts = Connection(node, self.client, self._fingerprint, self._factors, new=self._factors == BY_PROOF)
        standing, self._standing = self._standing, None
        self.visit = Visit(self._connection, self._actor, self._name, facts, self._door.roads, standing)

    # -- the front asks ------------------------------------------------------------------------------------------------
    def nobody_is_called(self, said: str) -> asyncssh.DisconnectError:
        """Refuse a name that SSH itself lets nobody have (RFC 4252, 5) like any other that is not plain."""
        self._named(said, None)
        return self._nobody()

    @property
    def let_in(self) -> bool:
        return self._actor is not None

    @property
    def half_way(self) -> bool:
        """The key is proved and the code is due."""
        return bool(self._fingerprint) and self._actor is None

    async def key_offered(self, public: str) -> bool:
        """A key is shown, nothing is proved: say whether it could do (T4)."""
        if self._name is None:
            return False
        try:
            known = await self._services.authentication.known_key(self._name.technician, public)
        except Unavailable as problem:
            raise self._goodbye(problem) from problem
        self._unknown_keys += not known
        return known

    async def key_proved(self, public: str) -> bool:
        """The signature is right. Whose key it is, and whether a code must follow, the service says."""
        if self._name is None:
            return False
        try:
            await self._proved(self._name, public)
        except Unavailable as problem:
            raise self._goodbye(problem) from problem
        except AuthenticationFailed as problem:
            await self._refused("key", problem.detail)
            return False
        if self._arrival is not None:
            self._arrival.key_proved = True
        return True

    async def _proved(self, name: names.LoginName, public: str) -> None:
        outcome = await self._services.authentication.key_proved(name.technician, public, self._source, name.device)
        if outcome.actor is not None:
            self._standing = Standing(outcome.grant_id, self._door.roads.dial_ahead(outcome.grant_id))
            self._actor, self._factors = outcome.actor, BY_PROOF
        self._fingerprint = outcome.fingerprint

    def _drop_standing(self) -> None:
        standing, self._standing = self._standing, None
        if standing is not None and standing.link is not None:
            standing.link.close()

    async def signature_refused(self, why: str) -> None:
        await self._refused("key", why)

    def count_failure(self) -> None:
        """A step has failed; one too many ends the connection."""
        self._tries += 1
        if self._tries > MOST_TRIES:
            raise self._goodbye(AuthenticationFailed("too many tries on one connection"))

    def new_channel(self) -> TechnicianEnd:
        if self.visit is None:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, "Not signed in.")
        return self.visit.new_channel()

    def new_tunnel(self, host: str, port: int) -> Awaitable[TunnelEnd]:
        if self.visit is None:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, "Not signed in.")
        return self.visit.tunnel(host, port)

    @property
    def client(self) -> str:
        """What the client calls itself, harmless."""
        version = self._connection.get_extra_info("client_version", "") if self._connection else ""
        return names.shown(str(version).removeprefix("SSH-2.0-"))

    # -- failures ------------------------------------------------------------------------------------------------------
    def _complain(self, stage: str, why: str) -> None:
        self._door.supervisor.spawn(self._refused(stage, why), "refused caller")

    async def _refused(self, stage: str, why: str) -> None:
        """Audit a failure. Wrong codes count against the person; a wrong key may be anybody's."""
        _log.info("caller refused", source=self._source, login=self._said, stage=stage, why=why)
        if self._door.complaints.heard(self._source):
            await self._write(stage, why)

    async def _write(self, stage: str, why: str) -> None:
        login = self._name.technician if self._name and stage == "code" else self._said
        await self._services.authentication.refused(login, self._source, "ssh", stage, names.shown(why), self.client)

    def _goodbye(self, problem: BastionError) -> asyncssh.DisconnectError:
        """A disconnect for one reason, which is said in both languages before."""
        self._answered = True
        self._tell(problem)
        return asyncssh.DisconnectError(answer(problem).disconnect, in_ascii(problem))

    def _tell(self, problem: BastionError) -> None:
        """Say a sentence in both languages: whoever it is, he is not known yet. A banner may come at any time
        before sign-in is done (RFC 4252, 5.4), and clients show it as it is written.
        """
        languages = sorted(LANGUAGES, key=lambda language: language != self._door.language)
        if self._connection is not None:
            self._connection.send_auth_banner("".join(f"{sentence(problem, language)}\n" for language in languages))
