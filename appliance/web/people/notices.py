"""What waits for a member and what is new, as one list for the first page: each a line to tap.

First what waits for an answer, then what is only to be known; in both the newest first. What came since the
member last looked is marked as new; that is remembered when the page is shown, and lost without harm.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from appliance.ledger.book.schema_talk import NoticesSeen
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant
from appliance.ledger.errors import HubError
from appliance.ledger.market.changing import REMIND_DAYS
from appliance.ledger.reads import talks, talks_far, trading
from appliance.ledger.reads.care import ClaimView
from appliance.ledger.reads.held import GrantView
from appliance.ledger.reads.listings import ListingView
from appliance.ledger.reads.member import Home, TransferView
from appliance.ledger.reads.people import Person
from appliance.ledger.reads.trading import LoopView
from appliance.ledger.reads.troubles import Asked, DisputeView, Waits
from appliance.web.ground.here import the_hub
from appliance.web.wording.amounts import day, name_of
from appliance.web.wording.words import about

_log = logging.getLogger(__name__)

DAY_MS: Final = 86_400_000

MOST_MATCHES: Final = 2
"""How many new matches stand in the list one by one."""

MOST_SAID: Final = 5
"""How many words of others about matches stand in the list."""

MOST_RENEWALS: Final = 2
"""How many offers and wants that end soon stand in the list one by one."""

NEWS_DAYS: Final = 14
"""How long the first page tells what keepers said."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One line. ``waits``: for an answer of the reader. ``amount`` None where nothing is paid; ``new``: not seen yet.

    ``renew``: an own listing that one tap keeps on the market.
    """

    at_ms: int
    waits: bool
    href: str
    what: str
    more: tuple[str, ...] = ()
    amount: int | None = None
    ending: Waits | None = None
    new: bool = False
    renew: ListingView | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the first page has read already: its own reads, and what each of them ends."""

    home: Home
    to_agree: tuple[GrantView, ...]
    back_asked: tuple[Asked, ...]
    against: tuple[DisputeView, ...]
    refused: tuple[TransferView, ...]
    back: tuple[tuple[TransferView, str], ...]
    lapsed: tuple[TransferView, ...]
    ending: Mapping[bytes, Waits]
    loops: tuple[LoopView, ...] = ()
    renewals: tuple[ListingView, ...] = ()


def notices(tx: Tx, me: Person, known: Known, now: Instant) -> tuple[Notice, ...]:
    """The list for ``me``; what has come since it was shown last is new."""
    row = tx.get(NoticesSeen, member=me.number)
    # A clock that was set back makes nothing old that has not been shown.
    seen = 0 if row is None else min(row.at_ms, now.ms)
    found = [
        *_to_answer(me, known),
        *_to_renew(known, now),
        *_written(tx, me),
        *_news(me, known),
        *_said(tx, me, now),
        *_matches(tx, me, now),
        *_from_keepers(tx, me, now),
    ]
    found.sort(key=lambda one: (not one.waits, -one.at_ms))
    return tuple(_marked(one, one.at_ms > seen) for one in found)


def _marked(one: Notice, new: bool) -> Notice:
    return replace(one, new=new)


def keep_seen(me: Person, shown: tuple[Notice, ...]) -> None:
    """Remember that these were shown, if any of them is new; a box that cannot write shows them as new again."""
    if not any(one.new for one in shown):
        return
    hub = the_hub()
    latest = max(hub.clock.now().ms, *(one.at_ms for one in shown))

    def keep() -> None:
        with hub.store.write() as tx:
            tx.put(NoticesSeen, member=me.number, at_ms=latest)

    remembered(keep)


def remembered(keep: Callable[[], None]) -> None:
    """Keep that something was seen; on a box that cannot write now the page is shown all the same."""
    store = the_hub().store
    if store.closed:
        return
    try:
        keep()
    except HubError as error:
        _log.warning("seen=not_kept reason=%s", error)


def _receipt(record: bytes) -> str:
    return url_for("home.transfer", record=record.hex())


def _text(*words: str) -> tuple[str, ...]:
    return tuple(word for word in words if word)


