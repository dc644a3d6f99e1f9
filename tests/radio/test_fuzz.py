"""Bytes from anywhere, given to Hill's whole radio process: nothing falls over, nothing grows, no row of the books changes.

Frames are those that River and Hill really said, of every type and with records of every kind, mutated;
control frames carry a good MAC under what was changed, as a hub of the community gone mad could write.
Between the parts River pays Hill, and the payment arrives.

``make test`` gives each a share; ``make fuzz`` ten million frames and a million control frames
(``HUB_FUZZ`` is a share of that), and prints how many there were.
"""

import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from appliance.ledger.book.feed import POST_TABLES
from appliance.ledger.book.records import Kind
from appliance.ledger.book.schema import TRUTH_TABLES, primary_key
from appliance.radio import frames, proofframes
from appliance.radio.coding import Name, pack_coded
from appliance.radio.control import Ask, Mark, Summary, pack_ask, pack_summary
from appliance.radio.directory import Directory
from appliance.radio.errors import CannotPack
from appliance.radio.frames import DATA, MAC_BYTES, SUITES, open_data, read_header
from appliance.radio.ports import Heard, Span
from appliance.radio.service import Service
from tests.support.everything_said import NOT_SAID, RULES, arrived, directory_of, names_of, say_everything
from tests.support.fuzzing import GROWTH, SEED, SHARE, resident
from tests.support.mutations import mutated
from tests.support.two_radios import TwoRadios, two_radios
from tests.support.two_villages import HILL, RIVER

FRAMES = round(10_000_000 * SHARE) or 8_000
CONTROL = round(1_000_000 * SHARE) or 2_500

AMOUNTS = count(1)
"""None twice: an equal payment within ten minutes would be asked about."""

PARTS = 4
"""After each of them time passes, a payment is made, and the rows are compared anew."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7 * 24 * 3600)]

BATCH = 500


def rows(radios: TwoRadios) -> dict[str, Any]:
    """Every row of Hill's truth and post, and where its book ends."""
    with radios.villages.hill.hub.reading() as tx:
        found: dict[str, Any] = {
            model._meta.table_name: list(tx.dump(model, primary_key(model)))
            for model in (*TRUTH_TABLES, *POST_TABLES)
        }
    return found | {"head": radios.villages.hill.hub.head()}


