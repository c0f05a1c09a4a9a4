"""What the trail holds as codes is read as words."""

from datetime import UTC, datetime

import pytest

from bastion.domain.events import KINDS
from bastion.domain.session_effects import RefusalReason
from bastion.domain.session_events import EndReason
from web import facts, render
from web.facts import Fact, Teller
from web.views import Clockface

NOON = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
FR = Teller(render.words("fr"), Clockface("fr", NOON))
EN = Teller(render.words("en"), Clockface("en", NOON))


@pytest.mark.parametrize(("tag", "name", "value", "said"), [
    ("recording:viewed", "how", "watch", "visionné"),
    ("auth:succeeded", "factors", "password totp", "mot de passe, code"),
    ("session:closed", "reason", "technician_left", "L’intervenant est parti"),
    ("request:created", "reason", "idle", "idle"),
    ("grant:created", "channels", "exec shell", "Commande unique, Terminal"),
    ("lock:imposed", "scope", "all", "Tout"), ("lock:imposed", "until", "2026-11-22T14:00:00+00:00", "15:00"),
    ("request:approved", "agreed", "90", "1 h 30 min"), ("session:closed", "bytes", "3400", "3,4 Ko"),
    ("session:closed", "seconds", "61.2", "1 min"), ("directory:device_saved", "changed", "name ward", "nom, service"),
    ("session:refused", "why", "device_busy", "une autre personne intervient sur le dispositif"),
    ("session:cut_asked", "why", "Patient en urgence", "Patient en urgence"),
    ("channel:refused", "why", "kind_not_granted", "non compris dans l’autorisation"),
    ("file:passed", "size", "3400", "3,4 Ko"), ("file:passed", "direction", "in", "vers le dispositif"),
    ("file:passed", "outcome", "broken off", "interrompu"),
    ("file:refused", "why", "path_too_long", "le chemin est trop long"),
    ("review:decided", "who", "Anne Roy approver; ct-01 telediagnostic; Bob Petit",
     "Anne Roy (Approbateur); ct-01 (Télédiagnostic); Bob Petit"),
    ("review:started", "due", "2026-12-19T18:10:14.093117+00:00", "19 déc. 19:10"),
    ("request:created", "backup", "2026-12-19T18:10:14.1+00:00 NAS biomédical", "19 déc. 19:10 · NAS biomédical"),
    ("request:created", "backup", "yesterday, on the NAS", "yesterday, on the NAS"),
    ("lock:imposed", "until", "some day", "some day"), ("auth:succeeded", "factors", "key smoke", "key smoke"),
])  # fmt: skip
def test_a_code_is_a_word_and_what_a_person_wrote_stays(tag, name, value, said):
    (fact,) = FR.facts(tag, {name: value})
    assert fact.value == said


def test_what_is_empty_is_left_out_and_a_digest_is_cut_with_the_whole_beside_it():
    digest = "ab" * 32
    assert EN.facts("session:closed", {"digest": digest, "bytes": ""}) == [
        Fact("digest", "abababababab…", code=True, whole=digest)
    ]
    assert EN.facts("session:opened", {"node": "n1"}) == [Fact("node", "n1", code=True)]


def test_every_reason_to_refuse_has_words_without_a_hole_in_them():
    assert [code for code, words in facts.WHY.items() if "{" in words] == []
    ours = {kind.code for kind in facts._errors() if kind.__module__.startswith("bastion.")}
    assert ours | set(RefusalReason) <= set(facts.WHY)


def test_every_end_of_a_session_is_said_in_its_events():
    for tag in ("session:ending", "session:closed"):
        assert "reason" in KINDS[tag].fields
        assert [end for end in EndReason if FR.facts(tag, {"reason": end})[0].value == end] == []


@pytest.mark.parametrize(("outcome", "said"), [
    ("status 0", "en ordre"), ("status 127", "erreur 127"), ("signal KILL", "erreur KILL"), ("", "–"),
    ("session ended", "la session s’est terminée"), ("0", "en ordre"), ("3", "erreur 3"),
])  # fmt: skip
def test_how_a_channel_ended(outcome, said):
    assert FR.outcome(outcome) == said
