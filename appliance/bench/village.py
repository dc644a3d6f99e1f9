"""A village of any size to measure in, made through commands like any other.

Its people trade, with a few busy ones, for as long as it takes; the payers of the bench are
among them. Everything is the real thing but what only costs time here: the keys of those who will
not sign in are sealed cheaply, and the history is written in batches.
"""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

from appliance.ledger import keys, yearly
from appliance.ledger.book.command import Receipt, Refused
from appliance.ledger.book.rules import CATEGORIES, Care, Community, Credit, Rules
from appliance.ledger.book.subject import Command
from appliance.ledger.clock import ManualClock, Quality
from appliance.ledger.errors import DataDirectoryError, HubError, Refusal
from appliance.ledger.hub import Hub
from appliance.ledger.keys import KdfCost, KeySigner, Signer
from appliance.ledger.market.changing import EditListing
from appliance.ledger.market.listings import LONGEST_TITLE, OpenListing
from appliance.ledger.money.transfers import Pay
from appliance.ledger.people.members import AppointKeeper, Approve, Join
from appliance.ledger.values import MAX_AMOUNT, Account, AccountNumber, Amount, RecordId
from appliance.matching.listings_file import Listed

PIN: Final = "2580"
MARKER: Final = "bench.json"
SIZES: Final = (1_000, 24_000, 240_000)
"""The stops of the curves; a smaller bench ends at its own size."""

_CHEAP: Final = KdfCost(1, 8 * 1024)
_LAST_DAY_MS: Final = 1_780_315_200_000
"""The history ends here, 1 June 2026, whenever it is made: the same seed makes the same village."""

_BATCH: Final = 50
_NOTES: Final = ("", "", "bread for the week", "thank you!", "two hours of digging", "milk and eggs")
_GOODS: Final = ("apples", "eggs", "firewood", "bread", "a bicycle", "sewing", "a lift to town", "beans")

Progress = Callable[[str], None]


class BenchVillageFailed(HubError):
    """A command of the history was refused: the bench's own fault."""


@dataclass(frozen=True, slots=True)
class Made:
    """A village that is made: who pays in the bench, as numbers are typed."""

    hub: int
    members: int
    listings: int
    transfers: int
    payers: tuple[int, ...]

    def typed(self, payer: int) -> str:
        """The number of a payer as it is typed when signing in."""
        return Account(self.hub, AccountNumber(self.payers[payer])).full

    def save(self, data: Path) -> None:
        (data / MARKER).write_text(json.dumps(asdict(self)), "utf-8")

    @classmethod
    def load(cls, data: Path) -> "Made":
        """Raises DataDirectoryError when ``data`` holds none."""
        try:
            values = json.loads((data / MARKER).read_text("utf-8"))
            return cls(**{**values, "payers": tuple(values["payers"])})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataDirectoryError(f"{data} is no village of the bench: {error}") from error


