"""Teams: mobile grid members and food-safety sentinels."""

from __future__ import annotations

from collections.abc import Callable

from tests.registry.factories import DISTRICT, STREET_1, V1, A, B, Registry, a_team

ANY = {"If-Match": "*"}


def test_a_team_works_in_a_district_a_street_or_a_community(registry: Registry) -> None:
    for code in (DISTRICT, STREET_1, A):
        made = registry.post("teams", a_team(code))
        assert made["division_code"] == code
    riders = registry.get("teams", kind="mobile_grid_members")["items"]
    assert [team["division_code"] for team in riders] == [DISTRICT, STREET_1, A]
    assert registry.get("teams", area=STREET_1, kind="food_safety_sentinels")["items"] == []
    assert len(registry.get("teams", area=STREET_1)["items"]) == 2


def test_who_runs_a_team_is_an_organization(registry: Registry) -> None:
    runner = registry.organization(DISTRICT, kind="delivery_platform", name="平台")
    made = registry.post("teams", a_team(A, organization_id=runner["id"]))
    assert made["organization_id"] == runner["id"]
    assert registry.get("teams", organization_id=runner["id"])["items"] == [made]
    place = f"{V1}/teams/{made['id']}"
    changed = registry.client.patch(place, json={"organization_id": None}, headers=ANY).json()
    assert (changed["organization_id"], changed["version"]) == (None, 2)


def test_wrong_teams_are_refused_by_name(registry: Registry) -> None:
    for fields, expected in (
        ({"kind": "orchestra"}, (422, "kind.unknown")),
        ({"division_code": "990001009"}, (404, "division.not_found")),
        (
            {"organization": {"source": "x", "source_id": "1"}},
            (404, "organization.not_found"),
        ),
    ):
        answer = registry.client.post(f"{V1}/teams", json=a_team(A) | fields)
        assert (answer.status_code, answer.json()["code"]) == expected
    assert registry.get("teams")["items"] == []


def test_teams_of_other_areas_look_absent(
    registry: Registry, seen_by: Callable[..., dict[str, str]]
) -> None:
    made = registry.post("teams", a_team(B))
    mine = seen_by(A)
    place = f"{V1}/teams/{made['id']}"
    assert registry.client.get(place, headers=mine).status_code == 404
    assert registry.client.delete(place, headers=mine | ANY).status_code == 404
    assert registry.client.get(f"{V1}/teams", headers=mine).json()["items"] == []
    foreign = registry.client.post(f"{V1}/teams", json=a_team(B), headers=mine)
    assert foreign.json()["code"] == "division.not_found"


def test_a_sheet_of_teams_is_imported_and_says_what_is_wrong(registry: Registry) -> None:
    sheet = (
        "队伍编号,区划代码,队伍名称,队伍类型,说明\n"
        f"T1,{A},骑手一队,mobile_grid_members,55人\n"
        f"T2,{DISTRICT},食安哨兵,food_safety_sentinels,\n"
        f"T3,{A},乐队,orchestra,\n"
        "T4,990001009,无处,,\n"
        "T5,,无处,,\n"
    )
    job = registry.load("teams", sheet, on_error="skip")
    flaws = [(error["row"], error["column"], error["code"]) for error in job["errors"]]
    assert flaws == [
        (4, None, "kind.unknown"),
        (5, "division_code", "division.not_found"),
        (6, "division_code", "division.not_found"),
    ]
    assert [team["name"] for team in registry.get("teams")["items"]] == ["食安哨兵", "骑手一队"]
    assert registry.load("teams", sheet, on_error="skip")["counts"]["unchanged"] == 2
