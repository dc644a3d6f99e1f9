"""What the community's rules of care say of a claim and of a co-signature, asked of the state alone.

Both the decision and the warrant ask here, so that a replay checks the same. All periods are counted over
the *care day* (any window of ``period_days`` with that day in it): the day stands in the claim, so a clock
that is set back gives nobody a period anew. Money of the commons is counted by when it was paid.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from appliance.ledger.book import rules
from appliance.ledger.book.letters_care import NotCounted
from appliance.ledger.book.rules import Care
from appliance.ledger.book.schema import Claim, MemberKey
from appliance.ledger.book.schema_care import CareTerms
from appliance.ledger.book.store import Tx
from appliance.ledger.care import moved, rings
from appliance.ledger.care.households import apart, household
from appliance.ledger.care.rings import Node
from appliance.ledger.care.states import DAY_MS, SIGNED
from appliance.ledger.clock import Instant, Quality
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money import accounts, dues
from appliance.ledger.people import powers

BUDGET_DAYS: Final = 30
"""Over how many days the budget is counted. Books are folded with it: it never changes."""


def heaviest(values: Iterable[tuple[int, int]], day: int, period: int) -> int:
    """The most that any ``period`` days in a row with ``day`` in them hold of ``values`` (day, how much)."""
    by_day: dict[int, int] = {}
    for when, much in values:
        if abs(when - day) < period:
            by_day[when] = by_day.get(when, 0) + much
    starts = {day} | {when for when in by_day if when <= day}
    return max(
        sum(much for when, much in by_day.items() if start <= when < start + period) for start in starts
    )


# ---------------------------------------------------------------------------------------- of a claim


@dataclass(frozen=True, slots=True)
class Said:
    """The care that a claim is about, as the rules look at it. ``own``: its id when it is edited."""

    carer: int
    category: str
    minutes: int
    day: int
    own: bytes = b""


def worth(tx: Tx, care: Care, said: Said) -> int | Refusal:
    """What the commons will pay for it, minor units; or why it cannot be claimed."""
    same_day = tx.select(_SAME_DAY, said.carer, said.day, said.own)
    left = care.longest_minutes - sum(minutes for _, minutes, _ in same_day)
    if said.minutes > left:
        numbers = {"longest_minutes": care.longest_minutes, "left": max(0, left)}
        return Refusal(Code.CARE_DAY_FULL if same_day else Code.TIME_WRONG, numbers, (Action.TRY_AGAIN,))
    amount = care.pay_for(said.category, said.minutes)
    if cap := care.caps.get(said.category, 0):
        had = sum(paid for category, _, paid in same_day if category == said.category)
        if amount and had >= cap:
            return Refusal(Code.CARE_CAP, {"cap": cap}, (Action.HOME,))
        amount = min(amount, cap - had)
    if care.carer_most and amount:
        had = heaviest(
            _around(tx, _OF_CARER, care, said.day, said.carer, said.own), said.day, care.period_days
        )
        if had + amount > care.carer_most:
            numbers = {
                "most": care.carer_most,
                "left": max(0, care.carer_most - had),
                "days": care.period_days,
            }
            return Refusal(Code.CARER_CAP, numbers, (Action.TRY_AGAIN,))
    return amount


_SAME_DAY: Final = """
SELECT category, minutes, amount FROM claim
WHERE carer = ? AND day = ? AND id <> ? AND state IN ('open', 'confirmed', 'paid')
"""

_OF_CARER: Final = """
SELECT day, amount FROM claim
WHERE day > ? AND day < ? AND carer = ? AND id <> ? AND state IN ('open', 'confirmed', 'paid')
"""


def _around(tx: Tx, sql: str, care: Care, day: int, *values: object) -> list[tuple[int, int]]:
    """What ``sql`` finds within a period of ``day``, to both sides."""
    found = tx.select(sql, day - care.period_days, day + care.period_days, *values)
    return [(int(when), int(much)) for when, much in found]


# ---------------------------------------------------------------------------------------- of a co-signature


def terms_of(tx: Tx, claim: bytes) -> CareTerms | None:
    """What a claim says beyond its row; None for one of version 1."""
    return tx.get(CareTerms, claim=claim)


def signers(tx: Tx, claim: bytes) -> list[int]:
    """Who has co-signed, in the order of their numbers."""
    found = tx.select(
        "SELECT member FROM witness WHERE claim = ? AND state = ? ORDER BY member", claim, SIGNED
    )
    return [int(member) for (member,) in found]


def stand_ins(tx: Tx, care: Care, claim: Claim, terms: CareTerms | None) -> frozenset[int]:
    """Who may sign in the place of who was cared for, beside a keeper: helpers and joint holders, by policy.

    Never the carer, whose own claim it is, nor who wrote it down.
    """
    if not care.helper_stands_in or terms is None or terms.recipient is None:
        return frozenset()
    found = {int(member) for (member,) in tx.select(_STAND_INS, terms.recipient)}
    return frozenset(found - {claim.carer, terms.writer})


_STAND_INS: Final = """
SELECT "grant".member FROM "grant" JOIN account ON account.number = "grant".account
WHERE "grant".state = 'agreed' AND account.owner = ?
"""


def far_signers(tx: Tx, claim: bytes) -> list[Node]:
    """Who has co-signed at another hub and counts, in order."""
    found = tx.select(
        "SELECT hub, member FROM far_witness WHERE claim = ? AND state = ? ORDER BY hub, member",
        claim,
        SIGNED,
    )
    return [Node(int(hub), int(member)) for hub, member in found]


def anybody_signed(tx: Tx, claim: bytes) -> bool:
    """Whether somebody has co-signed, here or at another hub."""
    return bool(signers(tx, claim) or far_signers(tx, claim))


def recipient_signs(tx: Tx, terms: CareTerms | None) -> bool:
    """Whether who was cared for is a member who can sign; for anybody else a keeper stands in."""
    if terms is None or terms.recipient is None or not powers.active(tx, terms.recipient):
        return False
    return tx.get(MemberKey, member=terms.recipient, ended_entry=None) is not None


def refuse_signer(tx: Tx, care: Care, claim: Claim, terms: CareTerms | None, actor: int) -> Refusal | None:
    """Why the word of ``actor`` cannot be taken on ``claim``: who it is, and how often they were asked."""
    if claim.carer == actor:
        return Refusal(Code.OWN_CLAIM, {}, (Action.HOME,))
    if terms is not None and terms.writer == actor and actor != terms.recipient:
        return Refusal(
            Code.PARTY, {}, (Action.ASK_KEEPER,)
        )  # a keeper who took it from paper has no part in it
    if refusal := _refuse_household(tx, care, claim, terms, actor):
        return refusal
    if any(moved.where(tx, one) in far_signers(tx, claim.id) for one in _own(tx, care, actor, claim.day)):
        return Refusal(Code.HOUSEHOLD_SIGNED, {}, (Action.SHOW, Action.HOME))
    if care.pair_most:
        had = heaviest(_of_pair(tx, care, claim, actor, moved.where(tx, actor)), claim.day, care.period_days)
        if had + claim.amount > care.pair_most:
            numbers = {"most": care.pair_most, "left": max(0, care.pair_most - had), "days": care.period_days}
            return Refusal(Code.PAIR_CAP, numbers, (Action.SHOW, Action.HOME))
    if care.signer_most:
        return refuse_busy_signer(tx, care, actor, claim.day, claim.id)
    return None


def _own(tx: Tx, care: Care, member: int, day: int) -> frozenset[int]:
    """Who counts as one with ``member``: the household, where that is a rule."""
    return household(tx, member, day) if care.household else frozenset((member,))


def _of_pair(
    tx: Tx, care: Care, claim: Claim, member: int | None, node: Node | None
) -> list[tuple[int, int]]:
    """What was paid, or may be, for care of this carer on the word of one who signs here as ``member``, there as ``node``."""
    found: list[tuple[int, int]] = []
    if member is not None:
        found += _around(tx, _OF_PAIR, care, claim.day, claim.carer, member, claim.id)
    if node is not None:
        found += _around(tx, _OF_FAR_PAIR, care, claim.day, claim.carer, *node, claim.id)
    return found


def refuse_busy_signer(tx: Tx, care: Care, actor: int, day: int, own: bytes) -> Refusal | None:
    """Why a member's word is not taken on care of ``day``: given so often, here and for other hubs."""
    if not care.signer_most:
        return None
    given = _around(tx, _OF_SIGNER, care, day, actor, own) + _around(tx, _GIVEN_AWAY, care, day, actor, own)
    if (node := moved.where(tx, actor)) is not None:
        given += _around(tx, _OF_FAR_SIGNER, care, day, *node, own)
    if heaviest(given, day, care.period_days) < care.signer_most:
        return None
    numbers = {"most": care.signer_most, "days": care.period_days}
    return Refusal(Code.SIGNER_CAP, numbers, (Action.SHOW, Action.HOME))


