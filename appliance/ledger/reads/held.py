"""Accounts beyond one's own first: further ones, those held jointly, those of people one helps.

Nobody sees another's account longer than the grant is in force.
"""

from dataclasses import dataclass
from typing import Final

from appliance.ledger.book import chain
from appliance.ledger.book.schema import Transfer
from appliance.ledger.book.schema_credit import Grant
from appliance.ledger.book.store import Tx
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Refusal
from appliance.ledger.money import accounts, transfers
from appliance.ledger.people import grants, members
from appliance.ledger.reads.member import TransferView, transfer
from appliance.ledger.reads.people import Person, person

OWN: Final = "own"
"""As a kind beside those of grants: a further account of the member's own."""

_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Held:
    """An account that ``viewer`` may act on, beside the first one.

    Attributes:
        account: the account, as everybody names it.
        owner: whose it is.
        kind: own, joint or helper.
        waiting: how many requests wait for an answer there.
        aside: what is kept aside for what was agreed to there.
    """

    account: Person
    owner: Person
    kind: str
    group: str
    balance: int
    can_give: int | None
    can_receive: int | None
    low: int | None
    high: int | None
    held: int
    waiting: int
    aside: int = 0


@dataclass(frozen=True, slots=True)
class GrantView:
    """Who may act on which account. ``state``: asked, agreed or ended; ``since``: of that state.

    ``paper``: a keeper wrote the owner's consent down. ``in_force``: it is agreed and both are in.
    """

    account: Person
    owner: Person
    member: Person
    kind: str
    state: str
    since: Instant
    paper: bool
    in_force: bool


def held(tx: Tx, viewer: int) -> tuple[Held, ...]:
    """The accounts that ``viewer`` may act on beside the first one: own ones, joint ones, those of others."""
    found = [
        one for (number,) in tx.select(_NUMBERS, viewer, viewer, viewer) if (one := look(tx, number, viewer))
    ]
    return tuple(sorted(found, key=lambda one: (_ORDER[one.kind], one.account.number)))


_NUMBERS: Final = """
SELECT number FROM account WHERE owner = ? AND number <> ?
UNION SELECT account FROM "grant" WHERE member = ? AND state = 'agreed'
"""
_ORDER: Final = {OWN: 0, grants.JOINT: 1, grants.HELPER: 2}


def look(tx: Tx, number: int, viewer: int) -> Held | None:
    """One account that ``viewer`` may act on beside the first one; None for any other."""
    account = accounts.get(tx, number)
    if account is None or number == viewer or not accounts.owned(tx, number, viewer):
        return None
    grant = None if account.owner == viewer else tx.get(Grant, account=number, member=viewer)
    shown, owner = person(tx, number), person(tx, account.owner or 0)
    assert shown is not None  # accounts with an owner are shown by their name
    assert owner is not None  # members are never removed
    waiting = tx.first(
        "SELECT COUNT(*) FROM transfer WHERE payer = ? AND state = ?", number, transfers.PENDING
    )
    return Held(
        shown,
        owner,
        OWN if grant is None else grant.kind,
        accounts.group_of(tx, number),
        account.balance,
        accounts.can_give(account),
        accounts.can_receive(account),
        account.low,
        account.high,
        account.held,
        int(waiting[0]) if waiting else 0,
        account.aside,
    )


def requests(tx: Tx, number: int, viewer: int, asked: bool) -> tuple[TransferView, ...]:
    """Unanswered requests on an account: to it, or (``asked``) those that it made."""
    side = Transfer.payee if asked else Transfer.payer
    query = (
        Transfer.select(Transfer.id)
        .where(
            (side == number) & (Transfer.state == transfers.PENDING) & (Transfer.kind == transfers.REQUEST)
        )
        .order_by(Transfer.opened_entry.desc())
        .limit(_MOST)
    )
    found = (transfer(tx, bytes(row.id), viewer) for row in tx.rows(query))
    return tuple(view for view in found if view is not None)


def asked_of(tx: Tx, member: int) -> tuple[GrantView, ...]:
    """What ``member`` is asked to help with or to hold jointly, and has not answered."""
    rows = tx.found(Grant, "member = ? AND state = 'asked'", member)
    return tuple(_view(tx, row) for row in rows if not isinstance(accounts.usable(tx, row.account), Refusal))


def granted(tx: Tx, owner: int) -> tuple[GrantView, ...]:
    """Who may act, or was asked to, on any account of ``owner``."""
    query = tx.select(_OF_OWNER, owner)
    rows = (tx.get(Grant, account=account, member=member) for account, member in query)
    return tuple(_view(tx, row) for row in rows if row is not None)


_OF_OWNER: Final = """
SELECT "grant".account, "grant".member FROM "grant" JOIN account ON account.number = "grant".account
WHERE account.owner = ? AND "grant".state <> 'ended' ORDER BY "grant".account, "grant".member
"""


def one(tx: Tx, account: int, member: int) -> GrantView | None:
    """The grant between an account and a member that is asked for or agreed."""
    row = grants.find(tx, account, member)
    return None if row is None else _view(tx, row)


def of_account(tx: Tx, number: int) -> tuple[GrantView, ...]:
    """Who may act, or was asked to, on one account."""
    rows = tx.rows(Grant.select().where(Grant.account == number, Grant.state != grants.ENDED))
    return tuple(_view(tx, row) for row in rows)


def _view(tx: Tx, row: Grant) -> GrantView:
    account, member = person(tx, row.account), person(tx, row.member)
    assert account is not None  # accounts are never removed
    assert member is not None  # members are never removed
    asked = chain.by_number(tx, row.asked_entry)
    since = chain.by_number(tx, row.agreed_entry or 0) if row.state == grants.AGREED else asked
    assert asked is not None  # a grant is folded from its entries
    assert since is not None
    return GrantView(
        account,
        account.owner or account,
        member,
        row.kind,
        row.state,
        since.act.at,
        asked.act.kind == grants.WriteGrant.KIND,
        row.state == grants.AGREED and accounts.owned(tx, row.account, row.member),
    )


def done_by(tx: Tx, account: int, member: int, viewer: int, limit: int = 20) -> tuple[TransferView, ...]:
    """What ``member`` moved, asked or answered on ``account``, newest first, as ``viewer`` may see it."""
    signed = f"member:{member}"
    records = tx.select(_DONE, signed, account, account, signed, account, limit)
    found = (transfer(tx, bytes(record), viewer) for record, _ in records)
    return tuple(view for view in found if view is not None)


# A request is opened on the payee's side; all else, and every answer but taking back, on the payer's.
_DONE: Final = """
SELECT transfer.id, transfer.opened_entry FROM transfer JOIN entry ON entry.number = transfer.opened_entry
WHERE entry.authority = ? AND ((transfer.kind = 'request' AND transfer.payee = ?)
  OR (transfer.kind <> 'request' AND transfer.payer = ?))
UNION
SELECT transfer.id, transfer.opened_entry FROM transfer JOIN entry ON entry.number = transfer.closed_entry
WHERE entry.authority = ? AND transfer.payer = ?
ORDER BY 2 DESC LIMIT ?
"""


def without_key(tx: Tx, owner: int) -> bool:
    """Whether a member has no key: signs nothing, and consents on paper."""
    return members.key_in_force(tx, owner) is None
