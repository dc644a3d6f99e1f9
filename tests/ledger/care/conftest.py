"""Villages with rules of care of their own."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.ledger.care.caring import Found
from tests.support.village import Village, a_copied_village


@pytest.fixture
def found(tmp_path: Path) -> Iterator[Found]:
    """``found(quorum=1, ...)``: River with these rules of care."""
    with ExitStack() as stack:

        def make(**rules: Any) -> Village:
            return stack.enter_context(a_copied_village(tmp_path / "river", care=rules))

        yield make
