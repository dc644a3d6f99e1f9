"""The root papers at the terminal: shown, asked back, put into a file to print, erased; ``hub paper``.

A paper is shown once, and it is all that brings a hub back. So whoever founds a hub writes it twice, and is
then asked for three of its words, before there is a hub. The file to print is the secret itself: it is
made for its owner alone, never in the data directory (whose backups and copies go elsewhere), and it is
offered to be erased once it was printed. Nothing here writes a secret to a log or to standard error.
"""

import io
import os
import secrets
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from appliance.ledger.cli import Stop, data_option, language_option
from appliance.ledger.errors import BadPaper, PaperDoesNotFit

if TYPE_CHECKING:
    from appliance.ledger.hub import Hub, Papers
    from appliance.ledger.keys import RootPaper

ASKED: Final = 3
"""Words that are asked back of each paper."""

_FILE = click.Path(path_type=Path, dir_okay=False)
_MARK: Final = b"<!doctype html>\n<!-- root paper: erase this file once it is printed -->"
_SHOW: Final = "show"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A root paper with what stands on it beside the secret.

    Attributes:
        which: ``papers.HUB`` or ``papers.COMMUNITY``.
        place: the hub or the community it is of, as people call it.
        language: of its words.
    """

    which: str
    place: str
    paper: "RootPaper" = field(repr=False)
    language: str = "en"


Page = Callable[[Sequence[Sheet], str], str]
"""Makes the page to print out of sheets, in a language. It has pictures and catalogs, so it is the portal's;
``appliance.cli`` brings it in as the context's object."""


def sheets(hub: "Hub", papers: "Papers", language: str = "en") -> tuple[Sheet, ...]:
    """The papers of a founding: the hub's, and the community's if it was founded here."""
    from appliance.ledger.papers import COMMUNITY, HUB

    community = hub.rules().community
    found = (Sheet(HUB, f"{community.hub_name} ({community.hub})", papers.hub, language),)
    if papers.community is None:
        return found
    return (*found, Sheet(COMMUNITY, community.name, papers.community, language))


# ---------------------------------------------------------------------------------------- shown

_ABOUT: Final = {
    "hub": "Hub root of {place}: whoever holds it can appoint keepers and rebuild this hub.",
    "community": "Community root of {place}: whoever holds it admits new hubs. It belongs to the founders.",
}
_KEY: Final = {"hub": "its public key, to compare with `hub verify`", "community": "its public key"}

INTRODUCTION: Final = """
ROOT PAPERS. They are shown once; the box does not keep them. Write all of it down now, twice,
check it aloud with a second person, and keep the copies in two houses, away from the box.
"""


def papers_text(these: Sequence[Sheet]) -> str:
    """The root papers as the terminal shows them."""
    return INTRODUCTION + "".join(shown(one) for one in these)


def shown(sheet: Sheet) -> str:
    """One paper: its words, its letters, and its code, which all say the same."""
    words = [f"{at:>2} {word:<12}" for at, word in enumerate(sheet.paper.words(sheet.language), 1)]
    rows = ["".join(words[at : at + 4]).rstrip() for at in range(0, len(words), 4)]
    groups = sheet.paper.text().split()
    letters = [" ".join(groups[at : at + 7]) for at in range(0, len(groups), 7)]

    def indented(lines: list[str]) -> str:
        return "".join(f"    {line}\n" for line in lines)

    return f"""
{_ABOUT[sheet.which].format(place=sheet.place)}

{indented(rows)}
  or the same in letters:
{indented(letters)}
  or the same as a code:
{blocks(sheet.paper.scanned())}
    {_KEY[sheet.which]}: {sheet.paper.public.hex()}
"""


def blocks(text: str) -> str:
    """A QR code in half blocks, light on dark as terminals are; on a terminal it brings its colours."""
    import qrcode

    code = qrcode.QRCode(border=2)
    code.add_data(text, optimize=0)
    code.make(fit=True)
    drawn = io.StringIO()
    code.print_ascii(out=drawn, invert=True)
    lines = drawn.getvalue().replace("\xa0", " ").splitlines()
    if sys.stdout.isatty():  # white on black, whatever the terminal's own colours
        lines = [f"\x1b[97;40m{line}\x1b[0m" for line in lines]
    return "\n".join(lines)


# ---------------------------------------------------------------------------------------- asked back


def show_and_ask(sheet: Sheet) -> None:
    """Show a paper, let it be written, take it off the screen, and ask for three of its words by their number.

    Raises:
        click.Abort: the person stopped.
    """
    while True:
        click.echo(shown(sheet))
        click.prompt(
            "Write it down twice. Then press Enter: it goes from the screen, and three of its words are asked",
            default="",
            show_default=False,
        )
        _wipe()
        numbers = sorted(secrets.SystemRandom().sample(range(1, 25), ASKED))
        if all(_asked(sheet, number) for number in numbers):
            click.echo("Right: all three.")
            return


def _wipe() -> None:
    """Take what was shown off the terminal, with what can be scrolled back to."""
    if sys.stdout.isatty():
        click.echo("\x1b[2J\x1b[3J\x1b[H", nl=False)


def _asked(sheet: Sheet, number: int) -> bool:
    """Ask for word ``number`` until it is right; False when the paper is to be shown again."""
    question = f"Word {number} on your paper"
    while True:
        typed = click.prompt(f"{question} ('{_SHOW}' to see the paper again)", type=str)
        if typed.strip().casefold() == _SHOW:
            return False
        wrong = _wrong(sheet, number, typed)
        if wrong is None:
            return True
        click.echo(f"{wrong} Look at number {number} on your paper, and type what stands there.")


