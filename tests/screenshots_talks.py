"""The pages of finding each other: people, favourites, messages, and complaints at the desk."""

from appliance.ledger.hub import new_key
from appliance.ledger.market import complaints, marks, talks
from appliance.ledger.reads import talks as reads
from appliance.ledger.values import AccountNumber
from tests.support.pictures import REFUSED, Shot, at, sent
from tests.support.two_villages import RIVER, TwoVillages


def of_two(villages: TwoVillages, hub: int) -> list[Shot]:
    """River's pages; none of Hill's."""
    if hub != RIVER:
        return []
    river = villages.river
    store, now = river.hub.store, river.clock.now()
    kira, bob, alice = (AccountNumber(river.numbers[name]) for name in ("Kira", "Bob", "Alice"))

    def write(sender: int, receiver: int, text: str) -> int:
        kept = talks.send(store, sender, receiver, text, now, new_key())
        assert isinstance(kept, talks.Sent), kept
        return kept.seq

    write(alice, bob, "Is there any bread left for Friday?")
    seq = write(bob, alice, "Sí, te guardo una hogaza. ¡Hasta el viernes!")
    assert marks.keep(store, alice, marks.MEMBER, marks.OWN, bob, now) is None
    assert (
        complaints.tell(store, new_key(), alice, (complaints.MESSAGE, 0, seq), "I asked in English", now)
        is None
    )
    with river.hub.reading() as tx:
        (told,) = reads.complaints_waiting(tx, kira)
    return [
        Shot("people", alice, at("/people")),
        Shot("people_nobody", alice, at("/people?q=zzz")),
        Shot("person", alice, at(f"/people/{bob}")),
        Shot("favourites", alice, at("/favourites")),
        Shot("me_news", alice, at("/me/news")),
        Shot("me_news_off", alice, sent("/me/news")),
        Shot("talks_home", alice, at("/")),
        Shot("talks", alice, at("/talks")),
        Shot("talk", alice, at(f"/talks/{bob}")),
        Shot(
            "talk_refused",
            alice,
            sent(f"/talks/{bob}", f"form[action='/talks/{bob}'] button", text=" "),
            REFUSED,
        ),
        Shot("complain", alice, at(f"/complain/message/0/{seq}")),
        Shot("desk_complaints", kira, at("/desk/complaints")),
        Shot("desk_complaint", kira, at(f"/desk/complaints/{told.id.hex()}")),
        Shot("desk_quiet", kira, at(f"/desk/complaints/about/{bob}")),
    ]
