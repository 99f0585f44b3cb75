from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cli.case_folder import CaseFolder
from gateway.cli.case_rows import CaseRows
from gateway.cli.failures import CliFailure
from tests.gateway.cli.cases import feature, square, write_layer


def test_communities_are_governed_and_carry_their_own_codes(small_case: Path) -> None:
    rows = CaseRows(CaseFolder(small_case), "980001")
    found = [f["properties"] for f in rows.communities()]
    assert found == [
        {"code": "980001001002", "name": "East", "is_governed": True},
        {"code": "980001001001", "name": "West", "is_governed": True},
    ]
    assert [place.code for place in rows.divisions()] == ["980001", "980001001"]


def test_estates_find_their_community_by_position_or_are_counted(small_case: Path) -> None:
    rows = CaseRows(CaseFolder(small_case), "980001")
    assert [
        (f["properties"]["source_id"], f["properties"]["community_code"]) for f in rows.estates()
    ] == [("e1", "980001001002")]
    assert rows.estates_nowhere == 1


def test_a_building_names_its_estate_even_where_the_case_has_no_estates(small_case: Path) -> None:
    (small_case / "estates.geojson").unlink()
    rows = CaseRows(CaseFolder(small_case), "980001")
    assert list(rows.estates()) == []
    assert [f["properties"].get("estate_source_id") for f in rows.buildings()] == [None, None, "e1"]


def test_buildings_keep_their_ids_and_counts(small_case: Path) -> None:
    rows = CaseRows(CaseFolder(small_case), "980001")
    found = [f["properties"] for f in rows.buildings()]
    assert [row["source_id"] for row in found] == ["b1", "b2", "b3"]
    assert [row["households_resident"] for row in found] == [4, 7, 0]
    assert {row["source"] for row in found} == {"case"}


def test_what_a_case_tells_of_an_estates_management_is_passed_on(small_case: Path) -> None:
    told = [
        feature(None, estate_id="a", community_code="Q1", property_company=None),
        feature(None, estate_id="b", community_code="Q1", property_company="Good"),
        feature(None, estate_id="c", community_code="Q1", no_property_no_committee=True),
        feature(None, estate_id="d", community_code="Q1"),
    ]
    write_layer(small_case, "estates", told)
    rows = CaseRows(CaseFolder(small_case))
    found = [
        (f["properties"].get("has_property_company"), f["properties"].get("has_owners_committee"))
        for f in rows.estates()
    ]
    assert found == [(False, None), (True, None), (False, False), (None, None)]


def test_barriers_of_a_case_of_two_districts_go_to_the_one_they_lie_in(tmp_path: Path) -> None:
    write_layer(
        tmp_path,
        "communities",
        [
            feature(square(10.0, 50.0), code="990001001001", name="A"),
            feature(square(11.0, 50.0), code="990002001001", name="B"),
        ],
    )
    write_layer(tmp_path, "buildings", [])
    line = {"type": "LineString", "coordinates": [[11.001, 50.001], [11.002, 50.002]]}
    far = {"type": "LineString", "coordinates": [[0, 0], [0, 1]]}
    write_layer(
        tmp_path,
        "barriers",
        [feature(line, barrier_id="r1", kind="road"), feature(far, barrier_id="r2", kind="road")],
    )
    rows = CaseRows(CaseFolder(tmp_path))
    assert [f["properties"]["area"] for f in rows.barriers()] == ["990002", "990001"]


def test_a_community_without_a_code_is_refused(small_case: Path) -> None:
    write_layer(small_case, "communities", [feature(None, name="nameless")], gz=True)
    with pytest.raises(CliFailure) as refused:
        CaseRows(CaseFolder(small_case))
    assert refused.value.code == "cli.community_codes"