def why_not_far(tx: Tx, care: Care, claim: Claim, node: Node) -> NotCounted | None:
    """Why the word of a member of another hub does not count: the caps, over what this hub knows of them."""
    from_here = moved.who(tx, node)
    for one in sorted(from_here):
        if _own(tx, care, one, claim.day) & {claim.carer, *signers(tx, claim.id)}:
            return NotCounted.PARTY
    mover = min(from_here, default=None)
    if care.pair_most:
        had = heaviest(_of_pair(tx, care, claim, mover, node), claim.day, care.period_days)
        if had + claim.amount > care.pair_most:
            return NotCounted.PAIR_CAP
    if care.signer_most:
        given = _around(tx, _OF_FAR_SIGNER, care, claim.day, *node, claim.id)
        if mover is not None:
            given += _around(tx, _OF_SIGNER, care, claim.day, mover, claim.id)
        had = heaviest(given, claim.day, care.period_days)
        if had >= care.signer_most:
            return NotCounted.SIGNER_CAP
    if care.far_most:
        had = heaviest(
            _around(tx, _ON_THE_WORD_OF, care, claim.day, node.hub, claim.id), claim.day, care.period_days
        )
        if had + claim.amount > care.far_most:
            return NotCounted.FAR_CAP
    return None


_GIVEN_AWAY: Final = """
SELECT asked_here.day, 1 FROM asked_of JOIN asked_here ON asked_here.id = asked_of.ask
WHERE asked_here.day > ? AND asked_here.day < ? AND asked_of.member = ? AND asked_of.state = 'signed'
  AND asked_here.id <> ? AND asked_here.state IN ('open', 'confirmed')
"""

