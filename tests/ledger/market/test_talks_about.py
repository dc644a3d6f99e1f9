"""A message to another village says which listing it is about: of its reader, or of who writes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.ledger import leaving
from appliance.ledger.book import chain, letters_talk
from appliance.ledger.book.records import Kind
from appliance.ledger.book.schema import Outgoing
from appliance.ledger.book.schema_talk import FarMessage, MessageSaid
from appliance.ledger.errors import Code, Refusal
from appliance.ledger.hub import new_key
from appliance.ledger.market import talks, talks_far
from appliance.ledger.market.keeping import HideListing
from appliance.ledger.market.listings import OFFER, WANT, CloseListing, OpenListing
from appliance.ledger.market.talks_about import Of
from appliance.ledger.people.showing import ShowName
from appliance.ledger.reads import talks_far as reads
from appliance.ledger.reads.talks_far import AboutView
from appliance.ledger.values import RecordId
from tests.ledger.market.test_talks_far import both_verify, code, speak
from tests.support.two_villages import HILL, RIVER, TwoVillages, two_villages


@pytest.fixture
def two(tmp_path: Path) -> Iterator[TwoVillages]:
    """Alice of River, and Chandra and Dina of Hill, let the other village know their names."""
    with two_villages(tmp_path) as made:
        for name in ("Alice", "Chandra", "Dina"):
            home = made.home_of(name)
            home.do(name, ShowName(home.numbers[name], True))
        yield made


def lists(v: TwoVillages, name: str, kind: str, title: str) -> tuple[Of, RecordId]:
    home = v.home_of(name)
    made = home.do(name, OpenListing(home.numbers[name], kind, "other", title))
    speak(v)
    return Of(home.hub.number, int(made.entry)), RecordId(made.record)


def ask(v: TwoVillages, writer: str, reader: str, of: Of | None) -> talks.Sent | Refusal:
    home, there = v.home_of(writer), v.home_of(reader)
    who = (home.numbers[writer], there.hub.number, there.numbers[reader])
    return talks_far.write(home.hub.store, *who, "Is it still there?", v.clock.now(), new_key(), of)


def write(v: TwoVillages, writer: str, reader: str, of: Of | None) -> int:
    sent = ask(v, writer, reader, of)
    assert isinstance(sent, talks.Sent), sent
    return sent.seq


def abouts(v: TwoVillages, reader: str, other: str) -> list[AboutView | None]:
    home, there = v.home_of(reader), v.home_of(other)
    with home.hub.reading() as tx:
        found = reads.thread(tx, home.numbers[reader], there.hub.number, there.numbers[other], v.clock.now())
    assert found is not None
    return [m.about for m in found.messages]


def test_chandra_reads_which_of_her_goats_alice_means(two: TwoVillages) -> None:
    lists(two, "Chandra", OFFER, "Old goat")
    goat, record = lists(two, "Chandra", OFFER, "Young goat")
    write(two, "Alice", "Chandra", goat)
    write(two, "Alice", "Chandra", None)
    assert abouts(two, "Alice", "Chandra") == [AboutView(goat, None, "Young goat", True), None]
    speak(two)
    assert abouts(two, "Chandra", "Alice") == [AboutView(goat, record, "Young goat", True), None]
    both_verify(two)


def test_it_can_be_what_the_writer_lists_and_what_has_gone_is_a_listing_without_a_title(
    two: TwoVillages,
) -> None:
    bread, record = lists(two, "Alice", OFFER, "Bread on Fridays")
    write(two, "Alice", "Chandra", bread)
    speak(two)
    assert abouts(two, "Alice", "Chandra") == [AboutView(bread, record, "Bread on Fridays", True)]
    assert abouts(two, "Chandra", "Alice") == [AboutView(bread, None, "Bread on Fridays", True)]
    two.river.do("Alice", CloseListing(record))
    speak(two)
    assert abouts(two, "Chandra", "Alice") == [AboutView(bread, None, "", True)]


def test_the_book_has_not_which_listing_it_is_and_the_air_carries_it_sealed(two: TwoVillages) -> None:
    goat, _record = lists(two, "Chandra", OFFER, "Young goat")
    write(two, "Alice", "Chandra", goat)
    while two.posts[RIVER].publish(10):
        pass
    with two.river.hub.reading() as tx:
        (said,) = tx.rows(MessageSaid.select())
        entry = chain.by_number(tx, said.entry)
        assert entry is not None
        assert entry.act.payload == {"hub": HILL, "about": True}
        (row,) = tx.rows(Outgoing.select().where(Outgoing.kind == int(Kind.ABOUT)))
        assert (row.to, bytes(row.body)) == (HILL, letters_talk.empty(said.entry))
        plain = leaving.plain_text(tx, row, b"")
    assert letters_talk.read_about(plain) == letters_talk.About(said.entry, goat.listing, True)


def test_a_message_is_about_what_one_of_the_two_lists(two: TwoVillages) -> None:
    of_dina, _ = lists(two, "Dina", OFFER, "Honey")
    of_bob, _ = lists(two, "Bob", WANT, "Haircut")
    for wrong in (of_dina, of_bob, Of(HILL, 9999), Of(RIVER, 9999), Of(555, of_dina.listing)):
        assert code(ask(two, "Alice", "Chandra", wrong)) is Code.UNKNOWN_LISTING
    write(two, "Alice", "Dina", of_dina)


def test_what_a_hub_says_of_others_is_not_believed(two: TwoVillages, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mad River says that Alice's words to Chandra are about what Dina, and Bob, list."""
    of_dina, _ = lists(two, "Dina", OFFER, "Honey")
    of_bob, _ = lists(two, "Bob", WANT, "Haircut")
    monkeypatch.setattr("appliance.ledger.market.talks_about.refuse", lambda *_those: None)
    write(two, "Alice", "Chandra", of_dina)
    write(two, "Alice", "Chandra", of_bob)
    speak(two)
    assert abouts(two, "Chandra", "Alice") == [None, None]
    with two.hill.hub.reading() as tx:
        assert tx.found(FarMessage, "about_hub = ?", HILL) == [], (
            "of its own listings it need keep no untruth"
        )


