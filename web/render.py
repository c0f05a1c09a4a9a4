"""Makes pages: one template environment, one set of words per request."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import segno
from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from bastion import clock
from bastion.domain.country import outside_eea
from bastion.domain.own_words import told
from bastion.domain.parties import Actor
from bastion.errors import BastionError, ConfigurationError, IllegalTransition, Phrase
from bastion.i18n import catalogue, translator, wished
from web import (
    audit_words,
    comparison_words,
    country_words,
    desk_words,
    labels,
    order_words,
    paper_words,
    plan_words,
    views,
)
from web.audit_words import STATES
from web.labels import FLASHES

HERE: Final = Path(__file__).parent
STATIC: Final = HERE / "static"
ORNAMENT: Final = Markup('<svg class="icon" aria-hidden="true" focusable="false"><use href="#i-{}"/></svg>')
LABELLED: Final = Markup('<svg class="icon" role="img" aria-label="{}" focusable="false"><use href="#i-{}"/></svg>')
LANGUAGES: Final = {"fr": "Français", "en": "English"}
SAID: Final = "__Host-said"
LANGUAGE: Final = "__Host-language"
_TIME: Final = re.compile(r"[\w.: ]{0,24}")
"""What a clock face writes, and nothing a browser could have been made to hold instead."""


@cache
def environment() -> Environment:
    """Everything is escaped, every hidden character is spelt out, a missing name is an error (T39, T47)."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=views.visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(
        brief=views.brief,
        dialled=views.dialled,
        middle=views.middle,
        minutes_long=lambda count: timedelta(minutes=count),
        seconds_long=lambda count: timedelta(seconds=count),
    )
    env.globals.update(
        labels=labels,
        orders=order_words,
        desk_words=desk_words,
        plan_words=plan_words,
        paper_names=paper_words.KINDS,
        audit_words=audit_words,
        comparison_words=comparison_words,
        part_gone=views.part_gone,
        languages=LANGUAGES,
        outside=outside_eea,
        draw_icon=icon,
    )
    return env


@lru_cache(1024)
def icon(name: str, label: str = "") -> Markup:
    """Draw a symbol of `sprite.html`: an ornament, unless `label` says what it means.

    A page draws some hundreds; each is written once.
    """
    return LABELLED.format(views.visible(label), name) if label else ORNAMENT.format(name)


@cache
def manifest() -> Mapping[str, str]:
    """Return built name by plain name."""
    path = STATIC / "manifest.json"
    if not path.exists():
        raise ConfigurationError("no manifest", why="the console's assets are not built; run `make build`")
    names: dict[str, str] = json.loads(path.read_text())
    return names


def asset(name: str) -> str:
    return f"/static/{manifest()[name]}"


@cache
def sentences(language: str) -> Mapping[str, str]:
    """Every sentence that is translated, as it is set: a page says some hundreds, most of them again and again."""
    return {english: views.typeset(said, language) for english, said in catalogue(language).items()}


def words(language: str) -> Callable[..., str]:
    """Return `t(msgid, **params)`: translate, then fill in. A text from a user is a parameter, never a msgid."""
    known = sentences(language)

    def t(msgid: str, **params: object) -> str:
        text = known.get(msgid) or views.typeset(msgid, language)
        for name, value in params.items():
            if str(value).endswith("."):  # “29 nov.” ends a sentence with the full stop it has
                text = text.replace(f"{{{name}}}.", f"{{{name}}}")
            if language == "fr":
                text = views.with_article(text, name, str(value))
        return text.format(**{name: views.visible(value) for name, value in params.items()}) if params else text

    return t


def counted(language: str) -> Callable[..., str]:
    """Return `tn(one, many, count, **params)`: the sentence that goes with the number, then filled in."""
    t = words(language)

    def tn(one: str, many: str, count: int, **params: object) -> str:
        return t(one if views.is_one(count, language) else many, count=count, **params)

    return tn


def say(error: BastionError, language: str) -> str:
    """Say an error, with the state it names in the reader's language too."""
    translate, params = translator(language), dict(error.params)
    if isinstance(error, IllegalTransition) and "state" in params:
        params["state"] = translate(STATES.get(str(params["state"]), str(params["state"])))
    for name, fact in params.items():
        if isinstance(fact, Phrase):
            params[name] = translate(fact.msgid).format(**fact.facts)
    return views.typeset(translate(error.msgid), language).format(**params)


def spoken(said: str, t: Callable[..., str]) -> str:
    """Return the sentence for what the cookie of a redirect holds: a key, and behind it a time of day if it has one."""
    key, _, quoted = said.partition("@")
    until = unquote(quoted)
    return t(FLASHES[key], until=until) if key in FLASHES and _TIME.fullmatch(until) else ""


def language_of(request: Request) -> str:
    """Return the signed-in person's language, else the one chosen on the sign-in page, else the browser's."""
    actor: Actor | None = getattr(request.state, "actor", None)
    chosen = [actor.language if actor else "", request.query_params.get("lang", ""), request.cookies.get(LANGUAGE, "")]
    default: str = request.app.state.settings.language
    accepted = wished(request.headers.get("accept-language", ""))
    return next((tag for tag in (*chosen, *accepted) if tag in LANGUAGES), default)


def page(request: Request, template: str, *, status: int = 200, **facts: Any) -> HTMLResponse:
    """Render a template for whoever asks."""
    language = language_of(request)
    face = views.Clockface(language, clock.now())
    # A page that reads a part of itself again, while a form of it is on its way, must not take the next page's word.
    said = "" if "hx-request" in request.headers else request.cookies.get(SAID, "")
    facts = {
        "t": words(language),
        "own": partial(told, translate=words(language)),
        "tn": counted(language),
        "typeset": partial(views.typeset, language=language),
        "say": partial(say, language=language),
        "face": face,
        "now": face.now,
        "language": language,
        "actor": getattr(request.state, "actor", None),
        "may": getattr(request.state, "may", lambda _path: False),
        "path": request.url.path,
        "here": request.url.path if request.method == "GET" else "/",
        "said": spoken(said, words(language)),
        "error": None,
        "asset": asset,
        "fresh_until": getattr(request.state, "fresh_until", None),
        "locks": getattr(request.state, "locks", ()),
        "country": partial(country_words.name, language),
    } | facts
    facts["wrong"] = partial(error_about, facts["error"])
    response = HTMLResponse(environment().get_template(template).render(facts), status_code=status)
    if said:
        response.delete_cookie(SAID, secure=True, httponly=True, samesite="strict")
    return response


def qr(uri: str) -> Markup:
    """Return a QR code as inline SVG, dark on light in both colour schemes (scanners want it so)."""
    code = segno.make(uri, error="m")
    return Markup(code.svg_inline(scale=4, border=3, dark="#000", light="#fff"))  # noqa: S704 - drawn by us from modules


def secret_of(uri: str) -> str:
    """Return the secret of an otpauth address in groups of four, to be typed by hand."""
    secret = uri.partition("secret=")[2].partition("&")[0]
    return " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))


def remember_language(response: Response, language: str) -> None:
    """Keep the language for the pages before signing in."""
    if language in LANGUAGES:
        response.set_cookie(
            LANGUAGE, language, max_age=365 * 86400, path="/", secure=True, httponly=True, samesite="strict"
        )


def error_about(error: BastionError | None, name: str) -> BastionError | None:
    """Return what is wrong with the form field `name`."""
    return error.about(name) if error is not None else None
