"""The root papers once they are written: read back from the copy, and what is remembered of that.

A paper that was written wrong is found when it is needed, which is too late. So whoever founds a hub types
it back; until somebody has, the keeper's desk says so. Only *that* and *when* is remembered, on this box.
"""

import json
from dataclasses import dataclass
from typing import Final

from appliance.ledger import keys
from appliance.ledger.book.local import Note
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant, Millis, Quality
from appliance.ledger.errors import PaperDoesNotFit
from appliance.ledger.hub import Hub
from appliance.ledger.keys import RootPaper

HUB: Final = "hub"
COMMUNITY: Final = "community"
PAPERS: Final = (HUB, COMMUNITY)


@dataclass(frozen=True, slots=True)
class Checked:
    """A root paper of this box.

    Attributes:
        at: when it, or some of its words, were last typed in and were right; None: never.
        whole: whether that was all of it, not only the words that a founding asks for.
    """

    which: str
    at: Instant | None
    whole: bool = True


def checked(tx: Tx) -> tuple[Checked, ...]:
    """The papers that should be at hand here: the hub's, and the community's where it was founded."""
    found = {which: tx.get(Note, name=_name(which)) for which in PAPERS}
    return tuple(
        Checked(which, None) if row is None else _checked(which, row.value)
        for which, row in found.items()
        if which == HUB or row is not None
    )


def _checked(which: str, value: str) -> Checked:
    try:
        kept = json.loads(value)
        if kept:
            at = Instant(Millis(kept["at"]), Quality(kept["quality"]))
            return Checked(which, at, kept.get("whole", True) is True)
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    return Checked(which, None)


def printed(hub: Hub, which: tuple[str, ...], asked: bool) -> None:
    """Remember that these papers were made here, and that nobody has read them back yet; at most (``asked``)
    some of their words.
    """
    now = hub.clock.now()
    some = {"at": now.ms, "quality": int(now.quality), "whole": False} if asked else None
    with hub.store.write() as tx:
        for one in which:
            tx.put(Note, name=_name(one), value=json.dumps(some))


def fits(hub: Hub, paper: RootPaper) -> bool:
    """Whether it is this hub's root paper, or its community's."""
    try:
        which_is(hub, paper)
    except PaperDoesNotFit:
        return False
    return True


def which_is(hub: Hub, paper: RootPaper) -> str:
    """``HUB`` or ``COMMUNITY``.

    Raises:
        PaperDoesNotFit: it is neither this hub's nor its community's.
    """
    if paper.public == hub.box.root_public:
        return HUB
    if keys.community_id(paper.public) == hub.box.place.community:
        return COMMUNITY
    raise PaperDoesNotFit("a root paper, but of another hub or another community")


def check(hub: Hub, paper: RootPaper) -> str:
    """Remember that this paper was typed in, and was right; which it is.

    The hub's own also completes the keys of a box that was founded before there were neighbours or backups.

    Raises:
        PaperDoesNotFit: as ``which_is``; nothing is remembered.
        DataDirectoryError: it could not be remembered.
    """
    which = which_is(hub, paper)
    if which == HUB and (hub.box.box_key is None or hub.box.backup_public is None):
        hub.keep_box(hub.box.with_paper(paper))
    now = hub.clock.now()
    with hub.store.write() as tx:
        tx.put(Note, name=_name(which), value=json.dumps({"at": now.ms, "quality": int(now.quality)}))
    return which


def _name(which: str) -> str:
    return f"paper {which}"
