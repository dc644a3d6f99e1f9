"""Commands of the ledger: found a hub, verify its book, appoint keepers.

Exit codes, the same for every command: 0 done; 1 ``hub verify`` found a difference, or the
person stopped; 2 it could not be done (a data directory that cannot be used, a refusal, a
wrong option), said in one line. The heavy imports are inside the commands: on a small board
loading everything takes seconds, and ``hub --help`` should not.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from appliance.ledger.errors import BookDamaged, HubError

if TYPE_CHECKING:
    from appliance.ledger.book.command import Receipt
    from appliance.ledger.book.rules import Rules
    from appliance.ledger.book.subject import Command
    from appliance.ledger.care.proof.form import Proof
    from appliance.ledger.cli_paper import Sheet
    from appliance.ledger.errors import Refusal
    from appliance.ledger.hub import Hub, Papers
    from appliance.ledger.keys import KdfCost, KeySigner
    from appliance.ledger.values import AccountNumber

DIFFERENT = 1
"""Exit code of a verification that found a difference."""

CANNOT = 2
"""Exit code of what could not be done."""

DATA = click.Path(path_type=Path, file_okay=False)

_Function = TypeVar("_Function", bound=Callable[..., Any])


def data_option(function: _Function) -> _Function:
    """The option every command has that works on a hub."""
    return click.option("--data", type=DATA, required=True, help="The hub's data directory.")(function)


def language_option(function: _Function) -> _Function:
    """In which language a root paper has its words: those that have a list (``paperwords``)."""
    return click.option(
        "--language",
        type=click.Choice(("en", "es", "fr", "pt")),
        default="en",
        show_default=True,
        help="The language of the paper's words.",
    )(function)


class Stop(click.ClickException):
    """What a person at a terminal reads instead of a traceback: one line."""

    exit_code = CANNOT


def one_line(error: HubError) -> Stop:
    """What ends a command, with code 2."""
    said = " ".join(str(error).split())
    return Stop(f"{said}; what to do: hub status" if isinstance(error, BookDamaged) else said)


class HubGroup(click.Group):
    """A group whose commands end with one line, whatever error of ours they meet."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except HubError as error:
            raise one_line(error) from error


def not_refused(result: "Receipt | Refusal | KeySigner | Proof") -> Any:
    """``result``, unless the hub said no; then a line with the reason and its numbers.

    Raises:
        Stop: it was refused.
    """
    from appliance.ledger.errors import Refusal

    if not isinstance(result, Refusal):
        return result
    numbers = ", ".join(f"{name} {number}" for name, number in result.numbers.items())
    raise Stop(f"refused: {result.code}{f' ({numbers})' if numbers else ''}; docs/refusals.md says more")


# ---------------------------------------------------------------------------------------- init


@click.command()
@data_option
@click.option(
    "--invitation",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Found it in a community that exists; its name, number and unit come from this file.",
)
@click.option("--name", metavar="RIVER", help="The village's name.")
@click.option("--community", metavar="NAME", help="The community all its hubs belong to.")
@click.option("--number", type=click.IntRange(101, 999), help="The hub's number; 101 by default.")
@click.option("--unit", help="What the village counts in; hour by default.")
@click.option("--symbol", help="The unit's sign, after amounts; h by default.")
@click.option("--decimals", type=click.IntRange(0, 4), help="Places after the point; 2 by default.")
@click.option("--can-owe", default="12", show_default=True, help="How far below zero a new member may go.")
@click.option("--can-hold", default="24", show_default=True, help="How far above zero a new member may go.")
@click.option(
    "--commons-can-owe", default="200", show_default=True, help="How far below zero the commons may go."
)
@click.option(
    "--care-pays", default="1", show_default=True, help="What the commons pays for an hour of care."
)
@click.option(
    "--quorum",
    type=click.IntRange(1, 12),
    default=2,
    show_default=True,
    help="Co-signers a care claim needs.",
)
@click.option(
    "--kdf-memory",
    type=click.IntRange(8, 4096),
    default=64,
    show_default=True,
    metavar="MIB",
    help="Argon2id's memory for sealing PINs.",
)
@click.option(
    "--kdf-passes", type=click.IntRange(1, 100), default=3, show_default=True, help="Argon2id's passes."
)
@click.option("--keeper", metavar="NAME", help="The first keeper's name; asked for when it is missing.")
@click.option(
    "--paper",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a page to print, with the root papers, to this new file too.",
)
@language_option
@click.option("--unchecked", is_flag=True, help="Ask for no words back: for scripts.")
def init(
    data: Path,
    invitation: Path | None,
    keeper: str | None,
    paper: Path | None,
    language: str,
    unchecked: bool,
    kdf_memory: int,
    kdf_passes: int,
    **options: Any,
) -> None:
    """Found a hub with its first keeper: a new community's first, or one that was invited.

    Shows the root papers, once, and asks for some of their words. The box keeps none.
    """
    from appliance.ledger import cli_paper, papers
    from appliance.ledger.keys import KdfCost

    rules, community_key = _of_new_community(options) if invitation is None else _invited(invitation, options)
    if data.exists() and any(data.iterdir()):
        raise Stop(f"{data} is not empty: a new hub needs an empty or missing directory")
    if keeper is None:
        keeper = click.prompt("Name of the first keeper", type=str)
    pin = click.prompt(
        f"A PIN for {keeper}, 4 to 8 digits", hide_input=True, confirmation_prompt=True, value_proc=_strong
    )
    if paper is not None:
        cli_paper.make_file(paper, data)
    was_there = data.exists()
    try:
        cost = KdfCost(kdf_passes, kdf_memory * 1024 * 1024)
        hub, made, number = _found(data, rules, keeper, pin, cost, community_key)
    except BaseException:
        if paper is not None:
            paper.unlink()
        raise
    sheets = cli_paper.sheets(hub, made, language)
    try:
        not_in_file = _papers(sheets, paper, language, unchecked)
        papers.printed(hub, tuple(one.which for one in sheets), asked=not unchecked)
        hub.close()
    except BaseException:
        # Who has no paper must have no hub: it could never be rebuilt. Nothing has been done in it yet.
        hub.close()
        _remove(data, keep=was_there)
        if paper is not None:
            paper.unlink(missing_ok=True)
        click.echo(
            "\nNothing was founded: the papers that were shown open nothing. Throw them away.", err=True
        )
        raise
    click.echo(f"The hub is founded. {keeper} is the first keeper and signs in with {number}.")
    click.echo(f"Type the whole paper back now and then: hub paper check --data {data}")
    if invitation is not None:
        click.echo(f"Ask to be admitted: hub community apply --data {data} FILE")
    if paper is not None and not_in_file is None:
        if unchecked:
            click.echo(cli_paper.about_file(paper))
        else:
            cli_paper.offer_erasing(paper)
    click.echo(f"Start it: hub serve --data {data}; its radio is named in {data / 'hub.toml'}")
    if not_in_file is not None:
        raise not_in_file


