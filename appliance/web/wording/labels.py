"""Pictures and further words for what the ledger knows by a short name: categories, care, states.

The pictures are our own line drawings on a 24 x 24 grid; each stands beside its word, never alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

from babel import dates
from flask.sansio.app import App
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from appliance.ledger.book.rules import CARE_CATEGORIES, CATEGORIES
from appliance.ledger.book.taxonomy import OTHER, Category
from appliance.ledger.care import states
from appliance.ledger.market import listings
from appliance.ledger.market.listings import OFFER
from appliance.ledger.values import western_digits
from appliance.web.ground.here import the_hub, the_kinds
from appliance.web.wording import drawings
from appliance.web.wording.amounts import date_locale
from appliance.web.wording.kind_words import UNIT_WORDS
from appliance.web.wording.words import CARE_WORDS, about

_PICTURES: Final[Mapping[str, str]] = {
    "food": "M3 12h18a9 9 0 0 1-18 0zM8 3v5M12 3v5M16 3v5",
    "garden": "M12 21v-9M12 12C12 8 9 6 4 6c0 4 3 6 8 6zM12 15c0-4 3-6 8-6 0 4-3 6-8 6z",
    "animals": "M4 4l4 4h8l4-4v9a8 7 0 0 1-16 0zM9 13h.01M15 13h.01M11 17h2",
    "household": "M14 3v9M9 12h10l1 9H8zM12 21v-4M16 21v-4",
    "repair": "M20 6a5 5 0 0 1-7 6l-7 8-3-3 8-7a5 5 0 0 1 6-7l-3 3 3 3z",
    "building": "M3 11l9-7 9 7M5 10v10h14V10M10 20v-6h4v6",
    "tools": "M4 4h10l6 5-3 3-4-3H4zM9 9v12",
    "transport": "M5 17H3V8h11l5 5h2v4h-2M9 17h6M14 8v5h5M5 17a2 2 0 1 0 4 0a2 2 0 1 0-4 0M15 17a2 2 0 1 0 4 0"
    "a2 2 0 1 0-4 0",
    "clothing": "M8 4L3 8l3 3 2-1v10h8V10l2 1 3-3-5-4c-1 3-7 3-8 0z",
    "crafts": "M9 3h6M10 3v4c-6 3-6 10-2 14h8c4-4 4-11-2-14V3M6 13h12",
    "teaching": "M12 6c-3-2-6-2-9-1v14c3-1 6-1 9 1 3-2 6-2 9-1V5c-3-1-6-1-9 1zM12 6v14",
    "health": "M9 3h6v6h6v6h-6v6H9v-6H3V9h6z",
    "children": "M12 3a3 3 0 1 0 .01 0M12 9v7M6 11l6 2 6-2M12 16l-3 5M12 16l3 5",
    "digital": "M7 3h10v18H7zM11 18h2",
    "events": "M9 18V5l10-2v13M3 18a3 3 0 1 0 6 0a3 3 0 1 0-6 0M13 16a3 3 0 1 0 6 0a3 3 0 1 0-6 0",
    "other": "M4 12a1 1 0 1 0 2 0a1 1 0 1 0-2 0M11 12a1 1 0 1 0 2 0a1 1 0 1 0-2 0M18 12a1 1 0 1 0 2 0a1 1 0 1 0-2 0",
    "child": "M12 3a3 3 0 1 0 .01 0M12 9v7M6 11l6 2 6-2M12 16l-3 5M12 16l3 5",
    "elder": "M10 3a2.5 2.5 0 1 0 .01 0M10 8c-3 2-3 6-2 8v5M10 9l3 4h4M12 21l-1-6M17 12v9",
    "sick": "M3 5v15M3 16h18v4M21 16v-3a3 3 0 0 0-3-3h-8v6M5 11.5a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0",
    "birth": "M12 20C5 15 3 12 3 8.5A4.5 4.5 0 0 1 12 7a4.5 4.5 0 0 1 9 1.5C21 12 19 15 12 20z",
    "company": "M8 4a3 3 0 1 0 .01 0M16 4a3 3 0 1 0 .01 0M3 20c0-5 2-7 5-7s4 1 4 3c0-2 1-3 4-3s5 2 5 7",
    "commons": "M12 21v-8M12 3a6 6 0 0 0-3 11h6a6 6 0 0 0-3-11z",
    "offer": "M12 15V4M8 8l4-4 4 4M4 14v6h16v-6",
    "want": "M12 4v11M8 11l4 4 4-4M4 14v6h16v-6",
    "search": "M4 10.5a6.5 6.5 0 1 0 13 0a6.5 6.5 0 1 0-13 0M15.5 15.5L21 21",
    "match": "M4 9h14l-4-4M20 15H6l4 4",
    "witness": "M4 12l5 6L20 5",
    "village": "M2 20h20M4 20v-9l5-5 5 5v9M14 12l3-3 4 4v7M9 20v-5",
    "everywhere": "M3 12a9 9 0 1 0 18 0a9 9 0 1 0-18 0M3 12h18M12 3c-5 5-5 13 0 18c5-5 5-13 0-18",
}


def picture(name: str) -> Markup:
    """The drawing called ``name``, or of a kind of listings, as inline SVG; hidden from screen readers, the word says it."""
    drawn = _PICTURES.get(name) or _of_kind(the_kinds().get(name))
    return Markup('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{}"/></svg>').format(
        drawn
    )


def _of_kind(kind: Category) -> str:
    """The drawing that keepers have chosen for a kind, else its own, else that of its group."""
    if kind.icon in _PICTURES and kind.icon != kind.parent:
        return _PICTURES[kind.icon]
    return drawings.KINDS.get(kind.key) or _PICTURES.get(kind.parent or "", _PICTURES[OTHER])


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose: its short name, its word in the reader's language, its picture."""

    name: str
    word: str
    picture: Markup


