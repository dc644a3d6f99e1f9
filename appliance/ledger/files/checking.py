"""What a file says, checked row by row against the book, before anything is done.

Everything that is wrong is found in one pass, and nothing is guessed: a day with slashes, an
amount that could be two, a number whose check digit does not fit are errors of their rows. The
result is a ``Plan``: the commands that taking it in would give, or the problems.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from appliance.ledger import codec
from appliance.ledger.book import rules
from appliance.ledger.book.rules import Rules
from appliance.ledger.book.store import Tx
from appliance.ledger.book.subject import Command
from appliance.ledger.clock import Instant
from appliance.ledger.errors import Action, Code, Refusal
from appliance.ledger.files import rows as reading_rows
from appliance.ledger.files.directory import HERE, Directory
from appliance.ledger.files.reading import Problem, Row, Sheet, read
from appliance.ledger.files.rows import Account, Understood
from appliance.ledger.hub import Hub
from appliance.ledger.money.imported import ImportOpening, ImportTransfer
from appliance.ledger.people import imports, members
from appliance.ledger.people.imports import LISTINGS, MEMBERS, MOST_ROWS, OPENINGS, TRANSFERS, ImportMember
from appliance.ledger.people.words import LONGEST_LINE, tidy
from appliance.ledger.values import COMMONS, AccountNumber, Amount

Progress = Callable[[int, int], None]
"""Called now and then with what is done and what is to be done in all."""

FIRST: Final = 5
"""How many rows a preview shows as they were understood."""

_TELL_EVERY: Final = 500
_READERS: Final = {
    MEMBERS: reading_rows.of_member,
    OPENINGS: reading_rows.of_opening,
    LISTINGS: reading_rows.of_listing,
    TRANSFERS: reading_rows.of_transfer,
}


@dataclass(frozen=True, slots=True)
class Outside:
    """An account that would end outside its limits."""

    name: str
    balance: int
    low: int | None
    high: int | None


@dataclass(slots=True)
class Plan:
    """What taking a file in would do.

    Attributes:
        what: members, openings, listings or transfers.
        digest: of its bytes.
        terms: of what it was understood to say; another understanding has another one.
        count: rows that would be taken in.
        problems: when there is one, nothing can be taken in.
        commands: what would be done, ``ImportFile`` before it left out.
        first: the first rows, as they were understood.
        moved: how much credit moves in all.
        outside: whose account would end outside its limits.
        same_names: names that somebody here, or another row, has too.
        left_out: rows of people or listings that are closed.
        touched: accounts here on which credit moves.
    """

    what: str
    name: str
    digest: bytes
    terms: bytes = b""
    encoding: str = ""
    delimiter: str = ""
    unknown: tuple[str, ...] = ()
    count: int = 0
    problems: list[Problem] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    first: list[Understood] = field(default_factory=list)
    moved: int = 0
    outside: list[Outside] = field(default_factory=list)
    same_names: list[str] = field(default_factory=list)
    left_out: int = 0
    touched: frozenset[int] = frozenset()

    @property
    def clean(self) -> bool:
        """Whether it can be taken in."""
        return not self.problems


def digest_of(data: bytes) -> bytes:
    """What names a file in the book."""
    return codec.digest("tch.file", data)


def name_of(path: str) -> str:
    """The name of a file as it is kept: without folders, of a length that fits."""
    last = tidy("file", path.replace("\\", "/").rpartition("/")[2])
    return last[-LONGEST_LINE:] or "file"


def check(
    hub: Hub, what: str, data: bytes, name: str, numbers: str = HERE, progress: Progress | None = None
) -> Plan:
    """Understand the file ``data`` that holds ``what``. Nothing is changed, whatever it holds.

    Args:
        numbers: which numbers it has (``directory.NUMBERS``).

    Raises:
        HubError: the book cannot be read.
    """
    plan = Plan(what, name_of(name), digest_of(data))
    sheet = read(data, what)
    if isinstance(sheet, Problem):
        plan.problems.append(sheet)
        return plan
    plan.encoding, plan.delimiter, plan.unknown = sheet.encoding, sheet.delimiter, sheet.unknown
    with hub.reading() as tx:
        if (entry := imports.taken_in(tx, what, plan.digest)) is not None:
            plan.problems.append(Problem(0, "", "", "taken", {"entry": entry}))
            return plan
        directory = Directory(tx, hub.number, numbers)
        found = _understand(plan, sheet, directory, rules.load(tx), hub.clock.now(), progress)
        if plan.clean and not found:
            plan.problems.append(Problem(0, "", "", "nothing"))
        if plan.clean:
            _judge(tx, plan, found, directory)
    return plan


def refuse_alone(tx: Tx, plan: Plan, keeper: int) -> Refusal | None:
    """Why ``keeper`` cannot take the file in without a second one; None when that is not so."""
    if plan.what == MEMBERS and rules.load(tx).credit.vouchers:
        return Refusal(Code.TWO_KEEPERS, {}, (Action.ASK_KEEPER,))
    if not plan.moved:
        return None
    return imports.refuse_alone(tx, imports.others(tx, keeper), keeper, plan.touched)


def _understand(
    plan: Plan, sheet: Sheet, directory: Directory, in_force: Rules, now: Instant, progress: Progress | None
) -> list[Understood]:
    reader = _READERS[plan.what](sheet, directory, in_force.community.counted_in, now)
    total, found = max(1, sheet.text.count("\n")), []
    for number, one in enumerate(_limited(sheet.rows()), 1):
        if isinstance(one, Problem):
            plan.problems.append(one)
            continue
        said = reader.read(one)
        if said is None:
            plan.left_out += 1
        elif isinstance(said, Understood):
            found.append(said)
        else:
            plan.problems += said
        if progress and number % _TELL_EVERY == 0:
            progress(min(number, total), total)
    return found


def _limited(every: Iterator[Row | Problem]) -> Iterator[Row | Problem]:
    for number, one in enumerate(every):
        if number == MOST_ROWS:
            yield Problem(0, "", "", "rows", {"most": MOST_ROWS})
            return
        yield one


def _judge(tx: Tx, plan: Plan, found: list[Understood], directory: Directory) -> None:
    """What all rows together would do: commands, sums, who ends outside; or what is wrong with them."""
    plan.count, plan.first = len(found), found[:FIRST]
    if plan.what == MEMBERS:
        _judge_members(tx, plan, found, directory)
    elif plan.what == OPENINGS:
        amounts = [(one.account.number, one.amount) for one in found if one.account and one.amount]
        _judge_opening(plan, amounts)
        if plan.clean and not amounts:
            plan.problems.append(Problem(0, "", "", "nothing"))
    elif plan.what == TRANSFERS:
        found.sort(key=lambda one: one.day)  # of one day as they stand there
        plan.commands = [reading_rows.as_transfer(plan.digest, one) for one in found]
        plan.moved = sum(one.amount for one in found)
    else:
        plan.commands = [reading_rows.as_listing(plan.digest, one) for one in found]
    if plan.clean:
        _end(plan, found, directory)
        plan.terms = _terms(plan, found)


def _judge_members(tx: Tx, plan: Plan, found: list[Understood], directory: Directory) -> None:
    number, credit = members.next_number(tx), rules.load(tx).credit
    seen: set[str] = set()
    amounts: list[tuple[AccountNumber, Amount]] = []
    people = 0
    for one in found:
        if one.account is None or one.account.number != COMMONS:
            one.account = Account(AccountNumber(number + people), one.name)
            people += 1
            one.would_have = one.limits or credit.limits_of(one.kind)
            plan.commands.append(
                ImportMember(
                    plan.digest, one.line, one.account.number, one.name, one.kind, one.limits, one.old
                )
            )
            key = reading_rows.same_name(one.name)
            if key in seen or directory.named(one.name):
                plan.same_names.append(one.name)
            seen.add(key)
        if one.amount:
            amounts.append((one.account.number, one.amount))
    plan.count = people
    if not people:
        plan.problems.append(Problem(0, "", "", "nothing"))
    _judge_opening(plan, amounts)


def _judge_opening(plan: Plan, amounts: list[tuple[AccountNumber, Amount]]) -> None:
    if not amounts:
        return
    if difference := sum(amount for _, amount in amounts):
        plan.problems.append(Problem(0, "", "", "not_balanced", {"difference": difference}))
        return
    plan.commands.append(ImportOpening(plan.digest, tuple(amounts)))
    plan.moved = sum(amount for _, amount in amounts if amount > 0)


def _end(plan: Plan, found: list[Understood], directory: Directory) -> None:
    """Who is touched, and who ends outside the limits."""
    change: Counter[int] = Counter()
    for command in plan.commands:
        if isinstance(command, ImportOpening):
            change.update(dict(command.amounts))
        elif isinstance(command, ImportTransfer):
            change[command.payer] -= command.amount
            change[command.payee] += command.amount - command.levy
            change[COMMONS] += command.levy
    plan.touched = frozenset(change)
    coming = {one.account.number: one for one in found if plan.what == MEMBERS and one.account}
    for number, amount in change.items():
        known = directory.accounts.get(AccountNumber(number))
        if known is not None:
            name, balance, low, high = known.name, known.balance + amount, known.low, known.high
        else:
            one = coming[AccountNumber(number)]
            name, balance, (low, high) = one.name, amount, one.would_have
        if (low is not None and balance < low) or (high is not None and balance > high):
            plan.outside.append(Outside(name, balance, low, high))
    plan.outside.sort(key=lambda one: -abs(one.balance))


def _terms(plan: Plan, found: list[Understood]) -> bytes:
    """A digest of what was understood. Numbers that newcomers will get are no part of it."""
    hashed = hashlib.blake2b(
        plan.what.encode("ascii"), digest_size=codec.DIGEST_BYTES, person=b"tch.file.terms"
    )
    for one in found:
        hashed.update(codec.encode(one.terms(plan.what)))
    return hashed.digest()
