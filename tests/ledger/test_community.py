"""How Hill comes into River's community: by files that anybody may damage, mix up or bring too late."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.ledger import boxfile, codec, community, keys
from appliance.ledger.book.rules import Care, Credit, Rules
from appliance.ledger.book.verify import verify
from appliance.ledger.clock import ManualClock
from appliance.ledger.community import Application, Invitation, NotThisCommunity
from appliance.ledger.errors import BadEncoding, BadPaper, BadSignature, HubError
from appliance.ledger.hub import Hub, Papers
from appliance.ledger.keys import Certificate, KeySigner, RootPaper
from appliance.ledger.people.roster import Admission
from appliance.ledger.people.rulings import Ruling
from appliance.ledger.post import Post
from tests.support.village import CHEAP, MONDAY_NOON, river


@dataclass
class Founders:
    """River, founded with its papers, and Hill and Lake by River's invitation; nobody admitted yet."""

    river: Hub
    hill: Hub
    lake: Hub
    papers: dict[int, Papers]

    @property
    def paper(self) -> RootPaper:
        found = self.papers[101].community
        assert found is not None
        return found

    def admit(self, *hubs: Hub) -> bytes:
        return community.admit(self.river, [community.apply_for(hub) for hub in hubs], self.paper)


def found(path: Path, inviting: Hub, number: int, name: str) -> tuple[Hub, Papers]:
    letter = Invitation.from_bytes(community.invite(inviting, number, name).to_bytes())
    rules = Rules(letter.community, Credit(), Care())
    return Hub.found(path, rules, ManualClock(MONDAY_NOON), CHEAP, letter.community_key)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[int, Papers]]:
    """The three as they were founded; tests work on copies."""
    room = tmp_path_factory.mktemp("founders")
    first, papers = Hub.found(room / "101", river(), ManualClock(MONDAY_NOON), CHEAP)
    kept = {101: papers}
    for number, name in ((102, "Hill"), (103, "Lake")):
        hub, kept[number] = found(room / str(number), first, number, name)
        hub.close()
    first.close()
    return room, kept


@pytest.fixture
def made(once: tuple[Path, dict[int, Papers]], tmp_path: Path) -> Iterator[Founders]:
    shutil.copytree(once[0], tmp_path / "hubs")
    first, hill, lake = (
        Hub.open(tmp_path / "hubs" / str(number), ManualClock(MONDAY_NOON)) for number in once[1]
    )
    yield Founders(first, hill, lake, once[1])
    for hub in (first, hill, lake):
        hub.close()


def parts(roster: bytes) -> list[Any]:
    """Kind, community, entries and gifts of a roster file."""
    found = codec.decode(roster)
    assert isinstance(found, list)
    return found


def state(hub: Hub) -> object:
    """What a file that is refused must not change."""
    return hub.head(), boxfile.read(hub.data)


def numbers(signed: Sequence[Admission | Ruling]) -> list[int]:
    """The hubs that entries of a roster admit."""
    return [one.hub for one in signed if isinstance(one, Admission)]


def hubs_of(hub: Hub) -> list[tuple[int, str]]:
    with hub.reading() as tx:
        return [tuple(row) for row in tx.select("SELECT hub, name FROM roster ORDER BY seq")]


# ------------------------------------------------------------------------------------------------ the good way


def test_three_files_make_a_community(made: Founders) -> None:
    application = Application.from_bytes(community.apply_for(made.hill).to_bytes())
    roster = community.admit(made.river, [application], made.paper)
    assert numbers(community.join(made.hill, roster)) == [101, 102]
    assert hubs_of(made.river) == hubs_of(made.hill) == [(101, "River"), (102, "Hill")]
    assert made.hill.box.group_key == made.river.box.group_key == made.paper.group_key
    for hub in (made.river, made.hill):
        verify(hub.store)
        Post(hub)


