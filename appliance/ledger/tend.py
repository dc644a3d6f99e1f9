"""What falls due by itself: requests, splits and proposals that were not answered, limits that were set
for a while, care that nobody confirmed, large care that has waited, old accounts of people who have moved, texts whose week of waiting is over.

What a yearly closing left to be done, when the power went, is gone on with, too (``yearly``).

Each is a command by rule in the book. Nothing expires by a clock that nobody has vouched for
(design.md 6): below ``Quality.KEEPER`` only what needs no clock happens.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Final

from appliance.ledger import codec, yearly
from appliance.ledger.book import chain, wiping
from appliance.ledger.book.command import Receipt
from appliance.ledger.book.subject import Command
from appliance.ledger.care import settling
from appliance.ledger.clock import Quality
from appliance.ledger.hub import Hub
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


def _erase(hub: Hub) -> int:
    with hub.reading() as tx:
        due = erasing.overdue(tx, hub.clock.now())
    return _done(hub, [(command, command.erasure) for command in due], "erasure")


def _done(hub: Hub, due: Iterable[tuple[Command, bytes]], rule: str) -> int:
    """Do each by ``rule``; its key is what it is about, so that two processes do it once."""
    results = (hub.by_rule(command, rule, key[: chain.KEY_BYTES]) for command, key in due)
    return sum(isinstance(result, Receipt) and not result.replayed for result in results)


def _close_moved(hub: Hub) -> int:
    with hub.reading() as tx:
        ready = moving.arrived(tx)
    return _done(hub, [(moving.CloseMoved(member), once) for member, once in ready], "moved")


TIMELESS: Final[tuple[Chore, ...]] = (_close_moved,)
"""What follows from how things stand, whatever the clock says."""

CHORES: Final[tuple[Chore, ...]] = (
    _expire_requests,
    _expire_splits,
    _lapse_limits,
    _lapse_proposals,
    _expire_claims,
    _pay_care,
    _erase,
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
