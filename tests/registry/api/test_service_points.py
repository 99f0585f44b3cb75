"""Service points: kept like every noun, and found by distance."""

from __future__ import annotations

from typing import Any

import pytest

from kit.coordinates import from_cgcs2000
from kit.web.schemas import Crs
from services.registry.domain.service_points import distance_m
from tests.registry.factories import V1, A, B, Registry, a_service_point, geojson

ANY = {"If-Match": "*"}
HERE = (101.795, 36.605)


def point(lon: float, lat: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [lon, lat]}


@pytest.fixture
def around(registry: Registry) -> dict[str, str]:
    """Service points in a row to the east of a place, and one of unknown place; id by name."""
    made = {}
    for number in range(12):
        lon = round(HERE[0] + 0.0004 * number, 6)
        body = a_service_point(A, name=f"P{number:02}", geometry=point(lon, HERE[1]))
        made[registry.post("service-points", body)["id"]] = body["name"]
    registry.post("service-points", a_service_point(A, name="nowhere"))
    return made


def found(registry: Registry, **params: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = registry.get("service-points", **params)["items"]
    return items


def test_a_service_point_is_kept_like_every_noun(registry: Registry) -> None:
    body = a_service_point(
        A,
        services=["饮水", "充电", "饮水"],
        opening_hours="Mo-Fr 09:00-18:00;Sa 10:00-16:00",
        geometry=point(*HERE),
        address="八一路1号",
    )
    made = registry.client.post(f"{V1}/service-points", json=body)
    assert made.status_code == 201, made.text
    row = made.json()
    assert row["services"] == ["饮水", "充电"]
    assert row["opening_hours"] == "Mo-Fr 09:00-18:00; Sa 10:00-16:00"
    place = made.headers["location"]
    assert registry.client.get(place).json() == row
    assert registry.client.patch(place, json={"services": None}).status_code == 428
    changed = registry.client.patch(place, json={"services": None}, headers=ANY).json()
    assert (changed["services"], changed["version"]) == ([], 2)
    assert registry.client.delete(place, headers=ANY).status_code == 204
    assert found(registry) == []
    (ended,) = found(registry, include_ended="true")
    assert ended["ended_at"] is not None


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"opening_hours": "always open"}, "service_point.opening_hours"),
        ({"kind": "circus"}, "kind.unknown"),
        ({"geometry": {"type": "Polygon", "coordinates": []}}, "request.invalid"),
        ({"services": [""]}, "request.invalid"),
        ({"organization": {"source": "x", "source_id": "1"}}, "organization.not_found"),
    ],
)
def test_what_is_wrong_is_refused_by_name(
    registry: Registry, fields: dict[str, Any], code: str
) -> None:
    answer = registry.client.post(f"{V1}/service-points", json=a_service_point(A, **fields))
    assert answer.json()["code"] == code
    assert found(registry) == []


def test_the_community_is_located_by_the_point(registry: Registry) -> None:
    body = {"name": "x", "kind": "other", "geometry": point(101.805, 36.605)}
    assert registry.post("service-points", body)["community_code"] == B


def test_the_nearest_come_first_each_with_its_distance(
    registry: Registry, around: dict[str, str]
) -> None:
    items = found(registry, near="101.795,36.605", within_m=200)
    assert [around[item["id"]] for item in items] == [f"P{number:02}" for number in range(6)]
    for item in items:
        lon, lat = item["geometry"]["coordinates"]
        assert item["distance_m"] == pytest.approx(distance_m(*HERE, lon, lat), abs=0.001)
        assert item["distance_m"] <= 200
    assert all(item["distance_m"] is None for item in found(registry))


def test_near_pages_without_gap_or_repeat(registry: Registry, around: dict[str, str]) -> None:
    whole = found(registry, near="101.797,36.605")
    assert len(whole) == len(around)
    distances = [item["distance_m"] for item in whole]
    assert distances == sorted(distances)
    paged: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = registry.get("service-points", near="101.797,36.605", limit=5, **cursor)
        paged += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert paged == whole


@pytest.mark.parametrize("crs", ["CGCS2000", "WGS84", "GCJ02", "BD09"])
def test_near_is_read_and_answered_in_the_reference_asked_for(
    registry: Registry, around: dict[str, str], crs: Crs
) -> None:
    lon, lat = from_cgcs2000(*HERE, crs)
    first = found(registry, near=f"{lon:.9f},{lat:.9f}", crs=crs)[0]
    assert around[first["id"]] == "P00"
    assert first["distance_m"] < 0.01
    assert first["geometry"]["coordinates"] == pytest.approx([lon, lat], abs=1e-7)


def test_near_goes_with_the_other_filters(registry: Registry, around: dict[str, str]) -> None:
    shop = a_service_point(A, kind="care_shop", services=["充电"], geometry=point(*HERE))
    made = registry.post("service-points", shop)
    near = "101.795,36.605"
    assert [item["id"] for item in found(registry, near=near, kind="care_shop")] == [made["id"]]
    assert [item["id"] for item in found(registry, near=near, service="充电")] == [made["id"]]
    assert found(registry, near=near, area=B) == []
    assert around


@pytest.mark.parametrize(
    "query", ["near=101.79", "near=36.6,101.79", "near=a,b", "within_m=0", "within_m=50001",
              "within_m=nan"],
)  # fmt: skip
def test_wrong_places_are_refused(registry: Registry, query: str) -> None:
    answer = registry.client.get(f"{V1}/service-points?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == query.partition("=")[0]


def test_a_sheet_of_service_points_is_imported(registry: Registry) -> None:
    owner = "organization_id,division_code,name,kind\nO1," + A + ",街道办,street\n"
    assert registry.load("organizations", owner)["counts"]["created"] == 1
    sheet = (
        "阵地编号,社区代码,阵地名称,阵地类型,服务内容,开放时间,所属组织编号\n"
        f"S1,{A},一站,care_station,充电、饮水,24/7,O1\n"
        f"S2,{A},二站,,,,\n"
        f"S3,{A},三站,circus,,,\n"
        f"S4,{A},四站,,,daily,\n"
        f"S5,{A},五站,,,,O9\n"
        f"S6,990001001099,六站,,,,\n"
    )
    job = registry.load("service-points", sheet, on_error="skip")
    flaws = [(error["row"], error["column"], error["code"]) for error in job["errors"]]
    assert flaws == [
        (4, None, "kind.unknown"),
        (5, None, "service_point.opening_hours"),
        (6, "organization_source_id", "organization.not_found"),
        (7, "community_code", "division.not_found"),
    ]
    first, second = found(registry)
    assert (first["services"], first["opening_hours"]) == (["充电", "饮水"], "24/7")
    assert first["organization_id"] is not None
    assert (second["kind"], second["services"]) == ("other", [])
    again = registry.load("service-points", sheet, on_error="skip")
    assert again["counts"]["unchanged"] == 2
    moved = geojson((point(101.805, 36.605), {"service_point_id": "S2"}))
    job = registry.load("service-points", moved, "application/geo+json")
    assert job["counts"]["updated"] == 1