@pytest.fixture(autouse=True)
def nothing_is_logged() -> Iterator[None]:
    """pytest keeps every line of the log until the end; a million of them would be taken for growth."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def radios(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoRadios]:
    """One pair for both tests: what was said takes longest to make."""
    with two_radios(tmp_path_factory.mktemp("radios"), **RULES) as made:
        yield made


@pytest.fixture(scope="module")
def said(radios: TwoRadios) -> list[bytes]:
    return say_everything(radios)


def counted(service: Service) -> Counter[str]:
    """What its engine and its loop have counted."""
    status = service.status()
    return Counter(status["engine"]["counts"]) + Counter(status["counts"])


def fuzzed(radios: TwoRadios, number: int, draw: Callable[[], bytes]) -> Counter[str]:
    """Let Hill hear ``number`` packets of ``draw``, in parts; what its process counted."""
    hill, link = radios.services["hill"], radios.links["hill"]
    grown, began, given = 0, time.monotonic(), 0
    earlier = counted(hill)
    for part in range(PARTS):
        hill.step()
        before, size = rows(radios), resident()
        until_here = number * (part + 1) // PARTS
        while given < until_here:
            some = min(BATCH, until_here - given)
            link.events.extend(Heard(draw(), 5.0, -90, 0) for _ in range(some))
            given += some
            hill.step()
        now = rows(radios)
        changed = {name: (before[name], now[name]) for name in now if now[name] != before[name]}
        assert not changed, f"after {given}: {changed}"
        grown += resident() - size if part else 0
        amount = next(AMOUNTS)
        radios.villages.send("Alice", "Chandra", amount)
        radios.villages.send("Chandra", "Alice", amount)
        assert radios.live(6 * 3600, lambda: arrived(radios)), f"after {given}: no payment arrives"
    seconds = time.monotonic() - began
    counts = counted(hill) - earlier
    print(
        f"\n{given} packets in {seconds:.0f} s, seed {SEED}, grown by {grown} bytes: {dict(counts.most_common())}"
    )
    assert grown < GROWTH
    return counts


# ------------------------------------------------------------------------------------------- what anybody may send


def test_mutated_frames(radios: TwoRadios, said: list[bytes]) -> None:
    here = directory_of(radios, RIVER)
    assert {read_header(data).type for data in said} == set(SUITES)
    kinds = {r.kind for data in said if read_header(data).type == DATA for r in open_data(data, here).records}
    assert kinds == set(Kind) - NOT_SAID
    dice = random.Random(f"frames {SEED}")
    genuine = set(said)

    def draw() -> bytes:
        while (data := mutated(dice, said)) in genuine:
            pass
        return data

    counts = fuzzed(radios, FRAMES, draw)
    assert counts["ignored_unsigned"] + counts["proof_unsigned"] > FRAMES // 4


# ------------------------------------------------------------------------------- what a hub of the community may send

BEAT_BYTES = 5
"""Of a beat from 2**16 on."""

BEGIN = 1 << 20
"""A beat above all that have been."""


class MadRiver:
    """Draws what River could say with its keys and the group's, but never a record: those it would have to sign."""

    def __init__(self, radios: TwoRadios, said: list[bytes], dice: random.Random) -> None:
        self.dice, self.said = dice, said
        self.here = directory_of(radios, RIVER)
        self.hills = self.here.index(HILL)
        self.pair = radios.villages.posts[RIVER].pair_key(HILL, sending=True)
        self.beats = count(BEGIN)
        self.shapes = [drawn(dice, BEGIN // 2, self.here) for _ in range(40)]
        self.frames = names_of(said, self.here)
        self.unknown = self._unknown()
        with radios.villages.river.hub.reading() as tx:
            self.claims = [bytes(row[0]) for row in tx.select("SELECT id FROM claim")]

    def draw(self) -> bytes:
        chance = self.dice.random()
        if chance < 0.15:
            return self.coded()
        return self.proof() if chance < 0.25 else self.control()

    def control(self) -> bytes:
        """With a beat that has not been: otherwise nothing after the first high one would be looked at."""
        dice = self.dice
        content = drawn(dice, next(self.beats), self.here)
        head = 2 + BEAT_BYTES
        if dice.random() < 0.2:
            return content + self.here.mac(content)
        whole = mutated(dice, [content, *self.shapes])
        if whole[2:head] != content[2:head] or whole[1] == self.hills:
            # In Hill's own name it would rightly keep quiet until a keeper has looked: tests/radio/test_quiet.py.
            whole = content[:head] + mutated(
                dice, [content[head:], *(shape[head:] for shape in self.shapes if shape[0] == content[0])]
            )
        return whole + self.here.mac(whole)

    def _unknown(self) -> dict[Name, bytes]:
        """What River says that it mixed, and Hill has not: mutated frames, and noise."""
        first = self.dice.randrange(1, 1 << 30)
        return {
            (RIVER, first + n, first + n): self._spoilt()
            if n % 2
            else self.dice.randbytes(self.dice.randint(1, 200))
            for n in range(4)
        }

    def _spoilt(self) -> bytes:
        """A mutated frame; not one that chance left whole: a genuine certificate in a sum is taken up, and rightly."""
        while (data := mutated(self.dice, self.said)[:200]) in self.said:
            pass
        return data or b"\0"

    def coded(self) -> bytes:
        """Sums of what Hill has and has not: some of them can be solved, and bring anything to light."""
        dice = self.dice
        if dice.random() < 0.1:
            self.unknown = self._unknown()
        names = dice.sample(sorted(self.unknown), dice.randint(1, 2)) + dice.sample(sorted(self.frames), 1)
        try:
            data = pack_coded({n: self.unknown.get(n) or self.frames[n] for n in names}, self.here, dice)
        except CannotPack:
            return self.control()
        if dice.random() < 0.5:
            return data
        whole = mutated(dice, [data[:-MAC_BYTES]])
        return whole + self.here.mac(whole)

    def proof(self) -> bytes:
        """Asks for proofs, and parts of proofs that nobody asked for, sealed as River seals."""
        dice, beat = self.dice, next(self.beats)
        about = dice.choice([*self.claims, dice.randbytes(16), dice.randbytes(32)])
        keys = ((1, 1), (2, 1))
        named, parts = (dice.randbytes(4), (0, 2)) if dice.random() < 0.5 else (b"", ())
        kind = dice.choice([frames.PROOF_ASK, frames.PROOF_PART])
        body = proofframes.ask_body(proofframes.ProofAsk(beat, about, named, parts, keys))
        if kind == frames.PROOF_PART:
            body = about[:4] + dice.randbytes(4) + bytes([dice.randrange(256)]) + dice.randbytes(211)
        if dice.random() < 0.7:
            body = mutated(dice, [body])[:220]
        return proofframes._pack(kind, HILL, body, self.pair, self.here)


def drawn(dice: random.Random, beat: int, here: Directory) -> bytes:
    """A summary or an ask of River's with any claim, without its MAC."""
    far = dice.choice([3, 300, 1 << 20, 1 << 39])
    if dice.random() < 0.5:
        marks = {hub: Mark(dice.choice([1, 1, 1, 2, 900]), dice.randrange(far)) for hub in (RIVER, HILL)}
        return pack_summary(Summary(RIVER, beat, here.roster, marks, dice.randbytes(8)), here)[:-MAC_BYTES]
    spans = [
        Span(hub, dice.choice([1, 1, 2]), 1 + dice.randrange(far), far + dice.randrange(far))
        for hub in (RIVER, HILL)
    ]
    return pack_ask(Ask(RIVER, beat, tuple(spans)), here)[:-MAC_BYTES]


def test_mutated_control_frames_under_a_good_mac(radios: TwoRadios, said: list[bytes]) -> None:
    river = MadRiver(radios, said, random.Random(f"control {SEED}"))
    counts = fuzzed(radios, CONTROL, river.draw)
    assert counts["heard_summary"] + counts["heard_ask"] > CONTROL // 10
    assert counts["ignored_malformed"]
    assert counts["heard_coded"] > CONTROL // 20
    assert counts["decoded"]
    assert counts["proof_not_asked"]
    assert counts["proof_malformed"]
