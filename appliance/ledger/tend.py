"""What falls due by itself: requests that nobody answered, limits that were set for a while.

Each is a command by rule in the book. Nothing expires by a clock that nobody has vouched for
(design.md 6): below ``Quality.KEEPER`` nothing happens.
"""

import logging
from collections.abc import Callable
from typing import Final

from appliance.ledger.clock import Quality
from appliance.ledger.hub import Hub

_log = logging.getLogger(__name__)

Chore = Callable[[Hub], int]

CHORES: Final[tuple[Chore, ...]] = ()
"""Each does what is due now, by rule, some at a time; how many it did."""


def tend(hub: Hub) -> int:
    """Do what is due now; how many things were done.

    Raises:
        HubError: the book cannot be written.
    """
    if hub.clock.now().quality < Quality.KEEPER:
        return 0
    done = sum(chore(hub) for chore in CHORES)
    if done:
        _log.info("tend done=%d", done)
    return done