def _papers(sheets: "Sequence[Sheet]", file: Path | None, language: str, unchecked: bool) -> Stop | None:
    """Show the papers, put them into the file, and ask for their words; why they are not in the file.

    Raises:
        click.Abort: the person stopped before all were written.
    """
    from appliance.ledger import cli_paper

    not_in_file = None
    if file is not None:
        try:
            cli_paper.fill_file(file, sheets, language)
        except Stop as error:
            # They exist nowhere else: a stick that is full must not be the end of them.
            not_in_file = error
            click.echo(error.message, err=True)
    if unchecked:
        click.echo(cli_paper.papers_text(sheets))
        return not_in_file
    click.echo(cli_paper.INTRODUCTION)
    for sheet in sheets:
        cli_paper.show_and_ask(sheet)
    return not_in_file


_DEFAULTS: Final[dict[str, Any]] = {"number": 101, "unit": "hour", "symbol": "h", "decimals": 2}


def _of_new_community(options: dict[str, Any]) -> "tuple[Rules, None]":
    """The rules of the first hub of a community."""
    missing = [name for name in ("name", "community") if options[name] is None]
    if missing:
        raise click.UsageError(f"Missing option '--{missing[0]}'; a new community needs it.")
    given = {name: value for name, value in options.items() if value is not None}
    return _rules(**(_DEFAULTS | given)), None


def _invited(path: Path, options: dict[str, Any]) -> "tuple[Rules, bytes]":
    """The rules of a hub that was invited, and its community's key. The community's name, number
    and unit are not its own to choose.
    """
    from appliance.ledger.cli_community import read_invitation

    own = ("name", "community", *_DEFAULTS)
    given = [name for name in own if options[name] is not None]
    if given:
        raise click.UsageError(f"--{given[0]} is in the invitation already.")
    found = read_invitation(path)
    c = found.community
    same = (c.hub_name, c.name, c.hub, c.unit, c.symbol, c.decimals)
    return _rules(**(options | dict(zip(own, same, strict=True)))), found.community_key


def _rules(
    name: str, community: str, number: int, unit: str, symbol: str, decimals: int,
    can_owe: str, can_hold: str, commons_can_owe: str, care_pays: str, quorum: int,
) -> "Rules":  # fmt: skip
    """The rules a hub begins with, from what was typed."""
    from dataclasses import replace

    from appliance.ledger.amounts import parse_amount
    from appliance.ledger.book.rules import CARE_CATEGORIES, Care, Community, Credit, Rules
    from appliance.ledger.care.presets import USUAL, preset
    from appliance.ledger.values import Unit

    counted_in = Unit(unit, symbol, decimals)

    def amount(text: str) -> int:
        return 0 if text.strip() == "0" else parse_amount(text, counted_in)

    try:
        care = Care(quorum, rates=dict.fromkeys(CARE_CATEGORIES, amount(care_pays)))
        return Rules(
            Community(community, name, number, unit, symbol, decimals),
            Credit(-amount(can_owe), amount(can_hold), -amount(commons_can_owe)),
            replace(care, **{**preset(USUAL, care), "quorum": quorum}),
        )
    except HubError as error:
        raise Stop(f"{error} is no amount with at most {decimals} places after the point") from error
    except ValueError as error:
        raise Stop(str(error)) from error