class Maker:
    """Makes one village, and lets its history grow.

    Args:
        data: an empty or missing directory.
        members, listings: how many.
        payers: how many of the members sign in later; their keys have the cost of real ones.
    """

    def __init__(
        self, data: Path, members: int, listings: int, payers: int, seed: int, tell: Progress
    ) -> None:
        self.data, self._listings, self._tell = data, listings, tell
        self._lot = random.Random(seed)
        self._clock = ManualClock(_LAST_DAY_MS, Quality.NTP)
        self.transfers = 0
        self._keeper = False
        credit = Credit(low=-MAX_AMOUNT, high=MAX_AMOUNT, pin_above=MAX_AMOUNT)
        community = Community("Valley", "River", 101, "hour", "h", 2)
        self._hub, papers = Hub.found(data, Rules(community, credit, Care()), self._clock, KdfCost())
        self._root = KeySigner("root:bench", papers.hub.seed)
        self._people: list[tuple[AccountNumber, KeySigner]] = []
        self._payers = payers
        for place in range(members):
            self._come_in(place)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._hub.close()

    def _come_in(self, place: int) -> None:
        seed = keys.new_seed()
        cost = KdfCost() if place < self._payers else _CHEAP
        sealed = keys.seal(seed, PIN, self._hub.pepper, cost)
        (joined,) = self._do([Join(f"Member {place + 1}", sealed)], KeySigner("newcomer", seed))
        number = AccountNumber(int(joined.outcome["number"]))
        self._do([Approve(number)], self._root)
        self._people.append((number, KeySigner(keys.member_authority(number), seed)))
        if place and place % 500 == 0:
            self._tell(f"{place} members")

    def _do(self, asked: Sequence[Command], signer: Signer) -> tuple[Receipt, ...]:
        done = self._hub.submit_all(asked, signer)
        if isinstance(done, (Refusal, Refused)):
            raise BenchVillageFailed(f"refused: {done}")
        return done

    def market(self) -> None:
        """Open the listings."""
        for place in range(0, self._listings, 5):
            number, signer = self._people[place // 5 % len(self._people)]
            some = [
                OpenListing(
                    number,
                    self._lot.choice(("offer", "want")),
                    self._lot.choice(CATEGORIES),
                    f"{self._lot.choice(_GOODS)} {place + i}",
                    "as discussed",
                    Amount(self._lot.randrange(50, 900)),
                )
                for i in range(min(5, self._listings - place))
            ]
            self._do(some, signer)

    @property
    def hub(self) -> Hub:
        """The hub of the village, open."""
        return self._hub

    def open_listings(self, listings: Sequence[Listed]) -> list[RecordId]:
        """Open these in place of ``market``'s, each by the member of its number; their records, in this order."""
        records: dict[int, RecordId] = {}
        of_each: dict[int, list[int]] = {}
        for place, listed in enumerate(listings):
            of_each.setdefault(self._place(listed), []).append(place)
        for who, places in of_each.items():
            number, signer = self._people[who]
            said = [(place, listings[place]) for place in places]
            asked = [OpenListing(number, one.kind, *self._words(place, one)) for place, one in said]
            records.update(zip(places, (done.record for done in self._do(asked, signer)), strict=True))
        return [records[place] for place in range(len(listings))]

    def change(self, listing: RecordId, before: Listed, now: Listed) -> None:
        """Its owner says of a listing of ``open_listings`` what another one says."""
        _, signer = self._people[self._place(before)]
        self._do([EditListing(listing, *self._words(0, now))], signer)

    def _place(self, listed: Listed) -> int:
        return int(listed.member[1:]) % len(self._people)

    def _words(self, place: int, listed: Listed) -> tuple[str, str, str, Amount]:
        category = CATEGORIES[place % len(CATEGORIES)]
        return (
            category,
            listed.title[:LONGEST_TITLE],
            listed.description,
            Amount(self._lot.randrange(50, 900)),
        )

    def grow(self, transfers: int) -> Made:
        """Let people pay until the history has so many transfers."""
        told = self.transfers
        while self.transfers < transfers:
            # The bench's payers are people like the others, and some people trade more than others.
            number, signer = self._people[int(len(self._people) * self._lot.random() ** 2)]
            some = min(_BATCH, transfers - self.transfers)
            self._do([self._payment(number) for _ in range(some)], signer)
            self.transfers += some
            self._clock.advance(self._lot.randrange(1, 3_600_000))
            if self.transfers - told >= 20_000:
                told = self.transfers
                self._tell(f"{told} transfers")
        made = Made(
            self._hub.number,
            len(self._people),
            self._listings,
            self.transfers,
            tuple(int(number) for number, _ in self._people[: self._payers]),
        )
        made.save(self.data)
        return made

    def _payment(self, payer: AccountNumber) -> Pay:
        payee = payer
        while payee == payer:
            payee = self._lot.choice(self._people)[0]
        note, category = self._lot.choice(_NOTES), self._lot.choice(CATEGORIES)
        return Pay(payer, payee, Amount(self._lot.randrange(10, 900)), category, note, again=True)

    def close_year(self) -> yearly.Closed:
        """Close the book as it stands, by the first member, who is made a keeper for it.

        Raises:
            HubError: as ``yearly.close``.
        """
        number, signer = self._people[0]
        if not self._keeper:
            self._do([AppointKeeper(number)], self._root)
            self._keeper = True
        closed = yearly.close(self._hub, signer)
        if isinstance(closed, Refusal):
            raise BenchVillageFailed(f"refused: {closed}")
        return closed

    def settle(self) -> None:
        """Fold the database's log in, so that the files can be copied."""
        self._hub.close()
