"""The community's rules in force: what it counts in, how far credit goes, how care is paid.

Rules are data in the book. They stand as one canonical map per group in the *setting* table,
so that reading them all is one query; a change is an entry like any other.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import Any, Self

from appliance.ledger import codec
from appliance.ledger.book.schema import Setting
from appliance.ledger.book.store import Tx
from appliance.ledger.errors import BookDamaged
from appliance.ledger.values import HUB_NUMBERS, MAX_AMOUNT, Unit

CATEGORIES = (
    "food",
    "garden",
    "animals",
    "household",
    "repair",
    "building",
    "tools",
    "transport",
    "clothing",
    "crafts",
    "teaching",
    "health",
    "children",
    "digital",
    "events",
    "other",
)
"""What listings and payments are about. Words for people are the portal's."""

CARE_CATEGORIES = ("child", "elder", "sick", "birth", "household", "company", "commons", "other")
"""Kinds of care. Each has a rate in the care rules."""


class _Group:
    """A group of rules; kept as a map. Unknown names are refused, so a typing slip is seen."""

    def to_map(self) -> codec.Body:
        return asdict(self)  # type: ignore[call-overload, no-any-return]

    @classmethod
    def from_map(cls, values: Mapping[str, Any]) -> Self:
        """Rules out of a map; one that is not there has its default (older books know fewer).

        Raises ValueError or TypeError when a rule is unknown or out of its bounds.
        """
        return cls(**values)


def _within(name: str, value: object, low: int, high: int) -> None:
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{name} must be a whole number from {low} to {high}")


def _words(name: str, value: object, longest: int) -> None:
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= longest or value != value.strip():
        raise ValueError(f"{name} must be 1 to {longest} characters")


@dataclass(frozen=True, slots=True)
class Community(_Group):
    """Who we are and what we count in. Fixed when the hub is founded."""

    name: str
    hub_name: str
    hub: int
    unit: str
    symbol: str
    decimals: int

    def __post_init__(self) -> None:
        _words("name", self.name, 40)
        _words("hub_name", self.hub_name, 40)
        _words("unit", self.unit, 20)
        _words("symbol", self.symbol, 8)
        _within("hub", self.hub, HUB_NUMBERS.start, HUB_NUMBERS.stop - 1)
        _within("decimals", self.decimals, 0, 4)

    @property
    def counted_in(self) -> Unit:
        """The unit, for reading and writing amounts."""
        return Unit(self.unit, self.symbol, self.decimals)


@dataclass(frozen=True, slots=True)
class Credit(_Group):
    """How far an account may go. A new member can spend at once: 12 hours, as a default.

    Attributes:
        low, high: hard limits of a new member's account, minor units.
        commons_low: floor under the commons.
        pin_above: above this amount a payment asks for the PIN again. 0: always.
        again_minutes: an equal free payment within this time asks "again?".
        trunk_low, trunk_high: hard limits of a new trunk. A neighbour can owe us at most
            -trunk_low, and we it at most trunk_high, until a keeper sets others.
        held_days: how long a payment that is held is kept before it goes back.
        low_household, ...: the limits of new accounts of the other groups; ``low`` and ``high`` are a person's.
        levy_rate: what the commons keeps of a payment at home, per mille. 0: nothing.
        levy_round: down, up or half; levy_from: payments below it pay no levy.
        commons_two: above this amount a payment from the commons needs two keepers.
        request_days: how long a request waits for an answer before it expires.
        dispute_days: how long keepers have to end a dispute.
        proposal_days: how long an act that needs two keepers waits for the second.
        vouchers: how many members must vouch for a newcomer before a keeper can say yes.
        slip_days: how old a paper slip may be when a keeper types it in.
    """

    low: int = -1200
    high: int = 2400
    commons_low: int = -20000
    pin_above: int = 0
    again_minutes: int = 10
    trunk_low: int = -10000
    trunk_high: int = 10000
    held_days: int = 30
    low_household: int = -2400
    high_household: int = 4800
    low_business: int = -5000
    high_business: int = 10000
    low_organisation: int = -5000
    high_organisation: int = 10000
    levy_rate: int = 0
    levy_round: str = "down"
    levy_from: int = 0
    commons_two: int = 500
    request_days: int = 14
    dispute_days: int = 14
    proposal_days: int = 14
    vouchers: int = 0
    slip_days: int = 60

    def __post_init__(self) -> None:
        for group in ("household", "business", "organisation"):
            _within(f"low_{group}", getattr(self, f"low_{group}"), -MAX_AMOUNT, 0)
            _within(f"high_{group}", getattr(self, f"high_{group}"), 0, MAX_AMOUNT)
        _within("levy_rate", self.levy_rate, 0, 500)
        if self.levy_round not in ("down", "up", "half"):
            raise ValueError("levy_round must be down, up or half")
        _within("levy_from", self.levy_from, 0, MAX_AMOUNT)
        _within("commons_two", self.commons_two, 0, MAX_AMOUNT)
        _within("request_days", self.request_days, 1, 366)
        _within("dispute_days", self.dispute_days, 1, 366)
        _within("proposal_days", self.proposal_days, 1, 366)
        _within("vouchers", self.vouchers, 0, 10)
        _within("slip_days", self.slip_days, 1, 366)
        _within("low", self.low, -MAX_AMOUNT, 0)
        _within("high", self.high, 0, MAX_AMOUNT)
        _within("commons_low", self.commons_low, -MAX_AMOUNT, 0)
        _within("pin_above", self.pin_above, 0, MAX_AMOUNT)
        _within("again_minutes", self.again_minutes, 0, 24 * 60)
        _within("trunk_low", self.trunk_low, -MAX_AMOUNT, 0)
        _within("trunk_high", self.trunk_high, 0, MAX_AMOUNT)
        _within("held_days", self.held_days, 1, 3660)

    def limits_of(self, group: str) -> tuple[int, int]:
        """Low and high of a new account of ``group``: person, household, business or organisation."""
        if group == "person":
            return self.low, self.high
        return getattr(self, f"low_{group}"), getattr(self, f"high_{group}")


