"""The desk's neighbours: the radio, the post, the trunk and its limits, payments that wait; and what /health tells of it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.ledger.book import feed
from appliance.ledger.book.schema import Neighbour
from appliance.ledger.reads.radio import LOCK, Air, RadioState, keep_air, keep_radio_state
from appliance.radio.events import Sending
from appliance.radio.links.session import Trouble
from appliance.radio.refusals import DUTY_CYCLE, HELD_BACK
from appliance.radio.service import only_one
from appliance.web.wording import radio
from tests.support.two_villages import HILL, RIVER, two_villages
from tests.web.conftest import OWN_SCREEN, PHONE, Browser
from tests.web.money.test_crossing import words
from tests.web.villages import Portals, portals


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Portals]:
    with two_villages(tmp_path) as two:
        yield portals(two)


@pytest.fixture
def kira(here: Portals) -> Browser:
    return here.at("Kira", OWN_SCREEN)


@pytest.fixture
def hana(here: Portals) -> Browser:
    return here.at("Hana", OWN_SCREEN)


def set_up(here: Portals, setting: str = "tcp://127.0.0.1:4403") -> None:
    """A keeper names River's radio."""
    (here.two.river.hub.data / "hub.toml").write_text(f'radio = "{setting}"\n', "utf-8")


@contextmanager
def radio_process(here: Portals, state: str = "up", reason: str = "", firmware: str = "") -> Iterator[None]:
    """River's radio process lives, as far as others can see it."""
    hub = here.two.river.hub
    now = hub.clock.now()
    address = "tcp://127.0.0.1:4403"
    told = RadioState(state, reason, now.ms, int(now.quality), address, "!a1b2", "MEDIUM_FAST", firmware)
    with only_one(hub.data, lambda: hub.clock.now().ms):
        with hub.store.write() as tx:
            keep_radio_state(tx, told)
        yield


class TestWho:
    @pytest.mark.parametrize("path", ["/desk/neighbours", "/desk/neighbours/102", f"/desk/held/{'00' * 16}"])
    def test_keepers_at_the_own_screen_only(self, here, path):
        assert here.at("Kira", PHONE).get(path).status_code == 403
        assert here.at("Alice", OWN_SCREEN).get(path).status_code == 403

    def test_no_such_neighbour(self, kira):
        for path in ("/desk/neighbours/105", f"/desk/neighbours/{RIVER}", "/desk/held/zz"):
            assert kira.get(path).status_code == 404
        assert "does not wait any more" in words(kira.get(f"/desk/held/{'00' * 16}"))

    def test_the_desk_leads_there(self, kira):
        assert "/desk/neighbours" in kira.get("/desk").text


