"""Every setting there is, where it comes from, and what it is when nobody says anything.

An environment variable `BASTION_<NAME>` wins over `bastion.toml` in the home folder, which wins over the default.
The home folder itself is named by `BASTION_HOME` alone. `docs/settings.md` is generated from this file.
"""

import os
import platform
import re
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from bastion.errors import ConfigurationError
from bastion.secret import Secret

MAIL_SCHEMES = {"smtps": ("tls", 465), "smtp+starttls": ("starttls", 587), "smtp": ("none", 25)}
MAILABLE = re.compile(r"[^@\s<>,;:\"]+@[A-Za-z0-9.-]+")
PREFIX = "BASTION_"
DEFAULT_HOME = Path("var/bastion")
FILE = "bastion.toml"


class Settings(BaseSettings):
    """Frozen once read. Paths left empty lie in the home folder; see the properties at the end."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, str_strip_whitespace=True, validate_default=True
    )

    home: Path = Field(DEFAULT_HOME, description="Folder of the database, the keys and the recordings.")
    node: str = Field(
        default_factory=lambda: platform.node() or "bastion",
        pattern=r"^[A-Za-z0-9._-]{1,64}$",
        description="Name of this machine in the audit trail; each node of a group has its own.",
    )
    language: Literal["fr", "en"] = Field("fr", description="Language spoken before a person is known.")

    ssh_host: str = Field("127.0.0.1", description="Address on which technicians connect; 0.0.0.0 for every one.")
    ssh_port: int = Field(2222, ge=0, le=65535, description="Port on which technicians connect; 0 picks a free one.")
    ssh_name: str = Field("", description="Host name technicians are told to use; empty means `ssh_host`.")

    web_host: str = Field("127.0.0.1", description="Address of the console.")
    web_port: int = Field(8080, ge=0, le=65535, description="Port of the console; 0 picks a free one.")
    web_url: str = Field("", description="Address people type for the console, if a reverse proxy stands before it.")
    portal: bool = Field(
        True, description="Whether the console also serves the suppliers' web door, under `/supplier` (R-16)."
    )
    portal_url: str = Field(
        "", description="Address suppliers' people type for their door, if it is another than the console's."
    )
    web_tls_cert: Path | None = Field(None, description="Certificate chain (PEM) with which the console serves HTTPS.")
    web_tls_key: Path | None = Field(None, description="Private key (PEM) of that certificate.")
    test_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description=(
            "Networks (CIDR) in which test or demo devices live although nothing else may be dialled there: the "
            "machine itself, link-local and the like (T50). Leave empty in a hospital."
        ),
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Reverse proxies (addresses or CIDR) whose `X-Forwarded-For` is believed; nobody else's is (T16).",
    )

    database_url: str = Field("", description="SQLAlchemy address of the database; empty means SQLite in the home.")
    recordings_dir: Path | None = Field(None, description="Where sealed recordings are kept.")
    spool_dir: Path | None = Field(None, description="Where running recordings are written; a local, fast disk.")
    policies_dir: Path | None = Field(None, description="The hospital's own policies; empty means the shipped library.")
    min_free_mb: int = Field(
        512, ge=1, description="Free disk (MiB) for recordings under which no session begins and `check` complains."
    )
    recording_months: int = Field(
        6,
        ge=1,
        le=12,
        description="Months a recording is kept before it is erased; what is held is kept longer (R-54).",
    )

    lock_view_max_age: float = Field(
        10.0, gt=0, le=300, description="Seconds a session may run without the records being readable; then it ends."
    )
    idle_minutes: int = Field(
        60,
        ge=1,
        le=480,
        description="Minutes of silence that end a session at the latest; policies may say less (R-35).",
    )
    proof_minutes: int = Field(
        60,
        ge=1,
        le=720,
        description="Minutes in which further connections of a session need the key only, no new code.",
    )
    quarantine_dir: Path | None = Field(None, description="Where files lie that wait in the release desk.")
    held_days: int = Field(
        7, ge=1, le=90, description="Days a file waits in the release desk before it is removed (R-41)."
    )
    clamd: str = Field(
        "", description="Socket of ClamAV's clamd, a path or host:port; empty means that no file is released by rule."
    )
    clamd_limit_mb: int = Field(
        100,
        ge=1,
        le=4000,
        description="Largest file (MiB) clamd looks at: the least of its StreamMaxLength, MaxFileSize, MaxScanSize.",
    )
    smtp_url: SecretStr = Field(
        SecretStr(""),
        description=(
            "Mail server: `smtps://user:password@host:465` (TLS), `smtp+starttls://host:587`, or `smtp://127.0.0.1` "
            "for a relay on this machine. Its certificate is verified. Empty means that nobody is told by mail."
        ),
    )
    mail_from: str = Field("", description="Address from which the bastion writes; needed with `smtp_url`.")
    outgoing_ca: Path | None = Field(
        None, description="Certificates (PEM) of the hospital's own authority, for its mail server and webhooks (T22)."
    )
    escalate_minutes: int = Field(
        15,
        ge=1,
        le=1440,
        description=(
            "Minutes after which a request nobody answered is told to the next: next on call, approvers, security."
        ),
    )
    escalate_emergency_minutes: int = Field(
        5, ge=1, le=1440, description="The same of an emergency, which waits for nobody as long (R-26)."
    )
    decision_link_minutes: int = Field(
        0,
        ge=0,
        le=240,
        description=(
            "Minutes for which the mail that asks for a decision carries a link to that one request, for that one "
            "person, once; deciding asks for password and code (R-15). 0: the mail leads to the sign-in page, and "
            "nobody who reads it sees the request."
        ),
    )
    digest_hour: int = Field(
        6, ge=-1, le=23, description="Hour (UTC) of the daily summary for administrators and security; -1 for none."
    )
    review_days: int = Field(
        3, ge=1, le=30, description="Working days within which another person reviews an emergency (R-26)."
    )
    public_holidays: Literal["france", "none"] = Field(
        "france", description="Whose public holidays are no working days: `france`, or `none` in other countries."
    )
    report_days: int = Field(
        7,
        ge=0,
        le=92,
        description=(
            "Days after the end of the work within which its supplier reports on it; then it asks for nothing new but "
            "emergencies (R-59). 0: the lack of a report blocks nobody."
        ),
    )
    paper_warning_days: int = Field(
        30, ge=1, le=180, description="Days before a supplier's paper ends in which the bastion announces it (R-67)."
    )
    confirm_days: int = Field(
        92, ge=1, le=366, description="Days for which a supplier's word about its list of people holds (R-18)."
    )
    confirm_grace_days: int = Field(
        14, ge=0, le=92, description="Days after that in which people may still work; then they are suspended."
    )
    log_format: Literal["console", "json"] = Field("console", description="Log lines for people or for a collector.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the framework passes it by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = TomlConfigSettingsSource(settings_cls, toml_file=home_folder() / FILE)
        return init_settings, env_settings, file

    @field_validator("trusted_proxies", "test_networks", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("trusted_proxies", "test_networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ip_network(network)
        return value

    @field_validator("clamd")
    @classmethod
    def _socket(cls, value: str) -> str:
        if value:
            socket_address(value)
        return value

    @model_validator(mode="after")
    def _mail_is_private(self) -> Self:
        """Nothing is mailed in the clear over a network, and never from nobody."""
        url = self.smtp_url.get_secret_value()
        if url:
            MailServer.read(url)
        if url and not MAILABLE.fullmatch(self.mail_from):
            raise ValueError("smtp_url needs mail_from, an address like bastion@hospital.example")
        return self

    @model_validator(mode="after")
    def _console_is_private(self) -> Self:
        """Passwords and cookies never cross a network in the clear: TLS here, TLS in front, or loopback only."""
        if bool(self.web_tls_cert) != bool(self.web_tls_key):
            raise ValueError("web_tls_cert and web_tls_key go together: set both or neither")
        if not (self.web_tls_cert or self.trusted_proxies or is_loopback(self.web_host)):
            raise ValueError("the console would be served without TLS on a network: set web_tls_cert and web_tls_key")
        return self

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{(self.home / 'bastion.db').absolute()}"

    @property
    def vault_key(self) -> Path:
        return self.home / "keys" / "vault.key"

    @property
    def signing_key(self) -> Path:
        return self.home / "keys" / "signing.key"

    @property
    def host_key(self) -> Path:
        """Where the bastion's own SSH identity lies."""
        return self.home / "keys" / "ssh_host_ed25519_key"

    @property
    def recordings(self) -> Path:
        return self.recordings_dir or self.home / "recordings"

    @property
    def spool(self) -> Path:
        return self.spool_dir or self.home / "spool"

    @property
    def quarantine(self) -> Path:
        return self.quarantine_dir or self.home / "quarantine"

    @property
    def held_for(self) -> timedelta:
        return timedelta(days=self.held_days)

    @property
    def idle_limit(self) -> timedelta:
        return timedelta(minutes=self.idle_minutes)

    @property
    def proof_length(self) -> timedelta:
        return timedelta(minutes=self.proof_minutes)

    @property
    def console_url(self) -> str:
        return self.console_url_at(self.web_port)

    def console_url_at(self, port: int) -> str:
        """What people type; `port` is the one really listened on, which port 0 leaves open."""
        scheme = "https" if self.web_tls_cert else "http"
        host = f"[{self.web_host}]" if ":" in self.web_host else self.web_host
        return self.web_url or f"{scheme}://{host}:{port}"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over; `security` is tls, starttls, or none for a relay on this machine."""

    host: str
    port: int
    security: str
    user: str
    password: Secret

    @classmethod
    def read(cls, url: str) -> Self:
        """Raises `ValueError`, never with the address itself: it may hold a password."""
        try:
            parts = urlsplit(url)
            port, host = parts.port, parts.hostname or ""
        except ValueError:
            raise ValueError("smtp_url is no address") from None
        security, usual = MAIL_SCHEMES.get(parts.scheme, ("", 0))
        if not (security and host) or parts.path not in {"", "/"} or parts.query or parts.fragment:
            raise ValueError("smtp_url is smtps://host:465, smtp+starttls://host:587 or smtp://127.0.0.1:25")
        if security == "none" and not is_loopback(host):
            raise ValueError("smtp_url would send mail in the clear: use smtps:// or smtp+starttls://")
        password = Secret.of(unquote(parts.password or ""))
        return cls(host, port or usual, security, unquote(parts.username or ""), password)


def home_folder() -> Path:
    return Path(os.environ.get(f"{PREFIX}HOME") or DEFAULT_HOME)


def socket_address(text: str) -> str | tuple[str, int]:
    """Read a socket's path or `host:port`. Raises `ValueError` for anything else."""
    if text.startswith("/"):
        return text
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (host and colon and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError("a path, or an address and a port like 127.0.0.1:3310")
    return host, int(port)


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def load(**overrides: Any) -> Settings:
    """Read the settings; raise `ConfigurationError` with one sentence that names what is wrong and where."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise ConfigurationError(str(error), why=_first_problem(error)) from error
    except ValueError as error:  # a bastion.toml that is no TOML, or an environment value that is no JSON
        raise ConfigurationError(str(error), why=f"{home_folder() / FILE}: {error}") from error


def unknown_variables() -> list[str]:
    """Names in the environment that look like settings and are none: most likely misspelt."""
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    return sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known)


def reference() -> list[tuple[str, str, str]]:
    """Return name, default and meaning of every setting, for the docs."""
    return [(name, _default_text(name), field.description or "") for name, field in Settings.model_fields.items()]


def _default_text(name: str) -> str:
    field = Settings.model_fields[name]
    if field.default_factory is not None:
        return "the host's name"
    return "" if field.default in (None, "", ()) else str(field.default)


def _first_problem(error: ValidationError) -> str:
    """Give the first finding without its bookkeeping, and never with the value: it may hold a password."""
    problem = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        message = f"there is no setting of this name ({FILE})"
    return f"{where}: {message}" if where else message
