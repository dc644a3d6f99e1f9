"""What falls due by itself: requests, splits and proposals that were not answered, limits that were set
for a while, care that nobody confirmed, large care that has waited, old accounts of people who have moved, texts whose week of waiting is over,
words of care from other hubs that nobody here needs any more,
offers and wants that nobody renewed, trade loops that not all answered.

What a yearly closing left to be done, when the power went, is gone on with, too (``yearly``).

Each is a command by rule in the book, but for messages of a year ago, which are not in it and go. Nothing expires by a clock that nobody has vouched for
(design.md 6): below ``Quality.KEEPER`` only what needs no clock happens.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Final

from appliance.ledger import codec, hearsay, yearly
from appliance.ledger.book import chain, wiping
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Command
from appliance.ledger.care import forgetting, settling
from appliance.ledger.clock import Quality
from appliance.ledger.hub import Hub
from appliance.ledger.market import changing, listings, loops, photos, talks, talks_far
from appliance.ledger.money import limits, requests, shares
from appliance.ledger.people import erasing, moving, seconds

_log = logging.getLogger(__name__)

Chore = Callable[[Hub], int]


def _expire_requests(hub: Hub) -> int:
    with hub.reading() as tx:
        due = requests.overdue(tx, hub.clock.now())
    return _done(hub, [(requests.Expire(record), record) for record in due], "expire")


def _expire_splits(hub: Hub) -> int:
    with hub.reading() as tx:
        due = shares.overdue(tx, hub.clock.now())
    return _done(hub, [(shares.ExpireSplit(record), record) for record in due], "expire")


def _lapse_limits(hub: Hub) -> int:
    with hub.reading() as tx:
        due = limits.lapsing(tx, hub.clock.now())
    keyed = [
        (limits.LapseLimits(account), codec.digest("tch.lapse", entry.to_bytes(8, "big")))
        for account, entry in due
    ]
    return _done(hub, keyed, "lapse")


def _lapse_proposals(hub: Hub) -> int:
    with hub.reading() as tx:
        due = seconds.overdue(tx, hub.clock.now())
    return _done(hub, [(seconds.LapseProposal(record), record) for record in due], "lapse")


def _expire_claims(hub: Hub) -> int:
    with hub.reading() as tx:
        due = settling.overdue(tx, hub.clock.now())
    return _done(hub, [(settling.ExpireClaim(record), record) for record in due], "expire")


def _pay_care(hub: Hub) -> int:
    """What has waited long enough, or for the budget of another month; paying one pays those behind it."""
    with hub.reading() as tx:
        first = settling.next_to_pay(tx, hub.clock.now())
    return 0 if first is None else _done(hub, [(settling.Settle(first), first)], "quorum")


def _lapse_loops(hub: Hub) -> int:
    with hub.reading() as tx:
        due = loops.overdue(tx, hub.clock.now())
    return _done(hub, [(loops.LapseLoop(record), record) for record in due], "lapse")


def _erase(hub: Hub) -> int:
    with hub.reading() as tx:
        due = erasing.overdue(tx, hub.clock.now())
    return _done(hub, [(command, command.erasure) for command in due], "erasure")


def _unask(hub: Hub) -> int:
    """Words of care that were erased here are taken back where somebody is asked about them."""
    with hub.reading() as tx:
        due = forgetting.to_unask(tx)
    keyed = [
        (forgetting.UnaskFar(claim), codec.digest("tch.unask", claim + asked.to_bytes(8, "big")))
        for claim, asked in due
    ]
    return _done(hub, keyed, "erasure")


def _forget_asks(hub: Hub) -> int:
    """Words that came from other hubs go when nobody here needs them."""
    with hub.reading() as tx:
        due = forgetting.to_forget(tx, hub.clock.now())
    return _done(hub, [(forgetting.ForgetAsk(record), record) for record in due], "erasure")


def _expire_listings(hub: Hub) -> int:
    with hub.reading() as tx:
        due = changing.overdue(tx, hub.clock.now())
        keyed = [(changing.ExpireListing(record), _until_of(tx, record)) for record in due]
    return _done(hub, keyed, "expire")


def _date_listings(hub: Hub) -> int:
    with hub.reading() as tx:
        keyed = [(changing.DateListing(record), _until_of(tx, record)) for record in changing.undated(tx)]
    return _done(hub, keyed, "date")


def _drop_far_listings(hub: Hub) -> int:
    """No entry: what other hubs say is no truth of this book."""
    now = hub.clock.now()
    with hub.reading() as tx:
        if not hearsay.any_over(tx, now.ms):
            return 0
    with hub.store.write() as tx:
        return hearsay.drop_over(tx, now.ms)


def _drop_photos(hub: Hub) -> int:
    """Photos that no listing shows any more."""
    with hub.reading() as tx:
        if not photos.any_unused(tx):
            return 0
    with hub.store.write() as tx:
        return photos.forget_unused(tx)


def _until_of(tx: Tx, record: bytes) -> bytes:
    """A key for one expiry of a listing, which may be renewed and expire again."""
    terms = listings.terms(tx, record)
    begun = 0 if terms is None else int(terms.begun)
    return codec.digest("tch.expire", record + begun.to_bytes(8, "big"))


def _drop_messages(hub: Hub) -> int:
    """Messages of more than a year ago, which are beside the book."""
    now = hub.clock.now()
    return talks.drop_old(hub.store, now) + talks_far.drop_old(hub.store, now)


def _done(hub: Hub, due: Iterable[tuple[Command, bytes]], rule: str) -> int:
    """Do each by ``rule``; its key is what it is about, so that two processes do it once."""
    results = (hub.by_rule(command, rule, key[: chain.KEY_BYTES]) for command, key in due)
    return sum(isinstance(result, Receipt) and not result.replayed for result in results)


def _close_moved(hub: Hub) -> int:
    with hub.reading() as tx:
        ready = moving.arrived(tx)
    return _done(hub, [(moving.CloseMoved(member), once) for member, once in ready], "moved")


TIMELESS: Final[tuple[Chore, ...]] = (_close_moved, _unask, _forget_asks, _drop_photos)
"""What follows from how things stand, whatever the clock says."""

CHORES: Final[tuple[Chore, ...]] = (
    _expire_requests,
    _expire_splits,
    _lapse_limits,
    _lapse_proposals,
    _expire_claims,
    _lapse_loops,
    _pay_care,
    _erase,
    _expire_listings,
    _date_listings,
    _drop_far_listings,
    _drop_messages,
)
"""Each does what is due now, by rule, some at a time; how many it did."""


def tend(hub: Hub) -> int:
    """Do what is due now; how many things were done.

    Raises:
        HubError: the book cannot be written.
    """
    timely = hub.clock.now().quality >= Quality.KEEPER
    done = sum(chore(hub) for chore in (*TIMELESS, *(CHORES if timely else ())))
    wiping.try_scrub(hub.store)
    yearly.try_finish(hub)
    if done:
        _log.info("tend done=%d", done)
    return done