class TestTheRadio:
    def test_none_is_set_up(self, kira):
        assert "No radio is set up here." in words(kira.get("/desk/neighbours"))

    def test_it_works(self, here, kira):
        set_up(here)
        with radio_process(here):
            here.two.clock.advance(3600_000)
            page = words(kira.get("/desk/neighbours"))
        for said in (
            "The radio works.",
            "Radio !a1b2",
            "MEDIUM_FAST",
            "tcp://127.0.0.1:4403",
            "60 minutes ago",
        ):
            assert said in page

    @pytest.mark.parametrize(
        ("firmware", "said"),
        [
            ("2.5.20.4c97351", "older than this hub knows"),
            ("2.7.26.54e0d8d", ""),
            ("2.8.0.7239fe8", ""),
            ("3.0.1.aaaaaaa", "newer than this hub knows"),
            ("10.1.0", "newer than this hub knows"),
            ("", ""),
            ("of my own making", ""),
        ],
    )
    def test_its_firmware_is_shown_with_a_warning_where_one_is_due(self, here, kira, firmware, said):
        set_up(here)
        with radio_process(here, firmware=firmware):
            page = words(kira.get("/desk/neighbours"))
        assert firmware in page
        assert ("than this hub knows" in page) is bool(said)
        assert said in page
        assert ("signs short packets" in page and "BALANCED" in page) is firmware.startswith("2.8.")

    def test_it_works_and_nobody_was_heard_yet(self, here, kira):
        set_up(here)
        nobody = "No neighbour has been heard yet"
        with radio_process(here, "down", "unplugged"):
            assert nobody not in words(kira.get("/desk/neighbours"))
        with radio_process(here):
            assert nobody in words(kira.get("/desk/neighbours"))
            here.two.hear(RIVER)
            assert nobody not in words(kira.get("/desk/neighbours"))

    def test_while_it_is_looked_for_nothing_is_wrong(self, here, kira):
        set_up(here)
        with radio_process(here, "connecting"):
            page = kira.get("/desk/neighbours").text
        assert "The hub is looking for its radio." in page
        assert 'class="why-not"' not in page

    def test_the_air_of_the_last_day_is_a_chart_with_its_figures(self, here, kira):
        set_up(here)
        hour = here.two.clock.now().ms // 3_600_000
        noted = Air(
            ((hour - 30, 900), (hour - 2, 120), (hour, 40)), {"heard": 300, "sent_data": 1}, {HILL: 12}
        )
        with radio_process(here):
            with here.two.river.hub.store.write() as tx:
                keep_air(tx, noted)
            page = kira.get("/desk/neighbours")
            other = words(kira.get(f"/desk/neighbours/{HILL}"))
        chart = page.text.split('class="chart"')[1].split("</svg>")[0]
        assert len(re.findall(r"v-[0-9.]+h", chart)) == 2, "what is older than a day is not drawn"
        rows = re.findall(r"<tr><td>[^<]+</td><td>(\d+) %</td></tr>", page.text)
        assert [int(one) for one in rows] == [4, 0, 12, *[0] * 21], "the same as a table, the last hour first"
        for said in ("At most 12 % in an hour.", "Heard from all 5 minutes", "Our own news 1 second"):
            assert said in words(page)
        assert "Lost on the way 12 %" in other

    def test_all_that_the_radio_says_has_a_line_of_its_own(self, here, kira):
        set_up(here)
        kinds = [f"sent_{sending}" for sending in Sending]
        assert set(radio.FOR) == {"heard", *kinds}
        spent = {kind: number for number, kind in enumerate(kinds, 11)}
        with radio_process(here):
            with here.two.river.hub.store.write() as tx:
                keep_air(tx, Air(((here.two.clock.now().ms // 3_600_000, 40),), spent, {}))
            page = words(kira.get("/desk/neighbours"))
        for number in spent.values():
            assert f"{number} seconds" in page
        assert "News that a hub was restored" in page

    def test_before_anything_was_noted_there_is_no_chart(self, here, kira):
        set_up(here)
        with radio_process(here):
            assert '<svg class="chart"' not in kira.get("/desk/neighbours").text
            assert "Lost on the way" not in words(kira.get(f"/desk/neighbours/{HILL}"))

    def test_its_process_does_not_run(self, here, kira):
        set_up(here)
        with radio_process(here):
            pass
        page = words(kira.get("/desk/neighbours"))
        assert "The radio's program is not running." in page.replace("&#39;", "'")
        assert "The radio works." not in page

    def test_a_setting_nobody_understands(self, here, kira):
        set_up(here, "carrier pigeon")
        assert "hub.toml cannot be understood" in words(kira.get("/desk/neighbours"))

    def test_it_is_out_of_reach_and_why(self, here, kira):
        set_up(here)
        with radio_process(here, "down", Trouble.UNPLUGGED):
            page = words(kira.get("/desk/neighbours"))
        assert "The radio cannot be reached. The radio was unplugged. Plug it in again." in page

    def test_it_is_there_and_may_not_send(self, here, kira):
        set_up(here)
        with radio_process(here, "up", Trouble.REGION_UNSET):
            page = words(kira.get("/desk/neighbours"))
        assert "The radio is there, but cannot send." in page
        assert "region" in page

    def test_it_has_been_on_the_air_as_long_as_it_may(self, here, kira):
        set_up(here)
        with radio_process(here, "up", DUTY_CYCLE):
            page = words(kira.get("/desk/neighbours"))
        assert "The radio is there, but cannot send." in page
        assert "It goes on by itself; what waits is not lost." in page

    def test_every_trouble_a_link_can_have_has_words(self, here):
        of_links = {str(trouble) for trouble in Trouble}
        # hub.toml's, and those that the service itself says of its box.
        of_the_box = {radio.SETTING_WRONG, "stale", radio.QUIET, radio.TWIN}
        assert of_links | HELD_BACK == {*radio.REASONS} - of_the_box
        with here.apps[RIVER].test_request_context():
            assert all(say().endswith((".", "?")) for say in radio.REASONS.values())


class TestThePost:
    def test_never_heard(self, here, kira):
        here.two.send("Alice", "Chandra", 250)
        page = words(kira.get("/desk/neighbours"))
        assert "Last heard never" in page
        assert "Waits to be sent 1 item" in page
        assert "We owe Hill 2.50 h" in page
        assert "On its way there 2.50 h" in page

    def test_in_sync(self, here, kira):
        here.two.send("Alice", "Chandra", 250)
        here.two.carry()
        here.two.hear(RIVER, snr=-6.5, hops=1)
        here.two.clock.advance(120_000)
        page = words(kira.get("/desk/neighbours"))
        assert "Last heard 2 minutes ago Post both have everything" in page
        page = words(kira.get(f"/desk/neighbours/{HILL}"))
        assert "Signal to noise −6.5 dB" in page
        assert "Passed on by 1 radio" in page

    def test_an_answer_shows_what_is_there(self, here, kira):
        here.two.hear(RIVER)
        here.two.send("Alice", "Chandra", 250)
        here.two.carry()
        assert "Post both have everything" in words(kira.get("/desk/neighbours"))

    def test_how_far_behind(self, here, kira):
        here.two.send("Alice", "Chandra", 250)
        here.two.hear(RIVER, theirs=3)
        page = words(kira.get("/desk/neighbours"))
        assert "Not here yet 3 items" in page
        assert "Not there yet 1 item" in page

    def test_what_does_not_add_up_is_told_with_what_to_do(self, here, kira):
        with here.two.river.hub.store.write() as tx:
            tx.update(Neighbour, {"hub": HILL}, mismatch_entry=1)
        page = words(kira.get("/desk/neighbours"))
        assert "What Hill says of our accounts is not what our book says." in page
        assert "Trading at home goes on." in page

    def test_two_stories(self, here, kira):
        with here.two.river.hub.store.write() as tx:
            row = feed.state(tx, HILL, 1)
            row.forked = True
            feed.save(tx, row)
        page = words(kira.get(f"/desk/neighbours/{HILL}"))
        assert "Hill has sent two different posts under one number." in page


class TestHowFar:
    def test_a_keeper_says_it_changes_it_and_takes_it_back(self, here, kira):
        page = kira.get(f"/desk/neighbours/{HILL}")
        assert "on foot Last heard" not in words(page)
        page = kira.fill(page, "/distance", minutes="٤٠", follow=True)
        assert "Noted" in words(page)
        assert "How far the village is 40 min on foot Last heard" in words(page)
        assert 'name="minutes" value="40"' in page.text
        assert "How far the village is 40 min on foot" in words(kira.get("/desk/neighbours"))
        kira.fill(page, "/distance", minutes="100", follow=True)
        page = kira.get(f"/desk/neighbours/{HILL}")
        assert "1 h 40 min on foot" in words(page)
        page = kira.fill(page, "/distance", minutes=" ", follow=True)
        assert "min on foot" not in words(page)
        log = words(kira.get("/desk/log"))
        assert "Kira wrote down how far Hill is: 1 h 40 min on foot." in log
        assert "Kira took back how far Hill is." in log

    @pytest.mark.parametrize("typed", ["0", "1441", "forty", "-5", "1.5", "9" * 40])
    def test_what_is_no_walk_is_refused_with_what_was_typed(self, here, kira, typed):
        page = kira.fill(f"/desk/neighbours/{HILL}", "/distance", minutes=typed)
        assert page.status_code == 422
        assert "This is not a time we can count: at most 24 hours at once." in words(page)
        assert f'name="minutes" value="{typed}"' in page.text
        assert 'name="low" value="100.00"' in page.text, "the limits beside it stand as they are"
        assert "on foot Last heard" not in words(kira.get(f"/desk/neighbours/{HILL}"))


class TestTheTrunk:
    def test_who_owes_whom(self, here, hana):
        assert "Between us even" in words(hana.get("/desk/neighbours"))
        here.two.send("Alice", "Chandra", 250)
        here.two.carry()
        assert "River owes us 2.50 h" in words(hana.get("/desk/neighbours"))
        assert "It may owe us at most 100.00 h" in words(hana.get(f"/desk/neighbours/{RIVER}"))

    def test_setting_its_limits(self, here, kira):
        page = kira.get(f"/desk/neighbours/{HILL}")
        assert '<svg class="bar"' in page.text
        page = kira.fill(page, "/limits", low="40", high="0", reason="we know them little", follow=True)
        assert "The limits are set." in words(page)
        assert "It may owe us at most 40.00 h We may owe it at most 0.00 h" in words(page)
        log = words(kira.get("/desk/log"))
        assert "Kira set the limits toward Hill: it may owe us 40.00 h, we may owe it 0.00 h." in log
        assert "Because: we know them little" in log

    def test_what_was_typed_stays_when_something_is_missing(self, kira):
        """Else the keeper adds the reason, sends it again, and has set the limits that were there before."""
        page = kira.fill(f"/desk/neighbours/{HILL}", "/limits", low="40", high="7,5", reason="")
        assert page.status_code == 422
        page = kira.fill(page, "/limits", reason="we know them little", follow=True)
        assert "The limits are set." in words(page)
        assert "It may owe us at most 40.00 h" in words(page)
        assert "We may owe it at most 7.50 h" in words(page)

    @pytest.mark.parametrize(
        ("typed", "said"),
        [({"low": "x", "reason": "why"}, "not an amount"), ({"reason": " "}, "must not be empty")],
    )
    def test_what_cannot_be_is_said(self, kira, typed, said):
        page = kira.fill(f"/desk/neighbours/{HILL}", "/limits", **typed)
        assert page.status_code == 422
        assert said in words(page)


class TestWhatWaits:
    def test_it_is_listed_and_sent_back_with_a_reason(self, here, hana):
        here.two.limit(HILL, low=-200)
        here.two.send("Alice", "Chandra", 250, note="bread")
        here.two.try_send("Bob", 77, 300)
        here.two.carry()
        page = hana.get(f"/desk/neighbours/{RIVER}")
        assert "101-0002-0 of River → Chandra" in words(page)
        assert "101-0003-1 of River → nobody here" in words(page)
        first = page.text.split("/desk/held/")[1].split('"')[0]
        assert hana.fill(f"/desk/held/{first}", reason=" ").status_code == 422
        asked = hana.get(f"/desk/held/{first}")
        page = hana.fill(asked, reason="Chandra is away", follow=True)
        assert "It goes back. Its payer gets the credit again." in words(page)
        assert hana.fill(asked, reason="Chandra is away").status_code == 302
        assert "Hana sent 2.50 h back to River that waited for Chandra." in words(hana.get("/desk/log"))
        here.two.carry()
        assert here.two.river.balance("Alice") == 0

    def test_a_keeper_gets_there_from_the_receipt(self, here, hana):
        here.two.limit(HILL, low=0)
        here.two.send("Alice", "Chandra", 250)
        here.two.carry()
        page = hana.get(f"/desk/neighbours/{RIVER}")
        record = page.text.split("/desk/held/")[1].split('"')[0]
        assert f"/desk/held/{record}" in hana.get(f"/t/{record}").text

    def test_what_waits_for_nobody_has_no_receipt(self, here, hana):
        """There is nobody whose receipt it could be; the desk's own page tells all of it."""
        here.two.limit(HILL, low=0)
        here.two.try_send("Alice", 777, 250)
        here.two.carry()
        record = hana.get(f"/desk/neighbours/{RIVER}").text.split("/desk/held/")[1].split('"')[0]
        for path in (f"/t/{record}", f"/t/{record}/recall", f"/t/{record}/undo"):
            assert hana.get(path).status_code == 404


class TestTheLog:
    def test_it_tells_what_keepers_did_between_villages(self, here, kira):
        address = here.pay(here.at("Alice"), "Chandra", "2").request.path
        assert kira.fill(f"{address}/recall", "/recall", reason=" ").status_code == 422
        kira.fill(f"{address}/recall", "/recall", reason="Alice mistyped")
        log = words(kira.get("/desk/log"))
        assert "Kira asked Hill for 2.00 h of Alice back." in log
        assert "Because: Alice mistyped" in log
        assert "The founders admitted Hill (102) to the community." in log


class TestHealth:
    def ask(self, here):
        return Browser(here.apps[RIVER].test_client()).get("/health")

    def test_no_radio_is_no_trouble(self, here):
        answer = self.ask(here)
        assert (answer.status_code, answer.json["status"], answer.json["radio"]["state"]) == (
            200,
            "ok",
            "none",
        )

    def test_a_radio_whose_process_does_not_run(self, here):
        set_up(here)
        answer = self.ask(here)
        assert answer.status_code == 503
        assert (answer.json["status"], answer.json["radio"]["state"]) == ("radio down", "stopped")
        assert answer.json["ledger"]["entries"] > 0

    @pytest.mark.parametrize("state", ["up", "down", "connecting"])
    def test_a_radio_whose_process_runs(self, here, state):
        set_up(here)
        with radio_process(here, state, Trouble.SILENT if state == "down" else ""):
            answer = self.ask(here)
        assert (answer.status_code, answer.json["radio"]["state"]) == (200, state)
        assert answer.json["radio"]["preset"] == "MEDIUM_FAST"

    def test_a_lock_that_nobody_holds_is_no_process(self, here):
        set_up(here)
        (here.two.river.hub.data / LOCK).touch()
        assert self.ask(here).status_code == 503

    def test_the_neighbours(self, here):
        here.two.send("Alice", "Chandra", 250)
        here.two.hear(RIVER, theirs=2)
        assert self.ask(here).json["neighbours"] == [
            {
                "hub": HILL,
                "name": "Hill",
                "heard_ms": here.two.clock.now().ms,
                "in_sync": False,
                "behind": 2,
                "ahead": 1,
                "mismatch": False,
                "forked": False,
            }
        ]
