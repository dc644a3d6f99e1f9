"""How keepers bring Hill into River's community at two terminals, and what they read when a file is wrong."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from appliance.cli import main
from appliance.ledger import settings
from appliance.ledger.book.schema import RosterRow
from appliance.ledger.hub import Hub
from appliance.ledger.keys import RootPaper
from appliance.ledger.reads.radio import neighbours
from tests.support.village import a_village

CHEAP = ["--kdf-memory", "8", "--kdf-passes", "1", "--unchecked"]
PINS = "2580\n2580\n"


def hub(*words: object, typed: str = "") -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], input=typed)


def done(*words: object, typed: str = "") -> str:
    result = hub(*words, typed=typed)
    assert result.exit_code == 0, result.output
    return result.output


def refused(*words: object, typed: str = "") -> str:
    """The one line that says why not."""
    result = hub(*words, typed=typed)
    assert result.exit_code == 2, result.output
    return result.output.splitlines()[-1]


def papers_in(text: str) -> list[str]:
    groups = re.findall(r"^ {4}((?:[A-Z2-7]{4} ){6}[A-Z2-7]{4})$", text, re.MULTILINE)
    return [" ".join(groups[i : i + 2]) for i in range(0, len(groups), 2)]


class Desk:
    """Two boxes and what lies on the table between them."""

    def __init__(self, table: Path) -> None:
        self.river, self.hill = table / "river", table / "hill"
        self.invitation, self.application = table / "hill.invitation", table / "hill.application"
        self.roster = table / "valley.roster"
        founded = done(
            "init", "--data", self.river, "--name", "River", "--community", "Valley", "--keeper", "Kira", *CHEAP,
            typed=PINS,
        )  # fmt: skip
        self.river_paper, self.community_paper = papers_in(founded)

    def invite(self) -> str:
        words = ("--data", self.river, "--number", 102, "--name", "Hill", self.invitation)
        return done("community", "invite", *words)

    def found_hill(self) -> str:
        words = ("--data", self.hill, "--invitation", self.invitation, "--keeper", "Hana", *CHEAP)
        return done("init", *words, typed=PINS)

    def apply(self) -> str:
        return done("community", "apply", "--data", self.hill, self.application)

    def admit(self) -> str:
        words = ("--data", self.river, self.application, self.roster)
        return done("community", "admit", *words, typed=self.community_paper + "\n")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made.invite()
    return made


def test_the_whole_way(desk: Desk) -> None:
    told = desk.found_hill()
    assert len(papers_in(told)) == 1  # the hub's own: the community's is the founders'
    assert "hub community apply" in told
    assert settings.read(desk.hill).radio == "none"
    desk.apply()
    key = RootPaper.parse(papers_in(told)[0]).public.hex()
    assert f"Hill (102) asks to be admitted; its root key is {key}" in desk.admit()
    assert "River (101)" in done("community", "join", "--data", desk.hill, desk.roster)
    assert "has that roster already" in done("community", "join", "--data", desk.hill, desk.roster)
    assert "has that roster already" in done("community", "join", "--data", desk.river, desk.roster)
    listed = done("community", "list", "--data", desk.hill)
    assert [line.split()[:3] for line in listed.splitlines()] == [["1", "101", "River"], ["2", "102", "Hill"]]
    assert "this hub" in listed.splitlines()[1]
    for data, other in ((desk.river, "Hill"), (desk.hill, "River")):
        opened = Hub.open(data)
        with opened.reading() as tx:
            assert [one.name for one in neighbours(tx, opened.number)] == [other]
        assert opened.rules().community.unit == "hour"
        opened.close()


def test_papers_and_files_that_are_others(desk: Desk, tmp_path: Path) -> None:
    desk.found_hill()
    desk.apply()
    admit = ("community", "admit", "--data", desk.river, desk.application, desk.roster)
    assert "not the root paper of this hub's community" in refused(*admit, typed=desk.river_paper + "\n")
    assert "no root paper" in refused(*admit, typed="AAAA BBBB\n")
    assert not desk.roster.exists()
    swapped = ("community", "admit", "--data", desk.river, desk.invitation, desk.roster)
    assert "is no application" in refused(*swapped)
    assert "is no roster" in refused("community", "join", "--data", desk.river, desk.application)
    assert "is no invitation" in refused(
        "init", "--data", tmp_path / "new", "--invitation", desk.application, "--keeper", "Hana", *CHEAP
    )
    assert not (tmp_path / "new").exists()


def test_damaged_and_missing_files(desk: Desk, tmp_path: Path) -> None:
    desk.found_hill()
    desk.apply()
    whole = bytearray(desk.application.read_bytes())
    whole[-3] ^= 1
    desk.application.write_bytes(whole)
    admit = ("community", "admit", "--data", desk.river, desk.application, desk.roster)
    assert "its keys were changed" in refused(*admit)
    desk.application.write_bytes(whole[:40])
    assert "copy it again" in refused(*admit)
    desk.application.unlink()
    assert "cannot be read: No such file" in refused(*admit)
    (tmp_path / "film").write_bytes(bytes(2 << 20))
    assert "too large" in refused("community", "join", "--data", desk.hill, tmp_path / "film")


def test_nothing_is_written_over(desk: Desk) -> None:
    before = desk.invitation.read_bytes()
    again = ("community", "invite", "--data", desk.river, "--number", 103, "--name", "Lake", desk.invitation)
    assert "there already" in refused(*again)
    assert desk.invitation.read_bytes() == before
    desk.found_hill()
    desk.apply()
    desk.roster.write_text("somebody's song")
    admit = ("community", "admit", "--data", desk.river, desk.application, desk.roster)
    assert "choose another name for the roster" in refused(*admit, typed=desk.community_paper + "\n")
    assert desk.roster.read_text() == "somebody's song"


def test_numbers_that_are_taken(desk: Desk, tmp_path: Path) -> None:
    same = ("community", "invite", "--data", desk.river, "--number", 101, "--name", "Lake", tmp_path / "x")
    assert "another hub's number" in refused(*same)
    assert not (tmp_path / "x").exists()


def test_what_the_invitation_says_is_not_said_again(desk: Desk) -> None:
    words = ("init", "--data", desk.hill, "--invitation", desk.invitation, "--keeper", "Hana", *CHEAP)
    assert "--unit is in the invitation already" in refused(*words, "--unit", "day")
    assert "Missing option '--community'" in refused("init", "--data", desk.hill, "--name", "Hill")


def test_a_hub_that_has_not_been_admitted(desk: Desk, tmp_path: Path) -> None:
    desk.found_hill()
    assert "no community of hubs yet" in done("community", "list", "--data", desk.hill)
    desk.apply()
    desk.admit()
    done("community", "join", "--data", desk.hill, desk.roster)
    done(
        "community",
        "invite",
        "--data",
        desk.hill,
        "--number",
        103,
        "--name",
        "Lake",
        tmp_path / "lake.invitation",
    )
    lake = tmp_path / "lake"
    words = ("--data", lake, "--invitation", tmp_path / "lake.invitation", "--keeper", "Leila", *CHEAP)
    done("init", *words, typed=PINS)
    assert "does not stand in the roster" in refused("community", "join", "--data", lake, desk.roster)


def test_the_founders_end_a_fork_with_two_files(desk: Desk, tmp_path: Path) -> None:
    """Hill told two stories; it was put together again, and the founders name that life."""
    (paper,) = papers_in(desk.found_hill())
    desk.apply()
    desk.admit()
    done("community", "join", "--data", desk.hill, desk.roster)
    certificate, roster = tmp_path / "hill.certificate", tmp_path / "again.roster"
    assert "first life" in refused("community", "certificate", "--data", desk.hill, certificate)
    hill = Hub.open(desk.hill)
    hill.renew(RootPaper.parse(paper))
    hill.close()
    assert "Carry" in done("community", "certificate", "--data", desk.hill, certificate)
    wrong = refused(
        "community", "rule", "--data", desk.river, certificate, roster, typed=desk.river_paper + "\n"
    )
    assert "not the root paper" in wrong
    assert not roster.exists()
    said = done(
        "community", "rule", "--data", desk.river, certificate, roster, typed=desk.community_paper + "\n"
    )
    assert "Hub 102 goes on in life 2" in said
    assert "hub 102 goes on in a new life" in done("community", "join", "--data", desk.hill, roster)
    assert "has that roster already" in done("community", "join", "--data", desk.river, roster)
    certificate.write_bytes(certificate.read_bytes()[:-1])
    assert "damaged" in refused("community", "rule", "--data", desk.river, certificate, tmp_path / "third")


def roster_of(data: Path) -> list[int]:
    opened = Hub.open(data)
    try:
        with opened.reading() as tx:
            return [row.hub for row in tx.rows(RosterRow.select().order_by(RosterRow.seq))]
    finally:
        opened.close()


def test_the_first_hub_of_a_community_stands_in_its_roster_from_the_founding(desk: Desk) -> None:
    """It can make proofs of care, though it is alone; the hub that comes later stands behind it."""
    assert roster_of(desk.river) == [101]
    desk.found_hill()
    assert roster_of(desk.hill) == []
    desk.apply()
    desk.admit()
    assert roster_of(desk.river) == [101, 102]


def test_a_first_hub_founded_before_that_admits_itself(tmp_path: Path) -> None:
    with a_village(tmp_path / "river") as village:
        data, paper = village.hub.data, village.founders
    assert roster_of(data) == []
    told = done("community", "admit", "--data", data, tmp_path / "roster", typed=paper.text() + "\n")
    assert "can make proofs of care" in told
    assert roster_of(data) == [101]
