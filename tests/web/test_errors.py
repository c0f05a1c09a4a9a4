from http import HTTPStatus

from bastion import errors
from web.errors import STATUS, status_of


def every_error() -> set[type[errors.BastionError]]:
    return {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.BastionError)}


def test_every_error_has_a_status_of_its_own_or_of_its_kind():
    for kind in every_error():
        assert status_of(kind.__new__(kind)) in HTTPStatus
        assert kind in STATUS or kind.__mro__[1] in STATUS, f"{kind.__name__} would answer 500"


def test_only_our_own_faults_answer_500():
    ours = {kind for kind in every_error() if status_of(kind.__new__(kind)) == HTTPStatus.INTERNAL_SERVER_ERROR}
    assert ours == {errors.BastionError, errors.ConfigurationError}


def test_a_kind_of_an_error_answers_as_its_kind():
    assert status_of(errors.GrantOver()) == status_of(errors.NoGrant())
    assert status_of(errors.SelfApproval()) == HTTPStatus.FORBIDDEN
