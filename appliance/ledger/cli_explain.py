"""``hub explain``: why a transfer stands, in plain sentences."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from appliance.ledger.cli import DIFFERENT, Stop, data_option

if TYPE_CHECKING:
    from appliance.ledger.book.store import Tx
    from appliance.ledger.clock import Instant
    from appliance.ledger.reads.explaining import Explained, Moved, Part
    from appliance.ledger.values import Unit

_WHY: Final = {
    "opened": "began it",
    "ended": "ended it",
    "posted": "moved the credit",
    "share": "answered for a part",
    "crossed": "let it cross between hubs",
    "crossing_ended": "wrote down how it ended at the other hub",
    "claimed": "said what care was given",
    "cosigned": "confirmed the care",
    "asked_back": "asked for it back",
    "asked_back_ended": "ended that it was asked back",
    "contested": "contested it",
    "contest_ended": "ended that it was contested",
    "given_back": "gave it back",
    "proposed": "proposed it to a second keeper",
    "recovered": "posted it again after a restore",
    "given_owner": "said whose it is",
}
_QUALITY: Final = {
    "NONE": "by a clock that nobody had set",
    "FLOOR": "by the time the box last knew",
    "MESH": "by the time of the radio",
    "KEEPER": "by a keeper's phone",
    "RTC": "by the box's own clock",
    "NTP": "by a sure clock",
}


@click.command()
@click.argument("transfer")
@data_option
@click.option(
    "--words", is_flag=True, help="Print names and notes too; without it nothing personal is printed."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
@click.pass_context
def explain(ctx: click.Context, transfer: str, data: Path, words: bool, as_json: bool) -> None:
    """Say why TRANSFER stands: who signed what, when, with which key, and what it moved.

    TRANSFER is the address of a receipt, its id or the first six digits of it, the code of a
    request, or the line in the book that the receipt names. Ends with 1 when a signature or link
    does not hold. The hub may be running.
    """
    from appliance.ledger.hub import Hub
    from appliance.ledger.reads import explaining

    hub = Hub.open(data)
    try:
        unit = hub.rules().community.counted_in
        with hub.reading() as tx:
            record = explaining.find(tx, transfer)
            found = None if record is None else explaining.explain(tx, record)
            if found is None:
                raise Stop(f"{transfer}: no transfer of this hub, or the beginning of several")
            told = _words(tx, found) if words else {}
    finally:
        hub.close()
    if as_json:
        click.echo(json.dumps(_plain({**asdict(found), "holds": found.holds, "words": told})))
    else:
        for line in _sentences(found, unit, told):
            click.echo(line)
    if not found.holds:
        ctx.exit(DIFFERENT)


def _plain(value: Any) -> Any:
    """``value`` as JSON has it: bytes as hexadecimal digits."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def _words(tx: "Tx", found: "Explained") -> dict[str, str]:
    """Names of those who had a part and the personal texts of its entries, by what they belong to."""
    from appliance.ledger.reads.people import person

    told = {
        f"{entry}.{field}": text
        for part in found.parts
        for entry, field, text in tx.select(_TEXTS, part.entry)
        if field != "name"
    }
    for moved in found.moved:
        who = person(tx, moved.account)
        if who is not None and who.name:
            told[f"account {moved.account}"] = who.name
    return told


_TEXTS: Final = "SELECT entry, field, text FROM private_text WHERE entry = ? ORDER BY field"


def _sentences(found: "Explained", unit: "Unit", told: dict[str, str]) -> Iterator[str]:
    amount = f"{unit.plain(found.amount)} {unit.symbol}"
    payer = "somebody not yet known" if found.payer is None else _account(found.payer)
    yield f"Transfer {found.id.hex()}: {found.kind}, {amount} from {payer} to {_account(found.payee)}."
    yield f"It is {found.state.replace('_', ' ')}{_since(found)}."
    if found.levy:
        yield f"The commons kept {unit.plain(found.levy)} {unit.symbol} of it, by the levy of that day."
    yield from (_moved(moved, unit) for moved in found.moved)
    if not found.moved:
        yield "It has moved no credit."
    yield from _linked(found.links, unit)
    yield ""
    for part in found.parts:
        yield from _part(part, found.entries)
    for name, text in told.items():
        yield f"Words of {name}: {text}"
    yield ""
    yield "Every signature and link holds." if found.holds else "NOT ALL OF IT HOLDS: run hub verify."


def _since(found: "Explained") -> str:
    given = " and was given back" if "given_back_by" in found.links else ""
    contested = found.links.get("contested", {}).get("state") == "open"
    return given + (" and is contested" if contested else "")


def _account(number: int) -> str:
    if number == 0:
        return "the commons"
    if number == -1:
        return "the account of what nobody has claimed"
    return f"account {number}" if number > 0 else f"the trunk toward hub {-number}"


