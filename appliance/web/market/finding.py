"""Trade loops once a week, and the index kept up though nobody searches."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import peewee as pw

from appliance.ledger.clock import Quality
from appliance.ledger.hub import Hub
from appliance.ledger.lane import THE_LANE
from appliance.matching import CACHE_FILE, Index
from appliance.matching.proposing import due, propose, ran, turn_ms
from appliance.matching.telling import tell_new

_log = logging.getLogger(__name__)


def look_for_loops(hub: Hub, weekly: bool = False) -> int:
    """Look for trade loops, and ask their people; how many loops. ``weekly``: only when this week's run is still to come.

    One at a time looks at a hub: who asks meanwhile waits for that one, and is told what it has found.
    """
    index = Index.open(hub.data / CACHE_FILE)
    try:
        with hub.reading() as tx:
            since_turn = hub.clock.now().ms - turn_ms(tx)
        if weekly and not due(index, since_turn):
            return 0
        return _looks.setdefault(hub.data, _Look()).join(lambda: _look(hub, index, since_turn))
    finally:
        index.close()


def _look(hub: Hub, index: Index, since_turn: int) -> int:
    with hub.reading() as tx:
        index.follow(tx)
    count = propose(hub, index)
    ran(index, since_turn)
    _log.info("loops=proposed count=%d", count)
    return count


class _Look:
    """A search that is under way, or none."""

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._under_way: Future[int] | None = None

    def join(self, search: Callable[[], int]) -> int:
        """What the search that is under way finds; if none is, what ``search`` does."""
        with self._changing:
            other, mine = self._under_way, Future[int]()
            if other is None:
                self._under_way = mine
        if other is not None:
            with THE_LANE.aside():
                return other.result()
        try:
            mine.set_result(search())
        except BaseException as error:
            mine.set_exception(error)
            raise
        finally:
            with self._changing:
                self._under_way = None
        return mine.result()


_looks: dict[Path, _Look] = {}
"""By the data of the hub."""


def keep_matching(hub: Hub) -> None:
    """Look for trade loops once a week; not by a clock that nobody vouches for."""
    if hub.clock.now().quality < Quality.KEEPER:
        return
    try:
        look_for_loops(hub, weekly=True)
    except pw.DatabaseError as error:  # the cache is made anew by the next page
        _log.warning("loops=later reason=%s", error)


def keep_up(hub: Hub) -> None:
    """Bring the index up to the book, if there is one: what was erased leaves it though nobody searches; who has a new match is told."""
    path = hub.data / CACHE_FILE
    if not path.exists():
        return
    index = Index.open(path)
    try:
        with hub.reading() as tx:
            index.follow(tx)
        tell_new(hub, index)
    except pw.DatabaseError as error:  # it is made anew by the next page
        _log.warning("index=behind reason=%s", error)
    finally:
        index.close()
