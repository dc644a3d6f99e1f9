"""Care as it is being typed: what the forms of a claim and of a weekly sheet say, read."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

from flask import request
from flask_babel import gettext as _

from appliance.ledger.book.store import Tx
from appliance.ledger.care import drafts
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.reads.people import Person, named
from appliance.ledger.values import AccountNumber, western_digits
from appliance.web.ground.acting import Problem
from appliance.web.ground.days import SAID, BadDay, read_day
from appliance.web.ground.here import the_hub, the_rules
from appliance.web.people.whom import fits_nobody, looks_like_number, payee
from appliance.web.wording import labels
from appliance.web.wording.amounts import account_of, name_of
from appliance.web.wording.words import refusal

QUICK_DAYS: Final = 3
WITNESS_BOXES: Final = 3
_QUICK: Final = tuple(str(ago) for ago in range(QUICK_DAYS))


@dataclass(slots=True)
class Draft:
    """Care as it is being typed. ``week`` and ``days`` are a sheet's: how many weeks ago, and the days with their lengths."""

    key: str
    category: str = ""
    minutes: str = ""
    hours: str = ""
    rest: str = ""
    day: str = "0"
    date: str = ""
    cared_for: str = ""
    what: str = ""
    recipient: str = ""
    place: str = ""
    begun: str = ""
    ended: str = ""
    carer: str = ""
    by: str = ""
    witnesses: list[str] = field(default_factory=lambda: [""] * WITNESS_BOXES)
    week: str = "0"
    days: dict[str, str] = field(default_factory=dict)
    problem: Problem | None = None
    message: str = ""

    @property
    def typed_length(self) -> bool:
        """Whether how long is typed, by hours or by the clock, and not tapped."""
        return any((self.hours, self.rest, self.begun, self.ended))


def save(draft: Draft, kind: str, member: int) -> bool:
    """Keep it for later under the form's key; False when that is somebody else's."""
    body = {name: value for name, value in asdict(draft).items() if name not in _NOT_KEPT}
    if kind == drafts.CLAIM and not draft.date and draft.day in _QUICK:
        # "Today" is another day tomorrow.
        body |= {"day": "", "date": labels.as_date(labels.today() - int(draft.day)).isoformat()}
    hub = the_hub()
    return drafts.keep(hub.store, bytes.fromhex(draft.key), member, kind, body, hub.clock.now())


_NOT_KEPT: Final = ("key", "problem", "message")


def saved(found: drafts.Draft) -> Draft:
    """A draft as it was left."""
    known = {field.name for field in fields(Draft)} - {*_NOT_KEPT}
    draft = Draft(found.id.hex(), **{name: value for name, value in found.body.items() if name in known})
    day = labels.read_date(draft.date)
    if found.kind == drafts.CLAIM and day is not None and str(labels.today() - day) in _QUICK:
        draft.day, draft.date = str(labels.today() - day), ""
    return draft


def begun(ident: str, kind: str, member: int) -> Draft | None:
    """The draft that an address names, when it is this member's."""
    try:
        key = bytes.fromhex(ident)
    except ValueError:
        return None
    with the_hub().reading() as tx:
        found = drafts.one(tx, key, member)
    return saved(found) if found is not None and found.kind == kind else None


def forget(key: bytes, member: int) -> None:
    """Throw away what was kept under a form's key: it is written down, or not wanted any more."""
    with the_hub().reading() as tx:
        there = drafts.one(tx, key, member) is not None
    if there:
        drafts.drop(the_hub().store, key, member)


def said_in(
    draft: Draft, recipient: AccountNumber | None, minutes: int | None = None
) -> dict[str, Any] | None:
    """What a claim says, out of the form; None when it says no time, which stands in the draft.

    ``minutes``: how long, where the form does not say it once.
    """
    with the_hub().reading() as tx:
        witnesses = witnesses_of(tx, draft)
    minutes, day = minutes or minutes_of(draft), day_of(draft)
    if bool(draft.begun) != bool(draft.ended):
        draft.message = draft.message or _("Type both: from when and to when. Or type how long it was.")
        return None
    if minutes is None:
        draft.problem = refusal(Code.TIME_WRONG, longest_minutes=the_rules().care.longest_minutes)
        return None
    if day is None:
        return None
    return {
        "category": draft.category,
        "minutes": minutes,
        "day": day,
        "cared_for": draft.cared_for,
        "what": draft.what,
        "witnesses": witnesses,
        "recipient": recipient,
        "start": clock_of(draft.begun),
        "place": draft.place,
    }