_OF_FAR_PAIR: Final = """
SELECT claim.day, claim.amount FROM claim
JOIN far_witness ON far_witness.claim = claim.id AND far_witness.state = 'signed'
WHERE claim.day > ? AND claim.day < ? AND claim.carer = ? AND far_witness.hub = ? AND far_witness.member = ?
  AND claim.id <> ? AND claim.state IN ('open', 'confirmed', 'paid')
"""

_OF_FAR_SIGNER: Final = """
SELECT claim.day, 1 FROM far_witness JOIN claim ON claim.id = far_witness.claim
WHERE claim.day > ? AND claim.day < ? AND far_witness.hub = ? AND far_witness.member = ?
  AND far_witness.state = 'signed' AND claim.id <> ? AND claim.state IN ('open', 'confirmed', 'paid')
"""

_ON_THE_WORD_OF: Final = """
SELECT day, amount FROM claim WHERE day > ? AND day < ? AND state IN ('open', 'confirmed', 'paid')
  AND id IN (SELECT claim FROM far_witness WHERE hub = ? AND state = 'signed') AND id <> ?
"""

_OF_PAIR: Final = """
SELECT claim.day, claim.amount FROM claim JOIN witness ON witness.claim = claim.id AND witness.state = 'signed'
WHERE claim.day > ? AND claim.day < ? AND claim.carer = ? AND witness.member = ? AND claim.id <> ?
  AND claim.state IN ('open', 'confirmed', 'paid')
"""

_OF_SIGNER: Final = """
SELECT claim.day, 1 FROM witness JOIN claim ON claim.id = witness.claim
WHERE claim.day > ? AND claim.day < ? AND witness.member = ? AND witness.state = 'signed' AND claim.id <> ?
  AND claim.state IN ('open', 'confirmed', 'paid')
"""


