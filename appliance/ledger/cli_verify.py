"""`hub verify`: check the whole book and replay it, and say how far that is."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from appliance.ledger.cli import DIFFERENT, data_option

if TYPE_CHECKING:
    from appliance.ledger.book.chain import Head
    from appliance.ledger.clock import Clock


def _parse_heads(ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]) -> "tuple[Head, ...]":
    from appliance.ledger.book.chain import Head

    try:
        return tuple(Head.parse(text) for text in texts)
    except ValueError as error:
        raise click.BadParameter(
            "a head is NUMBER:HEX with 64 hexadecimal digits, as `hub head` prints it"
        ) from error


def _parse_hex(ctx: click.Context, param: click.Parameter, text: str | None) -> bytes | None:
    try:
        return None if text is None else bytes.fromhex(text)
    except ValueError as error:
        raise click.BadParameter("not hexadecimal digits") from error


@click.command()
@data_option
@click.option(
    "--head",
    "heads",
    multiple=True,
    callback=_parse_heads,
    metavar="NUMBER:HEX",
    help="A head noted earlier; may be repeated.",
)
@click.option(
    "--root", callback=_parse_hex, metavar="HEX", help="The hub root's public key, as on the root paper."
)
@click.option("--from-start", is_flag=True, help="Use nothing that an interrupted check left.")
@click.option(
    "--quick",
    "--from-closing",
    is_flag=True,
    help="Begin at the last yearly closing, not at the first entry.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
@click.pass_context
def verify(
    ctx: click.Context,
    data: Path,
    heads: "tuple[Head, ...]",
    root: bytes | None,
    from_start: bool,
    quick: bool,
    as_json: bool,
) -> None:
    """Check the book and replay it; the hub may be running.

    Ends with 0 and the figures, or with 1 and the first difference. A clean result is
    remembered, and the next check also asks that the book still holds the head of this one.
    A check that was interrupted goes on where it was, and says so.

    All of the book is replayed, whatever is in the archive. With --quick the replay begins with the state that the last
    yearly closing (hub close-year) commits to: it says so, and takes on trust what a keeper signed then.
    """
    from appliance.ledger.checkup import check
    from appliance.ledger.clock import SystemClock
    from appliance.ledger.errors import BookDamaged

    progress = _Bar(SystemClock()) if sys.stderr.isatty() else None
    try:
        checked = check(data, heads, root, SystemClock(), progress, from_start, quick)
    except BookDamaged as difference:
        line = " ".join(str(difference).split())
        click.echo(
            json.dumps({"clean": False, "difference": line, "entry": difference.entry}) if as_json else line
        )
        ctx.exit(DIFFERENT)
    report = checked.report
    figures = {
        "head": str(report.head),
        "entries": report.head.number,
        "signatures": report.signatures,
        "rows": report.rows,
        "postings": report.postings,
        "sum": f"{checked.unit.plain(checked.total)} {checked.unit.symbol}",
        "erased": report.erased,
        "heads_kept": checked.kept,
        "resumed": report.resumed,
        "closing": report.closing,
        "root": report.root_key.hex(),
    }
    if as_json:
        click.echo(json.dumps({"clean": True} | figures))
        return
    for name, value in figures.items():
        click.echo(f"{name.replace('_', ' '):<12}{value}")
    if report.resumed:
        click.echo(
            f"went on from an interrupted check: signatures and replay up to entry {report.resumed} are that one's "
            "(--from-start does all again)"
        )
    if report.closing:
        click.echo(
            f"began at the closing after entry {report.closing}: earlier signatures were not checked, nor earlier entries "
            "replayed (without --quick they are)"
        )
    elif quick:
        click.echo("the book has never been closed, so all of it was checked")
    click.echo("clean")


_BAR_WIDTH = 30
_SOON = 0.02
"""The part of the book after which the time left can be told from the time that has passed."""


class _Bar:
    """One line that stays where it is, for who looks on: a bar, the part done, the time left."""

    def __init__(self, clock: "Clock") -> None:
        self._clock = clock
        self._first: tuple[int, int] | None = None

    def __call__(self, done: int, total: int) -> None:
        now = self._clock.uptime().ms
        if self._first is None:
            self._first = (now, done)
        begun, before = self._first
        left, passed = total - done, done - before
        told = (
            f", {_lasting(left * (now - begun) / passed / 1000)} left"
            if left and passed > _SOON * total
            else ""
        )
        bar = "#" * (_BAR_WIDTH * done // total)
        line = f"[{bar:<{_BAR_WIDTH}}] {100 * done // total:>3} %  {done} of {total} entries{told}"
        click.echo(f"\r{line:<78}", nl=done == total, err=True)


def _lasting(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


COMMANDS: tuple[click.Command, ...] = (verify,)
"""What ``appliance.cli`` mounts."""
