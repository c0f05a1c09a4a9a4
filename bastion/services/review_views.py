"""A review of access rights as one reader sees it."""

from dataclasses import dataclass

from bastion.domain.parties import EVERYWHERE, Facility, Role
from bastion.domain.review import Campaign, CampaignState, LineState, ReviewLine, ReviewSignature


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a campaign is. `counts` is by state, of its lines as they are now; `facilities` are the hospitals under
    review, none for one of the whole group.
    """

    campaign: Campaign
    counts: dict[LineState, int]
    facilities: tuple[Facility, ...] = ()
    signature: ReviewSignature | None = None

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def state(self) -> CampaignState:
        if self.signature is not None:
            return CampaignState.SIGNED
        return CampaignState.OPEN if self.counts[LineState.OPEN] else CampaignState.TO_SIGN


@dataclass(frozen=True, slots=True)
class Seen:
    """A line as one reader sees it; `mine` says that he may decide on it, `facility` is where a role is held when it is
    one hospital, `correspondent` that somebody of a supplier speaks for it now: he makes accounts for his colleagues.
    """

    line: ReviewLine
    state: LineState
    mine: bool
    correspondent: bool = False
    facility: Facility | None = None

    @property
    def everywhere(self) -> bool:
        """Whether this role is held in every hospital (R-70)."""
        return self.line.place == EVERYWHERE


@dataclass(frozen=True, slots=True)
class OfTheGroup:
    """Somebody with a role in every hospital; `state` is what the group's reviews say of it, `None` nothing yet."""

    name: str
    role: Role
    state: LineState | None


@dataclass(frozen=True, slots=True)
class Review:
    """A campaign and some or all of its lines: of `found` lines that were looked for. `waiting` is how many of all wait
    for the reader, `decided_since` how many were decided after somebody signed, which the signature does not cover;
    `leads` says that the reader may sign for it once no line is open.
    """

    standing: Standing
    lines: tuple[Seen, ...]
    leads: bool = False
    found: int = 0
    waiting: int = 0
    decided_since: int = 0
    of_the_group: tuple[OfTheGroup, ...] = ()

    @property
    def may_sign(self) -> bool:
        return self.leads and self.standing.state is CampaignState.TO_SIGN

    @property
    def elsewhere(self) -> int:
        """How many lines of the campaign are not among these."""
        return self.standing.total - len(self.lines)

    @property
    def since(self) -> tuple[Seen, ...]:
        """Of these lines what was decided after somebody signed."""
        signed = self.standing.signature
        if signed is None:
            return ()
        return tuple(one for one in self.lines if one.line.decided_at and one.line.decided_at > signed.signed_at)