def the_one(tx: Tx, draft: Draft, text: str) -> AccountNumber | None:
    """The member named in a field of its own; what is not clear goes into the draft's message."""
    found = members_of(tx, draft, [text] if text else [])
    return found[0] if found else None


def draft_typed(key: bytes) -> Draft:
    form: dict[str, Any] = {
        name: request.form.get(name, "").strip() for name in ("category", "minutes", "hours", "rest", "day")
    }
    words: dict[str, Any] = {
        name: request.form.get(name, "").strip()
        for name in ("date", "cared_for", "what", "recipient", "place", "begun", "ended", "carer", "by")
    }
    boxes = [text.strip() for text in request.form.getlist("witness")[:12]]
    draft = Draft(key.hex(), **form, **words, witnesses=boxes + [""] * (WITNESS_BOXES - len(boxes)))
    _newest(draft, request.form.get("was_date", ""), request.form.get("was_long", "").split("|"))
    return draft


def _newest(draft: Draft, was_date: str, was_long: list[str]) -> None:
    """What the form came with gives way to what was tapped or typed since.

    What is typed counts before what is tapped, and the clock before both. In a form that comes filled in, to
    be changed or after a mistake, a tap would change nothing otherwise, and nobody would see it.
    """
    if draft.date and draft.date == was_date and draft.day in _QUICK:
        draft.date = ""
    same_hours = [draft.hours, draft.rest] == was_long[:2]
    if draft.minutes and same_hours:
        draft.hours = draft.rest = ""
    clock = [draft.begun, draft.ended]
    said = draft.minutes or (not same_hours and (draft.hours or draft.rest))
    begun = clock_of(draft.begun)
    if said and begun is not None and all(clock) and clock == was_long[2:]:
        # It began then still; how long is what was just said.
        draft.begun = draft.ended = ""
        if minutes := minutes_of(draft):
            draft.begun, draft.ended = as_clock(begun), as_clock((begun + minutes) % (24 * 60))


def minutes_of(draft: Draft) -> int | None:
    """How long: from when to when, else what was typed, else what was tapped; None when it is no length."""
    begun, ended = clock_of(draft.begun), clock_of(draft.ended)
    if begun is not None and ended is not None:
        return (ended - begun) % (24 * 60) or None
    if draft.begun or draft.ended:
        return None
    typed = [western_digits(text) or "0" for text in (draft.hours, draft.rest)]
    if not draft.hours and not draft.rest:
        typed = ["0", western_digits(draft.minutes)]
    if not all(text.isascii() and text.isdigit() and len(text) <= 4 for text in typed):
        return None
    return int(typed[0]) * 60 + int(typed[1]) or None


def clock_of(text: str) -> int | None:
    """The minute of the day of a time as phones send it (14:30); None when it is none."""
    plain = western_digits(text)
    hours, _colon, minutes = plain.partition(":")
    fine = hours.isdigit() and minutes[:2].isdigit() and len(hours) <= 2 and plain.isascii()
    at = int(hours) * 60 + int(minutes[:2]) if fine else -1
    return at if 0 <= at < 24 * 60 and int(minutes[:2]) < 60 else None


def as_clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def day_of(draft: Draft) -> int | None:
    """Which day: what was typed, else what was tapped; None when it is no day, and the draft's message says why."""
    if draft.date:
        # Where a browser has no calendar to tap, people type days as they write them.
        try:
            return labels.as_day(read_day(draft.date, labels.as_date(labels.today())))
        except BadDay as bad:
            draft.message = draft.message or SAID[bad.why]()
            return None
    if draft.day in _QUICK:
        return labels.today() - int(draft.day)
    draft.message = draft.message or _("Which day was it? Tap one, or type it.")
    return None


def witnesses_of(tx: Tx, draft: Draft) -> tuple[AccountNumber, ...]:
    """The members named in the boxes; what is not clear goes into the draft's message."""
    return tuple(dict.fromkeys(members_of(tx, draft, list(filter(None, draft.witnesses)))))


def members_of(tx: Tx, draft: Draft, texts: list[str]) -> list[AccountNumber]:
    found: list[AccountNumber] = []
    for text in texts:
        people = _people(tx, text)
        if len(people) == 1:
            found.append(people[0].number)
        elif people:
            names = ", ".join(f"{name_of(who)} ({account_of(who).short})" for who in people[:5])
            draft.message = _(
                "More than one person fits “%(text)s”: %(names)s. Please type the number.",
                text=text,
                names=names,
            )
        else:
            draft.message = fits_nobody(text)
    return found


def _people(tx: Tx, text: str) -> tuple[Person, ...]:
    if not looks_like_number(text):
        return named(tx, text)
    someone = payee(tx, text)
    return () if isinstance(someone, Refusal) else (someone,)
