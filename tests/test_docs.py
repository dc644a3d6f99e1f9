"""The documentation says what the program does: every command, option, refusal, action and route of it, and no other."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from appliance.cli import main
from appliance.ledger.errors import Action, Code
from appliance.web.app import create_app
from tests.support.two_villages import two_villages
from tests.support.village import a_village

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def sections(text: str, heading: str) -> dict[str, str]:
    """The parts of a page under headings of one level, by heading; each ends at the next heading."""
    parts = re.split(rf"^{heading} (.*)$", text, flags=re.MULTILINE)
    return {
        name.strip(): re.split(r"^#", body, maxsplit=1, flags=re.MULTILINE)[0]
        for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def first_column(text: str) -> list[str]:
    """What stands in `code` in the first column of the tables in ``text``."""
    rows = re.findall(r"^\|([^|\n]*)\|", text, re.MULTILINE)
    return [word for row in rows for word in re.findall(r"`([^`]+)`", row)]


def commands(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by what is typed for it."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))
        else:
            yield " ".join(("hub", *words, name)), command


COMMANDS = dict(commands(main))


class TestCommands:
    def test_each_has_its_section_and_no_other_has(self) -> None:
        documented = {name for name in sections(page("docs/keepers.md"), "###") if name.startswith("hub ")}
        assert documented == set(COMMANDS)

    @pytest.mark.parametrize("name", sorted(COMMANDS))
    def test_its_options_are_those_of_its_table(self, name: str) -> None:
        options = {
            text
            for option in COMMANDS[name].params
            if isinstance(option, click.Option)
            for text in option.opts
        }
        documented = first_column(sections(page("docs/keepers.md"), "###")[name])
        assert sorted(documented) == sorted(options)

    def test_commands_named_anywhere_exist_with_their_options(self) -> None:
        typed = [
            (file.name, line)
            for file in PAGES
            if file.name not in {"design.md", "module-map.md"}  # what is to come stands there
            for line in re.findall(
                r"(?:`|^ *)hub ((?:[a-z-]|[A-Z]).*?)(?:`|$)", file.read_text("utf-8"), re.MULTILINE
            )
        ]
        assert len(typed) > 8
        wrong = [(file, line) for file, line in typed if not self._known(line)]
        assert wrong == []

    def _known(self, line: str) -> bool:
        words = line.split()
        if words[0] in {"COMMAND", "--version", "--help"}:
            return True
        command: click.Command = main
        while words and isinstance(command, click.Group) and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        known = {text for option in command.params for text in option.opts} | {"--help"}
        used = {word.partition("=")[0] for word in words if word.startswith("--")}
        return not isinstance(command, click.Group) and used <= known


class TestRefusals:
    def test_every_code_and_no_other(self) -> None:
        codes, _, _ = page("docs/refusals.md").partition("\n## Actions")
        documented = first_column(codes)
        assert sorted(documented) == sorted(Code)

    def test_every_action_and_no_other(self) -> None:
        _, _, actions = page("docs/refusals.md").partition("\n## Actions")
        assert sorted(first_column(actions)) == sorted(Action)

    def test_numbers_that_are_named_exist(self) -> None:
        codes, _, _ = page("docs/refusals.md").partition("\n## Actions")
        last_cells = re.findall(r"\|([^|\n]*)\|$", codes, re.MULTILINE)
        named = {word for cell in last_cells for word in re.findall(r"`([a-z_]+)`", cell)}
        source = "".join(file.read_text("utf-8") for file in (ROOT / "appliance").rglob("*.py"))
        refusals = set(re.findall(r'"([a-z_]+)":', source))
        assert named - refusals == set()


class TestRoutes:
    def test_what_answers_in_json_is_documented(self, tmp_path: Path) -> None:
        documented = {
            line
            for line in sections(page("docs/frontend.md"), "##")
            if re.match(r"(GET|POST|PUT|DELETE) /", line)
        }
        with a_village(tmp_path / "river") as river:
            app = create_app(river.hub)
            client = app.test_client()
            answering = {
                f"GET {rule.rule}"
                for rule in app.url_map.iter_rules()
                if "GET" in (rule.methods or ()) and not rule.arguments and client.get(rule.rule).is_json
            }
            api = {
                f"{method} {rule.rule}"
                for rule in app.url_map.iter_rules()
                if rule.rule.startswith("/api")
                for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
            }
        assert documented == answering | api

    def test_health_has_the_fields_that_are_documented(self, tmp_path: Path) -> None:
        with two_villages(tmp_path) as two:
            from appliance.ledger.book.local import Verified, keep_verified

            with two.river.hub.store.write() as tx:
                keep_verified(tx, Verified(two.river.hub.head(), two.clock.now().ms))
            answer = create_app(two.river.hub).test_client().get("/health")
        assert answer.status_code == 200
        documented = first_column(sections(page("docs/frontend.md"), "##")["GET /health"])
        assert sorted(leaves(answer.get_json())) == sorted(set(documented) - {"ledger.verified"})


def leaves(value: dict[str, object], before: str = "") -> list[str]:
    """The names of all values, an inner one after its outer; those of a list of things after ``[]``."""
    found: list[str] = []
    for name, inner in value.items():
        if isinstance(inner, list) and inner:
            found += leaves(inner[0], f"{before}{name}[].")
        else:
            found += leaves(inner, f"{before}{name}.") if isinstance(inner, dict) else [before + name]
    return found


class TestPages:
    @pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.relative_to(ROOT)))
    def test_links_lead_somewhere(self, file: Path) -> None:
        text = file.read_text("utf-8")
        targets = re.findall(r"\]\((?!https?:)([^)#\s]+)", text) + re.findall(r'<img src="([^"]+)"', text)
        assert [target for target in targets if not (file.parent / target).exists()] == []

    def test_every_picture_is_shown_somewhere(self) -> None:
        text = "".join(file.read_text("utf-8") for file in PAGES)
        pictures = (ROOT / "docs/images").iterdir()
        assert [picture.name for picture in pictures if f"images/{picture.name}" not in text] == []

    def test_files_that_are_named_exist(self) -> None:
        for name in (
            "README.md",
            "ARCHITECTURE.md",
            "docs/members.md",
            "docs/keepers.md",
            "docs/frontend.md",
        ):
            paths = re.findall(r"`((?:appliance|docs|tests|scripts)/[\w./-]+)`", page(name))
            assert [path for path in paths if not (ROOT / path).exists()] == [], name

    def test_make_targets_that_are_named_exist(self) -> None:
        targets = set(re.findall(r"^([a-z][a-z-]*):", page("Makefile"), re.MULTILINE))
        named = {word for file in PAGES for word in re.findall(r"`make ([a-z-]+)", file.read_text("utf-8"))}
        assert named - targets <= {"image"}  # design and map speak of it; it comes with the image