def test_a_third_hub_comes_later_and_all_know_it(made: Founders) -> None:
    community.join(made.hill, made.admit(made.hill))
    roster = made.admit(made.lake)
    assert numbers(community.join(made.hill, roster)) == [103]
    assert numbers(community.join(made.lake, roster)) == [101, 102, 103]
    assert hubs_of(made.hill) == hubs_of(made.lake) == hubs_of(made.river)
    with made.lake.reading() as tx:
        trunks = tx.select("SELECT number FROM account WHERE kind = 'trunk' ORDER BY number")
    assert [number for (number,) in trunks] == [-102, -101]


def test_the_same_files_again_do_nothing(made: Founders) -> None:
    roster = made.admit(made.hill)
    community.join(made.hill, roster)
    before = [state(hub) for hub in (made.river, made.hill)]
    assert community.join(made.hill, roster) == []
    again = made.admit(made.hill)
    assert community.join(made.hill, again) == []
    assert community.join(made.river, again) == []
    assert [state(hub) for hub in (made.river, made.hill)] == before


def test_any_hub_can_hand_on_the_roster(made: Founders) -> None:
    community.join(made.hill, made.admit(made.hill, made.lake))
    assert numbers(community.join(made.lake, community.roster_file(made.hill))) == [101, 102, 103]


# ------------------------------------------------------------------------------------------------ what is refused


def test_an_invitation_needs_a_free_number_and_a_name(made: Founders) -> None:
    made.admit(made.hill)
    for number in (101, 102, 100, 1000, 0):
        with pytest.raises(NotThisCommunity, match="number"):
            community.invite(made.river, number, "Pond")
    for name in ("", " Pond ", "x" * 41):
        with pytest.raises(NotThisCommunity):
            community.invite(made.river, 110, name)


def test_a_roster_without_this_hub_is_refused(made: Founders) -> None:
    roster = made.admit(made.hill)
    before = state(made.lake)
    with pytest.raises(NotThisCommunity, match="must be admitted first"):
        community.join(made.lake, roster)
    assert state(made.lake) == before


def test_another_communitys_paper_application_and_roster_are_refused(made: Founders, tmp_path: Path) -> None:
    other, papers = Hub.found(tmp_path / "other", river(), ManualClock(MONDAY_NOON), CHEAP)
    try:
        assert papers.community is not None
        before = [state(hub) for hub in (made.river, made.hill, other)]
        with pytest.raises(NotThisCommunity):
            community.admit(made.river, [community.apply_for(made.hill)], papers.community)
        with pytest.raises(NotThisCommunity):
            community.admit(made.river, [community.apply_for(made.hill)], papers.hub)
        assert [state(hub) for hub in (made.river, made.hill, other)] == before
        theirs = community.admit(other, [], papers.community)
        with pytest.raises(NotThisCommunity, match="another community"):
            community.join(made.river, theirs)
        with pytest.raises(NotThisCommunity, match="another community"):
            community.admit(made.river, [community.apply_for(other)], made.paper)
    finally:
        other.close()


def test_a_number_that_another_hub_has_is_refused(made: Founders, tmp_path: Path) -> None:
    twin, _ = found(tmp_path / "twin", made.river, 102, "Hill")
    try:
        made.admit(made.hill)
        with pytest.raises(NotThisCommunity, match="another hub's number"):
            community.admit(made.river, [community.apply_for(twin)], made.paper)
        with pytest.raises(NotThisCommunity, match="must be admitted first"):
            community.join(twin, community.roster_file(made.river))
    finally:
        twin.close()


def test_an_older_roster_is_refused(made: Founders) -> None:
    early = made.admit(made.hill)
    late = made.admit(made.lake)
    community.join(made.hill, late)
    before = state(made.hill)
    with pytest.raises(NotThisCommunity, match="an older roster"):
        community.join(made.hill, early)
    assert state(made.hill) == before


