from dataclasses import replace

from bastion.domain.parties import Role, assigned
from web.nav import GROUPS, places


def titles(actor) -> set[str]:
    return {place.path for _, group in places(actor) for place in group}


def test_each_sees_only_the_places_open_to_him(house):
    actor = house.staff(house.eve)
    assert "/recordings" not in titles(actor)
    assert "/audit" not in titles(actor)
    assert {"/recordings", "/audit"} <= titles(replace(actor, assignments=assigned({Role.SECURITY}, {"*"})))
    assert titles(None) == set()


def test_here_is_the_place_and_everything_under_it():
    home, *_ = GROUPS[0][1]
    requests = next(place for _, group in GROUPS for place in group if place.path == "/requests")
    assert home.here("/")
    assert not home.here("/requests")
    assert requests.here("/requests/0123")
    assert not requests.here("/")