def category_choices() -> tuple[Choice, ...]:
    """What payments are about, in the order of ``rules.CATEGORIES``."""
    return tuple(Choice(name, about(name), picture(name)) for name in CATEGORIES)


def group_choices_of_kinds() -> tuple[Choice, ...]:
    """The groups of the kinds of listings, as they are here."""
    return tuple(Choice(one.key, about(one.key), picture(one.key)) for one in the_kinds().groups())


def care_choices() -> tuple[Choice, ...]:
    """The kinds of care, in the order of ``rules.CARE_CATEGORIES``."""
    return tuple(Choice(name, care_word(name), picture(name)) for name in CARE_CATEGORIES)


def care_word(name: str) -> str:
    """The word of a kind of care."""
    words = CARE_WORDS.get(name)
    return words() if words else name


def kind_word(kind: str) -> str:
    """Offer or want, as a tab says it."""
    return _("Offers") if kind == OFFER else _("Wants")


_LISTING_STATES: Final[Mapping[str, Callable[[], str]]] = {
    listings.OPEN: lambda: _("on the market"),
    listings.EXPIRED: lambda: _("its time is over"),
    listings.HIDDEN: lambda: _("hidden by a keeper"),
    listings.CLOSED: lambda: _("taken down"),
}


def listing_state(name: str) -> str:
    """How an offer or want stands, in words."""
    return _LISTING_STATES[name]()


def unit_word(unit: str) -> str:
    """What a price is for; what a later release wrote is shown as it is."""
    return UNIT_WORDS[unit]() if unit in UNIT_WORDS else unit


_CLAIM_STATES: Final[Mapping[str, Callable[[], str]]] = {
    states.OPEN: lambda: _("waits to be confirmed"),
    states.CONFIRMED: lambda: _("confirmed, will be paid"),
    states.PAID: lambda: _("paid"),
    states.WITHDRAWN: lambda: _("taken back"),
    states.EXPIRED: lambda: _("too few confirmed in time"),
    states.REFUSED: lambda: _("not accepted"),
}


def claim_state(name: str) -> str:
    """A care claim's state in words."""
    return _CLAIM_STATES[name]()


_EPOCH: Final = date(1970, 1, 1).toordinal()


def today() -> int:
    """The village's own day, as days since 1970-01-01."""
    moment = datetime.fromtimestamp(the_hub().clock.now().ms / 1000, UTC).astimezone()
    return moment.date().toordinal() - _EPOCH


def as_date(day: int) -> date:
    """The date of a day that is counted since 1970-01-01."""
    return date.fromordinal(_EPOCH + day)


def as_day(day: date) -> int:
    """The other way round."""
    return day.toordinal() - _EPOCH


def as_of(ms: int) -> int:
    """The village's own day at a moment, as days since 1970-01-01."""
    return as_day(datetime.fromtimestamp(ms / 1000, UTC).astimezone().date())


def starts(day: date) -> int:
    """The village's own midnight at which ``day`` begins, in milliseconds."""
    return int(datetime.combine(day, time()).astimezone().timestamp()) * 1000


def read_date(typed: str) -> int | None:
    """``2026-06-01`` as days since 1970-01-01; None when it is no date."""
    try:
        return date.fromisoformat(western_digits(typed.strip())).toordinal() - _EPOCH
    except ValueError:
        return None


def date_words(day: int) -> str:
    """A day counted since 1970-01-01, with its weekday; the last ones by their names."""
    ago = today() - day
    if ago == 0:
        return _("today")
    if ago == 1:
        return _("yesterday")
    date_of = as_date(day)
    if abs(ago) < 300:
        return dates.format_skeleton("MMMEd", date_of, locale=date_locale())
    return dates.format_date(date_of, "full", locale=date_locale())


def time_spent(minutes: int) -> str:
    """``2 hours 30 minutes``, exactly; a length of work is never rounded."""
    hours, rest = divmod(minutes, 60)
    parts = []
    if hours:
        parts.append(ngettext("%(num)s hour", "%(num)s hours", hours))
    if rest:
        parts.append(ngettext("%(num)s minute", "%(num)s minutes", rest))
    return " ".join(parts)


def init_app(app: App) -> None:
    """Give the templates these words."""
    app.jinja_env.globals.update(
        picture=picture,
        care_word=care_word,
        kind_word=kind_word,
        listing_state=listing_state,
        unit_word=unit_word,
        claim_state=claim_state,
        time_spent=time_spent,
        date_words=date_words,
    )


_GROUPS: Final[Mapping[str, Callable[[], str]]] = {
    "person": lambda: _("Person"),
    "household": lambda: _("Household"),
    "business": lambda: _("Business"),
    "organisation": lambda: _("Association or organisation"),
}


def group_word(group: str) -> str:
    """A kind of account in words; what a later release wrote is shown as it is."""
    return _GROUPS[group]() if group in _GROUPS else group


def group_choices() -> list[tuple[str, str]]:
    """The kinds of accounts as the options of a list."""
    return [(group, words()) for group, words in _GROUPS.items()]
