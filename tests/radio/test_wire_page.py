"""docs/wire.md says what the program does: its examples, rules and tables are held against it."""

from dataclasses import replace

import pytest

from appliance.ledger import codec
from appliance.ledger.book import letters
from appliance.ledger.book.feed import Contradiction
from appliance.ledger.book.records import LONGEST_SEALED, Kind
from appliance.ledger.book.rules import CATEGORIES
from appliance.ledger.book.taxonomy import UNITS, WIRE
from appliance.ledger.people.roster import Admission
from appliance.ledger.proofpost import No
from appliance.ledger.values import MAX_AMOUNT
from appliance.radio import control, frames
from appliance.radio.bundle import bundle, split
from appliance.radio.certificates import LONGEST as LONGEST_CERTIFICATE
from appliance.radio.control import Ask, Summary
from appliance.radio.errors import Reason
from appliance.radio.pace import Pace
from appliance.radio.proofframes import PIECE, ProofAsk, ask_body, read_ask
from tests.radio import examples
from tests.radio.page import TEXT, block, cddl, example, table
from tests.support.cbor import decode_sequence

CDDL = cddl()
FRAMES = examples.frames_of_the_page()
PARTS = examples.parts_of_the_page()
RULES = {
    "alice pays": "sent",
    "alice pays again": "sent",
    "bob pays": "sent",
    "river accepts": "accepted",
    "river returns": "returned",
    "alice is shown": "person",
}


class TestExamples:
    @pytest.mark.parametrize("name", FRAMES)
    def test_a_frame_is_made_again_to_the_byte(self, name: str) -> None:
        assert example(name) == FRAMES[name]

    @pytest.mark.parametrize("name", PARTS)
    def test_so_is_everything_else(self, name: str) -> None:
        assert example(name) == PARTS[name]

    @pytest.mark.parametrize("name", FRAMES)
    def test_a_frame_of_the_page_is_read(self, name: str) -> None:
        heard = control.read(example(name), examples.DIRECTORY)
        if isinstance(heard, frames.DataFrame):
            assert heard.records == tuple(examples.SIX[heard.first - 1 : heard.last])
            assert heard.cut == examples.links()[heard.first - 1][:8]

    def test_every_line_of_a_frame_says_what_it_is(self) -> None:
        for name in FRAMES:
            lines = block(f"hex {name}").splitlines()
            assert all("  " in line for line in lines if len(line.split("  ")[0]) < 32)

    def test_the_memo_of_the_page_is_the_one_that_is_packed(self) -> None:
        said = letters.read_sent(PARTS["plain: alice pays again"])
        assert said == letters.Sent(42, 7, "repair", "bike repaired, two hours")
        assert letters.read_sent(PARTS["plain: bob pays"]).memo == "Äpfel"

    def test_the_sealed_part_of_the_page(self) -> None:
        assert f"`{examples.ONE[0].sealed.hex()}`" in TEXT

    def test_the_keys_of_the_page(self) -> None:
        from tests.radio.community import COMMUNITY, GROUP_KEY, HILL, RIVER, ROSTER, box_of, seed_of

        keys = {row[0]: row[1] for row in table("Worked examples")}
        directory = examples.DIRECTORY
        assert keys == {
            "community id": COMMUNITY.hex(),
            "group key": GROUP_KEY.hex(),
            "roster": ROSTER.hex(),
            "River: number, index": f"{RIVER}, {directory.index(RIVER)}",
            "River: Ed25519 seed": seed_of(RIVER).hex(),
            "River: Ed25519 public": directory.members[1].public.hex(),
            "River: X25519 secret": box_of(RIVER).secret.hex(),
            "River: X25519 public": box_of(RIVER).public.hex(),
            "Hill: number, index": f"{HILL}, {directory.index(HILL)}",
            "Hill: X25519 secret": box_of(HILL).secret.hex(),
            "Hill: X25519 public": box_of(HILL).public.hex(),
        }


LARGEST = letters.FarListing(
    (1 << 40) - 1, 10**9, True, "trip", int(MAX_AMOUNT), "Ä本" * 300, 10**6, "lesson", 9999
)
"""A listing that leaves its title little room."""