GROUPS = ("person", "household", "business", "organisation")
"""Kinds of accounts that members have."""


def group_limits(credit: Mapping[str, Any], group: str) -> tuple[int, int]:
    """Low and high of new accounts of ``group`` by rules as they are kept: for folding.

    Raises ValueError when the group is unknown.
    """
    if group not in GROUPS:
        raise ValueError(f"no group of accounts is called {group}")
    low, high = _LIMITS_0004[group]
    end = "" if group == "person" else f"_{group}"
    return credit.get(f"low{end}", low), credit.get(f"high{end}", high)


COMMONS_TWO_0004 = 500
"""``commons_two`` where a book says nothing of it. Books were folded with it: it never changes."""

_LIMITS_0004: dict[str, tuple[int, int]] = {
    "person": (-1200, 2400),
    "household": (-2400, 4800),
    "business": (-5000, 10000),
    "organisation": (-5000, 10000),
}
"""What holds where a book says nothing of a group. Books were folded with it: it never changes."""


@dataclass(frozen=True, slots=True)
class Care(_Group):
    """How care is confirmed and paid.

    What a book says nothing of has the value below, which asks for nothing more than 0.3 did: those
    defaults never change. ``care.presets`` has what a village begins with. 0 (False) turns off.

    Attributes:
        quorum: how many others must co-sign.
        longest_minutes: the most that one claim may say, and all of one carer for one day together.
        days_back: how long ago the care may have been given.
        rates: credit for one hour, per category, minor units.
        caps: the most that is paid to one carer for one day, per category, minor units; {}: no cap.
        need_recipient: who was cared for must be among the co-signers; a keeper stands in for who cannot.
        need_keeper: a keeper must be among the co-signers.
        household: co-signers of the carer's household do not count, two of one household count once.
        household_days: how long people are still one household after they stopped sharing an account.
            A book that names it has a keeper look where the search for a ring does not end.
        helper_stands_in: a helper or joint holder of who was cared for may sign in their place.
        expire_days: how long a claim waits for its co-signers.
        period_days: the length of the periods of the next three, which are counted over the care day.
        carer_most: what is paid to one carer in a period, minor units.
        pair_most: what is paid to one carer in a period on the word of one co-signer, minor units.
        signer_most: how many claims one person co-signs in a period.
        far_most: what is paid in a period on the word of co-signers of one other hub, minor units.
        budget: what the commons pays for care in thirty days, minor units.
        cool_above, cool_days: a confirmed claim above that amount waits so long before it is paid.
        object_days: how long after its payment a claim can be objected to.
        ring_share, ring_people, ring_days: the ring rule (``care.rings``): percent, people, care days.
        beyond_limit: care is paid also where the carer's account is at its upper limit.
    """

    quorum: int = 2
    longest_minutes: int = 12 * 60
    days_back: int = 60
    rates: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CARE_CATEGORIES, 100))
    caps: dict[str, int] = field(default_factory=dict)
    need_recipient: bool = False
    need_keeper: bool = False
    household: bool = False
    expire_days: int = 0
    period_days: int = 30
    carer_most: int = 0
    pair_most: int = 0
    signer_most: int = 0
    far_most: int = 0
    budget: int = 0
    cool_above: int = 0
    cool_days: int = 0
    object_days: int = 0
    ring_share: int = 0
    ring_people: int = 5
    ring_days: int = 90
    household_days: int = 0
    helper_stands_in: bool = False
    beyond_limit: bool = False

    def __post_init__(self) -> None:
        _within("quorum", self.quorum, 1, 12)
        _within("longest_minutes", self.longest_minutes, 1, 24 * 60)
        _within("days_back", self.days_back, 0, 366)
        if set(self.rates) != set(CARE_CATEGORIES):
            raise ValueError("rates must name every kind of care: " + ", ".join(CARE_CATEGORIES))
        if not set(self.caps) <= set(CARE_CATEGORIES):
            raise ValueError("caps must name kinds of care: " + ", ".join(CARE_CATEGORIES))
        for name, rate in (*self.rates.items(), *self.caps.items()):
            _within(f"rate or cap of {name}", rate, 0, 10**9)
        for name in ("need_recipient", "need_keeper", "household", "helper_stands_in", "beyond_limit"):
            if type(getattr(self, name)) is not bool:
                raise ValueError(f"{name} must be true or false")
        for name in ("carer_most", "pair_most", "far_most", "budget", "cool_above"):
            _within(name, getattr(self, name), 0, MAX_AMOUNT)
        for name in ("expire_days", "cool_days", "object_days", "household_days"):
            _within(name, getattr(self, name), 0, 366)
        for name in ("period_days", "ring_days"):
            _within(name, getattr(self, name), 1, 366)
        _within("signer_most", self.signer_most, 0, 10**4)
        _within("ring_share", self.ring_share, 0, 99)
        _within("ring_people", self.ring_people, 1, 12)

    def pay_for(self, category: str, minutes: int) -> int:
        """What the commons pays, in minor units; a half is rounded to the even one."""
        whole, rest = divmod(self.rates[category] * minutes, 60)
        return whole + (1 if rest * 2 > 60 or (rest * 2 == 60 and whole % 2) else 0)


