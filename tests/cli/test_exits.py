"""The table of exit codes is complete, and says what the docs say."""

from bastion.cli.exits import CODES, MEANING, Exit, code_of
from bastion.errors import BastionError, ConfigurationError, GrantRevoked, NotFound, TooManyAttempts


def tree(kind=BastionError):
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == "bastion.errors":
            yield from tree(child)


def test_every_error_leaves_with_a_code_that_is_explained():
    for kind in tree():
        assert next(CODES[parent] for parent in kind.__mro__ if parent in CODES) in MEANING
        assert kind in CODES or kind.__base__ in CODES, f"{kind.__name__} has no row near it"


def test_a_kind_takes_the_code_of_its_nearest_parent():
    assert code_of(GrantRevoked(why="x")) is Exit.NOT_ALLOWED
    assert code_of(TooManyAttempts(minutes=1)) is Exit.NOT_ALLOWED
    assert code_of(NotFound()) is Exit.NOT_FOUND
    assert code_of(ConfigurationError(why="x")) is Exit.CONFIGURATION


def test_every_code_is_explained_once():
    assert MEANING.keys() == set(Exit)
