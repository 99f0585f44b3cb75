"""The data files that Jingwei ships are valid by their own rules."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
INCIDENTS = ROOT / "services" / "incidents" / "data"
DIVISIONS = ROOT / "services" / "registry" / "data" / "divisions_630102.csv"
REPORTS = ROOT / "infra" / "demo" / "reports.json"
SCOPES = {f"incidents:{verb}" for verb in ("report", "handle", "verify", "supervise")}


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def categories() -> dict[str, Any]:
    found: dict[str, Any] = load(INCIDENTS / "categories.json")
    return found


@pytest.fixture(scope="module")
def lifecycle() -> dict[str, Any]:
    found: dict[str, Any] = load(INCIDENTS / "transitions.json")
    return found


@pytest.fixture(scope="module")
def divisions() -> list[dict[str, str]]:
    with DIVISIONS.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def leaves(categories: dict[str, Any]) -> list[dict[str, Any]]:
    return [leaf for group in categories["classes"] for leaf in group["children"]]


def is_bilingual(text: dict[str, str]) -> bool:
    return set(text) == {"zh", "en"} and all(value.strip() for value in text.values())


def test_the_division_table_has_the_units_of_the_source(divisions: list[dict[str, str]]) -> None:
    kinds = Counter(row["kind"] for row in divisions)
    assert len(divisions) == 71
    assert kinds == {
        "district": 1, "street": 7, "town": 2, "industrial_park": 1,
        "community": 39, "village": 20, "virtual_community": 1,
    }  # fmt: skip


def test_every_division_hangs_below_the_code_that_its_own_begins_with(
    divisions: list[dict[str, str]],
) -> None:
    codes = {row["code"] for row in divisions}
    assert len(codes) == len(divisions)
    for row in divisions[1:]:
        assert row["parent_code"] in codes
        assert row["code"].startswith(row["parent_code"])
        assert len(row["code"]) == len(row["parent_code"]) + 3


def test_exactly_35_residents_committees_are_governed(divisions: list[dict[str, str]]) -> None:
    governed = [row for row in divisions if row["is_governed"] == "true"]
    assert len(governed) == 35
    assert {row["kind"] for row in governed} == {"community"}
    # Both communities that the press names are among them.
    assert {"630102002008", "630102101007"} <= {row["code"] for row in governed}


def test_codes_are_two_and_two_digits_and_unique(categories: dict[str, Any]) -> None:
    groups = [group["code"] for group in categories["classes"]]
    codes = [leaf["code"] for leaf in leaves(categories)]
    assert len(set(groups)) == len(groups)
    assert len(set(codes)) == len(codes)
    for group in categories["classes"]:
        assert len(group["code"]) == 2
        assert group["children"]
        for leaf in group["children"]:
            assert len(leaf["code"]) == 4
            assert leaf["code"].startswith(group["code"])
            assert "children" not in leaf


def test_names_are_bilingual_and_short_enough(categories: dict[str, Any]) -> None:
    longest = categories["classification"]["name_length_max"]
    for item in categories["classes"] + leaves(categories):
        assert is_bilingual(item["name"])
        assert all(len(name) <= longest for name in item["name"].values()), item["code"]
        assert item["level"] in ("general", "urgent")


def test_every_leaf_says_who_when_and_until_what(categories: dict[str, Any]) -> None:
    for leaf in leaves(categories):
        assert leaf["handling_party_kind"] in categories["party_kinds"]
        assert is_bilingual(leaf["filing_condition"])
        assert is_bilingual(leaf["closing_condition"])
        assert leaf["stages"], leaf["code"]
        for stage in leaf["stages"] + leaf.get("alternative_limits", []):
            assert stage["name"] in categories["stage_names"]
            assert stage["amount"] > 0
            assert stage["unit"] in categories["units"]
            assert stage["from_tag"] in categories["limit_sources"]
        assert set(leaf["source"]) == {stage["from_tag"] for stage in leaf["stages"]}
        assert set(leaf["suggests"]) <= set(categories["suggestions"])


def test_stages_of_a_leaf_come_in_the_order_in_which_they_end(categories: dict[str, Any]) -> None:
    hours = {"hour": 1, "working_hour": 3, "day": 24, "working_day": 24}
    for leaf in leaves(categories):
        ends = [stage["amount"] * hours[stage["unit"]] for stage in leaf["stages"]]
        assert ends == sorted(ends), leaf["code"]


def test_extra_fields_are_typed_and_ask_for_no_person(categories: dict[str, Any]) -> None:
    personal = ("person_name", "phone", "id_number", "address", "plate")
    for leaf in leaves(categories):
        codes = [field["code"] for field in leaf["fields"]]
        assert len(set(codes)) == len(codes)
        for field in leaf["fields"]:
            assert field["type"] in categories["field_types"]
            assert is_bilingual(field["name"])
            assert isinstance(field["required"], bool)
            assert not any(word in field["code"] for word in personal)
        for rule in leaf.get("level_rules", []):
            assert rule["field"] in codes
            assert rule["level"] == "urgent"


def test_wage_arrears_of_ten_people_become_urgent(categories: dict[str, Any]) -> None:
    (wages,) = [leaf for leaf in leaves(categories) if leaf["code"] == "1701"]
    assert wages["level"] == "general"
    assert wages["level_rules"] == [{"field": "worker_count", "at_least": 10, "level": "urgent"}]
    required = {field["code"] for field in wages["fields"] if field["required"]}
    assert required == {"project_name", "worker_count", "amount_claimed"}


def test_sudden_events_are_urgent_as_a_class(categories: dict[str, Any]) -> None:
    (sudden,) = [group for group in categories["classes"] if group["code"] == "04"]
    assert {leaf["level"] for leaf in sudden["children"]} == {"urgent"}


def test_the_demo_reports_use_known_categories_and_communities(
    categories: dict[str, Any], divisions: list[dict[str, str]]
) -> None:
    known = {leaf["code"] for leaf in leaves(categories)}
    governed = {row["code"] for row in divisions if row["is_governed"] == "true"}
    for report in load(REPORTS):
        assert report["category"] in known
        assert report["community"] in governed


def test_states_and_actions_are_named_once_and_in_both_languages(lifecycle: dict[str, Any]) -> None:
    for key, name in (("states", "code"), ("actions", "action")):
        names = [row[name] for row in lifecycle[key]]
        assert len(set(names)) == len(names)
        assert all(row["zh"] and row["en"] for row in lifecycle[key])
    for vocabulary in ("needs", "guards", "counters"):
        assert all(is_bilingual(text) for text in lifecycle[vocabulary].values())


def test_actions_speak_only_of_what_the_file_defines(lifecycle: dict[str, Any]) -> None:
    states = {state["code"] for state in lifecycle["states"]}
    for action in lifecycle["actions"]:
        assert action["from"]
        assert set(action["from"]) <= states
        assert action["to"] is None or action["to"] in states
        assert action["scope"] in SCOPES
        for word in ("needs", "guards", "counters"):
            assert set(action[word]) <= set(lifecycle[word])
        assert set(action.get("sets", {})) <= set(lifecycle["flags"])


def test_clocks_point_to_limits_that_exist(lifecycle: dict[str, Any]) -> None:
    limits = lifecycle["parameters"]["limits"]
    for state in lifecycle["states"]:
        limit = lifecycle["clocks"][state["clock"]]["limit"]
        assert limit is None or limit == "category" or limit in limits
    assert all(limit["amount"] > 0 for limit in limits.values())


def test_every_transition_of_the_design_is_there(lifecycle: dict[str, Any]) -> None:
    found = {(a, action["to"]) for action in lifecycle["actions"] for a in action["from"]}
    wanted = {
        "reported": "verifying accepted rejected merged withdrawn",
        "verifying": "accepted rejected",
        "accepted": "resolved assigned",
        "assigned": "in_progress accepted assigned",
        "in_progress": "resolved suspended in_mediation police_handoff in_progress",
        "suspended": "in_progress",
        "in_mediation": "resolved in_progress",
        "police_handoff": "resolved in_progress",
        "resolved": "closed assigned",
        "closed": "assigned",
    }
    for start, ends in wanted.items():
        assert {end for at, end in found if at == start and end} == set(ends.split())


def test_every_state_is_reached_and_only_terminal_ones_are_dead_ends(
    lifecycle: dict[str, Any],
) -> None:
    moves = [(a, action["to"]) for action in lifecycle["actions"] for a in action["from"]]
    reached, waiting = {lifecycle["initial"]}, [lifecycle["initial"]]
    while waiting:
        at = waiting.pop()
        new = {end for start, end in moves if start == at and end} - reached
        reached |= new
        waiting += new
    assert reached == {state["code"] for state in lifecycle["states"]}
    leaving = {start for start, _ in moves}
    for state in lifecycle["states"]:
        assert (state["code"] not in leaving) == state["terminal"]
        assert state["open311"] in ("open", "closed")


def test_nobody_closes_what_he_handled_and_reopening_has_a_window(
    lifecycle: dict[str, Any],
) -> None:
    actions = {action["action"]: action for action in lifecycle["actions"]}
    assert "not_by_handler" in actions["verify_pass"]["guards"]
    assert "not_by_handler" in actions["verify_fail"]["guards"]
    assert actions["verify_fail"]["counters"] == ["rework_count"]
    assert "within_reopen_window" in actions["reopen"]["guards"]
    assert "max_two_returns" in actions["return"]["guards"]
    assert actions["arbitrate"]["scope"] == "incidents:supervise"
    assert lifecycle["parameters"]["max_returns"] == 2
    assert lifecycle["parameters"]["reopen_days"] == 10
