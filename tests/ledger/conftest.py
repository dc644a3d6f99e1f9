"""The village of River, anew for every test that asks for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.village import Village, a_copied_village


@pytest.fixture
def river(tmp_path: Path) -> Iterator[Village]:
    with a_copied_village(tmp_path / "river") as village:
        yield village
