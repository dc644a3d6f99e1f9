"""Files that keepers take in: what was announced, who agreed to it, and people out of a file.

::

    (nothing) --agree_import (a keeper)--> agreed
    (nothing), agreed --import_file (another keeper)--> begun
    begun --one entry a row, in the same transaction--> all of it there

Every entry of a row names the file by its digest; who reads the book sees which file it came
from. A file that moves credit (opening balances, payments of before) passes limits, so it is
the most powerful act of all: where there is more than one keeper it needs two, and a lone
keeper can not take in anything that touches an account of the own. Where newcomers must be
vouched for, people out of a file need two as well.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Final

import peewee as pw

from appliance.ledger import codec
from appliance.ledger.book import rules, shape
from appliance.ledger.book.chain import Entry
from appliance.ledger.book.schema import Member
from appliance.ledger.book.schema_credit import Import
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Asking, Handler, Wordless
from appliance.ledger.errors import Action, BookDamaged, Code, Refusal
from appliance.ledger.money import accounts
from appliance.ledger.people import members, powers
from appliance.ledger.people.life import refuse_reason
from appliance.ledger.people.words import LONGEST_LINE, LONGEST_NAME, tidy, too_long
from appliance.ledger.values import MAX_AMOUNT

MEMBERS: Final = "members"
OPENINGS: Final = "openings"
LISTINGS: Final = "listings"
TRANSFERS: Final = "transfers"
WHAT: Final = (MEMBERS, OPENINGS, LISTINGS, TRANSFERS)

CAN_TRADE: Final = (powers.ACTIVE, powers.AWAY)
"""On whose accounts files may move credit. Who is moving away only goes to zero."""

MOST_ROWS: Final = 50_000
"""How many rows a file may have."""


@dataclass(frozen=True, slots=True)
class AgreeImport(Wordless):
    """A keeper agrees that another one takes in this file, understood just so (``terms``)."""

    KIND: ClassVar[str] = "agree_import"
    VERSION: ClassVar[int] = 1

    what: str
    digest: bytes
    terms: bytes
    rows: int
    moved: int

    def payload(self) -> codec.Body:
        return {
            "what": self.what,
            "digest": self.digest,
            "reading": self.terms,
            "rows": self.rows,
            "moved": self.moved,
        }


@dataclass(frozen=True, slots=True)
class ImportFile:
    """A keeper takes in a file, and says why. Its rows follow in the same transaction.

    Attributes:
        digest: of the file's bytes. The same file is taken in once.
        terms: of what it was understood to say.
        rows: how many rows it has.
        entries: how many entries follow.
        moved: how much credit it moves in all, minor units.
        file: its name.
    """

    KIND: ClassVar[str] = "import_file"
    VERSION: ClassVar[int] = 1

    what: str
    digest: bytes
    terms: bytes
    rows: int
    entries: int
    moved: int
    file: str
    reason: str

    def payload(self) -> codec.Body:
        return {
            "what": self.what,
            "digest": self.digest,
            "reading": self.terms,
            "rows": self.rows,
            "entries": self.entries,
            "moved": self.moved,
        }

    def private(self) -> dict[str, str]:
        return {"file": self.file, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class ImportMember:
    """Somebody out of a file: member and account at once, without a key, as ``life.Register``.

    Attributes:
        number: what the person will have; the file's opening balances count on it.
        limits: low and high (None: no limit on that side); None: those of the group.
        old: the number in the list the person comes from.
    """

    KIND: ClassVar[str] = "import_member"
    VERSION: ClassVar[int] = 1

    digest: bytes
    line: int
    number: int
    name: str
    group: str = accounts.PERSON
    limits: tuple[int | None, int | None] | None = None
    old: str = ""

    def payload(self) -> codec.Body:
        return {
            "digest": self.digest,
            "line": self.line,
            "number": self.number,
            "group": self.group,
            "limits": None if self.limits is None else list(self.limits),
        }

    def private(self) -> dict[str, str]:
        return {"name": self.name, "old": self.old} if self.old else {"name": self.name}


@dataclass(frozen=True, slots=True)
class Begun:
    """A file that is being taken in. ``others``: how many other keepers there are; ``left``: entries to come."""

    what: str
    agreed: bool
    others: int
    left: int


def begun(tx: Tx, digest: bytes, what: tuple[str, ...], actor: int | None) -> Begun | None:
    """The file that ``actor`` is taking in, while some of it has still to come."""
    for name in what:
        row = tx.first(_BEGUN, digest, name)
        if row is not None and row[0] == actor and row[3] > 0:
            return Begun(name, row[1] is not None, *row[2:])
    return None


_BEGUN: Final = 'SELECT keeper, agreed, others, "left" FROM import WHERE digest = ? AND what = ?'


def asked(tx: Tx, digest: bytes, what: tuple[str, ...], asking: Asking) -> Begun | Refusal:
    """The file whose row somebody asks for; the refusal unless a keeper is taking in such a one."""
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    return begun(tx, digest, what, asking.actor) or Refusal(Code.TERMS_CHANGED, {}, (Action.TRY_AGAIN,))


def by_importer(tx: Tx, entry: Entry, what: tuple[str, ...]) -> Begun | None:
    """The warrant of a row's entry: the file that its signer has begun, and of which some is left."""
    if not powers.by_keeper(tx, entry):
        return None
    return begun(tx, entry.act.payload["digest"], what, entry.actor)


