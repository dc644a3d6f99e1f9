"""``hub care``: a proof written here, checked there."""

from dataclasses import replace
from pathlib import Path

from click.testing import CliRunner, Result

from appliance.cli import main
from appliance.ledger.book.schema import Claim
from appliance.ledger.care.proof.checking import check
from appliance.ledger.cli_care import told
from appliance.ledger.values import show_code
from tests.ledger.care.across import ask, sign
from tests.ledger.care.caring import claim, row
from tests.ledger.care.proof.proving import in_the_roster, proof_of, proven
from tests.support.two_villages import two_villages
from tests.support.village import Village


def hub(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def code_of(village: Village, made: object) -> str:
    found: Claim = row(village, made)  # type: ignore[arg-type]
    return show_code(found.code)


def test_the_proof_is_written_here_and_holds_there(river: Village, tmp_path: Path) -> None:
    made, file = proven(in_the_roster(river)), tmp_path / "alice.proof"
    wrote = hub("care", "export", code_of(river, made), "--data", river.hub.data, "--out", file)
    assert wrote.exit_code == 0, wrote.output
    assert "2 co-signers" in wrote.output
    held = hub("care", "verify", file, "--root", river.founders.public.hex())
    assert held.exit_code == 0, held.output
    assert held.output.startswith(f"IT HOLDS. Claim {made.record.hex()} of hub 101, River.")
    assert "Member 2 gave 90 minutes of care (elder) on 2026-06-01: 1.50 h." in held.output
    assert "Old Tom" not in held.output
    assert "2 were needed: the hub says that it was enough." in held.output
    assert hub("care", "verify", file, "--data", river.hub.data).output == held.output


def test_a_co_signer_of_another_hub_is_named_with_whose_word_her_key_rests_on(tmp_path: Path) -> None:
    with two_villages(tmp_path / "v", care={"quorum": 1}) as two:
        made = claim(two.river, "Alice", 30)
        ask(two, made, "Alice", "Chandra")
        two.carry()
        sign(two, "Chandra")
        two.carry()
        file, root = tmp_path / "alice.proof", two.river.founders.public.hex()
        wrote = hub("care", "export", made.record.hex(), "--data", two.river.hub.data, "--out", file)
        assert "1 co-signers" in wrote.output
        held = hub("care", "verify", file, "--root", root)
        key = two.hill.signers["Chandra"].public.hex()[:16]
        assert f"Co-signed by member {two.hill.numbers['Chandra']} of hub 102" in held.output
        assert f"Key {key}, told by hub 102 on line" in held.output
        assert "as hub 101 says" in held.output


def test_no_text_of_a_proof_moves_the_cursor(river: Village) -> None:
    proof = proof_of(in_the_roster(river), proven(river))
    held = check(proof, (river.founders.public,))
    home = held.proof.home
    assert home.word.statement is not None
    stated = replace(home.word.statement, symbol="\x1b[2Jh")
    odd = replace(proof, hubs=(replace(home, word=replace(home.word, statement=stated)),))
    said = list(told(replace(held, proof=odd, said={**held.said, "category": "\x1b]0;x\x07"})))
    assert all(line.isprintable() for line in said), said


def test_with_words_only_when_asked(river: Village, tmp_path: Path) -> None:
    made, file = proven(in_the_roster(river)), tmp_path / "alice.proof"
    hub("care", "export", made.record.hex(), "--data", river.hub.data, "--out", file, "--words")
    held = hub("care", "verify", file, "--root", river.founders.public.hex())
    assert "In their words, cared_for: Old Tom" in held.output


def test_a_changed_file_does_not_hold_and_says_so_in_one_line(river: Village, tmp_path: Path) -> None:
    made, file = proven(in_the_roster(river)), tmp_path / "alice.proof"
    hub("care", "export", made.record.hex(), "--data", river.hub.data, "--out", file)
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(bytes(data))
    said = hub("care", "verify", file, "--root", river.founders.public.hex())
    assert said.exit_code == 1
    assert said.output.startswith("DOES NOT HOLD (")
    assert said.output.count("\n") == 1


def test_what_cannot_be_done_is_said_in_one_line(river: Village, tmp_path: Path) -> None:
    made, file = claim(in_the_roster(river), "Alice"), tmp_path / "alice.proof"
    here = ("--data", river.hub.data)
    assert "quorum_missing" in hub("care", "export", code_of(river, made), *here, "--out", file).output
    assert "unknown_claim" in hub("care", "export", "0000-0000", *here, "--out", file).output
    assert not file.exists()
    file.write_bytes(b"mine")
    done = proven(river)
    assert "is there already" in hub("care", "export", done.record.hex(), *here, "--out", file).output
    assert file.read_bytes() == b"mine"
    assert hub("care", "verify", file).exit_code == 2
    assert "64 hexadecimal digits" in hub("care", "verify", file, "--root", "12").output
    assert hub("care", "verify", tmp_path / "none", "--root", "0" * 64).exit_code == 2
    assert (
        "not_a_proof" in hub("care", "verify", file, "--root", "0" * 64).output
        or "damaged" in hub("care", "verify", file, "--root", "0" * 64).output
    )


def test_a_hub_in_no_roster_is_told_what_to_type(river: Village, tmp_path: Path) -> None:
    made, file = proven(river), tmp_path / "alice.proof"
    words = ("care", "export", made.record.hex(), "--data", river.hub.data, "--out", file)
    ended = hub(*words)
    assert ended.exit_code == 2
    assert "(hub_not_admitted)" in ended.output
    assert "hub community admit --data DIRECTORY first.roster" in ended.output
    assert not file.exists()
    in_the_roster(river)
    assert hub(*words).exit_code == 0
