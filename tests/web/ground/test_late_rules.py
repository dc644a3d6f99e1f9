"""Routes are made ready when they are first used: the portal starts sooner, and every address stays as it was."""

from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import BuildError, Map, Rule

from appliance.web import create_app
from appliance.web.ground.late_rules import LateRule
from tests.support.village import Village

ROUTES = ("/", "/t/<code>", "/desk/people/<int:number>/<path:rest>", "/a b/<float:x>")
ASKED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/", {}),
    ("/t/<code>", {"code": "a/b ä"}),
    ("/t/<code>", {"code": "7", "more": "1 2"}),
    ("/desk/people/<int:number>/<path:rest>", {"number": 7, "rest": "x/y", "from": ["1", "2"]}),
    ("/a b/<float:x>", {"x": 1.5}),
)


def test_addresses_are_those_of_the_library() -> None:
    late, own = (
        Map([kind(route, endpoint=route) for route in ROUTES]).bind("river.local", "/hub")
        for kind in (LateRule, Rule)
    )
    for endpoint, values in ASKED:
        for unknown in (True, False):
            expected = own.build(endpoint, values, append_unknown=unknown)
            for _again in range(2):
                assert late.build(endpoint, values, append_unknown=unknown) == expected
    with pytest.raises(BuildError):
        late.build("/t/<code>", {})


def test_the_portal_compiles_no_address_before_it_is_asked_for(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []
    original = Rule._compile_builder

    def counted(rule: Rule, append_unknown: bool = True):
        compiled.append(rule.rule)
        return original(rule, append_unknown)

    monkeypatch.setattr(Rule, "_compile_builder", counted)
    monkeypatch.setattr(Flask, "url_map_class", Map)  # as without what tests share
    app = create_app(village.hub)
    assert compiled == []
    assert app.test_client().get("/signin").status_code == 200
    assert 0 < len(set(compiled)) < 30