def test_a_roster_that_tells_another_story_is_refused(made: Founders, tmp_path: Path) -> None:
    """The founders' paper was used at two hubs: what Hill knows first stays."""
    community.join(made.hill, made.admit(made.hill))
    pond, _ = found(tmp_path / "pond", made.river, 104, "Pond")
    try:
        one, other = (
            community.admit(admitting, [community.apply_for(hub)], made.paper)
            for admitting, hub in ((made.river, made.lake), (made.hill, pond))
        )
        for hub, roster in ((made.hill, one), (made.river, other)):
            before = state(hub)
            with pytest.raises(NotThisCommunity, match="differs"):
                community.join(hub, roster)
            assert state(hub) == before
    finally:
        pond.close()


def forged(made: Founders, **changes: Any) -> bytes:
    """River's roster with Hill's entry changed, and signed by somebody who is not the founders."""
    kind, of, entries, gifts = parts(made.admit(made.hill))
    entry = replace(Admission.from_list(entries[1]), **changes)
    signed = replace(entry, signature=KeySigner("root:x", bytes(32)).sign(entry.form()))
    return codec.encode([kind, of, [entries[0], signed.to_list()], gifts])


@pytest.mark.parametrize("changes", [{}, {"name": "Hull"}, {"seq": 3}, {"previous": bytes(32)}], ids=str)
def test_what_the_founders_did_not_sign_is_refused(made: Founders, changes: dict[str, Any]) -> None:
    roster = forged(made, **changes)
    before = state(made.hill)
    with pytest.raises(NotThisCommunity, match="not signed by the founders"):
        community.join(made.hill, roster)
    assert state(made.hill) == before


def test_a_roster_with_another_first_key_for_this_hub_is_refused(made: Founders) -> None:
    """All is signed as it must be, but this box does not have that key: its frames would be nobody's."""
    place, signing = made.hill.box.place, keys.public_of(keys.new_seed())
    first = Certificate(place.community, place.hub, 1, signing)
    signed = KeySigner("root:x", made.papers[102].hub.seed).sign(first.form())
    other = replace(community.apply_for(made.hill), signing_key=signing, certificate=signed)
    roster = community.admit(made.river, [other], made.paper)
    before = state(made.hill)
    with pytest.raises(NotThisCommunity, match="does not stand in the roster"):
        community.join(made.hill, roster)
    assert state(made.hill) == before


@pytest.mark.parametrize("order", [(1, 0), (0, 0, 1), (1,), (0, 2, 1)])
def test_entries_out_of_order_are_refused(made: Founders, order: tuple[int, ...]) -> None:
    roster = made.admit(made.hill, made.lake)
    kind, of, entries, gifts = parts(roster)
    mixed = codec.encode([kind, of, [entries[i] for i in order], [gifts[i] for i in order]])
    before = state(made.hill)
    with pytest.raises(NotThisCommunity):
        community.join(made.hill, mixed)
    assert state(made.hill) == before


def test_a_gift_for_another_hub_is_refused_and_nothing_is_half_done(made: Founders) -> None:
    kind, of, entries, gifts = parts(made.admit(made.hill))
    before = state(made.hill)
    for given_ in ([gifts[1], gifts[0]], [gifts[0], b""], [gifts[0], 7], [gifts[0]], [gifts[0], bytes(80)]):
        with pytest.raises(HubError):
            community.join(made.hill, codec.encode([kind, of, entries, given_]))
        assert state(made.hill) == before


def test_an_application_must_be_signed_by_its_own_root(made: Founders) -> None:
    good = community.apply_for(made.hill)
    for changes in ({"signing_key": bytes(32)}, {"hub": 103}, {"root_key": made.river.box.root_public}):
        with pytest.raises(BadSignature):
            Application.from_bytes(replace(good, **changes).to_bytes())


def test_a_box_key_that_nobody_can_seal_for_is_not_admitted(made: Founders) -> None:
    """One such entry, and no hub could ever write a roster file or pay that hub."""
    bad = replace(community.apply_for(made.hill), box_key=bytes(32))
    before = hubs_of(made.river)
    with pytest.raises(HubError):
        community.admit(made.river, [Application.from_bytes(bad.to_bytes())], made.paper)
    assert (102, "Hill") not in hubs_of(made.river)
    assert before == []
    made.admit(made.hill)
    community.roster_file(made.river)