class TestRules:
    """The CDDL of the page describes what the program makes, and refuses what it refuses."""

    @pytest.mark.parametrize("name", RULES)
    def test_what_is_sealed_follows_its_rule(self, name: str) -> None:
        assert CDDL.fits(RULES[name], decode_sequence(examples.PLAIN[name]))

    def test_letters_of_every_kind_follow_theirs(self) -> None:
        offer = letters.FarListing(12, 42, False, "food", None, "Fresh eggs")
        checkpoint = letters.Checkpoint(bytes(32), 4, 100, 0, 50, 0, 0, 99, bytes(16))
        top = 1 << 61
        huge = letters.Checkpoint(bytes(32), 1 << 39, top, top, top, top, top, top, bytes(16))
        made = {
            "listing": [
                letters.listing(offer),
                letters.listing(letters.FarListing(1, 2, True, "other", 250, "Ä" * 300)),
                letters.listing(letters.FarListing(1, 2, True, "bread", 250, "Brot", 20_800, "kg", 12)),
                letters.listing(LARGEST),
            ],
            "unlisting": [letters.unlisting(12)],
            "fork": [letters.fork(Contradiction(999, 65535, (1 << 40) - 1, bytes(32), b"\x01" * 32))],
            "recall": [letters.answer(letters.Named(1, 3)), letters.answer(letters.Named(9, 3))],
            "person": [letters.person(42, ""), letters.person(10**9, "x" * 400)],
            "checkpoint": [letters.checkpoint(checkpoint), letters.checkpoint(huge)],
            **examples.letters_of_care(),
        }
        for rule, plains in made.items():
            for plain in plains:
                assert CDDL.fits(rule, decode_sequence(plain)), rule
                assert len(plain) <= LONGEST_SEALED

    def test_an_entry_of_the_roster_follows_its_rule(self) -> None:
        key, no = bytes(32), bytes(32)
        entry = Admission(1, no, bytes(16), 101, "River", key, key, key, bytes(64))
        purpose, _, array = entry.form().partition(b"\0")
        assert purpose == b"tch/roster/1"
        assert CDDL.fits("roster-entry", decode_sequence(array)[0])

    @pytest.mark.parametrize(
        ("rule", "item"),
        [
            ("run", [0, 2]),
            ("run", [0, 2, 5]),
            ("run", [0, 2, 5, b"", 6]),
            ("run", [0, 256, 5, b""]),
            ("run", [65536, 2, 5, b""]),
            ("run", [0, 2, -1, b""]),
            ("run", [0, 2, int(MAX_AMOUNT) + 1, b""]),
            ("run", [0, 2, 5, bytes(LONGEST_SEALED + 1)]),
            ("run", [0, 2, *[5, b""] * 61]),
            ("summary", [1, b"1234", 1, [], b"12345678"]),
            ("summary", [1, b"1234", 0, [1], b"12345678"]),
            ("summary", [1, b"1234", 1, [[1, 1]], b"12345678"]),
            ("summary", [0, b"1234", 1, [1], b"12345678"]),
            ("ask", [1]),
            ("ask", [1, [1, 1]]),
            ("ask", [1, [1, 1, 0]]),
            ("ask", [1, [0, 1, 0, 0]]),
            ("sent", [1, 2]),
            ("sent", [1, 2, 3, "memo", "more"]),
            ("listing", [1, 2, 2, 3, None, "title"]),
            ("checkpoint", [bytes(32), 1, 1, 1, 1, 1, 1, 5]),
        ],
    )
    def test_what_the_rules_do_not_allow(self, rule: str, item: list[object]) -> None:
        assert not CDDL.fits(rule, item)

    def test_the_frames_of_the_page_follow_them(self) -> None:
        assert all(CDDL.fits("run", run) for run in decode_sequence(example("one payment")[12:-64]))
        assert all(CDDL.fits("run", run) for run in decode_sequence(example("five records")[12:-64]))
        assert CDDL.fits("summary", decode_sequence(example("summary")[2:-8]))
        assert CDDL.fits("ask", decode_sequence(example("ask")[2:-8]))

    def test_an_ask_for_a_proof_follows_its_rule_and_is_read(self) -> None:
        for ask in (
            ProofAsk(1, bytes(16)),
            ProofAsk((1 << 40) - 1, bytes(32), b"abcd", tuple(range(15)), ((10**9, 10**6),) * 40),
        ):
            body = ask_body(ask)
            assert CDDL.fits("proof-ask", decode_sequence(body))
            assert read_ask(body) == ask
        assert not CDDL.fits("proof-ask", [1, bytes(20), b"", [], []])
        assert not CDDL.fits("proof-ask", [1, bytes(16), b"", [15], []])


