"""Divisions from public lists: the china-division form, padded codes, revoked ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from tests.registry.factories import (
    DISTRICT,
    STREET_1,
    STREET_2,
    V1,
    A,
    B,
    C,
    Registry,
    a_team,
    an_organization,
)

ANY = {"If-Match": "*"}
AREAS = "code,name,cityCode,provinceCode\n"
STREETS = "code,name,areaCode,provinceCode,cityCode\n"
VILLAGES = "code,name,streetCode,provinceCode,cityCode,areaCode\n"


def counts(job: dict[str, Any]) -> tuple[int, int, int, int]:
    found = job["counts"]
    return found["created"], found["updated"], found["unchanged"], found["refused"]


def flaws(job: dict[str, Any]) -> list[tuple[int, str | None, str]]:
    return [(error["row"], error["column"], error["code"]) for error in job["errors"]]


def test_the_china_division_form_is_read(client: httpx.Client) -> None:
    registry = Registry(client)
    files = (
        AREAS + "630102,城东区,6301,63\n",
        STREETS
        + "630102002,清真巷街道,630102,63,6301\n630102101,韵家口镇,630102,63,6301\n"
        + "630102400,东川工业园,630102,63,6301\n",
        VILLAGES
        + "630102002008,团结社区,630102002,63,6301,630102\n"
        + "630102101200,某某村委会,630102101,63,6301,630102\n"
        + "630102400498,虚拟社区,630102400,63,6301,630102\n",
    )
    assert [counts(registry.load("divisions", file))[0] for file in files] == [1, 3, 3]
    kinds = {item["code"]: item["kind"] for item in registry.get("divisions")["items"]}
    assert kinds == {
        "630102": "district",
        "630102002": "street",
        "630102002008": "community",
        "630102101": "town",
        "630102101200": "village",
        "630102400": "industrial_park",
        "630102400498": "virtual_community",
    }
    governed = [item["code"] for item in registry.get("divisions", is_governed="true")["items"]]
    assert governed == ["630102002008", "630102101200"]
    assert [counts(registry.load("divisions", file))[2] for file in files] == [1, 3, 3]


def test_a_national_list_gives_a_caller_its_own_area_only(
    client: httpx.Client, seen_by: Callable[..., dict[str, str]]
) -> None:
    registry = Registry(client)
    mine = seen_by("630102")
    rows = (
        "630102002008,团结社区,630102002,63,6301,630102\n"
        "630103001001,别处社区,630103001,63,6301,630103\n"
        "110101001001,多福巷社区,110101001,11,1101,110101\n"
    )
    job = registry.load("divisions", VILLAGES + rows, headers=mine)
    assert (job["state"], job["counts"]["refused"]) == ("failed", 2)
    job = registry.load("divisions", VILLAGES + rows, headers=mine, on_error="skip")
    assert flaws(job) == [(3, "code", "row.outside_area"), (4, "code", "row.outside_area")]
    codes = [item["code"] for item in registry.get("divisions")["items"]]
    assert codes == ["630102", "630102002", "630102002008"]


def test_padded_codes_are_those_of_their_level(client: httpx.Client) -> None:
    registry = Registry(client)
    sheet = "code,name\n630102000000,城东区\n630102002000,清真巷街道\n630102002008,团结社区\n"
    assert counts(registry.load("divisions", sheet)) == (3, 0, 0, 0)
    codes = [item["code"] for item in registry.get("divisions")["items"]]
    assert codes == ["630102", "630102002", "630102002008"]
    twice = "code,name\n630102000000,城东区\n630102,城东区\n"
    assert flaws(registry.load("divisions", twice)) == [(3, "code", "row.duplicate")]


def test_sections_and_the_codes_above_are_checked(registry: Registry) -> None:
    sheet = (
        "code,name,kind,streetCode,areaCode,cityCode,provinceCode\n"
        "990001001010,甲,village,,,,\n"
        "990001001210,乙,community,,,,\n"
        "990001001211,丙,,990001002,,,\n"
        "990001001212,丁,,,990002,,\n"
        "990001001213,戊,,,,9901,\n"
        "990001001214,己,,,,,98\n"
        "990001001215,庚,village,990001001,990001,9900,99\n"
    )
    job = registry.load("divisions", sheet, on_error="skip")
    assert flaws(job) == [
        (2, None, "division.section_mismatch"),
        (3, None, "division.section_mismatch"),
        (4, None, "division.parent_mismatch"),
        (5, None, "division.parent_mismatch"),
        (6, None, "division.parent_mismatch"),
        (7, None, "division.parent_mismatch"),
    ]
    assert registry.get("divisions/990001001215")["kind"] == "village"
    for code, kind, expected in (
        ("990001001010", "village", "division.section_mismatch"),
        ("990001001000", "community", "division.code_padded"),
    ):
        body = {"name": "x", "kind": kind}
        answer = registry.client.put(f"{V1}/divisions/{code}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, expected)


def test_marked_rows_are_revoked_and_never_come_back(registry: Registry) -> None:
    new = "990001001007"
    sheet = f"code,name\n{C},[已撤销]丙社区\n{new},旧社区[已撤销]\n"
    job = registry.load("divisions", sheet)
    assert counts(job) == (1, 1, 0, 0), job
    shown = {item["code"]: item for item in registry.get("divisions", status="revoked")["items"]}
    assert (shown[C]["name"], shown[C]["valid_to"]) == ("丙社区", "2026-03-02")
    assert (shown[new]["name"], shown[new]["valid_to"]) == ("旧社区", None)
    assert registry.client.get(f"{V1}/divisions/{C}").status_code == 404
    assert registry.get(f"divisions/{C}", as_of="2026-03-01")["status"] == "revoked"
    assert registry.client.get(f"{V1}/divisions/{new}?as_of=2020-01-01").status_code == 404
    assert counts(registry.load("divisions", sheet)) == (0, 0, 2, 0)
    back = registry.load("divisions", f"code,name\n{C},丙社区\n{new},新社区\n", on_error="skip")
    assert [code for _, _, code in flaws(back)] == ["division.revoked", "division.revoked"]


def test_what_still_holds_something_is_not_revoked(registry: Registry) -> None:
    registry.building(A)
    registry.post("organizations", an_organization(B))
    registry.post("teams", a_team(STREET_2))
    marked = [(A, "甲"), (B, "乙"), (C, "丙"), (STREET_1, "街"), (STREET_2, "路")]
    sheet = "code,name\n" + "".join(f"{code},[已撤销]{name}\n" for code, name in marked)
    job = registry.load("divisions", sheet, on_error="skip")
    assert flaws(job) == [
        (2, "status", "division.in_use"),
        (3, "status", "division.in_use"),
        (5, "status", "division.in_use"),
        (6, "status", "division.in_use"),
    ]
    active = [item["code"] for item in registry.get("divisions")["items"]]
    assert active == [DISTRICT, STREET_1, A, B, STREET_2]
    answer = registry.client.delete(f"{V1}/divisions/{B}", headers=ANY)
    assert (answer.status_code, answer.json()["code"]) == (409, "division.in_use")


def test_a_whole_street_is_revoked_in_one_file(registry: Registry) -> None:
    sheet = f"code,name,status,valid_to\n{STREET_1},街,revoked,2025-12-31\n{A},甲,revoked,\n"
    refused = registry.load("divisions", sheet, on_error="skip")
    assert flaws(refused) == [(2, "status", "division.in_use")]
    sheet = sheet.replace(f"{A},甲,revoked,", f"{B},乙,revoked,2025-12-31")
    assert counts(registry.load("divisions", sheet)) == (0, 2, 0, 0)
    ended = registry.get("divisions", status="revoked")["items"]
    assert [(item["code"], item["valid_to"]) for item in ended] == [
        (STREET_1, "2025-12-31"),
        (A, "2026-03-02"),
        (B, "2025-12-31"),
    ]
    orphan = registry.load("divisions", "code,name\n990001001009,新\n", on_error="skip")
    assert flaws(orphan) == [(2, "code", "division.parent_missing")]


def test_a_row_in_force_below_a_revoked_row_is_refused(registry: Registry) -> None:
    sheet = "code,name,status\n990001009,旧街,revoked\n990001009001,新,\n"
    job = registry.load("divisions", sheet, on_error="skip")
    assert flaws(job) == [(3, "code", "division.parent_missing")]
    assert counts(job) == (1, 0, 0, 1)
