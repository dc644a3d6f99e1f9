"""The power goes while a pile of paper slips is typed in: between two rows, before the commit, after it."""

import re
from pathlib import Path

import pytest

from appliance.ledger.book.verify import verify
from appliance.ledger.clock import SystemClock
from appliance.ledger.hub import Hub
from appliance.ledger.money.slips import DAY_MS
from appliance.ledger.reads import slips
from appliance.web.wording.labels import as_date
from tests.support.phone import LOST, TOKEN, Phone
from tests.support.portal import Portal
from tests.support.power_cut import arm
from tests.support.village import PIN, Village, a_village

ROWS = 6


def typed(river: Village) -> dict[str, str]:
    """Six slips round the ring, a quarter of an hour each."""
    day = as_date(SystemClock().now().ms // DAY_MS - 1).isoformat()
    ring = [river.account(name).short for name in ("Alice", "Bob", "Chandra")]
    form = {"do": "check", "count": str(ROWS), "total": "1.50"}
    for n in range(ROWS):
        form |= {
            f"a{n + 1}": ring[n % 3],
            f"b{n + 1}": ring[(n + 1) % 3],
            f"c{n + 1}": "0.25",
            f"d{n + 1}": day,
        }
        form |= {f"g{n + 1}": "1"}
    return form


def in_the_book(data: Path) -> list[int]:
    """How many slips each pile has, after everything was verified."""
    hub = Hub.open(data)
    try:
        verify(hub.store)
        with hub.reading() as tx:
            found, _ = slips.piles(tx)
            (loose,) = tx.first("SELECT COUNT(*) FROM transfer WHERE kind = 'slip'") or (0,)
    finally:
        hub.close()
    assert sum(pile.count for pile in found) == loose
    return [pile.count for pile in found]


@pytest.mark.parametrize(
    ("moment", "number", "left"),
    [("row", 1, []), ("row", 4, []), ("row", ROWS, []), ("before_slip", 0, []), ("after_slip", 0, [ROWS])],
)
def test_all_of_the_pile_or_none_and_sent_again_it_is_there_once(
    tmp_path: Path, moment: str, number: int, left: list[int]
) -> None:
    with a_village(tmp_path / "river") as river:
        number_of_kira, form = river.account("Kira").short, typed(river)
    flag = tmp_path / "cut"
    with Portal(tmp_path / "river", dies_before_answering=flag) as portal:
        kira = Phone(portal.port, number_of_kira)
        kira.sign_in()
        page = kira.ask("GET", "/desk/slips/new").text
        path = re.findall(r"/desk/slips/draft/[0-9a-f]{32}", page)[0]
        saved = kira.ask("POST", path, form | {"csrf_token": TOKEN.findall(page)[0]})
        assert saved.where == f"{path}/check", saved.words
        page = kira.ask("GET", saved.where).text
        seen = re.findall(r'name="seen" value="([0-9a-f]+)"', page)[0]
        signed = {"csrf_token": TOKEN.findall(page)[0], "seen": seen, "pin": PIN}
        arm(flag, moment, number)
        with pytest.raises(LOST):
            kira.ask("POST", saved.where, signed)
        kira.hang_up()
        assert portal.ended(20) == -9
        portal.kill()
        assert in_the_book(tmp_path / "river") == left

        portal.start()
        again = kira.ask("POST", saved.where, signed)
        assert again.where.startswith(path.replace("draft", "pile")), again.words
        kira.hang_up()
    assert in_the_book(tmp_path / "river") == [ROWS]