class TestBundle:
    def test_it_is_the_payment_and_the_summary(self) -> None:
        frames_inside = (example("one payment"), example("summary"))
        assert bundle(frames_inside, 1) == example("bundle")
        assert split(example("bundle")) == frames_inside


class TestTables:
    def test_kinds(self) -> None:
        assert [(row[0], row[1]) for row in table("Kinds")] == [(str(k.value), k.name.lower()) for k in Kind]

    def test_types_and_suites(self) -> None:
        rows = [(int(row[0]), int(row[2]), int(row[4])) for row in table("Types")]
        lengths = {frames.DATA: frames.LONGEST_DATA, frames.CERTIFICATE: LONGEST_CERTIFICATE}
        assert rows == [(t, s, lengths.get(t, frames.LONGEST_CONTROL)) for t, s in frames.SUITES.items()]
        assert {row[1] for row in table("Types")} == {
            "data",
            "certificate",
            "bundle",
            "proof_ask",
            "proof_part",
            "coded",
            *(c.__name__.lower() for c in (Summary, Ask)),
        }

    def test_why_a_hub_sends_no_proof(self) -> None:
        assert table("Why no proof is sent") == [[str(no.value), no.name.lower()] for no in No]
        assert PIECE == 211
        pace = Pace()
        said = f"\n{pace.proof_parts} parts at once, and one more each {pace.proof_part_seconds:.0f} seconds"
        assert said in TEXT

    def test_categories(self) -> None:
        assert table("Categories") == [[str(place), name] for place, name in enumerate(CATEGORIES)]

    def test_kinds_of_listings_go_on_after_those_of_payments(self) -> None:
        assert WIRE[: len(CATEGORIES)] == CATEGORIES
        kinds = [[str(place), kind] for place, kind in enumerate(WIRE) if place >= len(CATEGORIES)]
        assert table("Kinds of listings") == kinds
        assert table("Units of a price") == [[str(place), unit] for place, unit in enumerate(UNITS)]

    def test_listings_in_bytes(self) -> None:
        for title, *sizes in table("Listings, in bytes"):
            short = letters.FarListing(120, 42, False, "food", 150, title)
            dated = replace(short, category="dairy", until_day=20_874)
            whole = replace(dated, unit="dozen", quantity=12)
            assert sizes == [str(len(letters.listing(one))) for one in (short, dated, whole)]

    def test_reasons_of_a_return(self) -> None:
        assert table("Reasons of a return") == [[str(p), why.value] for p, why in enumerate(letters.Why)]

    def test_reasons_of_a_refusal(self) -> None:
        assert sorted(row[0] for row in table("What is refused, and why")) == sorted(Reason)

    def test_the_dictionary(self) -> None:
        words = " ".join(block("text dictionary").split())
        assert f" {words} ".encode() == letters._DICTIONARY
        assert f"Version 1, {len(letters._DICTIONARY)} bytes" in TEXT

    def test_the_longest_texts(self) -> None:
        assert f"at most {letters.LONGEST_MEMO} bytes here, unpacked at most {letters._MOST_TEXT}." in TEXT


def test_the_second_decoder_reads_what_the_first_writes() -> None:
    values: list[codec.Value] = [
        0,
        23,
        24,
        255,
        256,
        65536,
        1 << 32,
        -1,
        "ä",
        b"\x00" * 30,
        None,
        True,
        [1, [2]],
    ]
    assert decode_sequence(b"".join(codec.encode(value) for value in values)) == values
