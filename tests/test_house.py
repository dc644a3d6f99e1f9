"""The house itself: the locks, the Makefile, the sizes of files, what must not be in the repository."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import appliance

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
RUNTIME = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
DEV = [Requirement(text) for text in PROJECT["dependency-groups"]["dev"]]
LOCKS = ["requirements.lock", "requirements-dev.lock"]
MAX_LINES = 500

PIN_LINE = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[0-9a-z.!]+)( ; [a-zA-Z0-9_ '!=<>.()]+)? \\")
HASH_LINE = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")


def pins(lock: str) -> dict[str, str]:
    found = (PIN_LINE.fullmatch(line) for line in (ROOT / lock).read_text("utf-8").splitlines())
    return {match["name"]: match["version"] for match in found if match}


def tracked_files() -> list[Path]:
    """The files git knows; in an unpacked release, where there is no git, none."""
    git = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return [path for name in git.stdout.split("\0") if name and (path := ROOT / name).is_file()]


class TestLocks:
    @pytest.mark.parametrize("lock", LOCKS)
    def test_a_lock_is_made_of_pins_and_hashes_and_nothing_else(self, lock: str) -> None:
        # So it can hold no address of a registry, no option and no path of the machine it was made on.
        lines = (ROOT / lock).read_text("utf-8").splitlines()
        comments = [line for line in lines if line.lstrip().startswith("#")]
        rest = [line for line in lines if line not in comments]
        assert [line for line in rest if not PIN_LINE.fullmatch(line) and not HASH_LINE.fullmatch(line)] == []
        assert not any("/" in line for line in comments)

    @pytest.mark.parametrize("lock", LOCKS)
    def test_every_pin_has_a_hash(self, lock: str) -> None:
        lines = (ROOT / lock).read_text("utf-8").splitlines()
        following = zip(lines, [*lines[1:], ""], strict=True)
        assert [line for line, after in following if PIN_LINE.fullmatch(line) and "--hash" not in after] == []

    @pytest.mark.parametrize(
        ("lock", "wanted"), [("requirements.lock", RUNTIME), ("requirements-dev.lock", RUNTIME + DEV)]
    )
    def test_a_lock_covers_what_the_project_asks_for(self, lock: str, wanted: list[Requirement]) -> None:
        locked = pins(lock)
        for requirement in wanted:
            version = locked.get(canonicalize_name(requirement.name))
            assert version is not None, f"{requirement.name} is missing in {lock}: run `make lock`"
            assert version in requirement.specifier, f"{requirement} but {lock} has {version}"

    def test_tests_run_on_the_releases_the_box_runs_on(self) -> None:
        assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()

    def test_every_dependency_has_a_written_reason(self) -> None:
        reasons = (ROOT / "docs/decisions/0001-dependencies.md").read_text("utf-8")
        assert [r.name for r in RUNTIME + DEV if f"| {r.name} |" not in reasons] == []


class TestMakefile:
    def test_help_lists_every_target(self) -> None:
        text = (ROOT / "Makefile").read_text("utf-8")
        targets = set(re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE))
        phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
        assert phony is not None
        assert set(phony[1].split()) == targets
        shown = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        assert {line.split()[1] for line in shown.splitlines()} == targets

    def test_the_build_server_runs_make_test(self) -> None:
        run = ROOT / ".ci/run"
        assert os.access(run, os.X_OK)
        text = run.read_text("utf-8")
        assert text.startswith("#!/usr/bin/env bash\n")
        assert "set -euo pipefail" in text
        assert text.splitlines()[-1] == "make test"


class TestFiles:
    def test_files_stay_of_a_size_one_can_read(self) -> None:
        lengths = {
            str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
            for path in (ROOT / "appliance").rglob("*.py")
        }
        assert {name: lines for name, lines in lengths.items() if lines >= MAX_LINES} == {}

    def test_no_file_names_the_machine_it_was_written_on(self) -> None:
        machine_path = re.compile(rb"(?<![\w.<>}-])/(work|root)/")
        assert [
            str(path.relative_to(ROOT)) for path in tracked_files() if machine_path.search(path.read_bytes())
        ] == []

    def test_version_is_one(self) -> None:
        assert appliance.__version__ == PROJECT["project"]["version"]


class TestImportContract:
    """Each planted import must break the contract; without that, a green contract says nothing."""

    @pytest.mark.parametrize(
        ("place", "forbidden"),
        [
            ("ledger", "web"),
            ("ledger", "radio"),
            ("ledger", "device"),
            ("ledger", "matching"),
            ("web", "radio"),
            ("radio", "web"),
            ("device", "radio"),
            ("radio", "matching"),
            ("device", "matching"),
            ("matching", "web"),
            ("ledger/money", "ledger.book.command"),
            ("ledger/book", "ledger.care"),
            ("ledger/book", "ledger.reads"),
            ("ledger/care", "ledger.book.verify"),
        ],
    )
    def test_a_forbidden_import_breaks_it(self, tmp_path: Path, place: str, forbidden: str) -> None:
        shutil.copytree(
            ROOT / "appliance", tmp_path / "appliance", ignore=shutil.ignore_patterns("__pycache__")
        )
        shutil.copy(ROOT / "pyproject.toml", tmp_path)
        target = tmp_path / "appliance" / Path(*forbidden.split("."))
        (tmp_path / "appliance" / place).mkdir(parents=True, exist_ok=True)
        if not target.with_suffix(".py").exists():
            target.mkdir(parents=True, exist_ok=True)
        for folder in (tmp_path / "appliance").rglob("*/"):  # rooms that are not built yet
            (folder / "__init__.py").touch()
        planted = tmp_path / "appliance" / place / "planted.py"
        planted.write_text(f"import appliance.{forbidden}\n", "utf-8")

        tool = Path(sys.executable).parent / "lint-imports"
        run = subprocess.run([tool, "--no-cache"], cwd=tmp_path, capture_output=True, text=True, check=False)

        assert run.returncode == 1, run.stdout + run.stderr
        assert "planted" in run.stdout
        assert "BROKEN" in run.stdout


class TestGuards:
    def test_another_machine_can_not_be_reached(self) -> None:
        with socket.socket() as sock, pytest.raises(AssertionError, match="tried to reach"):
            sock.connect(("192.0.2.1", 80))

    def test_this_machine_can(self) -> None:
        with (
            socket.create_server(("127.0.0.1", 0)) as server,
            socket.create_connection(server.getsockname(), timeout=5),
        ):
            pass
