"""Lists of codes about people: a file of the operator's, refused by name when it is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.registry.domain.people_lists import NAMES, SHIPPED, read_lists
from services.registry.domain.people_problems import CodeUnknown


def test_the_shipped_lists_hold_what_the_field_needs() -> None:
    lists = read_lists()
    assert {"grid_head", "mobile_grid_member", "food_safety_sentinel"} <= set(
        lists.codes("member_kinds")
    )
    assert {"police_deputy_secretary", "part_time_committee_member"} <= set(lists.codes("posts"))
    assert len(lists.codes("id_provinces")) == 35
    assert "retention_ended" in lists.codes("erasure_reasons")


def test_codes_are_found_by_code_and_by_name_in_both_languages() -> None:
    lists = read_lists()
    for spelling in ("grid_head", "网格长", " Grid Head "):
        assert lists.find("member_kinds", spelling) == "grid_head"
    assert lists.find("member_kinds", "nobody") is None


def test_an_unknown_code_is_refused_with_the_name_of_the_list() -> None:
    lists = read_lists()
    lists.check("tags", None, "/tags/0")
    lists.check("tags", "elderly", "/tags/0")
    with pytest.raises(CodeUnknown) as caught:
        lists.check("tags", "secret-value", "/tags/0")
    assert "tags" in caught.value.render_detail("zh-CN")
    assert "secret-value" not in caught.value.errors[0].detail("en")


def changed(path: Path, change: Any) -> Path:
    content = json.loads(SHIPPED.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_lacks_a_list_is_refused(tmp_path: Path, name: str) -> None:
    path = changed(tmp_path / "people.json", lambda content: content.pop(name))
    with pytest.raises(ValueError, match=name):
        read_lists(path)


@pytest.mark.parametrize(
    ("code", "entry"), [("Bad Code", {"zh": "x", "en": "x"}), ("good", {"zh": "x"}), ("good", "x")]
)
def test_an_entry_that_is_not_whole_is_refused(tmp_path: Path, code: str, entry: Any) -> None:
    path = changed(tmp_path / "people.json", lambda c: c["tags"].update({code: entry}))
    with pytest.raises(ValueError, match=f"tags.{code}"):
        read_lists(path)


def test_an_installation_may_have_its_own_codes(tmp_path: Path) -> None:
    path = changed(
        tmp_path / "people.json", lambda c: c["tags"].update(fan={"zh": "球迷", "en": "Fan"})
    )
    assert read_lists(path).find("tags", "球迷") == "fan"