LISTING_DAYS_0034 = 90
"""``listing_days`` where a book says nothing of it. Books were folded with it: it never changes."""

PHOTO_MEGABYTES_0034 = 64
"""``photo_megabytes`` where a book says nothing of it. Books were folded with it: it never changes."""


@dataclass(frozen=True, slots=True)
class Market(_Group):
    """How the market goes. The founding says nothing of it: what a book says nothing of has the value
    below. One keeper changes it.

    Attributes:
        listing_days: how long an offer or want stays without being renewed. 0: it does not expire.
        photo_megabytes: what all photos of listings may take on the card. 0: no photos.
        loop_days: how long the people of a trade loop have to answer.
        match_household: whether people of one household are suggested to each other.
    """

    listing_days: int = LISTING_DAYS_0034
    photo_megabytes: int = PHOTO_MEGABYTES_0034
    loop_days: int = 7
    match_household: bool = False

    def __post_init__(self) -> None:
        _within("listing_days", self.listing_days, 0, 366)
        _within("photo_megabytes", self.photo_megabytes, 0, 4096)
        _within("loop_days", self.loop_days, 1, 60)
        if type(self.match_household) is not bool:
            raise ValueError("match_household must be true or false")


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules in force."""

    community: Community
    credit: Credit
    care: Care
    market: Market = Market()

    def groups(self) -> dict[str, _Group]:
        """The groups that the founding names, by the name they are kept under."""
        return {"community": self.community, "credit": self.credit, "care": self.care}

    def changed(self, group: str, changes: Mapping[str, Any]) -> "Rules":
        """These rules with some of one group changed. The community's own are fixed.

        Raises:
            ValueError, TypeError: unknown group or rule, or a value out of bounds.
        """
        if group == "credit":
            return replace(self, credit=Credit.from_map(self.credit.to_map() | dict(changes)))
        if group == "care":
            return replace(self, care=Care.from_map(self.care.to_map() | dict(changes)))
        if group == "market":
            return replace(self, market=Market.from_map(self.market.to_map() | dict(changes)))
        raise ValueError(f"no group of rules that can be changed is called {group}")


def load(tx: Tx) -> Rules:
    """The rules in force.

    Raises:
        BookDamaged: the hub has not been founded, or a row is not what was written.
    """
    try:
        return _understood(tuple((str(name), bytes(body)) for name, body in _rows(tx)))
    except (KeyError, TypeError, ValueError) as error:
        raise BookDamaged(f"the rules cannot be read: {error}") from error


def _rows(tx: Tx) -> list[tuple[str, bytes]]:
    return tx.known((Setting,), "SELECT name, body FROM setting ORDER BY name")


@lru_cache(maxsize=16)
def _understood(kept: tuple[tuple[str, bytes], ...]) -> Rules:
    """The rules that these bytes are. Every request and every payment asks, and they hardly ever change:
    what was understood once is remembered by the bytes themselves, so a change is never missed.
    """
    return from_maps({name: codec.decode_map(body) for name, body in kept})


def kept(tx: Tx, group: str) -> codec.Body:
    """One group of rules as it stands, whatever this release knows of it: for folding.

    Raises:
        BookDamaged: it is not there.
    """
    for name, body in _rows(tx):
        if name == group:
            return dict(_decoded(bytes(body)))
    if group == "market":
        return {}  # the founding does not name it
    raise BookDamaged(f"the rules of {group} are not there")


_decoded = lru_cache(maxsize=16)(codec.decode_map)
"""Remembered as in ``_understood``. Who gets it gets a copy."""


def from_maps(maps: Mapping[str, Mapping[str, Any]]) -> Rules:
    """Rules out of their groups' maps; raises KeyError, TypeError or ValueError."""
    return Rules(
        Community.from_map(maps["community"]),
        Credit.from_map(maps["credit"]),
        Care.from_map(maps["care"]),
        Market.from_map(maps.get("market", {})),
    )


def save(tx: Tx, group: str, body: codec.Body, entry: int) -> None:
    """Keep one group as ``entry`` set it."""
    tx.put(Setting, name=group, body=codec.encode(body), entry=entry)
