"""A proof of care asked for with ``hub care ask``, over two emulated nodes and the real library."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from appliance.cli import main
from tests.ledger.care.caring import claim, cosign, let_in, row
from tests.support.paying_pair import paying_pair

pytestmark = [pytest.mark.timeout(300)]


def hub(*words: object) -> str:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.output


def test_hill_asks_river_and_has_the_proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with paying_pair(tmp_path, monkeypatch) as pair:
        river, data = pair.villages.river, pair.villages.hill.hub.data
        let_in(river, "Edda")
        made = claim(river, "Alice")
        cosign(river, made, "Bob", "Edda")
        assert row(river, made).state == "paid"
        said = hub("care", "let", made.record.hex(), 102, "--data", river.hub.data)
        assert f"hub care ask 101 {made.record.hex()}" in said
        hub("care", "ask", 101, made.record.hex(), "--data", data)
        pair.until(lambda: "IT HOLDS" in hub("care", "asked", "--data", data), "no proof came")
        hub("care", "asked", "--data", data, "--out", tmp_path)
        (file,) = tmp_path.glob("*.proof")
        held = hub("care", "verify", file, "--root", river.founders.public.hex())
        assert held.startswith(f"IT HOLDS. Claim {made.record.hex()} of hub 101, River.")
        print(hub("care", "asked", "--data", data))
