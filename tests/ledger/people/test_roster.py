"""The roster in the book: numbered, chained, signed by the founders; and a trunk toward each hub."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.schema import RosterRow
from appliance.ledger.errors import BadEncoding, BadSignature, Code, Refusal
from appliance.ledger.keys import Certificate, KeySigner, RootPaper, new_seed, public_of
from appliance.ledger.people.roster import ROSTER_BEGIN, Admission, AdmitHub, last
from appliance.ledger.sealing import BoxKey
from tests.support.valley import HILL, LAKE, RIVER, Valley, made

POND = 110


@pytest.fixture
def valley(tmp_path: Path) -> Iterator[Valley]:
    found = Valley(tmp_path)
    yield found
    found.close()


def entry(valley: Valley, founders: RootPaper | None = None, **changes: Any) -> Admission:
    """The fourth entry of the roster: Pond is admitted. Changes come before all is signed."""
    with valley.hubs[RIVER].reading() as tx:
        seq, link = last(tx)
    root, signing = RootPaper.fresh(), public_of(new_seed())
    fields: dict[str, Any] = {
        "seq": seq + 1,
        "previous": link,
        "community": valley.hubs[RIVER].box.place.community,
        "hub": POND,
        "name": "Pond",
        "root_key": root.public,
        "box_key": BoxKey(root.box_secret).public,
        "signing_key": signing,
    } | changes
    first = Certificate(fields["community"], fields["hub"], 1, fields["signing_key"])
    fields["certificate"] = KeySigner("root:x", root.seed).sign(first.form())
    unsigned = Admission(**fields)
    signer = KeySigner("root:x", (founders or made().founders).seed)
    return replace(unsigned, signature=signer.sign(unsigned.form()))


def admit(valley: Valley, admission: Admission, hub: int = RIVER) -> Receipt | Refusal:
    return valley.hubs[hub].by_rule(AdmitHub(admission), "roster")


def test_the_roster_is_alike_everywhere(valley: Valley) -> None:
    columns = "seq, hub, name, root_key, box_key, incarnation, signing_key, hash"
    found = []
    for hub in valley.hubs.values():
        with hub.reading() as tx:
            found.append(tx.select(f"SELECT {columns} FROM roster ORDER BY seq"))
    assert found[0] == found[1] == found[2]
    assert [row[1] for row in found[0]] == [RIVER, HILL, LAKE]


def test_it_chains_from_the_beginning(valley: Valley) -> None:
    with valley.hubs[HILL].reading() as tx:
        rows = tx.rows(RosterRow.select().order_by(RosterRow.seq))
    assert entry(valley).previous == bytes(rows[-1].hash)
    assert bytes(32) == ROSTER_BEGIN


def test_a_hub_more_has_a_trunk_at_zero(valley: Valley) -> None:
    assert isinstance(admit(valley, entry(valley)), Receipt)
    assert valley.balances(RIVER)[-POND] == 0
    with valley.hubs[RIVER].reading() as tx:
        assert tx.select("SELECT sent, held, mismatch_entry FROM neighbour WHERE hub = ?", POND) == [
            (0, 0, None)
        ]
    assert POND not in [row.hub for row in valley.posts[HILL].roster()]


def refused(valley: Valley, admission: Admission) -> None:
    before = valley.hubs[RIVER].head()
    no = admit(valley, admission)
    assert isinstance(no, Refusal)
    assert no.code is Code.SETTING_WRONG
    assert valley.hubs[RIVER].head() == before


@pytest.mark.parametrize(
    "changes",
    [
        {"seq": 3},
        {"seq": 5},
        {"seq": 0},
        {"previous": bytes(32)},
        {"hub": HILL},
        {"hub": RIVER},
        {"hub": 100},
        {"hub": 1000},
        {"name": ""},
        {"name": "   "},
        {"name": "x" * 41},
        {"community": bytes(16)},
        {"box_key": bytes(32)},
    ],
    ids=str,
)
def test_an_entry_that_does_not_fit_is_refused(valley: Valley, changes: dict[str, Any]) -> None:
    refused(valley, entry(valley, **changes))


def test_only_the_founders_admit(valley: Valley) -> None:
    refused(valley, entry(valley, founders=made().papers[RIVER]))
    refused(valley, replace(entry(valley), signature=bytes(64)))


@pytest.mark.parametrize("name", ["name", "root_key", "box_key", "signing_key", "certificate", "hub"])
def test_a_field_changed_after_signing_is_refused(valley: Valley, name: str) -> None:
    good, other = entry(valley), entry(valley, hub=111, name="Pool")
    refused(valley, replace(good, **{name: getattr(other, name)}))


def test_a_first_key_that_the_hubs_root_did_not_sign_is_refused(valley: Valley) -> None:
    """The founders may be deceived about a key; the hub's own root says which it is."""
    good = entry(valley)
    wrong = replace(good, signing_key=public_of(new_seed()))
    signer = KeySigner("root:x", made().founders.seed)
    refused(valley, replace(wrong, signature=signer.sign(wrong.form())))
    with pytest.raises(BadSignature):
        replace(wrong, signature=signer.sign(wrong.form())).check(made().founders.public)


@pytest.mark.parametrize(
    "values",
    [None, [], "roster", [1] * 10, {}, 7, b"x"],
    ids=str,
)
def test_anything_else_is_no_entry(values: object) -> None:
    with pytest.raises(BadEncoding):
        Admission.from_list(values)


def test_an_entry_is_read_as_it_was_written(valley: Valley) -> None:
    good = entry(valley)
    assert Admission.from_list(good.to_list()) == good
    for place in range(10):
        values = good.to_list()
        values[place] = None
        with pytest.raises(BadEncoding):
            Admission.from_list(values)
