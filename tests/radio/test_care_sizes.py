"""Bytes on the air of care that people of another hub confirm: asks and answers for 2, 3, 5 and 7 of them.

Two real hubs say it, and the real frames are measured; docs/wire.md has the table that is printed here.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.ledger.book.records import Kind
from appliance.ledger.care.asks import AskFar
from appliance.ledger.care.rings import Node
from appliance.ledger.people.members import Approve
from appliance.ledger.values import RecordId
from appliance.radio import frames
from tests.ledger.care.across import asked, signature
from tests.ledger.care.caring import claim
from tests.radio.page import table
from tests.support.two_villages import HILL, RIVER, TwoVillages, directory, two_villages

COUNTS = (2, 3, 5, 7)


@pytest.fixture
def villages(tmp_path: Path) -> Iterator[TwoVillages]:
    """Hill with seven people who can confirm, beside its keeper; claims that wait thirty days for eight."""
    with two_villages(tmp_path, care={"quorum": 8, "expire_days": 30}) as made:
        for number in range(5):
            made.hill.do("Hana", Approve(made.hill.join(f"Helper {number}")))
        made.carry()
        yield made


def ask_and_answer(v: TwoVillages, names: list[str], ago: int, what: str = "") -> tuple[int, list[int]]:
    """Bytes of the ask, which is one frame, and of each answer, which is one frame as well."""
    made = claim(v.river, "Alice", ago=ago, what=what)
    v.river.do("Alice", AskFar(RecordId(made.record), tuple(Node(HILL, v.hill.numbers[n]) for n in names)))
    (ask,) = v.frames_of(RIVER)
    v.deliver(ask, HILL)
    answers: list[bytes] = []
    for name in names:
        v.hill.do(name, signature(v, name, asked(v, name)[0]))
        answers += v.frames_of(HILL)
    assert len(answers) == len(names)
    for data in answers:
        v.deliver(data, RIVER)
    assert all(len(data) <= frames.LONGEST_DATA for data in (ask, *answers))
    return len(ask), [len(data) for data in answers]


LONG = "cooked, washed, and sat with him until his daughter came"


def test_bytes_of_asks_and_answers(villages: TwoVillages, capsys: pytest.CaptureFixture[str]) -> None:
    """An ask is one record in one frame, however many are asked; the first answer of anybody brings the key along."""
    v = villages
    names = sorted(set(v.hill.numbers) - {"Hana"}, key=lambda name: v.hill.numbers[name])
    _, first = ask_and_answer(v, names, ago=0)
    rows = []
    for place, count in enumerate(COUNTS, 1):
        short, later = ask_and_answer(v, names[:count], 2 * place)
        long, _ = ask_and_answer(v, names[:count], 2 * place + 1, LONG)
        sums = (long + sum(first[:count]), long + sum(later))
        rows.append([str(n) for n in (count, short, long, max(first[:count]), max(later), *sums)])
    with capsys.disabled():
        print(
            "\nco-signers | ask, few words | ask, many words | first answer | later answer | in all, first | in all, later"
        )
        for row in rows:
            print(" | ".join(row))
    assert table("Co-signed care, in bytes") == rows


def test_the_frame_of_an_ask_is_sealed_for_its_hub(villages: TwoVillages) -> None:
    made = claim(villages.river, "Alice", what="cooked for him")
    villages.river.do("Alice", AskFar(RecordId(made.record), (Node(HILL, 2),)))
    (data,) = villages.frames_of(RIVER)
    assert b"cooked" not in data
    assert b"Alice" not in data
    opened = frames.open_data(data, directory(villages.hill.hub, villages.posts[HILL]))
    assert [(r.kind, r.to, r.amount) for r in opened.records] == [(Kind.CARE_ASK, HILL, 0)]
