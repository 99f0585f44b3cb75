"""Barriers: imported, listed, ended."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import shapely

from kit.coordinates import from_cgcs2000
from tests.grid_partition.maps import STREET, Road, a_road, lonlat, spot
from tests.grid_partition.service import V1, Service


def send(service: Service, content: bytes, media: str, **params: str) -> dict[str, Any]:
    answer = service.client.post(
        f"{V1}/imports",
        params={"resource": "barriers"} | params,
        content=content,
        headers={"Content-Type": media, "Idempotency-Key": uuid4().hex},
    )
    assert answer.status_code == 202, answer.text
    return service.ended_import(answer.headers["location"])


def test_lines_come_in_and_a_second_time_change_nothing(service: Service) -> None:
    roads = [a_road(), a_road(100.0)]
    first, second = service.import_barriers(roads), service.import_barriers(roads)
    assert (first["counts"]["created"], second["counts"]["unchanged"]) == (2, 2)
    (one, _) = service.items("/barriers")
    assert (one["kind"], one["class"], one["area"]) == ("road", "primary", "630102")
    assert one["geometry"]["type"] == "LineString"


def test_geojson_as_case_folders_hold_it_comes_in(service: Service) -> None:
    properties = {
        "barrier_id": "w1",
        "kind": "water",
        "class": "river",
        "name": "湟水",
        "width_m": 70,
    }
    feature = {"type": "Feature", "properties": properties, "geometry": a_road().geometry}
    content = json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()
    service.client.headers.update(service.seen_by("630102"))
    job = send(service, content, "application/geo+json", source="osm")
    assert job["counts"]["created"] == 1, job
    (river,) = service.items("/barriers")
    assert (river["source"], river["source_id"], river["area"]) == ("osm", "w1", "630102")
    assert (river["name"], river["width_m"], river["class"]) == ("湟水", 70.0, "river")


def test_csv_with_chinese_headers_and_another_reference_comes_in(service: Service) -> None:
    lon, lat = spot(0, 0)
    shifted = [list(from_cgcs2000(lon + step / 1000, lat, "GCJ02")) for step in range(2)]
    line = json.dumps({"type": "LineString", "coordinates": shifted}).replace('"', '""')
    content = f'来源,编号,区划代码,类型,几何\nsurvey,a1,630102,wall,"{line}"\n'.encode()
    job = send(service, content, "text/csv", crs="GCJ02")
    assert job["counts"]["created"] == 1, job
    (wall,) = service.items("/barriers")
    assert abs(wall["geometry"]["coordinates"][0][0] - lon) < 1e-9


def test_rows_that_are_no_barrier_are_refused_by_name(service: Service) -> None:
    spotless = {"type": "LineString", "coordinates": [[101.8, 36.6], [101.8, 36.6]]}
    rows = [
        {"source": "s", "source_id": "1", "area": "630102", "kind": "hedge",
         "geometry": a_road().geometry},
        {"source": "s", "source_id": "2", "area": "630102", "kind": "road", "geometry": spotless},
        {"source": "s", "source_id": "3", "kind": "road", "geometry": a_road().geometry},
        {"source": "s", "source_id": "4", "area": "630102", "kind": "road",
         "geometry": {"type": "Point", "coordinates": [101.8, 36.6]}},
        {"source": "s", "source_id": "5", "area": "630102", "kind": "road",
         "geometry": {"type": "LineString", "coordinates": [[36.6, 101.8], [36.7, 101.8]]}},
    ]  # fmt: skip
    content = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    job = send(service, content, "application/x-ndjson", on_error="skip")
    assert (job["counts"]["created"], job["counts"]["refused"]) == (0, 5)
    errors = service.items(f"/imports/{job['id']}/errors")
    codes = {row["row"]: row["code"] for row in errors}
    assert codes[2] == "geometry.no_length"
    assert codes[3] == "barrier.area_missing"
    assert set(codes) == {1, 2, 3, 4, 5}


def test_barriers_are_listed_by_place_kind_and_source(service: Service) -> None:
    far = Road("far", lonlat(shapely.LineString([(9000, 0), (9000, 90)])), kind="rail")
    service.import_barriers([a_road(), far])
    service.import_barriers([Road("street", a_road(5).geometry)], area=STREET)
    assert len(service.items("/barriers")) == 3
    assert [b["source_id"] for b in service.items("/barriers", params={"kind": "rail"})] == ["far"]
    assert len(service.items("/barriers", params={"area": STREET})) == 1
    assert service.items("/barriers", params={"source": "osm"}) == []
    lon, lat = spot(9000, 50)
    box = f"{lon - 0.001:.4f},{lat - 0.001:.4f},{lon + 0.001:.4f},{lat + 0.001:.4f}"
    assert [b["source_id"] for b in service.items("/barriers", params={"bbox": box})] == ["far"]
    around = f"{lon - 0.001:.4f},{lat - 0.001:.4f},{lon - 0.002:.4f},{lat + 0.001:.4f}"
    assert len(service.items("/barriers", params={"bbox": around})) == 3
    geo = service.client.get(f"{V1}/barriers", headers={"Accept": "application/geo+json"}).json()
    assert geo["features"][0]["properties"]["class"] == "primary"


def test_an_ended_barrier_stays_on_record_and_shapes_nothing(service: Service) -> None:
    service.import_barriers([a_road(210.0)])
    (barrier,) = service.items("/barriers")
    place = f"{V1}/barriers/{barrier['id']}"
    assert service.client.delete(place).status_code == 428
    assert service.client.delete(place, headers={"If-Match": '"2"'}).status_code == 412
    assert service.client.delete(place, headers={"If-Match": '"1"'}).status_code == 204
    assert service.items("/barriers") == []
    (ended,) = service.items("/barriers", params={"include_ended": "true"})
    assert (ended["valid_to"], ended["version"]) == ("2026-03-02", 2)
    plan = service.computed()
    assert sum(g["blocks"] for g in service.items(f"/plans/{plan['id']}/grids")) == 6
    assert service.client.get(place, params={"crs": "BD09"}).json()["valid_to"] == "2026-03-02"
    absent = service.client.get(f"{V1}/barriers/{uuid4()}")
    assert (absent.status_code, absent.json()["code"]) == (404, "barrier.not_found")


def test_a_barrier_that_is_imported_again_holds_again(service: Service) -> None:
    service.import_barriers([a_road()])
    (barrier,) = service.items("/barriers")
    service.client.delete(f"{V1}/barriers/{barrier['id']}", headers={"If-Match": "*"})
    assert service.import_barriers([a_road()])["counts"]["updated"] == 1
    assert service.items("/barriers")[0]["valid_to"] is None
