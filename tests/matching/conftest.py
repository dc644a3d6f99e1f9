from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.matching import CACHE_FILE, Index
from tests.matching.market import Market
from tests.support.village import a_copied_village


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    """River with an empty market."""
    with a_copied_village(tmp_path / "river") as village:
        index = Index.open(village.hub.data / CACHE_FILE)
        try:
            yield Market(village, index)
        finally:
            index.close()
