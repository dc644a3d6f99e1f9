"""``hub care let``, ``ask`` and ``asked``: what a keeper types to have a proof from another hub."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from appliance.cli import main
from appliance.ledger import proofpost
from appliance.ledger.book.local import ProofAsked
from appliance.ledger.values import show_code
from tests.ledger.care.across import ask as ask_people
from tests.ledger.care.across import asked as asked_here
from tests.ledger.care.caring import claim, row
from tests.support.two_villages import TwoVillages, two_villages


@pytest.fixture
def villages(tmp_path: Path) -> Iterator[TwoVillages]:
    with two_villages(tmp_path) as made:
        yield made


def hub(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def rows(villages: TwoVillages) -> list[ProofAsked]:
    with villages.hill.hub.reading() as tx:
        return proofpost.asked(tx)


def test_a_keeper_lets_a_hub_have_it_and_is_told_what_to_type_there(villages: TwoVillages) -> None:
    made = claim(villages.river, "Alice")
    code = show_code(row(villages.river, made).code)
    told = hub("care", "let", code, 102, "--data", villages.river.hub.data)
    assert told.output == (
        f"Hub 102 may ask for it. There: hub care ask 101 {made.record.hex()} --data DIRECTORY\n"
    )
    assert hub("care", "let", code, 102, "--data", villages.river.hub.data).exit_code == 0


def test_what_cannot_be_let_or_asked_for_is_said_in_one_line(villages: TwoVillages) -> None:
    river, hill = villages.river.hub.data, villages.hill.hub.data
    for words, line in (
        (("let", "ZZZZ", 102, "--data", river), "Error: no claim of this hub has that code or id\n"),
        (("let", "ZZZZ", 103, "--data", river), "Error: 103 is not another hub of this community\n"),
        (("ask", 102, "00" * 16, "--data", hill), "Error: 102 is not another hub of this community\n"),
        (("ask", 101, "K7Q2", "--data", hill), "Error: a claim's id has 32 hexadecimal digits"),
    ):
        ended = hub("care", *words)
        assert ended.exit_code == 2
        assert ended.output.startswith(line)
    assert rows(villages) == []


def test_how_it_stands_is_told(villages: TwoVillages) -> None:
    data = villages.hill.hub.data
    assert hub("care", "asked", "--data", data).output == "No proof has been asked for.\n"
    about = "ab" * 16
    assert hub("care", "ask", 101, about, "--data", data).exit_code == 0
    waits = "asked, nothing is here yet; the radio does not run (hub radio run)"
    assert hub("care", "asked", "--data", data).output == f"Hub 101, {about}: {waits}.\n"
    for change, line in (
        ({"held": 2, "parts": 3}, "asked, 2 of 3 parts are here; the radio does not run (hub radio run)"),
        ({"state": "silent"}, "no answer, 2 of 3 parts are here; ask again: hub care ask"),
        ({"state": "bad", "why": "too_few"}, "DOES NOT HOLD (too_few)"),
    ):
        with villages.hill.hub.store.write() as tx:
            tx.update(ProofAsked, {"hub": 101, "about": bytes.fromhex(about)}, **change)
        assert hub("care", "asked", "--data", data).output == f"Hub 101, {about}: {line}.\n"
    hub("care", "ask", 101, about, "--data", data)
    (again,) = rows(villages)
    assert (again.state, again.why, again.held) == ("asked", "", 0)


def test_a_proof_that_holds_is_kept_while_a_newer_one_is_asked_for(
    villages: TwoVillages, tmp_path: Path
) -> None:
    data, about = villages.hill.hub.data, "ab" * 16
    hub("care", "ask", 101, about, "--data", data)
    with villages.hill.hub.store.write() as tx:
        tx.update(
            ProofAsked, {"hub": 101, "about": bytes.fromhex(about)}, state="valid", parts=3, proof=b"proof"
        )
    assert hub("care", "asked", "--data", data).output == f"Hub 101, {about}: IT HOLDS (3 parts).\n"
    hub("care", "ask", 101, about, "--data", data)
    told = hub("care", "asked", "--data", data, "--out", tmp_path).output
    assert "asked, nothing is here yet" in told
    assert "an earlier one that holds is here" in told
    assert (tmp_path / f"101-{about}.proof").read_bytes() == b"proof"
    assert "is there already" in hub("care", "asked", "--data", data, "--out", tmp_path).output


def test_an_ask_to_people_here_names_the_claim_by_its_terms(villages: TwoVillages) -> None:
    made = claim(villages.river, "Alice")
    ask_people(villages, made, "Alice", "Chandra")
    villages.carry()
    address = f"http://hill.hub.internal/care/asked/{bytes(asked_here(villages, 'Chandra')[0].id).hex()}"
    hub("care", "ask", 101, address, "--data", villages.hill.hub.data)
    assert [bytes(one.about) for one in rows(villages)] == [bytes(row(villages.river, made).terms)]


def test_more_than_sixty_four_at_a_time_wait(villages: TwoVillages) -> None:
    data = villages.hill.hub.data
    with villages.hill.hub.store.write() as tx:
        for number in range(proofpost.MOST_ASKED):
            assert proofpost.ask(tx, 101, number.to_bytes(16, "big"), villages.clock.now())
    ended = hub("care", "ask", 101, "ff" * 16, "--data", data)
    assert ended.output.startswith("Error: 64 proofs are being asked for already")
    assert hub("care", "ask", 101, "00" * 16, "--data", data).exit_code == 0
    assert len(rows(villages)) == proofpost.MOST_ASKED
