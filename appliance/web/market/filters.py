"""What narrows and orders the market for one reader: favourites, what is new, what can be traded right now."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from flask import request
from flask.sansio.app import App
from flask_babel import gettext as _

from appliance.ledger.book.store import Tx
from appliance.ledger.market import marks, visits
from appliance.ledger.market.listings import OFFER
from appliance.ledger.reads import neighbourhood
from appliance.ledger.reads.far_listings import minutes_on_foot
from appliance.ledger.reads.people import Person
from appliance.ledger.reads.tradeable import tradeable
from appliance.matching import Query
from appliance.matching.vocabulary import telling_words
from appliance.web.ground.here import the_hub
from appliance.web.ground.secure import visitor
from appliance.web.wording.amounts import on_foot

WEEK_MS: Final = 7 * 86_400_000
_NEW: Final = "new"
_NAMES: Final = ("now", "new", "last", "near", "marked")


@dataclass(frozen=True, slots=True)
class Filters:
    """The switches that are on, as they stand in the address. ``newest``: newest first, not the most useful."""

    on: tuple[str, ...]
    newest: bool = False

    @classmethod
    def asked(cls) -> "Filters":
        """What this request asks for; anything else than a switch that is on counts for nothing."""
        on = tuple(name for name in _NAMES if request.args.get(name) == "1")
        return cls(on, request.args.get("sort") == _NEW)

    @property
    def asked_for(self) -> dict[str, Any]:
        """For an address that keeps them."""
        return {**dict.fromkeys(self.on, 1), **({"sort": _NEW} if self.newest else {})}

    @property
    def sorted_otherwise(self) -> dict[str, Any]:
        """For an address with the other order."""
        return replace(self, newest=not self.newest).asked_for

    def switched(self, name: str) -> dict[str, Any]:
        """For an address where ``name`` is the other way round."""
        on = tuple(one for one in _NAMES if (one in self.on) != (one == name))
        return replace(self, on=on).asked_for

    def narrow(self, tx: Tx, me: Person, query: Query) -> Query:
        """``query``, for what is asked for alone."""
        now = the_hub().clock.now()
        if "new" in self.on:
            query = replace(query, since_ms=max(1, now.ms - WEEK_MS))
        if "last" in self.on and (last := visits.last(tx, me.number, now)) is not None:
            query = replace(query, since_ms=max(query.since_ms, last + 1))
        if "near" in self.on:
            close = neighbourhood.near(tx, me.number, telling_words) or frozenset()
            query = replace(query, close=close, minutes=minutes_on_foot(tx))
        only: frozenset[tuple[int, int]] | None = None
        if "now" in self.on:
            only = tradeable(tx, me.number, query.kind or OFFER)
        if "marked" in self.on:
            kept = marks.favourites(tx, me.number)
            listed = frozenset((hub, item) for kind, hub, item in kept if kind == marks.LISTING)
            people = frozenset((hub, item) for kind, hub, item in kept if kind == marks.MEMBER)
            # Both switches: what is marked, and can be traded now.
            return replace(query, only=listed, people=people, within=only)
        return query if only is None else replace(query, within=only)


HERE: Final = "here"
OTHERS: Final = "others"


@dataclass(frozen=True, slots=True)
class Where:
    """Whose listings are looked at: all, those of here, those of all others, or of one village by its number.

    ``asked``: as it stands in the address; None for all. ``villages``: the others, by number and name; ``minutes``: how far
    they are on foot, as far as somebody said.
    """

    asked: str | None
    villages: Mapping[int, str]
    minutes: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls, text: str | None, villages: Mapping[int, str], minutes: Mapping[int, int] | None = None
    ) -> "Where":
        """What ``text`` asks for; what names no place is all of them."""
        known = (HERE, OTHERS, *map(str, villages)) if villages else ()
        told = {hub: far for hub, far in (minutes or {}).items() if hub in villages}
        return cls(text if text in known else None, villages, told)

    @property
    def own(self) -> bool:
        """Whether those of this hub are among them."""
        return self.asked in (None, HERE)

    @property
    def hubs(self) -> tuple[int, ...]:
        """The other hubs among them."""
        return tuple(hub for hub in self.villages if self.asked in (None, OTHERS, str(hub)))

    @property
    def by_name(self) -> list[tuple[str, str, str]]:
        """The villages to choose one from: asked, picture, name and how far; with one alone *others* says it."""
        several = len(self.villages) > 1
        return [(str(hub), "village", self._called(hub)) for hub in self.villages] if several else []

    @property
    def others(self) -> str:
        """What all others together are called: one alone of which somebody said how far it is, by its name."""
        return (
            self._called(next(iter(self.minutes)))
            if len(self.villages) == len(self.minutes) == 1
            else _("Others")
        )

    def _called(self, hub: int) -> str:
        far = self.minutes.get(hub)
        return self.villages[hub] + (f" · {on_foot(far)}" if far else "")


def init_app(app: App) -> None:
    """What pages about a listing ask."""

    def is_favourite(kind: str, hub: int, item: int) -> bool:
        me = visitor()
        if me is None:
            return False
        with the_hub().reading() as tx:
            return (kind, hub, item) in marks.favourites(tx, me.number)

    def has_blocked(who: Person) -> bool:
        me = visitor()
        if me is None:
            return False
        with the_hub().reading() as tx:
            return marks.blocks(tx, me.number, who.hub or marks.OWN, who.number)

    app.jinja_env.globals.update(is_favourite=is_favourite, has_blocked=has_blocked)
