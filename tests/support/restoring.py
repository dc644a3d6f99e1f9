"""River's card is lost, and comes back out of a backup: what the tests of that share.

The backup is the real file, sealed for River's paper; the restore is the real one. Frames are carried
by hand as in ``valley``; here also certificates, and River's own old frames out of the neighbours' post.
"""

from pathlib import Path

from appliance.ledger import restore
from appliance.ledger.book import backup_make, feed
from appliance.ledger.book.feed import FrameRow, Kept
from appliance.ledger.hub import Hub
from appliance.ledger.post import Post
from appliance.radio import frames
from tests.support.valley import RIVER, Valley, made


def back_up(valley: Valley, path: Path, hub: int = RIVER) -> Path:
    """A backup of ``hub`` as it stands now, in the new file ``path``."""
    here = valley.hubs[hub]
    backup_make.make(here.data, here.box.place, made().papers[hub].backup_public, path, valley.clock.now())
    return path


def lose_and_restore(valley: Valley, backup: Path, hub: int = RIVER) -> restore.Restored:
    """The card of ``hub`` dies; it is restored out of ``backup`` and started."""
    valley.hubs[hub].close()
    life = valley.hubs[hub].book.place.incarnation + 1
    into = valley.room / f"{hub}-restored-{life}"
    done = restore.restore(backup, made().papers[hub], into, life, valley.clock, lambda *_: None)
    valley.hubs[hub] = Hub.open(into, valley.clock)
    valley.posts[hub] = Post(valley.hubs[hub])
    valley.directories.clear()
    return done


def show_certificates(valley: Valley, source: int, target: int) -> None:
    """``target`` hears the certificates that ``source`` has."""
    for row in valley.posts[source].lives():
        if (found := valley.posts[source].certificate(row.hub, row.incarnation)) is not None:
            valley.posts[target].renewed(*found)
    valley.directories.clear()


def give_back(valley: Valley, keeper: int, owner: int = RIVER) -> int:
    """``keeper`` gives ``owner`` the frames of its earlier lives that it has kept; how many."""
    life = valley.hubs[owner].book.place.incarnation
    with valley.hubs[keeper].reading() as tx:
        query = FrameRow.select().where((FrameRow.hub == owner) & (FrameRow.incarnation < life))
        kept = [bytes(row.data) for row in tx.rows(query.order_by(FrameRow.incarnation, FrameRow.first))]
    for data in kept:
        take(valley, data, owner)
    return len(kept)


def take(valley: Valley, data: bytes, target: int) -> None:
    """Hand a frame of whichever life to a hub, which keeps it and does not read it yet."""
    frame = frames.open_data(data, valley.directory(target))
    valley.posts[target].take(Kept(frame.data, frame.cut, frame.records))


def bring_all(valley: Valley, source: int, target: int) -> None:
    """Everything that ``source`` has kept of its own feed, of all its lives, comes to ``target``."""
    with valley.hubs[source].reading() as tx:
        query = FrameRow.select().where(FrameRow.hub == source)
        kept = [bytes(row.data) for row in tx.rows(query.order_by(FrameRow.incarnation, FrameRow.first))]
    for data in kept:
        take(valley, data, target)
    valley.posts[target].settle()


def meet(valley: Valley, one: int, other: int) -> None:
    """Two hubs are in reach of each other until neither has anything new for the other."""
    before = None
    while before != (before := _state(valley, one, other)):
        for source, target in ((one, other), (other, one)):
            list(valley.frames_of(source))
            show_certificates(valley, source, target)
            bring_all(valley, source, target)
            give_back(valley, source, target)
            valley.posts[target].settle()


def _state(valley: Valley, *hubs: int) -> list[object]:
    found: list[object] = []
    for hub in hubs:
        with valley.hubs[hub].reading() as tx:
            found.append(tx.select("SELECT MAX(number) FROM entry"))
            found.append(
                tx.select("SELECT hub, incarnation, linked, read FROM feed ORDER BY hub, incarnation")
            )
    return found


def linked(valley: Valley, hub: int, of: int, life: int) -> int:
    """Up to where ``hub`` holds a feed."""
    with valley.hubs[hub].reading() as tx:
        return int(feed.state(tx, of, life).linked)
