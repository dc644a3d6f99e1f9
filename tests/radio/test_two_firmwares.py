"""River's node has firmware 2.7, Hill's 2.8, which signs what is short: they pay each other all the same."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from appliance.radio.airtime import LONGEST_PAYLOAD
from appliance.radio.emulated.node import Node
from tests.support.paying_pair import paying_pair

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LONGEST_SIGNED = 165


def test_payments_go_both_ways_between_firmware_27_and_28(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: Counter[tuple[str, bool]] = Counter()
    from_air = Node.from_air

    def noted(node: Node, packet: Any, *more: Any) -> None:
        fits = len(packet.payload) <= LONGEST_SIGNED
        assert packet.signed is (node.setup.name == "River" and fits), (
            "Hill's signs what is short, River's nothing"
        )
        heard[node.setup.name, packet.signed] += 1
        from_air(node, packet, *more)

    monkeypatch.setattr(Node, "from_air", noted)
    with paying_pair(tmp_path, monkeypatch, signs=True) as pair:
        for number in range(3):
            pair.pay()
            pair.settled(f"payment {number}")
        firmware = {station.name: station.firmware for station in pair.stations}
        pair.check_books()
    assert firmware == {"River": "2.7.26.emulated", "Hill": "2.8.0.emulated"}
    assert heard["River", True]
    assert heard["Hill", False]
    assert LONGEST_SIGNED < LONGEST_PAYLOAD
