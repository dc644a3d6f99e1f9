"""The desk says in time that the card fills up."""

from appliance.ledger import settings
from appliance.ledger.book import room
from tests.web.conftest import OWN_SCREEN

MORE_THAN_ANY_DISK = 1_000_000


def low(village, megabytes: int) -> None:
    (village.hub.data / settings.FILE).write_text(f"low_mb = {megabytes}\n")


def test_keepers_read_how_full_the_card_is_only_when_it_matters(village, signed_in) -> None:
    kira = signed_in("Kira", OWN_SCREEN)
    low(village, 0)
    room.tend(village.hub.data, village.hub.store.path)
    assert kira.get("/health").json["card"]["level"] == "well"
    assert "MB are left" not in kira.get("/desk").text
    low(village, MORE_THAN_ANY_DISK)
    assert "The hub's card fills up" in kira.get("/desk").text.replace("&#39;", "'")
    assert kira.get("/health").json["card"]["level"] == "low"
    room.give_up(village.hub.data)
    told = kira.get("/desk").text.replace("&#39;", "'")
    assert "The hub's card is nearly full" in told
    assert "Back it up to a stick now" in told
    assert "MB are left" not in signed_in("Alice").get("/").text