def _strong(pin: str) -> str:
    from appliance.ledger.people import pins

    if pins.refuse_weak(pin):
        raise click.UsageError("4 to 8 digits, and none of the first that anybody would try (1111, 1234).")
    return pins.normal(pin)


def _found(
    data: Path, rules: "Rules", keeper: str, pin: str, cost: "KdfCost", community_key: bytes | None
) -> "tuple[Hub, Papers, str]":
    """The hub with its first keeper in it, its papers, and the keeper's number as it is read.

    ``data`` is empty or missing. A founding that fails half-way leaves it so.
    """
    from appliance.ledger import community, settings
    from appliance.ledger.hub import Hub
    from appliance.ledger.keys import KeySigner
    from appliance.ledger.people.members import AppointKeeper, Approve
    from appliance.ledger.values import Account, AccountNumber

    was_there = data.exists()
    hub = None
    try:
        hub, papers = Hub.found(data, rules, cost=cost, community_key=community_key)
        root = KeySigner("root:keeper", papers.hub.seed)
        member = AccountNumber(not_refused(hub.join(keeper, pin)).outcome["number"])
        not_refused(hub.submit(Approve(member), root))
        not_refused(hub.submit(AppointKeeper(member), root))
        if papers.community is not None:
            # A community's first hub stands in its roster from the start, so that others can check what it proves.
            community.admit(hub, [], papers.community)
        settings.write(data)
    except BaseException:
        if hub is not None:
            hub.close()
        if data.exists():
            _remove(data, keep=was_there)
        raise
    root.close()
    return hub, papers, Account(hub.number, member).short


def _remove(data: Path, keep: bool) -> None:
    import shutil

    for child in data.iterdir():
        if child.is_dir():
            shutil.rmtree(child)
        else:
            child.unlink()
    if not keep:
        data.rmdir()


# ------------------------------------------------------------------------- keeper, head


@click.group()
def keeper() -> None:
    """Keepers, by the hub's root."""


@keeper.command()
@click.argument("number")
@data_option
def appoint(number: str, data: Path) -> None:
    """Make member NUMBER a keeper. Asks for the hub's root paper."""
    from appliance.ledger.people.members import AppointKeeper

    short = _by_root(number, data, AppointKeeper)
    click.echo(f"{short} is a keeper now.")


@keeper.command()
@click.argument("number")
@data_option
def dismiss(number: str, data: Path) -> None:
    """End the office of keeper NUMBER. Asks for the hub's root paper."""
    from appliance.ledger.people.members import DismissKeeper

    short = _by_root(number, data, DismissKeeper)
    click.echo(f"{short} is no keeper any more.")


def _by_root(number: str, data: Path, command: "Callable[[AccountNumber], Command]") -> str:
    """Do ``command`` about member ``number`` by the hub's root paper; the number as it is read."""
    from appliance.ledger.cli_backup import read_paper
    from appliance.ledger.hub import Hub
    from appliance.ledger.keys import KeySigner
    from appliance.ledger.values import parse_account

    hub = Hub.open(data)
    try:
        try:
            account = parse_account(number, hub.number)
        except HubError as error:
            raise Stop(f"{number} is no account number: its check digit does not fit") from error
        if account.hub != hub.number:
            raise Stop(f"{account.full} is an account of another hub")
        root_key = _root_key(hub)
        paper = read_paper("The hub's root paper", None, lambda one: one.public == root_key, one_line)
        if paper.public != root_key:
            raise Stop("that is the root paper of another hub, or the community's")
        not_refused(hub.submit(command(account.number), KeySigner("root:keeper", paper.seed)))
        return account.short
    finally:
        hub.close()


def _root_key(hub: "Hub") -> bytes:
    """The root's public key, as the founding entry names it."""
    from appliance.ledger.book import chain

    with hub.reading() as tx:
        founding = chain.by_number(tx, 1)
    return bytes(founding.act.payload["root_key"]) if founding else b""


@click.command()
@data_option
def head(data: Path) -> None:
    """Print where the book ends, NUMBER:HEX, to note on paper for a later verify."""
    from appliance.ledger.book import chain
    from appliance.ledger.book.store import LEDGER_FILE, Store

    store = Store.open(data / LEDGER_FILE)
    try:
        with store.read() as tx:
            click.echo(str(chain.head(tx)))
    finally:
        store.close()


COMMANDS: tuple[click.Command, ...] = (init, keeper, head)
"""What ``appliance.cli`` mounts."""
