"""The proof of settled care in the portal: for its carer and for keepers, a page to print and a file."""

import base64
import io
import re
from collections.abc import Callable

import zxingcpp
from PIL import Image

from appliance.ledger.book.schema import Claim
from appliance.ledger.care.proof.checking import verify
from tests.ledger.care.caring import claim, row
from tests.ledger.care.proof.proving import in_the_roster, proven
from tests.support.village import Village
from tests.web.conftest import OWN_SCREEN, Browser

SignedIn = Callable[..., Browser]


def code_of(village: Village) -> str:
    found: Claim = row(village, proven(in_the_roster(village)))
    return str(found.code)


def test_alice_opens_it_from_her_claim_and_prints_it(village: Village, signed_in: SignedIn) -> None:
    code, alice = code_of(village), signed_in("Alice")
    assert f"/C/{code}/proof" in alice.get(f"/C/{code}").text
    page = alice.get(f"/C/{code}/proof")
    assert page.status_code == 200
    for words in ("Proof of care", "Alice", "Bob", "Chandra", "1.50", "it was never changed"):
        assert words in page.text, words
    assert "Old Tom" not in page.text
    assert "Old Tom" in alice.get(f"/C/{code}/proof?words=1").text


def test_the_texts_under_the_codes_are_the_proof(village: Village, signed_in: SignedIn) -> None:
    page = signed_in("Alice").get(f"/C/{code_of(village)}/proof").text
    texts = re.findall(r"<code>(TCH:CARE:[^<]+)</code>", page)
    pictures = [
        Image.open(io.BytesIO(base64.b64decode(code))) for code in re.findall(r'base64,([^"]+)"', page)
    ]
    large = [one.convert("L").resize((4 * one.width, 4 * one.height)) for one in pictures]
    assert [found.text for one in large for found in zxingcpp.read_barcodes(one)] == texts
    held = verify("\n".join(texts).encode(), (village.founders.public,))
    assert held.carer == village.numbers["Alice"]


def test_the_file_is_the_proof(village: Village, signed_in: SignedIn) -> None:
    answer = signed_in("Alice").get(f"/C/{code_of(village)}/proof.file")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert verify(answer.data, (village.founders.public,)).words is None


def test_a_keeper_at_the_desk_opens_it_and_others_do_not(village: Village, signed_in: SignedIn) -> None:
    code = code_of(village)
    assert signed_in("Kira", OWN_SCREEN).get(f"/C/{code}/proof").status_code == 200
    for name in ("Bob", "Dina"):
        other = signed_in(name)
        assert other.get(f"/C/{code}/proof").status_code == 404
        assert other.get(f"/C/{code}/proof.file").status_code == 404
        assert f"/C/{code}/proof" not in other.get(f"/C/{code}").text


def test_care_that_is_not_confirmed_has_none_and_says_why(village: Village, signed_in: SignedIn) -> None:
    code = row(in_the_roster(village), claim(village, "Alice")).code
    alice = signed_in("Alice")
    assert f"/C/{code}/proof" not in alice.get(f"/C/{code}").text
    answer = alice.get(f"/C/{code}/proof")
    assert answer.status_code == 404
    assert "confirm" in answer.text


def test_a_hub_in_no_roster_says_so(village: Village, signed_in: SignedIn) -> None:
    code = row(village, proven(village)).code
    assert "has not been admitted" in signed_in("Alice").get(f"/C/{code}/proof").text
