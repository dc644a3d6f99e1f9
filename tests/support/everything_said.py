"""Packets of every type that hubs say, with records of every kind that two healthy ones write: what a fuzz begins from."""

from random import Random

from appliance.ledger.book.command import Receipt
from appliance.ledger.book.letters_loops import Leg
from appliance.ledger.book.records import Kind
from appliance.ledger.book.schema_trading import TradeLoop
from appliance.ledger.care.claims import WithdrawClaim
from appliance.ledger.hub import new_key
from appliance.ledger.keys import Certificate, KeySigner, public_of
from appliance.ledger.market import talks, talks_far
from appliance.ledger.market.listings import OFFER, WANT, CloseListing, OpenListing
from appliance.ledger.market.loops import AnswerLoop, ProposeLoop
from appliance.ledger.market.matches import AnswerMatch
from appliance.ledger.market.talks_about import Of
from appliance.ledger.money.crossings import Recall
from appliance.ledger.people.showing import ShowName
from appliance.ledger.values import Amount, RecordId
from appliance.radio.bundle import split
from appliance.radio.certificates import pack_certificate
from appliance.radio.coding import Name, pack_coded
from appliance.radio.directory import Directory
from appliance.radio.frames import DATA, open_data, read_header
from tests.ledger.care import across
from tests.ledger.care.caring import claim, let_in
from tests.ledger.care.proof.proving import confirm
from tests.support.proof_desks import ask, let, stands
from tests.support.two_radios import TwoRadios
from tests.support.two_villages import HILL, RIVER, TwoVillages, directory

NOT_SAID = {Kind.FORK, Kind.SEEN}
"""Kinds that are written when a hub lies or is restored; their bytes are as open as any other's."""

RULES = {"care": {"quorum": 3}}
"""Of the villages: so that one witness of the other village does not end a claim."""

A_WHILE = 600.0
"""Seconds in which all that waits is said."""


