"""Books that somebody wrote by hand, around the second keeper: every one is seen."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.ledger import boxfile
from appliance.ledger.book.store import Store
from appliance.ledger.book.verify import verify
from appliance.ledger.errors import BookDamaged
from appliance.ledger.keys import KeySigner
from appliance.ledger.people.seconds import TakeBack
from appliance.ledger.values import COMMONS, RecordId
from tests.ledger.book import tampering
from tests.support.keepers import appoint, clearing, dismissal, from_commons, payment, two
from tests.support.village import Village, a_village

Forged = tuple[str, dict[str, object], str]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> tuple[Village, dict[str, bytes]]:
    """River with the keepers Kira, Kofi and Lena, and open proposals of Kira's."""
    room = tmp_path_factory.mktemp("two") / "data"
    with a_village(room, credit={"commons_low": -2000}) as river:
        appoint(river, "Kofi", "Lena")
        found: dict[str, bytes] = {
            "lena": river.do("Kira", payment(river, "Lena", 900)).record,
            "large": river.do("Kira", payment(river, "Bob", 1900)).record,
            "done": two(river, "Kira", "Kofi", payment(river, "Bob", 600)).record,
            "office": river.do("Kira", dismissal(river, "Kofi")).record,
        }
        river.do("Lena", from_commons(river, "Dina", 400))
        river.pay("Alice", "Bob", 300)
        found["debt"] = river.do("Kira", clearing(river, "Alice")).record
        river.pay("Alice", "Bob", 1)
        gone = RecordId(river.do("Kira", payment(river, "Dina", 1)).record)
        river.do("Kira", TakeBack(gone))
        return river, found | {"gone": gone}


def _of(who: str, kind: str, **payload: object) -> Callable[[Village, dict[str, bytes]], Forged]:
    def make(river: Village, found: dict[str, bytes]) -> Forged:
        named = {
            name: found.get(value, river.numbers.get(value, value)) if isinstance(value, str) else value
            for name, value in payload.items()
        }
        return kind, named, who

    return make


FORGED = {
    "agreed by its own proposer": _of("Kira", "agree", proposal="large"),
    "agreed without a proposal": _of("Kofi", "agree", proposal=bytes(16)),
    "agreed by who is paid": _of("Lena", "agree", proposal="lena"),
    "agreed by no keeper": _of("Alice", "agree", proposal="large"),
    "agreed below the floor": _of("Lena", "agree", proposal="large"),
    "agreed by whose office it ends": _of("Kofi", "agree", proposal="office"),
    "agreed after it was taken back": _of("Kofi", "agree", proposal="gone"),
    "agreed to another balance": _of("Kofi", "agree", proposal="debt"),
    "a no by the proposer": _of("Kira", "object", proposal="large"),
    "taken back by another": _of("Kofi", "take_back", proposal="large"),
    "lapsed too early": _of("hub", "lapse_proposal", proposal="large"),
    "proposed by no keeper": _of(
        "Alice", "propose", act="pay_commons", terms={"payee": 3, "amount": 5, "category": "food"}
    ),
    "proposed for oneself": _of(
        "Kira", "propose", act="pay_commons", terms={"payee": 1, "amount": 5, "category": "food"}
    ),
    "proposed with terms of nothing": _of("Kira", "propose", act="pay_commons", terms={"payee": 3}),
    "an act that is none": _of("Kira", "propose", act="fly", terms={}),
    "paid to oneself": _of("Kira", "pay_commons", payee="Kira", amount=5, category="food"),
    "paid by no keeper": _of("Alice", "pay_commons", payee="Bob", amount=5, category="food"),
    "paid alone above the amount": _of("Kira", "pay_commons", payee="Bob", amount=501, category="food"),
    "paid alone in two halves": _of("Lena", "pay_commons", payee="Bob", amount=101, category="food"),
    "paid to the commons itself": _of("Kira", "pay_commons", payee=COMMONS, amount=5, category="food"),
    "the threshold raised alone": _of("Kira", "change_rules", group="credit", changes={"commons_two": 10**6}),
    "the floor moved alone": _of("Kira", "change_rules", group="credit", changes={"commons_low": -9999}),
    "the limits of all moved alone": _of("Kira", "change_rules", group="credit", changes={"low": -9999}),
    "care confirmed by one alone": _of("Kira", "change_rules", group="care", changes={"quorum": 1}),
    "undone alone what two agreed on": _of("Lena", "reverse", transfer="done"),
    "a keeper's PIN set by another": _of("Kira", "replace_key", member="Kofi", key=bytes(32)),
    "dismissed who is no keeper": _of("root", "dismiss_keeper", member="Bob"),
    "dismissed by a keeper": _of("Kira", "dismiss_keeper", member="Kofi"),
}
VERSIONS = {"change_rules": 2, "reverse": 2, "replace_key": 2}


@pytest.mark.parametrize("how", FORGED)
def test_an_act_around_the_second_keeper_is_seen(
    before: tuple[Village, dict[str, bytes]], how: str, tmp_path: Path
) -> None:
    river, found = before
    shutil.copytree(river.hub.data, tmp_path / "data")
    path = tmp_path / "data" / "ledger.db"
    kind, payload, who = FORGED[how](river, found)
    with tampering.card_in_hand(path) as db:
        signer = _signer(river, who)
        number = tampering.append_signed(db, kind, payload, signer, version=VERSIONS.get(kind, 1))
    store = Store.open(path)
    try:
        with pytest.raises(BookDamaged, match=f"entry {number}: .*(may not|fields are not)"):
            verify(store)
    finally:
        store.close()


def _signer(river: Village, who: str) -> KeySigner:
    if who == "root":
        return KeySigner("root:keeper", river.papers.hub.seed)
    if who == "hub":
        return KeySigner("hub:lapse", boxfile.read(river.hub.data).signing)
    return river.signers[who]


def test_the_book_before_is_whole(before: tuple[Village, dict[str, bytes]]) -> None:
    store = Store.open(before[0].hub.data / "ledger.db")
    try:
        verify(store)
    finally:
        store.close()
