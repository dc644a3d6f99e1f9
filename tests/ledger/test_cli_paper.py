"""The root papers at the terminal: shown, asked back before there is a hub, put into a file to print, erased."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import zxingcpp
from click.testing import CliRunner, Result
from PIL import Image

from appliance.cli import main
from appliance.ledger import papers
from appliance.ledger.hub import Hub
from appliance.ledger.keys import RootPaper
from tests.ledger.test_keys import unaccented
from tests.support.terminal import Terminal, at_terminal
from tests.support.village import Village

PIN = "2580"
WORD = re.compile(r"(\d+) +(\w+)")
QUESTION = r"Word (\d+) on your paper[^:]*: "


def hub(*words: object, typed: str = "") -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], input=typed)


def founding(data: Path, *more: object) -> tuple[object, ...]:
    return (
        "init", "--data", data, "--name", "River", "--community", "Valley", "--keeper", "Kira",
        "--kdf-memory", 8, "--kdf-passes", 1, *more,
    )  # fmt: skip


def gives_pin(terminal: Terminal) -> None:
    for _ in range(2):
        terminal.until(r"(digits|confirmation): ")
        terminal.types(PIN)


def copied(terminal: Terminal, kind: str) -> tuple[str, ...]:
    """What somebody writes down from the screen: the 24 words in their order."""
    shown = terminal.until(rf"{kind} root of .*?\n\n(.*?)\n\n.*?press Enter[^:]*: ")[1]
    words = {int(number): word for number, word in WORD.findall(shown)}
    assert sorted(words) == list(range(1, 25))
    terminal.types("")
    return tuple(words[number] for number in range(1, 25))


def answers(terminal: Terminal, words: tuple[str, ...], how: Callable[[str], str] = str) -> list[int]:
    """Type what is asked for from the copy; which numbers were asked."""
    asked = []
    for _ in range(3):
        asked.append(int(terminal.until(QUESTION)[1]))
        terminal.types(how(words[asked[-1] - 1]))
    terminal.until("Right: all three")
    return asked


def remembered(data: Path) -> dict[str, tuple[bool, bool]]:
    """Of which papers it is known that somebody typed them in, and whether wholly."""
    opened = Hub.open(data)
    try:
        with opened.reading() as tx:
            return {one.which: (one.at is not None, one.whole) for one in papers.checked(tx)}
    finally:
        opened.close()


def untouched(path: Path) -> dict[str, bytes]:
    return {str(one): one.read_bytes() for one in path.rglob("*") if one.is_file()}


def read_blocks(text: str) -> str:
    """What a phone reads off a terminal that is dark, with light blocks."""
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in text.splitlines()]
    lines = [line for line in lines if line and set(line) <= set("█▀▄ ") and "█" in line]
    upper, lower = {"█", "▀"}, {"█", "▄"}
    rows = [[c in half for c in line] for line in lines for half in (upper, lower)]
    width = max(len(row) for row in rows)
    picture = Image.new("L", (width + 4, len(rows) + 4), 255)
    for y, row in enumerate(rows):
        for x in range(width):
            picture.putpixel((x + 2, y + 2), 255 if x < len(row) and row[x] else 0)
    (code,) = zxingcpp.read_barcodes(picture.resize((picture.width * 8, picture.height * 8)))
    return code.text


class TestFounding:
    @pytest.mark.parametrize("language", ["en", "es", "fr", "pt"])
    def test_both_papers_are_shown_written_and_asked_back(self, tmp_path: Path, language: str) -> None:
        with at_terminal(*founding(tmp_path / "river", "--language", language)) as terminal:
            gives_pin(terminal)
            of_hub = copied(terminal, "Hub")
            # As tired people type: capitals, no accents, four letters and a space too many.
            asked = answers(terminal, of_hub, lambda word: f" {unaccented(word)[:4].upper()} ")
            of_community = copied(terminal, "Community")
            answers(terminal, of_community)
            assert terminal.ends() == 0, terminal.screen
        assert asked == sorted(set(asked))
        assert RootPaper.parse(" ".join(of_hub)).words(language) == of_hub
        assert remembered(tmp_path / "river") == {"hub": (True, False), "community": (True, False)}
        for words, whose in ((of_hub, "of this hub"), (of_community, "of the community")):
            told = hub("paper", "check", "--data", tmp_path / "river", typed=" ".join(words) + "\n")
            assert f"the root paper {whose}" in told.output
        assert remembered(tmp_path / "river") == {"hub": (True, True), "community": (True, True)}

    def test_the_code_on_the_screen_is_the_same_paper(self, tmp_path: Path) -> None:
        with at_terminal(*founding(tmp_path / "river")) as terminal:
            gives_pin(terminal)
            shown = terminal.until(r"Hub root of .*?press Enter")[0]
        words = [word for _, word in WORD.findall(shown.split("or the same")[0].split("\n\n", 1)[1])]
        letters = re.findall(r"^ {4}((?:[A-Z2-7]{4} ){6}[A-Z2-7]{4})$", shown, re.MULTILINE)
        paper = RootPaper.parse(" ".join(words))
        assert RootPaper.parse(read_blocks(shown)) == RootPaper.parse(" ".join(letters)) == paper

    def test_before_it_asks_it_takes_the_paper_off_the_screen(self, tmp_path: Path) -> None:
        with at_terminal(*founding(tmp_path / "river")) as terminal:
            gives_pin(terminal)
            copied(terminal, "Hub")
            terminal.until(rf"\x1b\[3J.*{QUESTION}")

    def test_a_mistake_is_asked_again_with_help_that_tells_nothing(self, tmp_path: Path) -> None:
        with at_terminal(*founding(tmp_path / "river")) as terminal:
            gives_pin(terminal)
            words = copied(terminal, "Hub")
            number = int(terminal.until(QUESTION)[1])
            right = words[number - 1]
            other = next(at for at, word in enumerate(words, 1) if word != right)
            foreign = next(word for word in ("abandon", "ability", "able") if word not in words)
            for typed, help_ in (
                (words[other - 1], rf"That is word \d+, not word {number}\."),
                ("xqwzy", "'xqwzy' is no word of the list"),
                (foreign, "not on the paper at all"),
            ):
                terminal.types(typed)
                said = terminal.until(rf"{help_}.*?{QUESTION}")
                assert int(said[1]) == number
                assert right not in said[0].split()
            terminal.types("show")  # and three others are asked
            assert copied(terminal, "Hub") == words
            answers(terminal, words)
            answers(terminal, copied(terminal, "Community"))
            assert terminal.ends() == 0

    def test_who_stops_before_the_paper_is_written_has_no_hub(self, tmp_path: Path) -> None:
        page = tmp_path / "paper.html"
        with at_terminal(*founding(tmp_path / "river", "--paper", page)) as terminal:
            gives_pin(terminal)
            copied(terminal, "Hub")
            terminal.until(QUESTION)
            assert page.exists()
            terminal.stops()
            assert terminal.ends() == 1
            assert "Nothing was founded" in terminal.screen
            assert "Traceback" not in terminal.screen
        assert list(tmp_path.iterdir()) == []

    def test_the_page_is_offered_to_be_erased(self, tmp_path: Path) -> None:
        page = tmp_path / "paper.html"
        for answer, left in (("y", False), ("n", True)):
            data = tmp_path / answer
            with at_terminal(*founding(data, "--paper", page)) as terminal:
                gives_pin(terminal)
                answers(terminal, copied(terminal, "Hub"))
                answers(terminal, copied(terminal, "Community"))
                terminal.until(r"THE FILE IS THE SECRET ITSELF.*hub paper erase .*\]: ")
                terminal.types(answer)
                assert terminal.ends() == 0, terminal.screen
            assert page.exists() == left

    def test_a_script_is_asked_for_nothing_and_the_desk_knows(self, tmp_path: Path) -> None:
        page = tmp_path / "paper.html"
        founded = hub(*founding(tmp_path / "river", "--unchecked", "--paper", page), typed=f"{PIN}\n{PIN}\n")
        assert founded.exit_code == 0, founded.output
        assert "THE FILE IS THE SECRET ITSELF" in founded.output
        assert remembered(tmp_path / "river") == {"hub": (False, True), "community": (False, True)}


class TestPage:
    @pytest.fixture
    def page(self, tmp_path: Path) -> Path:
        """Where a keeper lets the page be made: in memory, on a stick."""
        return tmp_path / "paper.html"

    def made(self, village: Village, page: Path, *more: object, typed: str = "") -> Result:
        typed = typed or village.papers.hub.text() + "\n"
        return hub("paper", "print", "--data", village.hub.data, *more, page, typed=typed)

    def test_it_is_for_its_owner_alone_and_says_what_it_is(self, river: Village, page: Path) -> None:
        made = self.made(river, page, "--keep", "--language", "es")
        assert made.exit_code == 0, made.output
        assert page.stat().st_mode & 0o777 == 0o600
        assert "THE FILE IS THE SECRET ITSELF" in made.output
        assert f"hub paper erase {page}" in made.output
        text = page.read_text("utf-8")
        assert text.count("Papel raíz de River (101)") == 2
        for word in river.papers.hub.words("es"):
            assert text.count(f"</b>{word}</li>") >= 2
            assert word not in made.output.split()

    def test_the_communitys_is_told_from_the_hubs(self, river: Village, page: Path) -> None:
        made = self.made(river, page, "--keep", typed=river.founders.scanned() + "\n")
        assert made.exit_code == 0, made.output
        text = page.read_text("utf-8")
        assert text.count("Root paper of the community Valley") == 2
        assert "Root paper of River" not in text

    def test_erased_when_it_is_printed(self, river: Village, page: Path) -> None:
        made = self.made(river, page, typed=f"{river.papers.hub.text()}\ny\n")
        assert made.exit_code == 0, made.output
        assert not page.exists()
        assert "keep traces" in made.output

    def test_whoever_does_not_answer_keeps_it_and_erases_it_later(self, river: Village, page: Path) -> None:
        assert self.made(river, page).exit_code == 0
        held = page.open("rb")  # a reader that has it open sees no secret any more
        assert hub("paper", "erase", page).exit_code == 0
        assert not page.exists()
        with held:
            assert set(held.read()) == {0}

    def test_what_is_no_such_page_is_not_erased(self, tmp_path: Path) -> None:
        (tmp_path / "letter.html").write_text("Dear Dina", "utf-8")
        refused = hub("paper", "erase", tmp_path / "letter.html")
        assert (refused.exit_code, "nothing was erased" in refused.output) == (2, True)
        assert (tmp_path / "letter.html").read_text("utf-8") == "Dear Dina"
        assert hub("paper", "erase", tmp_path / "no").exit_code == 2

    @pytest.mark.parametrize("where", ["paper.html", "backups/paper.html", "link/paper.html"])
    def test_it_never_lies_in_the_data_directory(self, river: Village, tmp_path: Path, where: str) -> None:
        (river.hub.data / "backups").mkdir()
        (tmp_path / "link").symlink_to(river.hub.data)
        into = tmp_path / where if where.startswith("link") else river.hub.data / where
        before = set(untouched(river.hub.data))
        refused = self.made(river, into, "--keep")
        assert refused.exit_code == 2
        assert "must not keep its root paper" in refused.output
        assert set(untouched(river.hub.data)) == before

    def test_nor_at_a_founding(self, tmp_path: Path) -> None:
        data = tmp_path / "river"
        refused = hub(*founding(data, "--unchecked", "--paper", data / "p.html"), typed=f"{PIN}\n{PIN}\n")
        assert refused.exit_code == 2
        assert not data.exists()

    def test_a_file_that_is_there_is_left_alone(self, river: Village, page: Path) -> None:
        page.write_text("shopping list", "utf-8")
        assert self.made(river, page, "--keep").exit_code == 2
        assert page.read_text("utf-8") == "shopping list"

    def test_of_another_hub_none_is_made(self, river: Village, page: Path) -> None:
        refused = self.made(river, page, "--keep", typed=RootPaper.fresh().text() + "\n")
        assert refused.exit_code == 7
        assert not page.exists()

    def test_what_does_not_fit_on_the_stick_is_on_the_screen(self, tmp_path: Path) -> None:
        stick = tmp_path / "paper.html"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                "appliance.ledger.cli_paper.make_file", lambda path, data: path.symlink_to("/dev/full")
            )
            founded = hub(
                *founding(tmp_path / "river", "--unchecked", "--paper", stick), typed=f"{PIN}\n{PIN}\n"
            )
        assert founded.exit_code == 2
        assert "copy them from the screen now" in founded.output
        assert len(re.findall(r"^ {4}(?:[A-Z2-7]{4} ){6}", founded.stdout, re.MULTILINE)) == 4
        assert "The hub is founded" in founded.output

    def test_nothing_of_a_founding_or_a_print_stays_in_the_data_directory(
        self, river: Village, page: Path
    ) -> None:
        self.made(river, page, "--keep")
        kept = untouched(river.hub.data).values()
        for paper in (river.papers.hub, river.founders):
            secrets = (paper.secret, paper.seed, paper.text().encode(), paper.scanned().encode())
            words = (" ".join(paper.words()[:3]).encode(), paper.secret.hex().encode())
            assert not [1 for content in kept for one in (*secrets, *words) if one in content]
