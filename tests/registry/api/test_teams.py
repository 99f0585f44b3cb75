"""Teams: mobile grid members and food-safety sentinels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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


def a_member(registry: Registry, code: str = A, **fields: Any) -> dict[str, Any]:
    body = {"division_code": code, "kind": "grid_head", "name": "王五"} | fields
    return registry.post("members", body)


def test_a_member_belongs_to_teams_from_day_to_day(registry: Registry) -> None:
    riders = registry.post("teams", a_team(A))
    sentinels = registry.post("teams", a_team(A, kind="food_safety_sentinels"))
    member = a_member(registry)
    made = []
    for team, dates in (
        (riders, {}),
        (sentinels, {"valid_from": "2026-01-01", "valid_to": "2026-02-01"}),
    ):
        body = {"team_id": team["id"], "member_id": member["id"]} | dates
        made.append(registry.post("memberships", body))
    first, second = made
    assert (first["valid_from"], first["valid_to"]) == ("2026-03-02", None)
    assert (first["division_code"], second["valid_to"]) == (A, "2026-02-01")

    def ids(**params: str) -> list[str]:
        return [item["id"] for item in registry.get("memberships", **params)["items"]]

    assert ids(member_id=member["id"]) == [first["id"], second["id"]]
    assert ids(team_id=riders["id"]) == [first["id"]]
    assert ids(as_of="2026-01-15") == [second["id"]]
    assert ids(as_of="2026-03-02", team_id=sentinels["id"]) == []


def test_memberships_that_cannot_be_are_refused_by_name(registry: Registry) -> None:
    team, member = registry.post("teams", a_team(A)), a_member(registry)
    both = {"team_id": team["id"], "member_id": member["id"]}
    registry.post("memberships", both)
    nobody = "01900000-0000-7000-8000-000000000000"
    for body, expected in (
        (both, (409, "membership.taken")),
        (both | {"team_id": nobody}, (404, "team.not_found")),
        (both | {"member_id": nobody}, (404, "member.not_found")),
        ({"member_id": member["id"]}, (404, "team.not_found")),
        (both | {"valid_from": "2026-02-01", "valid_to": "2026-02-01"}, (422, "membership.dates")),
    ):
        answer = registry.client.post(f"{V1}/memberships", json=body)
        assert (answer.status_code, answer.json()["code"]) == expected
    assert len(registry.get("memberships")["items"]) == 1


def test_a_team_and_a_member_outlive_their_memberships(registry: Registry) -> None:
    team, member = registry.post("teams", a_team(A)), a_member(registry)
    body = {"team_id": team["id"], "member_id": member["id"]}
    made = registry.post("memberships", body)
    for place, code in (
        (f"teams/{team['id']}", "team.has_members"),
        (f"members/{member['id']}", "member.has_appointments"),
    ):
        answer = registry.client.delete(f"{V1}/{place}", headers=ANY)
        assert (answer.status_code, answer.json()["code"]) == (409, code)
    moved = registry.client.patch(
        f"{V1}/teams/{team['id']}", json={"division_code": B}, headers=ANY
    )
    assert moved.status_code == 200
    place = f"{V1}/memberships/{made['id']}"
    assert registry.client.get(place).json()["division_code"] == B
    over = registry.client.patch(
        place, json={"valid_from": "2026-01-01", "valid_to": "2026-03-01"}, headers=ANY
    )
    assert over.status_code == 200, over.text
    for ended in (f"teams/{team['id']}", f"members/{member['id']}"):
        assert registry.client.delete(f"{V1}/{ended}", headers=ANY).status_code == 204


def test_memberships_are_seen_where_their_team_is_and_by_no_handling_party(
    registry: Registry, seen_by: Callable[..., dict[str, str]]
) -> None:
    team, member = registry.post("teams", a_team(A)), a_member(registry)
    made = registry.post("memberships", {"team_id": team["id"], "member_id": member["id"]})
    place = f"{V1}/memberships/{made['id']}"
    assert registry.client.get(place, headers=seen_by(STREET_1)).status_code == 200
    for headers in (seen_by(B), seen_by("*", organization_id="company-1")):
        assert registry.client.get(place, headers=headers).status_code == 404
        assert registry.client.get(f"{V1}/memberships", headers=headers).json()["items"] == []
    foreign = {"team_id": team["id"], "member_id": a_member(registry, B)["id"]}
    answer = registry.client.post(f"{V1}/memberships", json=foreign, headers=seen_by(A))
    assert answer.json()["code"] == "member.not_found"


def test_a_sheet_of_memberships(registry: Registry) -> None:
    registry.load("teams", f"队伍编号,区划代码,队伍名称\nT1,{A},一队\n")
    registry.load(
        "members", f"编号,区划代码,类别,姓名\nM1,{A},grid_head,王五\nM2,{A},grid_head,李四\n"
    )
    sheet = (
        "编号,队伍编号,人员编号,起始日期,终止日期\n"
        "S1,T1,M1,2026/1/1,\nS2,T1,M2,,\nS3,T9,M1,,\nS4,T1,M9,,\nS5,T1,M1,2026-02-01,2026-01-01\n"
    )
    job = registry.load("memberships", sheet, on_error="skip")
    flaws = [(error["row"], error["column"], error["code"]) for error in job["errors"]]
    assert flaws == [
        (4, "team_source_id", "team.not_found"),
        (5, "member_source_id", "member.not_found"),
        (6, "valid_to", "membership.dates"),
    ]
    first, second = registry.get("memberships")["items"]
    assert (first["valid_from"], second["valid_from"]) == ("2026-01-01", "2026-03-02")
    twin = registry.load("memberships", "编号,队伍编号,人员编号\nS9,T1,M1\n", on_error="skip")
    assert [error["code"] for error in twin["errors"]] == ["membership.taken"]
    content = registry.client.get(f"{V1}/memberships", headers={"Accept": "text/csv"}).content
    assert registry.load("memberships", content)["counts"]["unchanged"] == 2