def test_taken_back_before_it_is_sent_nothing_of_it_is_said(two: TwoVillages) -> None:
    goat, _record = lists(two, "Chandra", OFFER, "Young goat")
    seq = write(two, "Alice", "Chandra", goat)
    two.posts[RIVER].publish(10)
    assert talks_far.take_back(two.river.hub.store, two.river.numbers["Alice"], seq)
    with two.river.hub.reading() as tx:
        rows = tx.rows(Outgoing.select().where(Outgoing.kind.in_([int(Kind.MESSAGE), int(Kind.ABOUT)])))
        said = [leaving.plain_text(tx, row, b"") for row in rows]
        (kept,) = tx.rows(FarMessage.select())
    assert said == [letters_talk.empty(rows[0].entry)] * 2
    assert (kept.text, kept.about_hub, kept.about) == ("", None, None)
    speak(two)
    assert abouts(two, "Chandra", "Alice") == []
    both_verify(two)


def test_a_hub_of_an_earlier_release_shows_the_message_without_it(
    two: TwoVillages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hill does not know the kind: it takes in the words, and keeps the record for others."""
    goat, _record = lists(two, "Chandra", OFFER, "Young goat")
    monkeypatch.setattr("appliance.ledger.hearsay.OF_PEOPLE", (Kind.MESSAGE, Kind.UNMESSAGE))
    write(two, "Alice", "Chandra", goat)
    write(two, "Alice", "Chandra", None)
    speak(two)
    assert abouts(two, "Chandra", "Alice") == [None, None]
    both_verify(two)


def test_what_a_keeper_has_hidden_has_no_title_for_others(two: TwoVillages) -> None:
    bread, record = lists(two, "Alice", OFFER, "Bread on Fridays")
    write(two, "Alice", "Chandra", bread)
    speak(two)
    two.river.do("Kira", HideListing(record, "mouldy"))
    (hers,) = abouts(two, "Alice", "Chandra")
    assert hers is not None
    assert hers.title == "Bread on Fridays", "it is hers"
    speak(two)
    assert abouts(two, "Chandra", "Alice") == [AboutView(bread, None, "", True)]
