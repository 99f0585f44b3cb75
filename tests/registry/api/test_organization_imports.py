"""Imports of organizations: parents in any order, jurisdictions, and what is refused."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.registry.factories import DISTRICT, STREET_1, V1, A, B, C, Registry, an_organization

HEADER = "组织编号,区划代码,组织名称,组织类型,管辖区划,上级组织编号,统一社会信用代码\n"


def flaws(job: dict[str, Any]) -> list[tuple[int, str | None, str]]:
    return [(error["row"], error["column"], error["code"]) for error in job["errors"]]


def by_source_id(registry: Registry) -> dict[str, dict[str, Any]]:
    return {item["source_id"]: item for item in registry.get("organizations")["items"]}


def test_parents_stand_in_the_same_file_in_any_order(registry: Registry) -> None:
    rows = [f"O{number},{A},第{number}级,other,,{parent},\n" for number, parent in
            [(1, ""), (2, "O1"), (3, "O2"), (4, "O3"), (5, "O1")]]  # fmt: skip
    for seed in range(3):
        random.Random(seed).shuffle(rows)
        job = registry.load("organizations", HEADER + "".join(rows))
        assert job["counts"]["refused"] == 0, job
        found = by_source_id(registry)
        for low, high in (("O2", "O1"), ("O3", "O2"), ("O4", "O3"), ("O5", "O1")):
            assert found[low]["parent_id"] == found[high]["id"]
    assert job["counts"]["unchanged"] == 5


def test_wrong_rows_are_named_and_take_their_children_along(registry: Registry) -> None:
    sheet = HEADER + (
        f"O1,{A},甲,circus,,,\n"
        f"O2,{A},乙,other,,O1,\n"
        f"O3,{A},丙,other,,O2,\n"
        f"O4,{A},丁,other,,NOBODY,\n"
        f"O5,{A},戊,other,{A}、990009,,\n"
        f"O6,{A},己,other,,O5,\n"
        f"O7,{A},庚,other,,,91350100M000100Y44\n"
        f"O8,{A},辛,other,,O9,\n"
        f"O9,{A},壬,other,,O8,\n"
        "O10,990001009,癸,other,,,\n"
        f"O11,{STREET_1},好,police_station,{A};{C},,91350100M000100Y43\n"
    )
    job = registry.load("organizations", sheet, on_error="skip")
    assert flaws(job) == [
        (2, None, "kind.unknown"),
        (3, "parent_source_id", "organization.not_found"),
        (4, "parent_source_id", "organization.not_found"),
        (5, "parent_source_id", "organization.not_found"),
        (6, "jurisdiction", "division.not_found"),
        (7, "parent_source_id", "organization.not_found"),
        (8, None, "uscc.invalid"),
        (9, "parent_source_id", "organization.parent_loop"),
        (10, "parent_source_id", "organization.parent_loop"),
        (11, "division_code", "division.not_found"),
    ]
    (made,) = registry.get("organizations")["items"]
    assert (made["jurisdiction"], made["uscc"]) == ([A, C], "91350100M000100Y43")
    refused = registry.load("organizations", sheet)
    assert (refused["state"], refused["counts"]["refused"]) == ("failed", 10)


def test_a_file_cannot_close_a_loop_with_what_is_stored(registry: Registry) -> None:
    registry.load("organizations", HEADER + f"O1,{A},甲,other,,,\nO2,{A},乙,other,,O1,\n")
    job = registry.load("organizations", HEADER + f"O1,{A},甲,other,,O2,\n", on_error="skip")
    assert flaws(job) == [(2, "parent_source_id", "organization.parent_loop")]


def test_a_file_keeps_to_the_callers_areas(
    registry: Registry, seen_by: Callable[..., dict[str, str]]
) -> None:
    place = f"{V1}/organizations/by-source/sheet/O1"
    body = an_organization(STREET_1, jurisdiction=[A, C])
    registry.done(registry.client.put(place, json=body))
    registry.done(
        registry.client.put(
            f"{V1}/organizations/by-source/sheet/O2", json=an_organization(DISTRICT)
        )
    )
    hidden = f"{V1}/organizations/by-source/sheet/HIDDEN"
    registry.done(registry.client.put(hidden, json=an_organization(C)))
    mine = seen_by(STREET_1)
    sheet = HEADER + (
        f"O1,{STREET_1},,,{B},,\n"
        f"O2,{STREET_1},,,,,\n"
        f"O3,{DISTRICT},,,,,\n"
        f"O4,{A},,,{C},,\n"
        f"O5,{A},,,,,\n"
        f"O6,{A},,,,HIDDEN,\n"
    )
    job = registry.load("organizations", sheet, on_error="skip", headers=mine)
    assert flaws(job) == [
        (3, "source_id", "row.outside_area"),
        (4, "division_code", "row.outside_area"),
        (5, "jurisdiction", "division.not_found"),
        (7, "parent_source_id", "organization.not_found"),
    ]
    found = by_source_id(registry)
    assert found["O1"]["jurisdiction"] == [B, C]
    assert found["O5"]["jurisdiction"] == [A]
    assert set(found) == {"O1", "O2", "O5", "HIDDEN"}
