"""The engine's reactions, as they are seen when it is driven: ``python -m tests.radio.reactions`` prints ``docs/reactions.md``.

Each row is one situation that is made with a real engine, several times with other seeds, and one thing that
happens in it. What it tells the process and what it says in the next ``SPAN`` frame times is written down, and beside it
what it says when that thing does not happen.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from appliance.ledger.book.records import EVERYONE, Kind
from appliance.ledger.keys import Certificate, KeySigner, public_of
from appliance.radio.certificates import pack_certificate
from appliance.radio.coding import pack_coded
from appliance.radio.events import Ignored, Sending
from appliance.radio.ports import Airtime, Span
from appliance.radio.proofframes import ProofAsk, pack_ask
from tests.radio.test_engine import FRAME, HILL, LAKE, RIVER, Hub

SPAN: Final = 40
SEEDS: Final = 8

Happens = Callable[[], Sequence[object] | None]


@dataclass(frozen=True, slots=True)
class Row:
    """``make`` gives for a seed the hub that is looked at, and what happens to it."""

    stands: str
    comes: str
    why: str
    make: Callable[[int], tuple[Hub, Happens]]


def _three(seed: int) -> tuple[Hub, Hub, Hub]:
    return Hub(RIVER, seed), Hub(HILL, seed + 100), Hub(LAKE, seed + 200)


def _hears(hub: Hub, data: bytes) -> tuple[Hub, Happens]:
    return hub, lambda: hub.hear(data)


def _same(seed: int) -> tuple[Hub, Happens]:
    river, hill, _ = _three(seed)
    return _hears(river, hill.summary(11))


def _begins_anew(seed: int) -> tuple[Hub, Happens]:
    """Its beats say so: the first of a start (``presence``)."""
    river, hill, _ = _three(seed)
    river.hear(hill.summary(11))
    river.until(river.now + 120)
    return _hears(river, hill.summary((1 << 20) + 1))


def _answered_by_another(seed: int) -> tuple[Hub, Happens]:
    river, happens = _begins_anew(seed)
    happens()
    return _hears(river, Hub(LAKE, seed + 200).summary(11))


def _ahead(seed: int, *, waits: bool) -> tuple[Hub, Happens]:
    river, hill, _ = _three(seed)
    hill.write()
    hill.send_all()
    return _hears(river, hill.urgent(11, HILL) if waits else hill.summary(11))


def _lacks_ours(seed: int) -> tuple[Hub, Happens]:
    river, hill, _ = _three(seed)
    river.write()
    river.send_all()
    river.until(river.now + 120)
    return _hears(river, hill.summary(11))


def _lacks_anothers(seed: int, seconds: float = 120) -> tuple[Hub, Happens]:
    river, hill, lake = _three(seed)
    lake.write()
    river.hear(lake.send_all()[0])
    river.until(river.now + seconds)
    return _hears(river, hill.summary(11))


def _data(
    seed: int, kind: Kind = Kind.CHECKPOINT, to: int = EVERYONE, *, again: bool = False
) -> tuple[Hub, Happens]:
    river, hill, _ = _three(seed)
    hill.write(kind, to)
    (data,) = hill.send_all()
    if again:
        river.hear(data)
        river.until(river.now + 120)
    return _hears(river, data)


def _gap(seed: int) -> tuple[Hub, Happens]:
    river, hill, _ = _three(seed)
    for _ in range(40):
        hill.write()
    return _hears(river, hill.send_all()[-1])


def _asked(seed: int, *, held: bool = True, own: bool = True, crowded: bool = False) -> tuple[Hub, Happens]:
    river, hill, lake = _three(seed)
    source = river if own else lake
    source.write()
    (data,) = source.send_all()
    if held and not own:
        river.hear(data)
    river.until(river.now + 120)
    if crowded:
        river.engine.radio_measured(Airtime(channel=0.22, own=0.0), river.now)
    return _hears(river, hill.ask(11, Span(source.shelf.hub, 1, 1, 1)))


def _answered(seed: int) -> tuple[Hub, Happens]:
    river, happens = _asked(seed, own=False)
    happens()
    (data,) = (data for _, data in river.shelf._frames.values() if data[1] == 3)
    return _hears(river, data)


def _asked_by_another(seed: int) -> tuple[Hub, Happens]:
    river, happens = _ahead(seed, waits=True)
    happens()
    return _hears(river, Hub(LAKE, seed + 200).ask(11, Span(HILL, 1, 1, 1)))


def _coded(seed: int, *, one_known: bool) -> tuple[Hub, Happens]:
    river, hill, lake = _three(seed)
    hill.write()
    lake.write()
    (hills,), (lakes,) = hill.send_all(), lake.send_all()
    if one_known:
        river.hear(lakes)
        river.until(river.now + 120)
    return _hears(
        river, pack_coded({(HILL, 1, 1): hills, (LAKE, 1, 1): lakes}, hill.shelf.directory, Random(1))
    )


def _writes(seed: int, kind: Kind = Kind.SENT, count: int = 1, *, alone: bool = False) -> tuple[Hub, Happens]:
    river = Hub(RIVER, seed)
    if alone:
        river.until(river.now + 2000)

    def write() -> None:
        for _ in range(count):
            river.write(kind, HILL if kind is Kind.SENT else EVERYONE)

    return river, write


def _company_comes(seed: int) -> tuple[Hub, Happens]:
    river, write = _writes(seed, alone=True)
    write()
    river.until(river.now + 120)
    return _hears(river, Hub(HILL, seed + 100).summary(11))


def _owed(seed: int, *, shows: bool) -> tuple[Hub, Happens]:
    river, hill, _ = _three(seed)
    river.write(Kind.SENT, HILL)
    _, packet = river.next(Sending.DATA, within=1)
    if shows:
        hill.hear(packet.data)
    return _hears(river, hill.urgent(11, RIVER))


def _refused(seed: int) -> tuple[Hub, Happens]:
    river = Hub(RIVER, seed)
    river.write(Kind.SENT, HILL)
    assert river.engine.transmit(river.now)
    return river, lambda: river.engine.refused(river.now, wait=5 * FRAME)


def _old_beat(seed: int) -> tuple[Hub, Happens]:
    river, hill, _ = _three(seed)
    data = hill.summary(11)
    river.hear(data)
    return _hears(river, data)


def _own_name(seed: int, *, said: bool) -> tuple[Hub, Happens]:
    river = Hub(RIVER, seed)
    if said:
        return _hears(river, river.next(Sending.SUMMARY)[1].data)
    return _hears(river, Hub(RIVER, seed + 300).summary(1 << 30))


def _next_life(seed: int) -> tuple[Hub, Happens]:
    river = Hub(RIVER, seed)
    root, here = KeySigner("root", bytes([7]) * 32), river.shelf.directory
    members = {index: replace(member, root=root.public) for index, member in here.members.items()}
    river.engine.change_directory(replace(here, members=members), river.now)
    certificate = Certificate(here.community, HILL, 2, public_of(bytes([9]) * 32), 3, bytes(32))
    return _hears(river, pack_certificate(certificate, root.sign(certificate.form()), here))


def _proof(seed: int, to: int) -> tuple[Hub, Happens]:
    river, hill, _ = _three(seed)
    return _hears(river, pack_ask(ProofAsk(1, bytes(16)), to, bytes(32), hill.shelf.directory))


ROWS: Final = (
    Row("all hold the same", "a summary that says so", "Trickle's own may be left out", _same),
    Row(
        "all hold the same",
        "the summary of a hub that begins anew",
        "it waits to hear what we hold",
        _begins_anew,
    ),
    Row("an answer to one is due", "another's summary", "put off", _answered_by_another),
    Row(
        "another holds more",
        "its whole summary",
        "asked for, gathered: nobody waits",
        lambda s: _ahead(s, waits=False),
    ),
    Row(
        "another holds more",
        "its summary of few feeds",
        "asked for soon: somebody waits",
        lambda s: _ahead(s, waits=True),
    ),
    Row("another lacks a record of ours", "its summary", "the first missing frame of our own", _lacks_ours),
    Row(
        "another lacks a third hub's",
        "its summary",
        "who is ahead is silent; Trickle begins anew",
        _lacks_anothers,
    ),
    Row(
        "another lacks a third hub's, here for minutes",
        "its summary",
        "it does not know, or it would ask: said by whoever hears that",
        lambda s: _lacks_anothers(s, 240),
    ),
    Row(
        "new to us",
        "a data frame, a payment for us",
        "kept; the ledger's answer to it will be the receipt",
        lambda s: _data(s, Kind.SENT, RIVER),
    ),
    Row(
        "new to us",
        "a data frame, the answer to a payment of ours",
        "kept; a receipt, as no answer follows",
        lambda s: _data(s, Kind.ACCEPTED, RIVER),
    ),
    Row(
        "new to us",
        "a data frame, nothing for us",
        "kept; the newest is its own hub's to announce",
        _data,
    ),
    Row("held", "the same data frame", "nothing", lambda s: _data(s, again=True)),
    Row("earlier records are missing", "a data frame", "what lies before it is asked for", _gap),
    Row("held, our own", "an ask", "the feed's own hub answers first", _asked),
    Row(
        "held, another's",
        "an ask",
        "later, and by chance: its hub may answer",
        lambda s: _asked(s, own=False),
    ),
    Row(
        "not held",
        "an ask",
        "it exists, then: missing here as well",
        lambda s: _asked(s, held=False, own=False),
    ),
    Row(
        "held, channel at 22 %",
        "an ask",
        "no repair above 20 %",
        lambda s: _asked(s, crowded=True),
    ),
    Row("an answer is planned", "the frame that it would give", "struck", _answered),
    Row("an ask is due", "another's ask that covers it", "put off", _asked_by_another),
    Row(
        "one frame of the two is held",
        "a coded packet of both",
        "the other comes to light",
        lambda s: _coded(s, one_known=True),
    ),
    Row(
        "neither is held",
        "a coded packet of both",
        "kept as an equation for minutes; one of the two is asked for",
        lambda s: _coded(s, one_known=False),
    ),
    Row("others are heard", "a payment is written", "at once, and owed: said again", _writes),
    Row(
        "others are heard",
        "a checkpoint is written",
        "waits for company for minutes",
        lambda s: _writes(s, Kind.CHECKPOINT),
    ),
    Row(
        "others are heard",
        "nine records are written",
        "a full frame does not wait",
        lambda s: _writes(s, Kind.CHECKPOINT, 9),
    ),
    Row("nobody heard for an hour", "a payment is written", "waits", lambda s: _writes(s, alone=True)),
    Row("a payment waits, nobody heard for an hour", "a summary", "said at once", _company_comes),
    Row(
        "a payment was said, not shown to have come",
        "its hub shows it",
        "owed no more",
        lambda s: _owed(s, shows=True),
    ),
    Row(
        "a payment was said, not shown to have come",
        "its hub shows that it lacks it",
        "the frame at once",
        lambda s: _owed(s, shows=False),
    ),
    Row(
        "records are inside the radio",
        "it does not take them, for 5 frame times",
        "the same bytes again",
        _refused,
    ),
    Row("said before", "a summary with an old beat", "nothing", _old_beat),
    Row("said by us", "an own control frame", "an echo", lambda s: _own_name(s, said=True)),
    Row(
        "never said by us",
        "an own control frame",
        "another box speaks in our name",
        lambda s: _own_name(s, said=False),
    ),
    Row(
        "its first life is known", "a certificate of the second", "to the ledger, which reads it", _next_life
    ),
    Row("a proof of care", "an ask for us", "to the process, which opens it", lambda s: _proof(s, RIVER)),
    Row("a proof of care", "an ask for another hub", "nothing", lambda s: _proof(s, LAKE)),
    Row("anything", "bytes of a stranger", "nothing", lambda s: _hears(Hub(RIVER, s), b"hello")),
)


def _name(event: object) -> str:
    return f"ignored: {event.reason}" if isinstance(event, Ignored) else type(event).__name__


def _said(row: Row, *, happens: bool) -> tuple[str, str]:
    """What is told, and what is said how often and from when to when over all seeds."""
    told: set[str] = set()
    said: defaultdict[str, list[float]] = defaultdict(list)
    for seed in range(1, SEEDS + 1):
        hub, act = row.make(seed)
        if happens:
            told |= {_name(event) for event in act() or ()}
        begun, kinds = hub.now, set[str]()
        for when, packet in hub.until(begun + SPAN * FRAME):
            if packet.sending.value not in kinds:
                kinds.add(packet.sending.value)
                said[packet.sending.value].append((when - begun) / FRAME)
    words = []
    for kind, times in sorted(said.items(), key=lambda one: min(one[1])):
        often = "" if len(times) == SEEDS else f" ({len(times)} of {SEEDS})"
        low, high = f"{min(times):.1f}", f"{max(times):.1f}"
        words.append(f"{kind}{often} {low}" if low == high else f"{kind}{often} {low} to {high}")
    return ", ".join(sorted(told)) or "-", ", ".join(words) or "-"


def page() -> str:
    """The text of ``docs/reactions.md``."""
    out = [
        "# What the sync engine does about what happens",
        "",
        "Seen, not written: `python -m tests.radio.reactions > docs/reactions.md` brings the real engine into each situation",
        f"{SEEDS} times, with other seeds, and writes down what it tells the radio's process and what it says first of each kind in the next",
        f"{SPAN} frame times (the airtime of the longest packet; from when to when, in how many of the {SEEDS} when not in all). *Without*: the",
        "same situation, and it does not happen. A test does it again and holds the page to it. Three hubs, `MEDIUM_FAST`, an idle channel. The waiting",
        "times and limits behind it: [engine.md](engine.md).",
        "",
        "| how it stands | what happens | told | said | said without | why |",
        "|---|---|---|---|---|---|",
    ]
    for row in ROWS:
        told, said = _said(row, happens=True)
        _, without = _said(row, happens=False)
        out.append(f"| {row.stands} | {row.comes} | {told} | {said} | {without} | {row.why} |")
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    print(page(), end="")
