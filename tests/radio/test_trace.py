"""What a trace tells whoever looks on, in JSON and in words."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from appliance.ledger.book.records import Kind
from appliance.ledger.values import Unit
from appliance.radio import proofframes, trace_text
from appliance.radio.bundle import bundle, split
from appliance.radio.coding import pack_coded
from appliance.radio.directory import Directory
from appliance.radio.ports import Heard, Refused
from appliance.radio.proofframes import ProofAsk, ProofPart
from appliance.radio.show import describe, kind_name
from appliance.radio.trace import SOCKET, Trace
from appliance.radio.trace_text import FRAMES, KINDS, Totals, Words, chosen, kind_of
from tests.radio import test_certificates
from tests.radio.community import a_record, pack, pair_key
from tests.radio.test_hostile import DIRECTORY, MAKERS, originals
from tests.support.two_radios import TwoRadios, two_radios

WORDS = Words(Unit("hour", "h", 2), {101: "River", 102: "Hill"})


def a_frame_of_each() -> dict[str, tuple[bytes, Directory]]:
    """Of every type, with who could read it."""
    made = {kind: (originals(kind, 1)[0], DIRECTORY) for kind in MAKERS}
    parts = {(101, n, n): pack([a_record(n)], DIRECTORY) for n in (1, 2)}
    asked, pair = ProofAsk(1, bytes(16)), pair_key(101, 102)
    part = ProofPart(b"4444", b"4444", 0, 1, b"the whole")
    return made | {
        "coded": (pack_coded(parts, DIRECTORY, Random(1)), DIRECTORY),
        "certificate": (test_certificates.a_frame(), test_certificates.DIRECTORY),
        "proof_ask": (proofframes.pack_ask(asked, 102, pair, DIRECTORY), DIRECTORY),
        "proof_part": (proofframes.pack_part(part, 102, pair, DIRECTORY), DIRECTORY),
        "stranger": (b"hello", DIRECTORY),
    }


class Looking:
    """Somebody who looks on at a service that lives turn by turn."""

    def __init__(self, line: socket.socket) -> None:
        self._line, self._rest = line, b""

    def lines(self) -> list[dict[str, Any]]:
        """What was told since the last call; a process's own state left out."""
        try:
            while data := self._line.recv(1 << 16):
                self._rest += data
        except BlockingIOError:
            pass
        *whole, self._rest = self._rest.split(b"\n")
        return [line for line in map(json.loads, whole) if "status" not in line]


@contextmanager
def looking(radios: TwoRadios, name: str) -> Iterator[Looking]:
    service = radios.services[name]
    data = service._hub.data
    service._trace = trace = Trace(data, service.status)
    try:
        with socket.socket(socket.AF_UNIX) as line:
            place = os.open(data, os.O_RDONLY)
            line.connect(f"/proc/self/fd/{place}/{SOCKET}")
            os.close(place)
            line.setblocking(False)
            service.step()
            yield Looking(line)
    finally:
        service._trace = None
        trace.close()


def test_what_was_lost_refused_and_of_no_use_is_told(tmp_path: Path) -> None:
    with two_radios(tmp_path) as radios, looking(radios, "hill") as hill:
        radios.live(60)
        first = hill.lines()
        assert {kind_of(line) for line in first} == {"link", "summary"}

        radios.links["hill"].hears = lambda _: False  # two summaries of River's get lost
        service = radios.services["river"]
        said = len(radios.links["river"].sent)
        assert radios.live(3600, lambda: len(radios.links["river"].sent) >= said + 2)
        radios.links["hill"].hears = lambda _: True
        before = hill.lines()
        assert not [line for line in before if line["direction"] == "lost"]
        radios.villages.send("Alice", "Chandra", 250)
        assert radios.live(3600, lambda: radios.state() == [("arrived", None)])
        told = hill.lines()
        (lost,) = [line for line in told if line["direction"] == "lost"]
        beats = service.status()["engine"]["counts"]
        assert (lost["from"], lost["packets"] >= 2) == (101, True), beats

        old = radios.links["river"].sent[0]
        radios.links["hill"].events.append(Heard(old, 5.0, -90, 2))
        radios.links["hill"].events.append(Heard(b"hello", 5.0, -90, 0))
        radios.links["hill"].refusals.append(Refused("DUTY_CYCLE_LIMIT", 60.0))
        radios.villages.send("Chandra", "Alice", 175)
        assert radios.live(3600, lambda: radios.state("hill") == 2 * [("arrived", None)])
        radios.links["hill"].unplug()
        radios.live(5)
        told = hill.lines()
        texts = [WORDS.line(line) for line in told]
        assert any(line.get("ignored") == "old_beat" for line in told)
        assert [kind_of(line) for line in told].count("stranger") == 1
        refused, *rode = [line for line in told if line["direction"] == "refused"]
        assert (refused["reason"], refused["wait"], refused["type"]) == ("DUTY_CYCLE_LIMIT", 60.0, "data")
        assert len(rode) + 1 == refused.get("parts", 1), "what was in the packet with it"
        for words in (
            "said before, played again",
            "no frame of ours: ",
            "(DUTY_CYCLE_LIMIT), not before 60 s",
        ):
            assert any(words in text for text in texts), words
        assert texts[-1].endswith("the radio is down (unplugged)")
        assert any("payment 1.75 h, for River" in text for text in texts)

        totals = Totals()
        for line in told:
            totals.add(line)
        heard, sent, lost_ = totals.lines()
        assert heard.startswith("heard    ")
        assert "stranger 1" in heard
        said_records = [line for line in told if (line["direction"], line.get("type")) == ("sent", "data")]
        assert said_records
        assert f"data {len(said_records)}" in sent
        assert lost_ == "lost     0 on the way to us; 1 not taken by the radio"


def test_every_kind_of_frame_and_record_has_words_and_can_be_chosen() -> None:
    assert set(trace_text._RECORDS) == {kind_name(kind) for kind in Kind}
    frames = a_frame_of_each()
    assert set(frames) == set(FRAMES)
    for name, (data, directory) in frames.items():
        line = {"at_ms": 153_000, "direction": "heard", "seconds": 0.5, **describe(data, directory)}
        assert kind_of(line) == name
        assert "later release" not in WORDS.line(line)
        assert chosen(line, [], [name])
        assert not chosen(line, [], [kind for kind in KINDS if kind != name])
        assert chosen(line, [line.get("from", 0)], []) or name == "stranger"
        assert not chosen(line, [999], [])


def test_frames_of_one_packet_are_shown_as_that() -> None:
    summary = originals("summary", 1)[0]
    data = bundle([summary, originals("ask", 1)[0]], 1)
    assert len(split(data)) == 2
    told: list[dict[str, Any]] = []
    trace = Trace.__new__(Trace)
    trace.tell = told.append  # type: ignore[assignment]
    trace.packet(153_000, "sent", data, 1.0, DIRECTORY, {"sending": "summary"})
    assert [(line["part"], line["parts"], line["type"]) for line in told] == [
        (1, 2, "summary"),
        (2, 2, "ask"),
    ]
    assert round(sum(line["seconds"] for line in told), 2) == 1.0
    assert [WORDS.line(line)[:16] for line in told] == ["00:02:33 UTC >  ", "00:02:33 UTC >+ "]
