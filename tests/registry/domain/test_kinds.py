"""The file of kinds: what it must hold, and what is said when it does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.registry.domain.kinds import NOUNS, PARTIES, SHIPPED, KindedNoun, read_kinds
from services.registry.domain.organization_problems import KindUnknown

INCIDENTS = SHIPPED.parents[2] / "incidents" / "data" / "categories.json"


def test_the_shipped_file_names_kinds_in_both_languages() -> None:
    kinds = read_kinds()
    for noun in NOUNS:
        for kind in kinds.all(noun):
            assert kind.name.en
            assert any("\u4e00" <= character <= "\u9fff" for character in kind.name.zh)
    parties = {kind.estate_party for kind in kinds.all("organization")}
    assert parties == {None, *PARTIES}


def test_every_handling_party_of_the_incident_categories_is_a_kind() -> None:
    named = json.loads(INCIDENTS.read_text(encoding="utf-8"))["party_kinds"]
    kinds = read_kinds()
    assert named
    assert [code for code in sorted(named) if not kinds.knows("organization", code)] == []


@pytest.mark.parametrize("noun", NOUNS)
def test_an_unknown_kind_is_refused_at_its_field(noun: KindedNoun) -> None:
    kinds = read_kinds()
    kinds.check(noun, "other" if kinds.knows(noun, "other") else "residential")
    with pytest.raises(KindUnknown) as refused:
        kinds.check(noun, "no_such_kind", "use")
    assert refused.value.errors[0].pointer == "/use"
    assert "no_such_kind" not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"team": None}, "lacks team"),
        ({"team": {}}, "lacks team"),
        ({"team": {"x": {"zh": "某"}}}, "team.x needs"),
        ({"team": {"x": "某"}}, "team.x needs"),
        ({"organization": {"x": {"zh": "某", "en": "x", "estate_party": "y"}}}, "organization.x"),
    ],
)
def test_a_wrong_file_is_refused_by_name(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    path = tmp_path / "kinds.json"
    path.write_text(json.dumps(json.loads(SHIPPED.read_text("utf-8")) | changes), "utf-8")
    with pytest.raises(ValueError, match=said):
        read_kinds(path)
