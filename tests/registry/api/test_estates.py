"""Estates through the door."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.testing.in_process import in_process
from kit.testing.tokens import TestTokens
from services.registry.app import create_app
from tests.registry.factories import (
    V1,
    A,
    B,
    Registry,
    an_estate,
    an_organization,
    inside,
    settings_for,
)

ANY = {"If-Match": "*"}


def test_an_estate_is_created_read_changed_and_ended(registry: Registry) -> None:
    made = registry.client.post(f"{V1}/estates", json=an_estate(geometry=inside(A)))
    assert made.status_code == 201
    place = made.headers["location"]
    got = registry.client.get(place)
    assert (got.json(), got.headers["etag"]) == (made.json(), '"1"')
    held = registry.client.get(place, headers={"If-None-Match": '"1"'})
    assert (held.status_code, held.content) == (304, b"")
    assert registry.client.patch(place, json={"name": "新名"}).status_code == 428
    changed = registry.client.patch(place, json={"name": "新名"}, headers={"If-Match": '"1"'})
    assert (changed.json()["name"], changed.json()["version"]) == ("新名", 2)
    assert registry.client.delete(place, headers={"If-Match": '"1"'}).status_code == 412
    assert registry.client.delete(place, headers={"If-Match": '"2"'}).status_code == 204
    assert registry.client.get(place).status_code == 404
    assert registry.get("estates")["items"] == []
    (ended,) = registry.get("estates", include_ended="true")["items"]
    assert ended["ended_at"] == "2026-03-02T01:00:00Z"


def test_a_repeated_post_with_one_key_makes_one_estate(registry: Registry) -> None:
    key = {"Idempotency-Key": "estate-0001"}
    first = registry.client.post(f"{V1}/estates", json=an_estate(), headers=key)
    again = registry.client.post(f"{V1}/estates", json=an_estate(), headers=key)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert len(registry.get("estates")["items"]) == 1


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"management_mode": "property_company"}, False),
        ({"management_mode": "none"}, None),
        (
            {
                "management_mode": "none",
                "has_owners_committee": False,
                "has_resident_organization": False,
            },
            True,
        ),
        ({"has_owners_committee": True}, False),
        ({}, None),
    ],
)
def test_three_no_yards_are_derived(
    registry: Registry, facts: dict[str, object], expected: bool | None
) -> None:
    assert registry.estate(A, **facts)["is_three_no"] is expected


def test_the_community_is_found_by_the_place_when_none_is_given(registry: Registry) -> None:
    point = {"type": "Point", "coordinates": [101.805, 36.605]}
    assert registry.post("estates", {"name": "x", "geometry": point})["community_code"] == B
    far = {"type": "Point", "coordinates": [101.705, 36.605]}
    for body in ({"name": "x", "geometry": far}, {"name": "x"}):
        answer = registry.client.post(f"{V1}/estates", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "division.not_located")


def test_a_source_upserts_its_own_row(registry: Registry) -> None:
    place = f"{V1}/estates/by-source/gis/E-1"
    made = registry.client.put(place, json=an_estate())
    assert made.status_code == 201
    assert (made.json()["source"], made.json()["source_id"]) == ("gis", "E-1")
    assert registry.client.put(place, json=an_estate()).status_code == 428
    same = registry.client.put(place, json=an_estate(), headers={"If-Match": '"1"'})
    assert (same.status_code, same.headers["etag"]) == (200, '"1"')
    other = registry.client.put(place, json=an_estate(name="另名"), headers=ANY)
    assert (other.status_code, other.headers["etag"]) == (200, '"2"')


def test_an_ended_estate_comes_back_under_its_old_id(registry: Registry) -> None:
    place = f"{V1}/estates/by-source/gis/E-1"
    made = registry.client.put(place, json=an_estate()).json()
    registry.client.delete(f"{V1}/estates/{made['id']}", headers=ANY)
    back = registry.client.put(place, json=an_estate())
    assert (back.status_code, back.json()["id"], back.json()["version"]) == (201, made["id"], 3)
    assert registry.get(f"estates/{made['id']}")["ended_at"] is None


def test_an_estate_with_buildings_cannot_end(registry: Registry) -> None:
    estate = registry.estate()
    building = registry.building(estate_id=estate["id"])
    answer = registry.client.delete(f"{V1}/estates/{estate['id']}", headers=ANY)
    assert (answer.status_code, answer.json()["code"]) == (409, "estate.has_buildings")
    registry.client.patch(f"{V1}/buildings/{building['id']}", json={"estate_id": None}, headers=ANY)
    done = registry.client.delete(f"{V1}/estates/{estate['id']}", headers=ANY)
    assert done.status_code == 204


def test_lists_are_filtered(registry: Registry) -> None:
    first = registry.estate(A, geometry=inside(A), management_mode="none")
    second = registry.estate(B)

    def ids(**params: object) -> list[str]:
        return [item["id"] for item in registry.get("estates", **params)["items"]]

    assert ids() == [first["id"], second["id"]]
    assert ids(community_code=B) == [second["id"]]
    assert ids(area=A[:9]) == [first["id"], second["id"]]
    assert ids(management_mode="none") == [first["id"]]
    assert ids(bbox="101.79,36.6,101.80,36.61") == [first["id"]]
    assert ids(source="gis") == []


def test_a_named_party_is_there(registry: Registry) -> None:
    company = registry.organization(A)
    place = f"{V1}/organizations/by-source/gis/O1"
    registry.done(registry.client.put(place, json=an_organization(A, kind="owners_committee")))
    made = registry.estate(
        A,
        property_company_id=company["id"],
        owners_committee={"source": "gis", "source_id": "O1"},
        has_resident_organization=False,
    )
    assert (made["has_property_company"], made["has_owners_committee"]) == (True, True)
    assert (made["is_three_no"], made["has_party_branch"]) == (False, None)
    place = f"{V1}/estates/{made['id']}"
    dropped = registry.client.patch(place, json={"property_company_id": None}, headers=ANY).json()
    assert (dropped["property_company_id"], dropped["has_property_company"]) == (None, None)
    gone = {"owners_committee_id": None, "has_owners_committee": False}
    dropped = registry.client.patch(place, json=gone, headers=ANY).json()
    assert (dropped["owners_committee_id"], dropped["has_owners_committee"]) == (None, False)
    stated = registry.client.patch(place, json={"has_property_company": False}, headers=ANY)
    assert stated.json()["is_three_no"] is True


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"owners_committee": {"source": "gis", "source_id": "O1"}}, "organization.kind_unfit"),
        (
            {
                "property_company": {"source": "gis", "source_id": "O1"},
                "has_property_company": False,
            },
            "estate.party_contradicted",
        ),
        ({"party_branch": {"source": "gis", "source_id": "O9"}}, "organization.not_found"),
    ],
)
def test_parties_that_do_not_fit_are_refused(
    registry: Registry, fields: dict[str, object], expected: str
) -> None:
    place = f"{V1}/organizations/by-source/gis/O1"
    registry.done(registry.client.put(place, json=an_organization(A)))
    answer = registry.client.post(f"{V1}/estates", json=an_estate(A, **fields))
    assert answer.json()["code"] == expected
    job = registry.load("estates", sheet_of(fields), source="gis")
    assert [error["code"] for error in job["errors"]] == [expected]
    assert registry.get("estates")["items"] == []


def sheet_of(fields: dict[str, object]) -> str:
    """A sheet with one estate that says the same as a body."""
    cells = {"estate_id": "E1", "community_code": A}
    for name, value in fields.items():
        if isinstance(value, dict):
            cells[f"{name}_source_id"] = value["source_id"]
        else:
            cells[name] = str(value).lower()
    return ",".join(cells) + "\n" + ",".join(cells.values()) + "\n"


def test_lists_know_three_no_yards_and_the_estates_of_an_organization(registry: Registry) -> None:
    company = registry.organization(A)
    none = {"has_owners_committee": False, "has_resident_organization": False}
    yard = registry.estate(A, name="院", management_mode="none", **none)
    kept = registry.estate(A, name="园", property_company_id=company["id"])
    unknown = registry.estate(A, name="坊")

    def ids(**params: object) -> list[str]:
        return [item["id"] for item in registry.get("estates", **params)["items"]]

    assert ids(is_three_no="true") == [yard["id"]]
    assert ids(is_three_no="false") == [kept["id"]]
    assert ids(organization_id=company["id"]) == [kept["id"]]
    assert ids() == [yard["id"], kept["id"], unknown["id"]]


def test_which_absences_make_a_three_no_yard_is_a_setting(
    registry: Registry, url: str, tokens: TestTokens, tmp_path: Path
) -> None:
    registry.estate(A, has_property_company=False, has_party_branch=False)
    settings = settings_for(url, tmp_path, three_no_parties=("property_company", "party_branch"))
    with in_process(create_app(settings, verifier=tokens.verifier())) as client:
        client.headers.update(tokens.headers())
        (found,) = client.get(f"{V1}/estates?is_three_no=true").json()["items"]
        assert found["is_three_no"] is True
    assert registry.get("estates", is_three_no="true")["items"] == []


def test_a_sheet_names_the_parties_of_estates(registry: Registry) -> None:
    registry.load(
        "organizations",
        "编号,区划代码,名称,类型\n"
        f"P1,{A},新和物业,property_company\nC1,{A},业委会,owners_committee\n",
    )
    job = registry.load(
        "estates",
        "小区编号,社区代码,小区名称,物业公司编号,业委会编号,有小区党支部\n"
        f"E1,{A},甲,P1,C1,true\nE2,{A},乙,,,false\n",
    )
    assert job["counts"]["created"] == 2, job
    first, second = registry.get("estates")["items"]
    assert (first["has_property_company"], first["has_party_branch"]) == (True, True)
    company = registry.get(f"organizations/{first['property_company_id']}")
    assert company["name"] == "新和物业"
    assert (second["property_company_id"], second["has_party_branch"]) == (None, False)