def _refuse_household(
    tx: Tx, care: Care, claim: Claim, terms: CareTerms | None, actor: int
) -> Refusal | None:
    """Somebody of the carer's household, or of a co-signer's, counts no more: only the role counts."""
    if not care.household:
        return None
    if terms is not None and terms.need_recipient and terms.recipient == actor:
        return None
    own = household(tx, actor, claim.day)
    if claim.carer in own:
        return Refusal(Code.SAME_HOUSEHOLD, {}, (Action.HOME,))
    if own & set(signers(tx, claim.id)):
        return Refusal(Code.HOUSEHOLD_SIGNED, {}, (Action.SHOW, Action.HOME))
    return None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a claim has come.

    Attributes:
        counted: co-signers, a household once, without the carer's.
        quorum: how many it takes.
        recipient, keeper: whether these roles are still missing.
        stands_in: a keeper is missing in the place of who was cared for.
        ring: the ring around the carer, when all else is there; empty when there is none.
        outside: whether a keeper outside that ring is missing; of no ring: the search for one did not end.
    """

    counted: int
    quorum: int
    recipient: bool = False
    stands_in: bool = False
    keeper: bool = False
    ring: frozenset[Node] = field(default=frozenset())
    outside: bool = False

    @property
    def confirmed(self) -> bool:
        """Whether nothing is missing."""
        roles = self.recipient or self.stands_in or self.keeper
        return self.counted >= self.quorum and not roles and not self.outside


def progress(tx: Tx, care: Care, claim: Claim, also: int | None = None, far: Node | None = None) -> Progress:
    """How far ``claim`` has come; once ``also``, or ``far`` of another hub, has co-signed as well.

    Who lives together at another hub is that hub's to know (``elsewhere``): each counts.
    """
    terms, signed = terms_of(tx, claim.id), set(signers(tx, claim.id))
    afar = set(far_signers(tx, claim.id))
    if also is not None:
        signed.add(also)
    if far is not None:
        afar.add(far)
    carers = household(tx, claim.carer, claim.day) if care.household else frozenset((claim.carer,))
    counted = (apart(tx, signed, carers, claim.day) if care.household else len(signed)) + len(afar)
    keepers = {member for member in signed & set(powers.keepers(tx)) if member not in carers}
    needs = terms is not None and terms.need_recipient
    able = recipient_signs(tx, terms)
    in_place = bool(stand_ins(tx, care, claim, terms) & signed - carers)
    seen = Progress(
        counted,
        claim.quorum,
        recipient=needs and able and not in_place and terms is not None and terms.recipient not in signed,
        stands_in=needs and not able and not in_place and not keepers,
        keeper=terms is not None and terms.need_keeper and not keepers - {terms.recipient},
    )
    if not seen.confirmed:
        return seen
    here = hub_number(tx)
    found = _ring(tx, care, claim, far if also is None else Node(here, also))
    held = bool(found.ring) or (not found.finished and names_households(tx))
    outside = held and not any(Node(here, keeper) not in found.ring for keeper in keepers)
    return Progress(counted, claim.quorum, ring=found.ring, outside=outside)


def hub_number(tx: Tx) -> int:
    """The number of this hub, as its founding says."""
    return int(rules.kept(tx, "community")["hub"])


def _ring(tx: Tx, care: Care, claim: Claim, also: Node | None) -> rings.Found:
    """The ring around the carer, as far as this hub can see: of somebody at another hub it knows who of here
    has co-signed for them, and takes that for all. So it asks for a keeper rather once too often.
    """
    if not care.ring_share:
        return rings.NONE
    here, since, until = hub_number(tx), claim.day - care.ring_days, claim.day + care.ring_days

    def received(node: Node) -> Mapping[Node, int]:
        if node.hub != here:
            given = tx.select(_GIVEN_TO, node.hub, node.member, since, until)
            return {Node(here, int(by)): int(n) for by, n in given}
        found = {Node(here, int(by)): int(n) for by, n in tx.select(_RECEIVED, node.member, since, until)}
        for hub, by, n in tx.select(_RECEIVED_FROM_AFAR, node.member, since, until):
            found[Node(int(hub), int(by))] = int(n)
        if also is not None and node.member == claim.carer:
            found[also] = found.get(also, 0) + 1
        return found

    return rings.look(Node(here, claim.carer), received, care.ring_share, care.ring_people)


_RECEIVED: Final = """
SELECT witness.member, COUNT(*) FROM claim JOIN witness ON witness.claim = claim.id AND witness.state = 'signed'
WHERE claim.carer = ? AND claim.day > ? AND claim.day < ? AND claim.state IN ('open', 'confirmed', 'paid')
GROUP BY witness.member
"""

_RECEIVED_FROM_AFAR: Final = """
SELECT far_witness.hub, far_witness.member, COUNT(*) FROM claim
JOIN far_witness ON far_witness.claim = claim.id AND far_witness.state = 'signed'
WHERE claim.carer = ? AND claim.day > ? AND claim.day < ? AND claim.state IN ('open', 'confirmed', 'paid')
GROUP BY far_witness.hub, far_witness.member
"""

_GIVEN_TO: Final = """
SELECT asked_of.member, COUNT(*) FROM asked_here JOIN asked_of ON asked_of.ask = asked_here.id AND asked_of.state = 'signed'
WHERE asked_here.hub = ? AND asked_here.carer = ? AND asked_here.day > ? AND asked_here.day < ?
  AND asked_here.state IN ('open', 'confirmed')
