"""Pages are made of facts that may be hostile; none of them becomes markup or a template (T39, T47)."""

import pytest
from fastapi import FastAPI
from jinja2 import UndefinedError
from starlette.requests import Request

from bastion.config import Settings
from bastion.errors import ConfigurationError, IllegalTransition, Invalid, Locked
from tests.web.scenery import HOSTILE
from web import render


def shown(template: str, **facts: object) -> str:
    return render.environment().from_string(template).render(**facts)


def test_T47_what_a_person_typed_is_text():
    out = shown("<p title='{{ x }}'>{{ x }}</p>", x=HOSTILE)
    assert "<script" not in out
    assert "<img" not in out
    assert "{{7*7}}" in out
    assert "49" not in out


def test_T39_no_template_can_forget_to_spell_out_control_characters():
    out = shown("{{ x }}{{ x | upper }}{{ [x] | join }}", x="\x1b]0;title\x07")
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "\\x1b" in out


def test_T39_a_fact_inside_a_sentence_is_spelt_out_too():
    assert render.words("en")("asked {time}", time="\x1b[2J") == "asked \\x1b[2J"


def test_a_fact_that_ends_with_a_full_stop_ends_its_sentence_with_it():
    assert render.words("en")("Opens {day}.", day="29 nov.") == "Opens 29 nov."
    assert render.words("en")("Opens {day}.", day="29 May") == "Opens 29 May."


def test_T47_a_brace_in_a_fact_is_not_filled_in():
    assert render.words("en")("{who}, {time}", who="{time} {0.__class__}", time="x") == "{time} {0.__class__}, x"
    assert render.say(Locked(why="{secret} {why.__class__}"), "en").count("{secret}") == 1


def test_a_missing_name_is_an_error_and_not_an_empty_place():
    with pytest.raises(UndefinedError):
        shown("{{ nothing }}")


def test_errors_are_said_in_the_readers_language_with_their_state():
    error = IllegalTransition("r1", state="denied")
    assert "refusé" in render.say(error, "fr")
    assert render.say(error, "en") == "This can no longer be done: it is already refused."


def test_an_error_is_put_beside_the_field_it_is_about():
    assert render.error_about(Invalid(field="port"), "port")
    assert not render.error_about(Invalid(field="port"), "host")
    assert not render.error_about(None, "port")


def asked(query: str = "", cookie: str = "", accept: str = "", default: str = "fr") -> Request:
    app = FastAPI()
    app.state.settings = Settings(language=default)
    headers = [(b"cookie", cookie.encode()), (b"accept-language", accept.encode())]
    return Request(
        {"type": "http", "query_string": query.encode(), "headers": headers, "app": app, "path": "/", "state": {}}
    )


@pytest.mark.parametrize(("request_", "language"), [
    (asked("lang=en"), "en"), (asked("lang=de"), "fr"), (asked(cookie="__Host-language=en"), "en"),
    (asked("lang=fr", cookie="__Host-language=en"), "fr"), (asked(accept="de,en-GB;q=0.8"), "en"),
    (asked(accept="fr;q=0.3,en-GB;q=0.8"), "en"), (asked(accept="FR-CA,en;q=0.9", default="en"), "fr"),
    (asked(accept="frr,fr;q=0,en;q=x", default="en"), "en"), (asked(accept="enm", default="fr"), "fr"),
    (asked(accept="de"), "fr"), (asked(default="en"), "en"), (asked("lang=../../etc"), "fr"),
])  # fmt: skip
def test_the_language_is_chosen_then_remembered_then_guessed(request_, language):
    assert render.language_of(request_) == language


def test_a_console_without_built_assets_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(render, "STATIC", tmp_path)
    render.manifest.cache_clear()
    try:
        with pytest.raises(ConfigurationError) as missing:
            render.manifest()
        assert "make build" in missing.value.public
    finally:
        monkeypatch.undo()
        render.manifest.cache_clear()


def test_a_qr_code_is_drawn_inline_without_style():
    drawn = render.qr("otpauth://totp/x?secret=ABC")
    assert drawn.startswith("<svg")
    assert "style" not in drawn


def test_what_a_redirect_says_is_a_known_sentence_with_a_time_at_most():
    t = render.words("en")
    assert render.spoken("extended@23%3A30", t) == "Extended until 23:30."
    assert render.spoken("approved", t) == "Agreed. The technician may connect."
    for strange in ("nonsense", "extended@%3Cscript%3E", "extended@" + "9" * 25, "@23:30", ""):
        assert render.spoken(strange, t) == ""
