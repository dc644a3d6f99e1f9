"""``hub care``: the proof of a claim, written down here and checked anywhere."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from appliance.ledger.cli import DIFFERENT, Stop, data_option, not_refused
from appliance.ledger.errors import BadProof, Code, Refusal

if TYPE_CHECKING:
    from appliance.ledger.care.proof.checking import Co, Held
    from appliance.ledger.care.proof.form import Row

_FILE: Final = click.Path(path_type=Path, dir_okay=False)
_NOT_ADMITTED: Final = (
    "this hub stands in no roster, so nobody elsewhere could check its proofs (hub_not_admitted). A community's first "
    "hub, once: hub community admit --data DIRECTORY first.roster; any other: hub community apply"
)
_SURE: Final = 4
"""From this quality of a time on (the box's own clock) it is not called doubtful."""


@click.group()
def care() -> None:
    """Proofs of care: make one, check one."""


@care.command()
@click.argument("claim")
@data_option
@click.option("--out", type=_FILE, required=True, help="The new file to write.")
@click.option("--words", is_flag=True, help="Put in who was cared for, where and what, in their words.")
def export(claim: str, data: Path, out: Path, words: bool) -> None:
    """Write the proof of CLAIM to a file that anybody can check without this hub.

    CLAIM is the code of the claim, its address or its id. It must be confirmed, and the hub must stand in the
    roster of its community. The hub may be running.
    """
    from appliance.ledger.hub import Hub
    from appliance.ledger.reads import care_proof

    hub = Hub.open(data)
    try:
        with hub.reading() as tx:
            found = care_proof.find(tx, claim)
            made = care_proof.make(tx, found, hub.sign, hub.clock.now(), words)
            if isinstance(made, Refusal) and made.code is Code.HUB_NOT_ADMITTED:
                raise Stop(_NOT_ADMITTED)
            proof = not_refused(made)
    finally:
        hub.close()
    encoded = proof.encode()
    try:
        with out.open("xb") as file:
            file.write(encoded)
    except FileExistsError as error:
        raise Stop(f"{out} is there already: name a new file") from error
    except OSError as error:
        raise Stop(f"{out}: {error.strerror}") from error
    click.echo(
        f"{out}: {len(encoded)} bytes, {len(proof.cosigns) + len(proof.far)} co-signers. To check it: hub care verify {out}"
    )


@care.command()
@click.argument("file", type=_FILE)
@click.option(
    "--root",
    "roots",
    multiple=True,
    metavar="KEY",
    help="The community's public root key (64 hexadecimal digits), as its root paper has it. Again for co-signers of another community.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Take the key from this hub's book instead.",
)
@click.pass_context
def verify(ctx: click.Context, file: Path, roots: tuple[str, ...], data: Path | None) -> None:
    """Check the proof in FILE, knowing the community's root key alone; no hub and no network is needed.

    Ends with 1 when it does not hold, and says why in one line.
    """
    from appliance.ledger.care.proof import checking, form

    keys = tuple(_root(text) for text in roots) + (() if data is None else (_root_of(data),))
    if not keys:
        raise Stop("whose proof? Give the community's public root key (--root), or a hub of it (--data)")
    try:
        with file.open("rb") as opened:
            held = checking.verify(opened.read(form.LONGEST + 1), keys)
    except OSError as error:
        raise Stop(f"{file}: {error.strerror}") from error
    except BadProof as error:
        click.echo(f"DOES NOT HOLD ({error.why}): {error.what}.")
        ctx.exit(DIFFERENT)
    for line in told(held):
        click.echo(line)


def _root(text: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise Stop("a public root key has 64 hexadecimal digits")
    return key


def _root_of(data: Path) -> bytes:
    from appliance.ledger.hub import Hub
    from appliance.ledger.people import roster

    hub = Hub.open(data)
    try:
        with hub.reading() as tx:
            return roster.community_key(tx)
    finally:
        hub.close()


def told(held: "Held") -> Iterator[str]:
    """A proof that holds, in sentences."""
    said, stated, home = held.said, held.proof.statement, held.proof.home
    amount = f"{_decimal(stated.amount, stated.decimals)} {_plain(stated.symbol)}"
    day = datetime.fromtimestamp(int(said["day"]) * 86_400, UTC)
    yield f"IT HOLDS. Claim {held.claim.hex()} of hub {home.number}, {_plain(home.name)}."
    yield f"Member {held.carer} gave {said['minutes']} minutes of care ({_plain(said['category'])}) on {day:%Y-%m-%d}: {amount}."
    if (recipient := said.get("recipient")) is not None:
        yield f"Member {recipient} was cared for."
    for name, text in sorted((held.words or {}).items()):
        yield f"In their words, {name}: {_plain(str(text))}"
    yield f"Written down by member {held.writer.member}. {_key(held.writer)}"
    for one in held.cosigners:
        yield f"Co-signed by member {one.member} of hub {one.hub}, {_time(one.ms, one.quality)}. {_key(one)}"
    for far in held.far:
        yield (
            f"Co-signed by member {far.member} of hub {far.hub}, counted on line {far.entry} of the book. Key "
            f"{far.row.public.hex()[:16]}, told by hub {far.hub} on line {far.row.entry}, as hub {home.number} says"
            f"{'' if far.newest is far.row else '; changed since'}."
        )
    roles = [
        word
        for word, need in (("who was cared for", stated.need_recipient), ("a keeper", stated.need_keeper))
        if need
    ]
    with_whom = f", {' and '.join(roles)} among them" if roles else ""
    yield f"{stated.quorum} were needed{with_whom}: the hub says that it was enough."
    paid = "it has not been paid yet" if stated.paid is None else f"line {stated.paid} of the book paid it"
    yield f"Rules of care: line {stated.policy} of the book, digest {stated.rules.hex()}; {paid}."
    for hub in held.proof.hubs:
        yield (
            f"Hub {hub.number} ({_plain(hub.name)}) certified these keys, {_time(hub.word.ms, hub.word.quality)}, in its life "
            f"{hub.incarnation}; the community's root admitted it as number {hub.seq} of the roster."
        )
    yield "A hub holds its members' keys. What that means: docs/custody.md."


def _decimal(amount: int, decimals: int) -> str:
    if not 0 < decimals <= 18:
        return str(amount)
    whole, rest = divmod(abs(amount), 10**decimals)
    return f"{'-' if amount < 0 else ''}{whole}.{rest:0{decimals}d}"


def _plain(text: str) -> str:
    """Text from a file, without what could move a terminal's cursor."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _key(one: "Co") -> str:
    """How old the key was that signed, and when the member's key last changed."""
    row, newest = one.row, one.newest
    age = _span(one.ms - row.ms)
    made = "at joining" if row.made == 1 else "new, given by a keeper"
    said = f"Key {row.public.hex()[:16]}, {age} old when it signed ({made}, line {row.entry}, {_time(row.ms, row.quality)})"
    return f"{said}; {_change(row, newest)}."


def _change(row: "Row", newest: "Row") -> str:
    if newest.seq == 1:
        return "never changed"
    if newest is row:
        return f"their key number {row.seq}, last changed then"
    return (
        f"changed since: key number {newest.seq} from line {newest.entry}, {_time(newest.ms, newest.quality)}"
    )


def _span(ms: int) -> str:
    if ms < 0:
        return "by the clock less than nothing (it was set back)"
    minutes = ms // 60_000
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes // 60} hours" if minutes < 48 * 60 else f"{minutes // 1440} days"


def _time(ms: int, quality: int) -> str:
    try:
        at = f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        return "at a time that no clock has"
    return at if quality >= _SURE else f"{at} (not certain)"
