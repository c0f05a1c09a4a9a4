"""What each sealed value is bound to, so that one row's bytes do not open in another's place."""


def secret_aad(secret_id: str) -> str:
    """Of a row in `secrets`: a device account's secret, or an invitation's authenticator."""
    return f"secret:{secret_id}"


def totp_aad(subject_id: str) -> str:
    """Of a person's authenticator secret, in `credentials`."""
    return f"totp:{subject_id}"
