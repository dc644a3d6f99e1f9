"""Care that is begun: what is kept of it, by whichever clock."""

from appliance.ledger.care import drafts
from appliance.ledger.care.drafts import CLAIM, MOST_DRAFTS
from appliance.ledger.clock import Instant, Millis, Quality
from tests.support.village import MONDAY_NOON, Village

DINA = 4


def keep(village: Village, number: int, ms: int) -> bytes:
    ident = number.to_bytes(16, "big")
    at = Instant(Millis(ms), Quality.RTC)
    assert drafts.keep(village.hub.store, ident, DINA, CLAIM, {"what": str(number)}, at)
    return ident


def kept(village: Village) -> set[bytes]:
    with village.hub.reading() as tx:
        return {one.id for one in drafts.all_of(tx, DINA)}


def test_the_oldest_goes_when_there_is_one_more(river: Village) -> None:
    made = [keep(river, n, MONDAY_NOON + n) for n in range(MOST_DRAFTS + 1)]
    assert kept(river) == set(made[1:])


def test_what_is_kept_now_stays_though_the_clock_was_set_back(river: Village) -> None:
    made = [keep(river, n, MONDAY_NOON + n) for n in range(MOST_DRAFTS)]
    late = keep(river, 99, MONDAY_NOON - 1_000_000)
    assert kept(river) == {late, *made[1:]}
