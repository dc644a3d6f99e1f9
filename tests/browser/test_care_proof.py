"""The proof of care on paper: one A4 page, and every code on it is read by a camera."""

import io
import re
from collections.abc import Callable

import pytest
import zxingcpp
from PIL import Image

from appliance.ledger.care.proof.checking import verify
from appliance.ledger.people.founding import ChangeRules
from tests.browser.conftest import LARGEST_PAGE, Phone
from tests.ledger.care.caring import row
from tests.ledger.care.proof.proving import in_the_roster, proven
from tests.support.village import Village

pytestmark = pytest.mark.browser

Phones = Callable[..., Phone]


@pytest.mark.parametrize("signers", [2, 7])
def test_alice_prints_it_on_one_page_and_a_stranger_scans_it(
    village: Village, phone: Phones, signers: int
) -> None:
    village.do("Kira", ChangeRules("care", {"quorum": signers}, "assembly of May"))
    code = row(village, proven(in_the_roster(village), signers)).code
    alice = phone("Alice")
    answer = alice.page.goto(f"{alice.portal.address}/C/{code}/proof")
    assert answer is not None
    assert answer.ok
    print(signers, "co-signers:", len(answer.body()), "bytes")
    alice.page.emulate_media(media="print")
    pdf = alice.page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page[^s]", pdf)) == 1
    alice.page.set_viewport_size({"width": 1400, "height": 1980})
    picture = Image.open(io.BytesIO(alice.page.screenshot(full_page=True)))
    read = {found.text for found in zxingcpp.read_barcodes(picture)}
    held = verify("\n".join(read).encode(), (village.founders.public,))
    assert len(held.cosigners) == signers
    assert len(answer.body()) <= LARGEST_PAGE