def count_row(tx: Tx, entry: Entry, what: tuple[str, ...]) -> None:
    """One entry of the file has come."""
    digest = entry.act.payload["digest"]
    file = begun(tx, digest, what, entry.actor)
    if file is None:
        raise BookDamaged("is a row of a file that was not announced", entry.number)
    tx.update(Import, {"digest": digest, "what": file.what}, left=file.left - 1)


def others(tx: Tx, keeper: int | None) -> int:
    """How many keepers there are besides ``keeper``."""
    query = Member.select(pw.fn.COUNT(Member.number)).where(
        Member.keeper, Member.status.in_(powers.STANDING), Member.number != (keeper or 0)
    )
    return int(tx.scalar(query) or 0)


def refuse_alone(tx: Tx, besides: int, actor: int | None, numbers: Iterable[int]) -> Refusal | None:
    """The refusal of moving credit out of a file to which no second keeper agreed.

    Args:
        besides: how many ``others`` there are. With none, a lone keeper may do it without a part in it.
        numbers: the accounts on which credit moves.
    """
    if besides:
        return Refusal(Code.TWO_KEEPERS, {}, (Action.ASK_KEEPER,))
    for number in numbers:
        if tx.first(_REACHED, number, actor, number, actor) is not None:
            return Refusal(Code.TWO_KEEPERS, {"own": number}, (Action.ASK_KEEPER,))
    return None


# As ``accounts.reaches``, for thousands of rows.
_REACHED: Final = """
SELECT 1 FROM account WHERE number = ? AND owner = ?
UNION ALL SELECT 1 FROM "grant" WHERE account = ? AND member = ? AND state = 'agreed' LIMIT 1
"""


def taken_in(tx: Tx, what: str, digest: bytes) -> int | None:
    """The entry with which a file was taken in; None when it was not."""
    row = tx.get(Import, digest=digest, what=what)
    return None if row is None or row.entry is None else int(row.entry)


def old_numbers(tx: Tx) -> dict[str, list[int]]:
    """Members who came out of a file, by their numbers in the list of before."""
    found: dict[str, list[int]] = {}
    for number, old in tx.stream(_OLD_NUMBERS):
        found.setdefault(old, []).append(number)
    return found


_OLD_NUMBERS: Final = """
SELECT member.number, private_text.text FROM private_text
JOIN member ON member.name_entry = private_text.entry
WHERE private_text.field = 'old' ORDER BY member.number
"""