def _to_answer(me: Person, known: Known) -> Iterator[Notice]:
    home = known.home
    for one in known.loops:
        said = _("all have said yes") if one.state == "agreed" else _("waits for you")
        href = url_for("trading.loop", record=one.id.hex())
        yield Notice(one.at.ms, True, href, _("A trade loop"), (said,))
    for t in home.to_pay:
        what = _("%(name)s asks you for", name=name_of(t.payee))
        href = url_for("ask.request_page", code=t.code)
        yield Notice(t.at.ms, True, href, what, _text(t.text), t.amount, known.ending.get(t.id))
    for t in home.to_share:
        yield _share(me, t, known.ending.get(t.id))
    for t in known.refused:
        assert t.split is not None  # only splits are refused by one of several
        what = _("%(name)s said no: how shall it go on?", name=name_of(t.split.declined[0].who))
        yield Notice(t.at.ms, True, _receipt(t.id), what, _text(t.text), t.amount)
    for g in known.to_agree:
        asked = (
            _("%(name)s asks you to hold an account together", name=name_of(g.owner))
            if g.kind == "joint"
            else _("%(name)s asks you to act as helper", name=name_of(g.owner))
        )
        yield Notice(g.since.ms, True, url_for("grants.asked", account=g.account.number), asked)
    for a in known.back_asked:
        what = _("%(name)s asks for it back", name=name_of(a.by))
        others = a.of is not None and a.of.number != me.number
        of = _("from the account of %(name)s", name=name_of(a.of)) if others else ""
        yield Notice(a.at.ms, True, _receipt(a.id), what, _text(of, a.reason), a.amount)
    for d in known.against:
        what = _("%(name)s says that something is wrong", name=name_of(d.by))
        yield Notice(d.at.ms, True, _receipt(d.transfer), what, _text(d.note), d.amount)
    yield from (_care(c) for c in home.to_confirm)
    for ask in home.far_asks:
        what = _("%(name)s asks you to confirm care", name=name_of(ask.carer))
        href = url_for("care_far.asked", ask=ask.id.hex())
        yield Notice(ask.at.ms, True, href, what, (about(ask.category),), ask.amount)


def _share(me: Person, t: TransferView, ending: Waits | None) -> Notice:
    split = t.split
    assert split is not None  # asked for a part of it
    assert split.mine is not None
    if split.mine.who.number == me.number:
        what = _("%(name)s asks you for your part", name=name_of(split.one))
    else:
        what = _("%(name)s asks %(other)s for a part", name=name_of(split.one), other=name_of(split.mine.who))
    others = ngettext("with %(num)s other", "with %(num)s others", split.others) if split.others else ""
    return Notice(t.at.ms, True, _receipt(t.id), what, _text(others, t.text), t.amount, ending)


def _care(c: ClaimView) -> Notice:
    if c.sheet:
        what = _("%(name)s asks you to confirm a week of care", name=name_of(c.carer))
        return Notice(c.at.ms, True, f"/W/{c.sheet}", what, (about(c.category),))
    what = _("%(name)s asks you to confirm care", name=name_of(c.carer))
    return Notice(c.at.ms, True, f"/C/{c.code}", what, (about(c.category),), c.amount)


def _to_renew(known: Known, now: Instant) -> Iterator[Notice]:
    """Own offers and wants whose time ends soon, or is over: the most pressing ones, and that there are more."""
    for one in known.renewals[:MOST_RENEWALS]:
        ended = one.state == "expired"
        what = (
            _("“%(title)s” is not on the market any more: its time is over.", title=one.title)
            if ended
            else _("“%(title)s” leaves the market soon.", title=one.title)
        )
        end = now.ms if one.until is None else one.until
        told = min(now.ms, end if ended else end - REMIND_DAYS * DAY_MS)
        yield Notice(told, True, url_for("market.show", record=one.id.hex()), what, renew=one)
    more = len(known.renewals) - MOST_RENEWALS
    if more > 0:
        what = ngettext("%(num)s more ends soon", "%(num)s more end soon", more)
        yield Notice(0, True, url_for("market.mine"), what)