@pytest.mark.parametrize("name", ["", "   ", "x" * 41])
def test_a_hub_without_a_name_is_not_admitted(made: Founders, name: str) -> None:
    with pytest.raises(NotThisCommunity):
        community.admit(made.river, [replace(community.apply_for(made.hill), name=name)], made.paper)
    assert (102, name) not in hubs_of(made.river)


@pytest.mark.parametrize("number", [0, 7, 100, 1000, -5, 2**40])
def test_a_number_that_no_hub_can_have_is_not_admitted(made: Founders, number: int) -> None:
    odd = replace(community.apply_for(made.hill), hub=number)
    with pytest.raises(NotThisCommunity):
        community.admit(made.river, [odd], made.paper)
    assert number not in {hub for hub, _ in hubs_of(made.river)}


# ------------------------------------------------------------------------------------------------ old boxes


def test_a_box_from_before_needs_its_paper_first(made: Founders) -> None:
    made.hill.keep_box(replace(made.hill.box, box_key=None))
    with pytest.raises(NotThisCommunity, match="root paper is needed"):
        community.apply_for(made.hill)
    for paper in (made.papers[101].hub, made.paper):
        with pytest.raises(BadPaper):
            community.use_paper(made.hill, paper)
    community.use_paper(made.hill, made.papers[102].hub)
    community.join(made.hill, made.admit(made.hill))


def test_a_roster_before_the_paper_changes_nothing(made: Founders) -> None:
    roster = made.admit(made.hill)
    made.hill.keep_box(replace(made.hill.box, box_key=None))
    before = state(made.hill)
    with pytest.raises(NotThisCommunity, match="root paper is needed"):
        community.join(made.hill, roster)
    assert state(made.hill) == before


# ------------------------------------------------------------------------------------------------ damage


Damage = Callable[[Random, bytes], bytes]


def cut_off(rng: Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data))]


def flipped(rng: Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def longer(rng: Random, data: bytes) -> bytes:
    return data + rng.randbytes(3)


@pytest.mark.parametrize("damage", [cut_off, flipped, longer])
def test_a_damaged_file_changes_nothing(made: Founders, damage: Damage) -> None:
    """Every one is refused with an error of ours, but for a changed gift that is another hub's."""
    rng = Random(damage.__name__)
    application, letter = community.apply_for(made.hill).to_bytes(), community.invite(made.river, 110, "Pond")
    roster = made.admit(made.hill)
    before = state(made.hill)
    for _ in range(60):
        with pytest.raises((BadEncoding, BadSignature, NotThisCommunity)):
            community.admit(
                made.river, [Application.from_bytes(damage(rng, application))], made.papers[101].hub
            )
        try:
            community.join(made.hill, damage(rng, roster))
        except (BadEncoding, NotThisCommunity):
            assert state(made.hill) == before
            continue
        assert made.hill.box.group_key == made.paper.group_key
        break
    try:
        changed = Invitation.from_bytes(damage(rng, letter.to_bytes()))
    except BadEncoding:
        return
    assert changed != letter


@settings(max_examples=150, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63 - 1)
        | st.binary(max_size=40)
        | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=12,
    ),
    st.sampled_from(["tch/invitation/1", "tch/application/1", "tch/roster-file/1"]),
)
def test_nothing_that_decodes_is_taken_for_a_file(value: object, kind: str) -> None:
    rest = value if isinstance(value, list) else [value]
    data = codec.encode([kind, *rest])
    for read in (Invitation.from_bytes, Application.from_bytes):
        with pytest.raises((BadEncoding, BadSignature)):
            read(data)


def test_an_application_has_all_that_a_roster_entry_needs() -> None:
    names = {field.name for field in fields(Admission)} - {"seq", "previous", "signature"}
    assert {field.name for field in fields(Application)} == names
    assert keys.community_id(bytes(32)) != bytes(16)
