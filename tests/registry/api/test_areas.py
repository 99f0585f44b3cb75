"""What lies outside a caller's areas looks absent, in every query and in every reference."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.registry.factories import (
    DISTRICT,
    STREET_1,
    V1,
    A,
    B,
    C,
    Registry,
    a_building,
    an_estate,
    boundary,
)

SeenBy = Callable[..., dict[str, str]]
ANY = {"If-Match": "*"}


def bare(answer: httpx.Response) -> dict[str, object]:
    hidden = {"instance", "request_id"}
    return {name: value for name, value in answer.json().items() if name not in hidden}


@pytest.fixture
def there(registry: Registry) -> dict[str, str]:
    """An estate, a building and a household of community C, with sources."""
    estate = registry.client.put(f"{V1}/estates/by-source/gis/E1", json=an_estate(C)).json()
    building = registry.client.put(
        f"{V1}/buildings/by-source/gis/B1", json=a_building(C, estate_id=estate["id"])
    ).json()
    household = registry.household(building["id"], "001")
    return {
        "estates": estate["id"],
        "buildings": building["id"],
        "households": household["id"],
    }


def test_lists_counts_and_streams_hold_only_what_is_seen(
    registry: Registry, there: dict[str, str], seen_by: SeenBy
) -> None:
    registry.building(A)
    mine = seen_by(STREET_1)
    get = lambda path: registry.client.get(f"{V1}/{path}", headers=mine)  # noqa: E731
    assert [item["code"] for item in get("divisions").json()["items"]] == [STREET_1, A, B]
    assert get("divisions/" + DISTRICT + "/children").json()["items"][0]["code"] == STREET_1
    assert len(get("buildings?count=true").json()["items"]) == 1
    assert get("estates?count=true").json()["count"] == 0
    assert get("households?include_ended=true").json()["items"] == []
    assert {item["code"] for item in get("counts?by=division").json()["items"]} == {STREET_1, A, B}
    assert get("counts?by=building").json()["items"][0]["community_code"] == A
    assert get("counts?by=estate").json()["items"] == []
    assert get("snapshots").text.count("\n") == 2
    assert get(f"snapshots?area={C}").text == ""
    assert {item["area"] for item in get("changes").json()["items"]} == {STREET_1, A, B}
    csv = registry.client.get(f"{V1}/buildings", headers=mine | {"Accept": "text/csv"})
    assert there["buildings"] not in csv.text
    assert seen_by() is not None
    nobody = registry.client.get(f"{V1}/buildings", headers=seen_by())
    assert nobody.json()["items"] == []


def test_hidden_rows_and_absent_rows_get_the_same_answer(
    registry: Registry, there: dict[str, str], seen_by: SeenBy
) -> None:
    mine = seen_by(STREET_1)
    for noun, row_id in there.items():
        absent = row_id[:-4] + "0000"
        for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
            answers = [
                registry.client.request(method, f"{V1}/{noun}/{one}", json=body, headers=mine | ANY)
                for one in (row_id, absent)
            ]
            assert [answer.status_code for answer in answers] == [404, 404], (noun, method)
            assert bare(answers[0]) == bare(answers[1])
        assert registry.client.get(f"{V1}/{noun}/{row_id}").status_code == 200
    for code in (C, "990001002009"):
        hidden = registry.client.get(f"{V1}/communities/{code}/snapshot", headers=mine)
        assert (hidden.status_code, hidden.json()["code"]) == (404, "division.not_found")
        gone = registry.client.delete(f"{V1}/divisions/{code}", headers=mine | ANY)
        assert gone.status_code == 404


def test_a_hidden_row_cannot_be_referred_to(
    registry: Registry, there: dict[str, str], seen_by: SeenBy
) -> None:
    mine = seen_by(STREET_1)
    hidden = {"source": "gis", "source_id": "B1"}
    cases = [
        ("buildings", a_building(A, estate_id=there["estates"]), "estate.not_found"),
        (
            "buildings",
            a_building(A, estate={"source": "gis", "source_id": "E1"}),
            "estate.not_found",
        ),
        (
            "households",
            {"household_no": "9", "building_id": there["buildings"]},
            "building.not_found",
        ),
        ("households", {"household_no": "9", "building": hidden}, "building.not_found"),
        ("buildings", a_building(C), "division.not_found"),
        ("estates", an_estate(C), "division.not_found"),
        ("estates", {"name": "x", "geometry": boundary(C)}, "division.not_located"),
    ]
    for noun, body, code in cases:
        answer = registry.client.post(f"{V1}/{noun}", json=body, headers=mine)
        assert (answer.status_code, answer.json()["code"]) == (404, code), answer.text


def test_a_row_cannot_be_moved_into_or_out_of_a_foreign_area(
    registry: Registry, there: dict[str, str], seen_by: SeenBy
) -> None:
    mine = seen_by(STREET_1) | ANY
    own = registry.building(A)
    out = registry.client.patch(
        f"{V1}/buildings/{own['id']}", json={"community_code": C}, headers=mine
    )
    assert (out.status_code, out.json()["code"]) == (404, "division.not_found")
    taken = registry.client.put(
        f"{V1}/buildings/by-source/gis/B1", json=a_building(A), headers=mine
    )
    assert (taken.status_code, taken.json()["code"]) == (409, "source_id.taken")
    assert registry.get(f"buildings/{there['buildings']}")["community_code"] == C


def test_divisions_outside_cannot_be_made_or_changed(registry: Registry, seen_by: SeenBy) -> None:
    mine = seen_by(STREET_1) | ANY
    for code in (C, "990001002007", DISTRICT):
        answer = registry.client.put(f"{V1}/divisions/{code}", json={"name": "x"}, headers=mine)
        assert answer.status_code == 404
    made = registry.client.put(f"{V1}/divisions/{STREET_1}009", json={"name": "x"}, headers=mine)
    assert made.status_code == 201


def test_imports_keep_within_the_areas(
    registry: Registry, there: dict[str, str], seen_by: SeenBy
) -> None:
    mine = seen_by(STREET_1)
    buildings = (
        "source,building_id,community_code,estate_id\n"
        f"own,B1,{A},\n"
        f"own,B2,{C},\n"
        f"gis,B1,{A},\n"
        f"gis,B9,{A},E1\n"
    )
    job = registry.load("buildings", buildings, headers=mine, on_error="skip")
    assert job["counts"] | {"read": 4, "created": 1, "refused": 3} == job["counts"], job
    assert [(error["row"], error["code"]) for error in job["errors"]] == [
        (3, "row.outside_area"),
        (4, "row.outside_area"),
        (5, "estate.not_found"),
    ]
    households = f"source,household_id,building_id\nown,H1,B1\ngis,H2,B1\n"  # noqa: F541
    job = registry.load("households", households, headers=mine, on_error="skip")
    assert [(error["row"], error["code"]) for error in job["errors"]] == [(3, "building.not_found")]
    divisions = f"code,name\n{A},甲\n{C},丙\n990007001001,外\n"
    job = registry.load("divisions", divisions, headers=mine, on_error="skip")
    assert [error["row"] for error in job["errors"]] == [3, 4]
    assert registry.get(f"divisions/{C}")["name"] == f"区划{C[-3:]}"
    assert registry.get(f"buildings/{there['buildings']}")["community_code"] == C


def test_reading_does_not_allow_writing(registry: Registry, seen_by: SeenBy) -> None:
    reader = seen_by("*", scopes=["registry:read"])
    answer = registry.client.post(f"{V1}/buildings", json=a_building(), headers=reader)
    assert (answer.status_code, answer.json()["code"]) == (403, "token.scope_missing")
    assert registry.client.get(f"{V1}/buildings", headers=reader).status_code == 200