def _wrong(sheet: Sheet, number: int, typed: str) -> str | None:
    """What is wrong with an answer; None when it is right. It never tells the word."""
    from appliance.ledger import paperwords

    place = paperwords.place_of(typed, sheet.language)
    mine = [paperwords.place_of(word, sheet.language) for word in sheet.paper.words(sheet.language)]
    if place == mine[number - 1]:
        return None
    if place is None:
        return f"'{typed.strip()}' is no word of the list: a letter may be wrong in it."
    if place in mine:
        return f"That is word {mine.index(place) + 1}, not word {number}."
    return (
        "That word is not on the paper at all. If it stands so on yours, it was written wrong: "
        f"type '{_SHOW}', and put it right."
    )


# ---------------------------------------------------------------------------------------- the file to print


def make_file(path: Path, data: Path) -> None:
    """An empty file to print from, that only its owner may read; before there is anything to lose.

    Raises:
        Stop: it is there already, cannot be written, or would lie in the data directory ``data``.
    """
    if path.resolve().is_relative_to(data.resolve()):
        raise Stop(f"{path} is in the hub's data directory: the box must not keep its root paper")
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    except OSError as error:
        raise Stop(f"the papers cannot be written to {path}: {error.strerror}") from error


def fill_file(path: Path, these: Sequence[Sheet], language: str) -> None:
    """Put the page to print into the file that ``make_file`` has made.

    Raises:
        Stop: it could not be written.
    """
    page: Page = click.get_current_context().find_root().obj
    try:
        with path.open("r+b") as file:
            file.write(_MARK + b"\n" + page(these, language).encode("utf-8"))
    except OSError as error:
        raise Stop(
            f"the papers are NOT in {path} ({error.strerror}): copy them from the screen now"
        ) from error


def about_file(path: Path) -> str:
    """What somebody must know who has such a file."""
    return (
        f"{path} is to be printed: two copies on paper. THE FILE IS THE SECRET ITSELF: who has it has the hub.\n"
        "Print it from a computer without internet, and mail it to nobody.\n"
        f"To remove it when it is printed: hub paper erase {path}"
    )


def offer_erasing(path: Path) -> None:
    """Ask whether the file may go now; it stays when nobody answers."""
    click.echo(about_file(path))
    try:
        if click.confirm("Are two copies printed, and shall the file be erased now?", default=False):
            erase_file(path)
            click.echo(_GONE.format(path=path))
    except click.Abort:
        click.echo()


_GONE: Final = "{path} is erased. A card or a stick may keep traces: break or keep one that held it."


def erase_file(path: Path) -> None:
    """Overwrite the file and remove it.

    Raises:
        Stop: it is no such page, or cannot be erased.
    """
    try:
        with path.open("r+b") as file:
            if file.read(len(_MARK)) != _MARK:
                raise Stop(f"{path} is no root paper to print: nothing was erased")
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            file.write(bytes(size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
        room = os.open(path.absolute().parent, os.O_RDONLY)
        try:
            os.fsync(room)
        finally:
            os.close(room)
    except OSError as error:
        raise Stop(f"{path} was NOT erased: {error.strerror or error}") from error


# ---------------------------------------------------------------------------------------- commands


@click.group()
def paper() -> None:
    """The root papers: check them, print them again."""


@paper.command()
@data_option
@click.option("--paper-file", type=_FILE, help="Read it from this file instead of asking for it.")
def check(data: Path, paper_file: Path | None) -> None:
    """Type a root paper in from its written copy, and learn whether it is right. Nothing of it is kept."""
    from appliance.ledger import papers
    from appliance.ledger.cli_backup import read_paper, refused
    from appliance.ledger.hub import Hub

    hub = Hub.open(data)
    try:
        which = papers.check(hub, read_paper("The root paper", paper_file, lambda one: papers.fits(hub, one)))
    except PaperDoesNotFit as error:
        raise refused(error) from error
    finally:
        hub.close()
    names = {papers.HUB: "the root paper of this hub", papers.COMMUNITY: "the root paper of the community"}
    click.echo(f"Right: this is {names[which]}.")


@paper.command("print")
@data_option
@language_option
@click.option("--paper-file", type=_FILE, help="Read it from this file instead of asking for it.")
@click.option("--keep", is_flag=True, help="Do not ask whether to erase the file: it stays.")
@click.argument("file", type=_FILE)
def print_(data: Path, language: str, paper_file: Path | None, keep: bool, file: Path) -> None:
    """Make a page to print out of a root paper, in the new FILE: two copies, with words, letters and code.

    Asks for the paper, in any of its forms, since the box has none. FILE is then the secret itself.
    """
    from appliance.ledger import papers
    from appliance.ledger.cli_backup import read_paper, refused
    from appliance.ledger.hub import Hub, Papers

    hub = Hub.open(data)
    try:
        typed = read_paper("The root paper", paper_file, lambda one: papers.fits(hub, one))
        which = papers.which_is(hub, typed)
        this = next(one for one in sheets(hub, Papers(typed, typed), language) if one.which == which)
    except (PaperDoesNotFit, BadPaper) as error:
        raise refused(error) from error
    finally:
        hub.close()
    make_file(file, data)
    try:
        fill_file(file, (this,), language)
    except BaseException:
        file.unlink()
        raise
    if keep:
        click.echo(about_file(file))
    else:
        offer_erasing(file)


@paper.command()
@click.argument("file", type=_FILE)
def erase(file: Path) -> None:
    """Overwrite and remove FILE, a page with root papers, once it is printed."""
    erase_file(file)
    click.echo(_GONE.format(path=file))


COMMANDS: tuple[click.Command, ...] = (paper,)
"""What ``appliance.cli`` mounts."""