def _moved(moved: "Moved", unit: "Unit") -> str:
    before, after, change = (unit.plain(n) for n in (moved.before, moved.after, moved.amount))
    sign = "" if moved.amount < 0 else "+"
    limits = ", ".join(
        f"{word} {unit.plain(limit)}"
        for word, limit in (("down to", moved.low), ("up to", moved.high))
        if limit is not None
    )
    held = "as they were then" if moved.then else "as they are now: they may have been others then"
    ending = f"; limits {held}: {limits}" if limits else ""
    return f"{_account(moved.account).capitalize()}: {before} before, {sign}{change}, {after} after{ending}."


def _linked(links: dict[str, Any], unit: "Unit") -> Iterator[str]:
    if "request" in links:
        yield f"It was asked for: request {links['request']}."
    if "gives_back" in links:
        yield f"It gives back transfer {links['gives_back'].hex()}."
    if "given_back_by" in links:
        yield f"It was given back by transfer {links['given_back_by'].hex()}."
    for share in links.get("split", ()):
        yield f"Part of account {share['account']}: {unit.plain(share['amount'])} {unit.symbol}, {share['state']}."
    if care := links.get("care"):
        signed = ", ".join(map(str, care["signed"])) or "nobody"
        yield (
            f"It pays care claim {care['claim'].hex()}: {care['minutes']} minutes, "
            f"confirmed by members {signed} ({care['quorum']} were needed)."
        )
    if slip := links.get("slip"):
        day = f"{datetime.fromtimestamp(slip['day'] * 86400, UTC):%Y-%m-%d}"
        pile = slip["pile"].hex()
        yield (
            f"It came on paper of {day}: slip {slip['line']} of pile {pile[:8]}, typed in by keeper {slip['keeper']}. "
            f"The whole name of the pile is {pile}."
        )
    if again := links.get("recovered"):
        yield from _recovered(again)
    if keepers := links.get("keepers"):
        yield f"It was done by keepers {' and '.join(map(str, keepers))}."
    if asked := links.get("asked_back"):
        yield f"Member {asked['by']} asked for it back: {asked['state']}."
    if dispute := links.get("contested"):
        yield f"Member {dispute['by']} contested it: {dispute['state']}."
    if cross := links.get("crossing"):
        yield from _crossing(cross)


def _recovered(again: dict[str, Any]) -> Iterator[str]:
    yield (
        f"It was posted again after a restore: hub {again['hub']} knew it, as record {again['record']} "
        f"of life {again['life']} of this hub's feed, of account {again['near']}."
    )
    if again["claimed_by"] is not None:
        yield f"Whose it is was settled by transfer {again['claimed_by'].hex()}."


def _crossing(cross: dict[str, Any]) -> Iterator[str]:
    way = "went to" if cross["outgoing"] else "came from"
    whose = "this hub's" if cross["outgoing"] else "that hub's"
    yield (
        f"It {way} account {cross['far']} of hub {cross['hub']}: record {cross['record']} of {whose} feed "
        f"(life {cross['incarnation']}), {cross['state'].replace('_', ' ')}."
    )
    if cross["frame"] is None:
        yield "The frame that carries the record is not here."
    else:
        yield f"The frame that carries it has the digest {cross['frame'].hex()}."
    if cross["answer"] is not None:
        yield f"The answer is record {cross['answer']} of the answering hub's feed."


def _part(part: "Part", entries: int) -> Iterator[str]:
    who = _who(part)
    yield f"Entry {part.entry} of {entries}, {_time(part.at)}: {who} {_WHY[part.why]} ({part.kind})."
    if part.key is None or part.since_at is None:
        yield "  No key of theirs was in force then."
    else:
        yield f"  Key {part.key.hex()}, in force since entry {part.since}, {_time(part.since_at)}."
    signed = "the signature fits this key" if part.signed else "THE SIGNATURE DOES NOT FIT"
    linked = "the entry stands in the chain" if part.linked else "THE CHAIN IS BROKEN HERE"
    erased = "; its words were erased" if part.erased else ""
    yield f"  Checked now: {signed}, {linked}; hash {part.hash.hex()}{erased}."


def _who(part: "Part") -> str:
    kind, _, name = part.authority.partition(":")
    if kind == "member":
        return f"member {name}"
    if kind == "hub":
        return f"the hub, by its rule {name!r},"
    return "the root paper" if kind == "root" else "a newcomer"


def _time(at: "Instant") -> str:
    return f"{datetime.fromtimestamp(at.ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC {_QUALITY[at.quality.name]}"


COMMANDS: tuple[click.Command, ...] = (explain,)
"""What ``appliance.cli`` mounts."""
