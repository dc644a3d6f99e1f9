"""Commands for files: bring members, listings, payments and opening balances in, and take them out."""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from appliance.ledger.cli import CANNOT, Stop, data_option, not_refused
from appliance.ledger.errors import HubError

if TYPE_CHECKING:
    from appliance.ledger.files.checking import Plan
    from appliance.ledger.files.taking import Brought
    from appliance.ledger.hub import Hub
    from appliance.ledger.keys import KeySigner
    from appliance.ledger.values import Unit

SHOWN: Final = 200
"""How many errors are printed; a file of errors has all."""

_FILE = click.Path(path_type=Path, dir_okay=False)
_TENTHS: Final = 10


@click.command()
@click.argument("what", type=click.Choice(("members", "listings", "transfers")))
@click.argument("file", type=_FILE)
@data_option
def export(what: str, file: Path, data: Path) -> None:
    """Write all members, listings or transfers to a new CSV file. The hub may be running.

    What each column means is in docs/files.md.
    """
    from appliance.ledger.files.exporting import export as written
    from appliance.ledger.hub import Hub

    hub = Hub.open(data)
    try:
        unit = hub.rules().community.counted_in
        with hub.reading() as tx:
            size = _write_new(file, written(tx, what, hub.number, unit))
        click.echo(f"{file}: {what}, {size} bytes")
    finally:
        hub.close()


def _write_new(file: Path, pieces: Iterable[bytes]) -> int:
    """Write a file that is not there yet, for its owner only; nothing is left when the disk refuses."""
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            try:
                return sum(opened.write(piece) for piece in pieces)
            except BaseException:
                file.unlink()
                raise
    except FileExistsError as error:
        raise Stop(f"{file} exists already") from error
    except OSError as error:
        raise Stop(f"{file}: {error.strerror or error}") from error


@click.command(name="import")
@click.argument("what", type=click.Choice(("members", "openings", "listings", "transfers")))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@data_option
@click.option(
    "--numbers",
    type=click.Choice(("here", "old")),
    default="here",
    show_default=True,
    help="Whose account numbers the file has: this hub's, or the old list's.",
)
@click.option("--errors", type=_FILE, help="Write the file again, with a column that says what is wrong.")
@click.option("--commit", is_flag=True, help="Take it in; without this, only say what would happen.")
@click.option("--keeper", metavar="NUMBER", help="Who takes it in; asks for the PIN.")
@click.option(
    "--second", metavar="NUMBER", help="The second keeper, where the file needs two; asks for the PIN."
)
@click.option("--reason", metavar="TEXT", help="Why; it stands in the log.")
@click.pass_context
def import_(
    ctx: click.Context,
    what: str,
    file: Path,
    data: Path,
    numbers: str,
    errors: Path | None,
    commit: bool,
    keeper: str | None,
    second: str | None,
    reason: str | None,
) -> None:
    """Check a CSV file, and with --commit take it in: all of it, or nothing.

    Ends with 2 when something in the file is wrong; every error is named by its line. What
    each column means is in docs/files.md. The hub may be running.
    """
    from appliance.ledger.files.checking import check
    from appliance.ledger.files.taking import Brought
    from appliance.ledger.hub import Hub

    if commit and not (keeper and reason):
        raise Stop("--commit needs --keeper NUMBER and --reason TEXT")
    brought = Brought(what, _bytes_of(file), file.name, numbers)
    hub = Hub.open(data)
    try:
        unit, tell = hub.rules().community.counted_in, Ticker()
        plan = check(hub, what, brought.data, brought.name, numbers, lambda d, t: tell("checking", d, t))
        tell.end()
        for line in lines_of(plan, unit):
            click.echo(line)
        if errors is not None:
            _write_errors(errors, brought, plan, unit)
        if not plan.clean:
            ctx.exit(CANNOT)
        if commit:
            _commit(hub, brought, plan, unit, (keeper or "", second), reason or "")
        else:
            click.echo("Nothing has been changed. With --commit it is taken in.")
    finally:
        hub.close()


def _bytes_of(file: Path) -> bytes:
    from appliance.ledger.files.reading import MOST_BYTES

    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise Stop(f"{file}: {error.strerror or error}") from error


def lines_of(plan: "Plan", unit: "Unit") -> Iterator[str]:
    """What taking a file in would do, or what is wrong with it, line by line."""
    from appliance.ledger.files.words import sentence

    separator = {"\t": "tab"}.get(plan.delimiter, plan.delimiter)
    if plan.encoding:
        yield f"{plan.name}: {plan.what}, read as {plan.encoding}, separated by {separator}"
    if plan.unknown:
        yield f"Columns that are passed over: {', '.join(plan.unknown)}"
    for problem in plan.problems[:SHOWN]:
        where = f"line {problem.line}" if problem.line else plan.name
        column = f", {problem.column}" if problem.column else ""
        found = f" ({problem.found})" if problem.found else ""
        yield f"{where}{column}{found}: {sentence(problem, unit)}"
    if plan.problems:
        if (more := len(plan.problems) - SHOWN) > 0:
            yield f"and {more} more; --errors FILE has all"
        rows = len({problem.line for problem in plan.problems})
        yield f"{_counted(len(plan.problems), 'error')} in {_counted(rows, 'row')}. Nothing has been changed."
        return
    yield from _preview(plan, unit)


