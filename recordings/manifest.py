"""`manifest.json`: what a sealed recording is about and what is in it."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Self

from recordings.model import FORMAT, Ending, RecordingDamaged, RecordingMeta, TrackInfo, canonical

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """`monotonic_ns` is the monotonic clock at the start (R-51), None when unknown.

    `notes` say what is amiss with the recording as such, in English, for whoever has to judge it.
    """

    meta: RecordingMeta
    ending: Ending
    monotonic_ns: int | None
    tracks: tuple[TrackInfo, ...]
    notes: tuple[str, ...] = ()

    def as_bytes(self) -> bytes:
        return canonical(asdict(self) | {"format": FORMAT, "meta": self.meta.as_json()}) + b"\n"

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read what `as_bytes` wrote; RecordingDamaged if it is something else."""
        try:
            values: dict[str, Any] = json.loads(text)
            return cls(
                RecordingMeta.from_json(values["meta"]),
                Ending(**values["ending"]),
                values["monotonic_ns"],
                tuple(TrackInfo.from_json(track) for track in values["tracks"]),
                tuple(values["notes"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise RecordingDamaged(f"{MANIFEST}: it cannot be read") from error
