"""A review of access rights as one reader sees it."""

from dataclasses import dataclass

from bastion.domain.review import Campaign, CampaignState, LineState, ReviewLine, ReviewSignature


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a campaign is. `counts` is by state, of its lines as they are now."""

    campaign: Campaign
    counts: dict[LineState, int]
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
    """A line as one reader sees it; `mine` says that he may decide on it, `everywhere` that somebody of the staff has
    this role in every hospital now (R-70).
    """

    line: ReviewLine
    state: LineState
    mine: bool
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Review:
    """`leads` says that the reader may sign for it once no line is open."""

    standing: Standing
    lines: tuple[Seen, ...]
    leads: bool = False

    @property
    def may_sign(self) -> bool:
        return self.leads and self.standing.state is CampaignState.TO_SIGN

    @property
    def since(self) -> tuple[Seen, ...]:
        """What was decided after somebody signed: the signature does not cover it."""
        signed = self.standing.signature
        if signed is None:
            return ()
        return tuple(one for one in self.lines if one.line.decided_at and one.line.decided_at > signed.signed_at)