def _preview(plan: "Plan", unit: "Unit") -> Iterator[str]:
    def money(amount: int) -> str:
        return f"{unit.plain(amount)} {unit.symbol}"

    yield f"{_counted(plan.count, 'row')} would be taken in" + (
        f", {plan.left_out} are left out" if plan.left_out else ""
    )
    if plan.moved:
        yield f"Credit that moves in all: {money(plan.moved)}"
    for one in plan.first:
        yield f"  line {one.line}: {one.in_words(plan.what, money)}"
    if plan.same_names:
        names = ", ".join(plan.same_names[:10]) + (", ..." if len(plan.same_names) > 10 else "")
        yield f"{_counted(len(plan.same_names), 'name')} that somebody else has too: {names}"
    if plan.outside:
        yield f"{_counted(len(plan.outside), 'account')} would end outside the limits, and may move toward zero:"
        for out in plan.outside[:10]:
            low, high = ("none" if limit is None else money(limit) for limit in (out.low, out.high))
            yield f"  {out.name or 'the commons'}: {money(out.balance)} (limits {low} and {high})"


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _write_errors(file: Path, brought: "Brought", plan: "Plan", unit: "Unit") -> None:
    from appliance.ledger.files.exporting import errors
    from appliance.ledger.files.reading import Problem, read
    from appliance.ledger.files.words import sentence

    sheet = read(brought.data, brought.what)
    if plan.clean or isinstance(sheet, Problem):
        return
    said = ((problem, sentence(problem, unit)) for problem in plan.problems)
    _write_new(file, errors(sheet, said))
    click.echo(f"{file}: the same rows, each with what is wrong with it")


def _commit(
    hub: "Hub", brought: "Brought", plan: "Plan", unit: "Unit", who: tuple[str, str | None], reason: str
) -> None:
    from appliance.ledger.files.taking import Changed, No, take_in
    from appliance.ledger.hub import new_key

    keeper = signer_of(hub, who[0])
    second = None
    try:
        second = signer_of(hub, who[1]) if who[1] else None
        tell = Ticker()
        result = take_in(hub, brought, plan.terms, reason, keeper, second, new_key(), tell)
        tell.end()
    finally:
        keeper.close()
        if second is not None:
            second.close()
    if isinstance(result, Changed):
        for line in lines_of(result.plan, unit):
            click.echo(line)
        raise Stop("the book has changed meanwhile; nothing was taken in. Look at the above and try again")
    if isinstance(result, No):
        if result.line:
            click.echo(f"line {result.line}:", err=True)
        not_refused(result.refusal)
        return
    click.echo(
        f"Done: {_counted(result.plan.count, 'row')} taken in, as entry {result.receipt.entry} and what follows."
    )


def signer_of(hub: "Hub", number: str) -> "KeySigner":
    """The key of the member whose number was typed, opened with a PIN that is asked for."""
    from appliance.ledger.keys import KeySigner
    from appliance.ledger.values import parse_account

    try:
        account = parse_account(number, hub.number)
    except HubError as error:
        raise Stop(f"{number} is no account number: its check digit does not fit") from error
    if account.hub != hub.number:
        raise Stop(f"{account.full} is an account of another hub")
    signer: KeySigner = not_refused(
        hub.unlock(account.number, click.prompt(f"The PIN of {account.short}", hide_input=True))
    )
    return signer


class Ticker:
    """Says how far long work is: a line that stays where it is on a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._phase = ""
        self._tenth = 0

    def __call__(self, phase: str, done: int, total: int) -> None:
        if phase != self._phase:
            self.end()
            self._phase, self._tenth = phase, 0
        tenth = done * _TENTHS // max(1, total)
        if self._live:
            bar = "#" * tenth + "." * (_TENTHS - tenth)
            click.echo(f"\r{phase} [{bar}] {done} of {total}", nl=False, err=True)
        elif tenth > self._tenth:
            click.echo(f"{phase}: {done} of {total}", err=True)
        self._tenth = tenth

    def end(self) -> None:
        """The line is over."""
        if self._live and self._phase:
            click.echo("", err=True)
        self._phase = ""


COMMANDS: tuple[click.Command, ...] = (import_, export)
"""What ``appliance.cli`` mounts."""
