"""A value that must not be printed."""

from typing import Self


class Secret:
    """Holds bytes; shows `<secret>` wherever it is printed, logged or formatted."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    @classmethod
    def of(cls, text: str) -> Self:
        return cls(text.encode())

    def reveal(self) -> bytes:
        """Return the bytes. Each call stands where the secret is used up, never where it is passed on."""
        return self._value

    def __repr__(self) -> str:
        return "<secret>"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")