def _written(tx: Tx, me: Person) -> Iterator[Notice]:
    for one in talks.unread(tx, me.number):
        what = ngettext(
            "%(name)s wrote to you",
            "%(name)s wrote to you: %(num)s messages",
            one.count,
            name=name_of(one.other),
        )
        href = url_for("talks.talk", other=one.other.number)
        yield Notice(one.at.ms, True, href, what, (one.text.splitlines()[0][:80],))
    for far in talks_far.unread(tx, me.number):
        what = ngettext(
            "%(name)s wrote to you",
            "%(name)s wrote to you: %(num)s messages",
            far.unread,
            name=name_of(far.other),
        )
        href = url_for("talks_far.talk", hub=far.other.hub, other=far.other.number)
        yield Notice(far.at.ms, True, href, what, (far.text[:80],))


def _news(me: Person, known: Known) -> Iterator[Notice]:
    for t, why in known.back:
        at = t.closed or t.at
        words = f"{_('came back')}: {why}"
        yield Notice(at.ms, False, _receipt(t.id), name_of(t.payee), (words,), t.amount)
    for t in known.lapsed:
        at = t.closed or t.at
        lapsed = _("it has lapsed: nothing was paid")
        yield Notice(at.ms, False, _receipt(t.id), _unanswered(me, t), (lapsed,), t.amount)


def _said(tx: Tx, me: Person, now: Instant) -> Iterator[Notice]:
    """What others have said of matches: a yes that waits for the reader's, one that makes two, a no to the own yes."""
    for one in trading.said_yes(tx, me.number, now)[:MOST_SAID]:
        name = name_of(one.who)
        if one.waits:
            what = _("%(name)s wants to trade with you", name=name)
        elif one.yes:
            what = _("You and %(name)s have both said yes", name=name)
        else:
            what = _("%(name)s does not want to trade, this time", name=name)
        (offer_hub, offer), (want_hub, want) = one.pair
        href = url_for("trading.match", one=offer_hub, offer=offer, other=want_hub, want=want)
        yield Notice(one.at.ms, one.waits, href, what, _text(one.title))


def _matches(tx: Tx, me: Person, now: Instant) -> Iterator[Notice]:
    """Whom the market has found for the reader since: the latest ones, and that there are more."""
    found = trading.new_matches(tx, me.number, now)
    for one in found[:MOST_MATCHES]:
        (offer_hub, offer), (want_hub, want) = one.pair
        href = url_for("trading.match", one=offer_hub, offer=offer, other=want_hub, want=want)
        what = _("You could trade with %(name)s", name=name_of(one.who))
        yield Notice(one.at.ms, False, href, what, _text(one.title))
    if (more := len(found) - MOST_MATCHES) > 0:
        what = ngettext("%(num)s more could trade with you", "%(num)s more could trade with you", more)
        yield Notice(found[MOST_MATCHES].at.ms, False, url_for("market.could_trade"), what)


def _unanswered(me: Person, t: TransferView) -> str:
    if t.split is not None:
        if t.split.mine is None:
            return _("You asked several people for")
        return _("%(name)s asks you for your part", name=name_of(t.payee))
    if t.payee.number == me.number:
        return _("You asked %(name)s for", name=name_of(t.payer))
    return _("%(name)s asks you for", name=name_of(t.payee))


def _from_keepers(tx: Tx, me: Person, now: Instant) -> Iterator[Notice]:
    since = now.ms - NEWS_DAYS * DAY_MS
    for said in talks.said_to(tx, me.number, since):
        what = {
            "word": lambda: _("A keeper has a word for you"),
            "let": lambda: _("You can write messages again"),
        }.get(said.measure, lambda: _("A keeper has stopped your messages"))()
        until = _("until %(day)s", day=day(said.until)) if said.until else ""
        yield Notice(said.at.ms, False, url_for("concerning.mine"), what, _text(until, said.reason))
    for at in talks.answered(tx, me.number, since):
        what = _("The keepers have looked at what you told them")
        yield Notice(at.ms, False, url_for("talks.all_of_mine"), what)
