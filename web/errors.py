"""The edge table of errors: what HTTP says for each. Tested complete against `bastion/errors.py`."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from bastion import errors as e

STATUS: Mapping[type[e.BastionError], HTTPStatus] = MappingProxyType(
    {
        e.BastionError: HTTPStatus.INTERNAL_SERVER_ERROR,
        e.Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
        e.NotFound: HTTPStatus.NOT_FOUND,
        e.Forbidden: HTTPStatus.FORBIDDEN,
        e.FreshFactorNeeded: HTTPStatus.FORBIDDEN,
        e.AuthenticationFailed: HTTPStatus.UNAUTHORIZED,
        e.TooManyAttempts: HTTPStatus.TOO_MANY_REQUESTS,
        e.DecisionLinkSpent: HTTPStatus.UNAUTHORIZED,
        e.Conflict: HTTPStatus.CONFLICT,
        e.AlreadyExists: HTTPStatus.CONFLICT,
        e.IllegalTransition: HTTPStatus.CONFLICT,
        e.PolicyRefused: HTTPStatus.FORBIDDEN,
        e.Locked: HTTPStatus.LOCKED,
        e.Suspended: HTTPStatus.FORBIDDEN,
        e.NoGrant: HTTPStatus.FORBIDDEN,
        e.NotAcknowledged: HTTPStatus.FORBIDDEN,
        e.ChannelRefused: HTTPStatus.FORBIDDEN,
        e.DeviceBusy: HTTPStatus.CONFLICT,
        e.DeviceNotReady: HTTPStatus.CONFLICT,
        e.DeviceUnreachable: HTTPStatus.BAD_GATEWAY,
        e.AddressRefused: HTTPStatus.CONFLICT,
        e.HostKeyChanged: HTTPStatus.BAD_GATEWAY,
        e.DeviceLoginFailed: HTTPStatus.BAD_GATEWAY,
        e.RecordingUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
        e.FileHeld: HTTPStatus.CONFLICT,
        e.NoRoom: HTTPStatus.INSUFFICIENT_STORAGE,
        e.RecordingDamaged: HTTPStatus.CONFLICT,
        e.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
        e.ConfigurationError: HTTPStatus.INTERNAL_SERVER_ERROR,
    }
)


def status_of(error: e.BastionError) -> HTTPStatus:
    """Return the status of the nearest class in the table."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