GROUP BY asked_of.member
"""


# ---------------------------------------------------------------------------------------- of the payment


def refuse_paying(tx: Tx, care: Care, claim: Claim, at: Instant) -> Refusal | None:
    """Why a confirmed claim is not paid yet, whatever the commons and its carer have room for."""
    if tx.first("SELECT 1 FROM care_objection WHERE claim = ? AND state = 'open'", claim.id) is not None:
        return Refusal(Code.CARE_OBJECTED, {}, (Action.WAIT,))
    if still_cools(tx, claim.id, at):
        return Refusal(Code.CARE_COOLING, {"days": care.cool_days}, (Action.WAIT,))
    if care.budget:
        used = spent(tx, at)
        if (
            used and used + claim.amount > care.budget
        ):  # what is larger than the budget is paid when nothing else was
            numbers = {"amount": claim.amount, "left": max(0, care.budget - used), "days": BUDGET_DAYS}
            return Refusal(Code.CARE_BUDGET, numbers, (Action.WAIT,))
    return None


def still_cools(tx: Tx, claim: bytes, at: Instant) -> bool:
    """Whether a large claim waits still; by a clock that nobody vouches for it does."""
    cooling = tx.first("SELECT entry, until_ms FROM care_cooling WHERE claim = ?", claim)
    return cooling is not None and not dues.over(tx, cooling[0], cooling[1], at)


def spent(tx: Tx, at: Instant) -> int:
    """What the commons paid for care in the last thirty days, less what was given back.

    Counted by the time of payment over every change of the hub's time. By a clock that nobody vouches
    for no day passes: then all of it counts; and a payment made by such a clock counts until it is
    known that its time is over.
    """
    if at.quality < Quality.KEEPER:
        found = tx.first(
            "SELECT COALESCE(SUM(amount), 0) FROM transfer WHERE kind = 'care' AND reversed_by IS NULL"
        )
        return int(found[0]) if found else 0
    span = BUDGET_DAYS * DAY_MS
    known = tx.first(
        _SPENT, at.ms - span - _set_forward(tx), int(Quality.KEEPER), int(Quality.KEEPER), at.ms - span
    )
    total = int(known[0]) if known else 0
    for amount, paid_ms, entry in tx.select(_SPENT_IN_DOUBT, int(Quality.KEEPER)):
        total += 0 if dues.over(tx, entry, paid_ms + span, at) else amount
    return total


def _set_forward(tx: Tx) -> int:
    """By how much the hub's time was set forward in all, while time did not pass."""
    found = tx.first(
        "SELECT COALESCE(SUM(to_ms - from_ms), 0) FROM clock_change WHERE to_ms > from_ms AND from_quality >= ?",
        int(Quality.KEEPER),
    )
    return int(found[0]) if found else 0


_SPENT: Final = """
SELECT COALESCE(SUM(amount), 0) FROM transfer
WHERE kind = 'care' AND closed_ms > ? AND closed_quality >= ? AND reversed_by IS NULL AND closed_ms + COALESCE((
  SELECT SUM(to_ms - from_ms) FROM clock_change
  WHERE clock_change.entry > transfer.closed_entry AND (to_ms < from_ms OR from_quality >= ?)), 0) > ?
"""

_SPENT_IN_DOUBT: Final = """
SELECT amount, closed_ms, closed_entry FROM transfer
WHERE kind = 'care' AND closed_quality < ? AND reversed_by IS NULL
"""


# ---------------------------------------------------------------------------------------- what was before


def names_policy(tx: Tx) -> bool:
    """Whether the book's rules of care are of a release that knew this policy.

    Then nothing of version 1 is accepted any more: who has the card in hand cannot go around it.
    """
    return "expire_days" in rules.kept(tx, "care")


def names_households(tx: Tx) -> bool:
    """Whether the book's rules are of a release that holds what the search for rings could not finish."""
    return "household_days" in rules.kept(tx, "care")


def part_in(tx: Tx, claim: Claim, member: int) -> bool:
    """Whether ``member`` is the carer, was cared for, wrote it down or co-signed; or is of their households."""
    terms = terms_of(tx, claim.id)
    concerned = {claim.carer, *signers(tx, claim.id)}
    if terms is not None:
        concerned |= {terms.writer} | ({terms.recipient} if terms.recipient is not None else set())
    return bool(household(tx, member, claim.day) & concerned) or accounts.has_part(tx, claim.carer, member)