def say_everything(radios: TwoRadios) -> list[bytes]:
    """Let River and Hill live through all that is told by radio; every packet there was, and every frame in it.

    The last, each of them several times so that a draw finds them, are coded repairs and a certificate of
    River's next life, which has not begun: nobody has heard these.
    """
    villages = radios.villages
    radios.live(120)
    _lose_one(radios)
    _pay(radios)
    apples = _show(villages)
    _write(radios, apples)
    _care(radios)
    _loop(radios)
    radios.live(A_WHILE)
    said = [*radios.links["river"].sent, *radios.links["hill"].sent]
    found = [*said, *(frame for packet in said for frame in split(packet) if frame != packet)]
    unheard = [*coded_repairs(found, directory_of(radios, RIVER)), next_life(radios)]
    return [*found, *(unheard * (len(found) // 40))]


def directory_of(radios: TwoRadios, hub: int) -> Directory:
    """Whom ``hub`` believes."""
    return directory(radios.villages.at(hub).hub, radios.villages.posts[hub])


def arrived(radios: TwoRadios) -> bool:
    """Whether every payment has come, or come back."""
    states = {state for name in ("river", "hill") for state, _ in radios.state(name)}
    return states <= {"arrived", "returned", "accepted", "came_back"}


def names_of(frames: list[bytes], here: Directory) -> dict[Name, bytes]:
    """The data frames among these, by the name under which a coded repair mixes them."""
    found = [open_data(data, here) for data in frames if read_header(data).type == DATA]
    return {(frame.hub, frame.first, frame.last): frame.data for frame in found}


def coded_repairs(frames: list[bytes], here: Directory) -> list[bytes]:
    """Sums of two, three and four data frames."""
    named = names_of(frames, here)
    dice = Random(1)
    return [
        pack_coded({name: named[name] for name in dice.sample(sorted(named), number)}, here, dice)
        for number in (2, 3, 4)
    ]


def next_life(radios: TwoRadios) -> bytes:
    """What River's root would say if River went on in its second life."""
    river, here = radios.villages.river, directory_of(radios, RIVER)
    certificate = Certificate(here.community, RIVER, 2, public_of(bytes([9]) * 32), 3, bytes(32))
    root = KeySigner("root:setup", river.papers.hub.seed)
    return pack_certificate(certificate, root.sign(certificate.form()), here)


def _lose_one(radios: TwoRadios) -> None:
    """Hill misses a frame, and asks for it."""
    lost: list[bytes] = []

    def hears(data: bytes) -> bool:
        missed = not lost and any(read_header(frame).type == DATA for frame in split(data))
        if missed:
            lost.append(data)
        return not missed

    radios.links["hill"].hears = hears
    radios.villages.send("Alice", "Chandra", 9)
    assert radios.live(3600, lambda: arrived(radios))
    assert lost


def _pay(radios: TwoRadios) -> None:
    villages = radios.villages
    for turn in range(3):
        villages.send("Alice", "Chandra", 10 + turn)
        villages.send("Chandra", "Alice", 20 + turn)
        assert radios.live(3600, lambda: arrived(radios))
    villages.send("Alice", 4711, 5)
    back = villages.send("Alice", "Chandra", 7)
    villages.river.do("Kira", Recall(RecordId(back.record), "too late"))
    radios.live(A_WHILE)


def _show(villages: TwoVillages) -> Of:
    """Alice, Chandra and Dina let the other village know their names; Alice sells apples, and has sold them: these."""
    for name in ("Alice", "Chandra", "Dina"):
        home = villages.home_of(name)
        home.do(name, ShowName(home.numbers[name], True))
    river = villages.river
    number = river.numbers["Alice"]
    apples = river.do("Alice", OpenListing(number, OFFER, "food", "Winter apples", "", Amount(40)))
    _publish(villages)
    river.do("Alice", CloseListing(RecordId(apples.record)))
    _publish(villages)
    return Of(RIVER, int(apples.entry))


def _publish(villages: TwoVillages) -> None:
    for post in villages.posts.values():
        while post.publish(10):
            pass


def _write(radios: TwoRadios, apples: Of) -> None:
    """Alice writes to Chandra and to Dina about her apples, and takes the last back; Chandra writes to Alice."""
    villages = radios.villages
    radios.live(A_WHILE)
    written: list[int] = []
    for writer, reader in (("Alice", "Chandra"), ("Chandra", "Alice"), ("Alice", "Dina")):
        home, there = villages.home_of(writer), villages.home_of(reader)
        who = (home.numbers[writer], there.hub.number, there.numbers[reader])
        now, about = villages.clock.now(), apples if writer == "Alice" else None
        sent = talks_far.write(home.hub.store, *who, "Is the goat still there?", now, new_key(), about)
        assert isinstance(sent, talks.Sent), sent
        written.append(sent.seq)
    _publish(villages)
    radios.live(A_WHILE)
    river = villages.river
    assert talks_far.take_back(river.hub.store, river.numbers["Alice"], written[-1])
    _publish(villages)
    radios.live(A_WHILE)


def _care(radios: TwoRadios) -> None:
    """Alice asks Chandra and Dina of Hill to confirm; one does. Then Hill has the proof of another claim."""
    villages = radios.villages
    made = claim(villages.river, "Alice", 90, ago=1, cared_for="Old Tom", what="cooked, and sat with him")
    across.ask(villages, made, "Alice", "Chandra", "Dina")
    radios.live(A_WHILE)
    across.sign(villages, "Chandra")
    across.decline(villages, "Dina", "I was not there")
    radios.live(A_WHILE)
    villages.river.do("Alice", WithdrawClaim(RecordId(made.record)))
    let_in(villages.river, "Edda", "Femi")
    proven = claim(villages.river, "Alice", 45)
    confirm(villages.river, proven, "Bob", "Edda", "Femi")
    let(villages, proven)
    ask(villages, proven.record)
    assert radios.live(3600, lambda: stands(villages, proven.record).state == "valid")


def _loop(radios: TwoRadios) -> None:
    """Alice serves Chandra, who serves Alice: River proposes it, both say yes. Alice says yes to the one half of it, too."""
    villages = radios.villages
    number = {name: villages.home_of(name).numbers[name] for name in ("Alice", "Chandra")}
    listed = {
        (name, kind): villages.home_of(name)
        .do(name, OpenListing(number[name], kind, "food", "bread", "", Amount(50)))
        .entry
        for name in number
        for kind in (OFFER, WANT)
    }
    legs = (
        Leg(RIVER, number["Alice"], listed["Alice", OFFER], listed["Chandra", WANT], 50),
        Leg(HILL, number["Chandra"], listed["Chandra", OFFER], listed["Alice", WANT], 50),
    )
    until = villages.clock.now().ms + 7 * 86_400_000
    river = villages.river
    proposed = river.hub.by_rule(ProposeLoop(legs, until), "loops")
    assert isinstance(proposed, Receipt), proposed
    river.do("Alice", AnswerLoop(RecordId(proposed.record), True))
    radios.live(A_WHILE)
    with villages.hill.hub.reading() as tx:
        (there,) = tx.rows(TradeLoop.select())
    villages.hill.do("Chandra", AnswerLoop(RecordId(bytes(there.id)), True))
    radios.live(A_WHILE)
    _publish(villages)
    radios.live(A_WHILE)
    pair = (RIVER, listed["Alice", OFFER]), (HILL, listed["Chandra", WANT])
    river.do("Alice", AnswerMatch(*pair, "accept"))
    _publish(villages)
    radios.live(A_WHILE)
