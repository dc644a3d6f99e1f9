"""The moments at which a radio's process may be made to die: none of them is missed."""

from types import SimpleNamespace
from typing import Any

import pytest

from appliance.radio.bundle import bundle
from tests.support.dying_radio import Frames

PAYMENT, ANSWER, SUMMARY = b"\x08payment", b"\x08answer", b"\x10summary"


class Asked:
    """A cut that never comes; ``moments`` are those at which it was asked for."""

    def __init__(self) -> None:
        self.moments: list[str] = []

    def at(self, *moments: str) -> None:
        self.moments += moments

    def asked(self, *moments: str) -> None:
        self.moments += moments


@pytest.mark.parametrize("packet", [PAYMENT, bundle([PAYMENT, SUMMARY], 1), bundle([SUMMARY, PAYMENT], 1)])
def test_a_payment_on_the_air_is_seen_alone_and_in_company(packet: bytes) -> None:
    cut: Any = Asked()
    frames = Frames(cut)
    frames._prefixes = {PAYMENT: "", ANSWER: "answer_"}
    link: Any = SimpleNamespace(radio=lambda: None)
    frames._taken(link, packet)
    assert cut.moments == ["inside", "on_air"]
    frames._taken(link, bundle([SUMMARY, ANSWER], 1))
    assert cut.moments[2:] == ["answer_inside", "answer_on_air"]


def test_what_carries_neither_is_no_moment() -> None:
    cut: Any = Asked()
    frames = Frames(cut)
    link: Any = SimpleNamespace(radio=lambda: None)
    frames._taken(link, SUMMARY)
    assert cut.moments == ["no_on_air"]
