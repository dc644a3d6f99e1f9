"""After a restore: what waits, until when, and what keepers must say before it goes on.

A backup is as old as it is. What members paid at home since then is lost; what they paid to other
hubs, and who changed a PIN, others may know. So three things wait:

* *cross-hub payments and back-dated slips*, until every neighbour has been heard (``Awaited``), or a
  keeper names the risk of going on without it;
* *sign-in of members*, until a keeper has asked who changed a PIN or lost an office since then;
* *what neighbours say*, each until it has said up to where it had read this hub before
  (``money.recovery``).

Payments at home go on at once.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from appliance.ledger import codec
from appliance.ledger.book import shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import AccountRow, Neighbour
from appliance.ledger.book.schema_recovery import Awaited, Restored
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.money import accounts
from appliance.ledger.people import members, powers
from appliance.ledger.people.roster import trunk_of
from appliance.ledger.people.words import LONGEST_LINE, tidy, too_long
from appliance.ledger.values import HUB_NUMBERS, UNRESOLVED

_NUMBERS_STEP: Final = 100


def begin(tx: Tx, entry: Entry, old: int, closed: int) -> None:
    """A new life, the one of its place, begins with ``entry``: from now on others are waited for.

    Args:
        old: the life before.
        closed: the last record of the life before that the book knew to have been said.
    """
    incarnation = entry.act.place.incarnation
    tx.insert(
        Restored,
        incarnation=incarnation,
        old=old,
        closed=closed,
        last_entry=entry.number - 1,
        numbers_from=_numbers_from(members.next_number(tx)),
        entry=entry.number,
    )
    if tx.get(AccountRow, number=UNRESOLVED) is None:
        accounts.open_account(tx, UNRESOLVED, accounts.UNRESOLVED_KIND, None, None, None, entry.number)
    for row in tx.rows(Neighbour.select().order_by(Neighbour.hub)):
        tx.insert(
            Awaited, incarnation=incarnation, hub=row.hub, gates=_trades(tx, row.hub), entry=entry.number
        )


def _numbers_from(free: int) -> int:
    """The first number for a member who joins after a restore.

    Somebody may have been given ``free`` in the time that was lost: it stands on a card, and other
    hubs have paid it. It must never be another's. A village does not grow by a hundred between two
    backups; the round number tells at a glance who came after.
    """
    return -(-free // _NUMBERS_STEP) * _NUMBERS_STEP + _NUMBERS_STEP


def _trades(tx: Tx, hub: int) -> bool:
    """Whether a neighbour may know of payments: something crossed, or the trunk lets it."""
    account = tx.get(AccountRow, number=trunk_of(hub))
    if account is not None and (account.high != 0 or account.low != 0):
        return True
    return tx.first("SELECT 1 FROM crossing WHERE hub = ? LIMIT 1", hub) is not None


def missing(tx: Tx) -> tuple[int, ...]:
    """The neighbours that payments to other hubs wait for."""
    return tuple(int(hub) for (hub,) in tx.select(_MISSING))


_MISSING: Final = """
SELECT DISTINCT hub FROM awaited WHERE gates AND heard_entry IS NULL AND named_entry IS NULL ORDER BY hub
"""


def unheard(tx: Tx, hub: int) -> bool:
    """Whether a neighbour has still to say up to where it had read this hub before a restore."""
    return tx.first(_UNHEARD, hub) is not None


_UNHEARD: Final = "SELECT 1 FROM awaited WHERE hub = ? AND heard_entry IS NULL LIMIT 1"


def refuse_recovering(tx: Tx) -> Refusal | None:
    """The refusal of what waits until the neighbours have been heard."""
    hubs = missing(tx)
    if not hubs:
        return None
    return Refusal(Code.RECOVERING, {"hub": hubs[0], "count": len(hubs)}, (Action.WAIT, Action.ASK_KEEPER))


def refuse_unheard(tx: Tx, hub: int) -> Refusal | None:
    """The refusal of what would answer a payment that may have been answered before the restore."""
    if not unheard(tx, hub):
        return None
    return Refusal(Code.RECOVERING, {"hub": hub, "count": 1}, (Action.WAIT, Action.ASK_KEEPER))


def sign_in_waits(tx: Tx) -> bool:
    """Whether keepers have still to open sign-in."""
    return tx.first("SELECT 1 FROM restored WHERE sign_in_entry IS NULL LIMIT 1") is not None


def refuse_sign_in(tx: Tx, member: int) -> Refusal | None:
    """The refusal of a sign-in while it waits; keepers, who have to open it, may."""
    if not sign_in_waits(tx) or powers.refuse_unless_keeper(tx, member) is None:
        return None
    return Refusal(Code.SIGN_IN_WAITS, {}, (Action.WAIT, Action.ASK_KEEPER))


@dataclass(frozen=True, slots=True)
class NameRisk:
    """A keeper says that the hub goes on without a neighbour that has not been heard, and why.

    What it knows is posted all the same when it comes, whoever is below a limit by then.
    """

    KIND: ClassVar[str] = "name_risk"
    VERSION: ClassVar[int] = 1

    hub: int
    reason: str

    def payload(self) -> codec.Body:
        return {"hub": self.hub}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason}


def _decide_name(tx: Tx, command: NameRisk, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    if tx.get(Neighbour, hub=command.hub) is None:
        return Refusal(Code.UNKNOWN_HUB, {"hub": command.hub}, (Action.HOME,))
    if command.hub not in missing(tx):
        return Refusal(Code.NOT_AWAITED, {"hub": command.hub}, (Action.SHOW,))
    return _reasoned(command.reason)


def _reasoned(reason: str) -> codec.Body | Refusal:
    if not tidy("reason", reason):
        return Refusal(Code.TEXT_MISSING, {}, (Action.TRY_AGAIN,))
    return too_long(reason, LONGEST_LINE) or {}


def _may_name(tx: Tx, entry: Entry) -> bool:
    return entry.act.payload["hub"] in missing(tx) and powers.by_keeper(tx, entry)


def _apply_name(tx: Tx, entry: Entry) -> None:
    key = {"hub": entry.act.payload["hub"], "heard_entry": None, "named_entry": None}
    tx.update(Awaited, key, named_entry=entry.number)


@dataclass(frozen=True, slots=True)
class OpenSignIn:
    """A keeper has asked who changed a PIN or lost an office since the backup, has put that right, and
    lets members sign in again; ``reason`` says how it was asked.
    """

    KIND: ClassVar[str] = "open_sign_in"
    VERSION: ClassVar[int] = 1

    incarnation: int
    reason: str

    def payload(self) -> codec.Body:
        return {"incarnation": self.incarnation}

    def private(self) -> dict[str, str]:
        return {"reason": self.reason}


def last_restored(tx: Tx) -> Restored | None:
    """The restore that the present life began with."""
    rows = tx.rows(Restored.select().order_by(Restored.incarnation.desc()).limit(1))
    return rows[0] if rows else None


def closing(tx: Tx, life: int) -> Restored | None:
    """The restore that ended the own life ``life``; None when it has not ended."""
    query = Restored.select().where(Restored.incarnation > life).order_by(Restored.incarnation).limit(1)
    rows = tx.rows(query)
    return rows[0] if rows else None


def _decide_open(tx: Tx, command: OpenSignIn, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    if not _opens(tx, command.incarnation):
        return Refusal(Code.NOT_AWAITED, {}, (Action.SHOW,))
    return _reasoned(command.reason)


def _opens(tx: Tx, incarnation: int) -> bool:
    last = last_restored(tx)
    return last is not None and last.incarnation == incarnation and sign_in_waits(tx)


def _may_open(tx: Tx, entry: Entry) -> bool:
    return _opens(tx, entry.act.payload["incarnation"]) and powers.by_keeper(tx, entry)


def _apply_open(tx: Tx, entry: Entry) -> None:
    tx.update(Restored, {"sign_in_entry": None}, sign_in_entry=entry.number)


_HUB: Final = {"hub": shape.whole(HUB_NUMBERS.start, HUB_NUMBERS.stop - 1)}

HANDLERS = (
    Handler(NameRisk, _decide_name, _apply_name, _may_name, _HUB),
    Handler(OpenSignIn, _decide_open, _apply_open, _may_open, {"incarnation": shape.whole(2, (1 << 16) - 1)}),
)
