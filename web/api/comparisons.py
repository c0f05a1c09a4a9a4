"""`/requests/{id}/comparison`, `/sessions/{id}/comparison`: what was declared beside what was observed (R-60)."""

from fastapi import APIRouter

from bastion.domain.comparison import Aspect, Comparison, Mark, Standing, Unseen, What
from bastion.domain.held_file import Direction
from web.api.bearer import Me, Use
from web.api.shapes import Shape


class SpotShape(Shape):
    """Where in which recording: the track, counted from 0, and seconds after the recording began."""

    session_id: str
    track: int
    second: int


class PointShape(Shape):
    """One thing that was declared or observed. `count` is a number, of `asked`, `agreed` and `used` seconds, and 0
    where there is nothing to count; `mark` says whether it differs. `spot` is where the first of it is.
    """

    what: What
    count: int
    mark: Mark
    spot: SpotShape | None


class RowShape(Shape):
    aspect: Aspect
    mark: Mark
    declared: list[PointShape]
    observed: list[PointShape]


class ComparedFileShape(Shape):
    """`passed` is false for what the release desk holds or held back; `size` 0 may mean that it was not said."""

    name: str
    direction: Direction
    size: int
    sha256: str
    standing: Standing
    passed: bool


class ComparisonShape(Shape):
    """Only what the bastion saw; what it could not see is named in `unseen`. Empty where there was no session."""

    differences: list[Aspect]
    rows: list[RowShape]
    files: list[ComparedFileShape]
    unseen: list[Unseen]

    @classmethod
    def told(cls, shown: Comparison | None) -> "ComparisonShape":
        return cls.model_validate(shown) if shown else cls(differences=[], rows=[], files=[], unseen=[])


def add_to(router: APIRouter) -> None:
    router.add_api_route("/requests/{ident}/comparison", of_request, methods=["GET"])
    router.add_api_route("/sessions/{ident}/comparison", of_session, methods=["GET"])


async def of_request(ident: str, me: Me, use: Use) -> ComparisonShape:
    """What a request declared beside what was observed of all its sessions."""
    return ComparisonShape.told(await use.comparisons.of_request(me, ident))


async def of_session(ident: str, me: Me, use: Use) -> ComparisonShape:
    """What its request declared beside what was observed of one session."""
    return ComparisonShape.told(await use.comparisons.of_session(me, ident))