def _decide_agree(tx: Tx, command: AgreeImport, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    row = tx.get(Import, digest=command.digest, what=command.what)
    if row is not None and row.keeper is not None:
        return Refusal(Code.ALREADY_IMPORTED, {}, (Action.SHOW,))
    return {}


def _may_agree(tx: Tx, entry: Entry) -> bool:
    p = entry.act.payload
    row = tx.get(Import, digest=p["digest"], what=p["what"])
    return powers.by_keeper(tx, entry) and (row is None or row.keeper is None)


def _apply_agree(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    tx.put(
        Import,
        digest=p["digest"],
        what=p["what"],
        terms=p["reading"],
        agreed=entry.actor,
        agreed_entry=entry.number,
        left=0,
        others=0,
    )


def _decide_file(tx: Tx, command: ImportFile, asking: Asking) -> codec.Body | Refusal:
    if refusal := powers.refuse_unless_keeper(tx, asking.actor):
        return refusal
    if refusal := refuse_reason(command.reason) or too_long(command.file, LONGEST_LINE):
        return refusal
    row = tx.get(Import, digest=command.digest, what=command.what)
    if row is not None and row.keeper is not None:
        return Refusal(Code.ALREADY_IMPORTED, {"entry": int(row.entry or 0)}, (Action.SHOW,))
    return {}


def _may_file(tx: Tx, entry: Entry) -> bool:
    return _may_agree(tx, entry)


def _apply_file(tx: Tx, entry: Entry) -> None:
    p = entry.act.payload
    row = tx.get(Import, digest=p["digest"], what=p["what"])
    # What was agreed to is this file understood in this way, by somebody else who is still a keeper.
    stands = (
        row is not None
        and bytes(row.terms) == p["reading"]
        and row.agreed != entry.actor
        and row.agreed in powers.keepers(tx)
    )
    tx.put(
        Import,
        digest=p["digest"],
        what=p["what"],
        terms=p["reading"],
        agreed=row.agreed if row and stands else None,
        agreed_entry=row.agreed_entry if row and stands else None,
        keeper=entry.actor,
        left=p["entries"],
        others=others(tx, entry.actor),
        entry=entry.number,
    )


_PEOPLE: Final = (MEMBERS,)


def _decide_member(tx: Tx, command: ImportMember, asking: Asking) -> codec.Body | Refusal:
    file = asked(tx, command.digest, _PEOPLE, asking)
    if isinstance(file, Refusal):
        return file
    if not tidy("name", command.name):
        return Refusal(Code.NAME_MISSING, {}, (Action.TRY_AGAIN,))
    if refusal := too_long(command.name, LONGEST_NAME) or too_long(command.old, LONGEST_NAME):
        return refusal
    if command.group not in rules.GROUPS:
        return Refusal(Code.SETTING_WRONG, {}, (Action.TRY_AGAIN,))
    if command.limits is not None and not _LIMITS(list(command.limits)):
        return Refusal(Code.LIMITS_WRONG, {}, (Action.TRY_AGAIN,))
    if command.number != members.next_number(tx):
        return Refusal(Code.TERMS_CHANGED, {}, (Action.TRY_AGAIN,))
    if asking.rules.credit.vouchers and not file.agreed:
        return Refusal(Code.TWO_KEEPERS, {}, (Action.ASK_KEEPER,))
    low, high = command.limits or asking.rules.credit.limits_of(command.group)
    return {"number": command.number, "low": low, "high": high}


def _may_member(tx: Tx, entry: Entry) -> bool:
    limits, outcome = entry.act.payload["limits"], entry.outcome
    if limits is None:
        stands = members.limits_stand(tx, entry)
    else:
        stands = [outcome.get("low"), outcome.get("high")] == limits
    file = by_importer(tx, entry, _PEOPLE)
    # Where newcomers are vouched for, a file is no way around it: a second keeper stands for them.
    vouched = file is not None and (file.agreed or not rules.kept(tx, "credit").get("vouchers", 0))
    return stands and vouched


def _apply_member(tx: Tx, entry: Entry) -> None:
    number = entry.act.payload["number"]
    if number != members.next_number(tx) or entry.outcome["number"] != number:
        raise BookDamaged(f"gives the number {number}, which is not the next", entry.number)
    tx.insert(
        Member,
        number=number,
        status=powers.APPLIED,
        keeper=False,
        name_entry=entry.number,
        applied_entry=entry.number,
        status_entry=entry.number,
    )
    members.admit(tx, entry, number, entry.act.payload["group"])
    count_row(tx, entry, _PEOPLE)


def _limits(value: object) -> bool:
    low, high = shape.or_none(shape.whole(-MAX_AMOUNT, 0)), shape.or_none(shape.whole(0, MAX_AMOUNT))
    return type(value) is list and len(value) == 2 and low(value[0]) and high(value[1])


_LIMITS: Final = _limits
LINE: Final = shape.whole(1, 10**9)

_FILE: Final = {
    "what": shape.one_of(*WHAT),
    "digest": shape.DIGEST,
    "reading": shape.DIGEST,
    "rows": shape.whole(1, 10**9),
    "moved": shape.whole(0, 1 << 62),
}

HANDLERS = (
    Handler(AgreeImport, _decide_agree, _apply_agree, _may_agree, _FILE),
    Handler(ImportFile, _decide_file, _apply_file, _may_file, _FILE | {"entries": shape.whole(1, 10**9)}),
    Handler(
        ImportMember,
        _decide_member,
        _apply_member,
        _may_member,
        {
            "digest": shape.DIGEST,
            "line": LINE,
            "number": shape.MEMBER,
            "group": shape.one_of(*rules.GROUPS),
            "limits": shape.or_none(_LIMITS),
        },
    ),
)
