"""Divisions through the door."""

from __future__ import annotations

import httpx
import pytest

from tests.registry.factories import DISTRICT, STREET_1, V1, A, B, C, Registry, boundary, square

ANY = {"If-Match": "*"}


def test_a_division_is_created_under_its_parent_and_read_back(registry: Registry) -> None:
    made = registry.division("990001001209", name="新社区", name_en="New", kind="village")
    assert made.status_code == 201
    assert made.headers["location"] == f"{V1}/divisions/990001001209"
    body = made.json()
    assert (body["parent_code"], body["kind"], body["status"]) == (STREET_1, "village", "active")
    assert body["is_governed"] is True
    assert body["valid_from"] == "2026-03-02"
    again = registry.client.get(f"{V1}/divisions/990001001209")
    assert again.json() == body
    held = {"If-None-Match": again.headers["etag"]}
    assert registry.client.get(f"{V1}/divisions/990001001209", headers=held).status_code == 304


@pytest.mark.parametrize(
    "code", ["99000", "9900010010", "OSM2220206", "67000320001", "99000100100a"]
)
def test_codes_of_another_shape_are_refused(client: httpx.Client, code: str) -> None:
    answer = client.put(f"{V1}/divisions/{code}", json={"name": "x"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "field.pattern")


@pytest.mark.parametrize(
    ("code", "body", "status", "problem"),
    [
        ("990001001008", {"name": "x", "kind": "street"}, 409, "division.kind_mismatch"),
        ("990009001", {"name": "x"}, 409, "division.parent_missing"),
        ("990001001008", {"name": "x", "parent_code": STREET_1}, 422, "request.invalid"),
        ("990001001008", {"name": "x", "is_governed": "true"}, 422, "request.invalid"),
        ("990001001008", {"name": ""}, 422, "request.invalid"),
        ("990001001008", {}, 422, "request.invalid"),
    ],
)
def test_wrong_divisions_are_refused_by_name(
    registry: Registry, code: str, body: dict[str, object], status: int, problem: str
) -> None:
    answer = registry.client.put(f"{V1}/divisions/{code}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, problem), answer.text


def test_an_existing_division_is_replaced_only_by_who_read_it(registry: Registry) -> None:
    place = f"{V1}/divisions/{A}"
    body = {"name": "改名社区", "boundary": boundary(A)}
    assert registry.client.put(place, json=body).status_code == 428
    stale = registry.client.put(place, json=body, headers={"If-Match": '"9"'})
    assert stale.status_code == 412
    done = registry.client.put(place, json=body, headers={"If-Match": '"1"'})
    assert (done.status_code, done.headers["etag"]) == (200, '"2"')
    assert done.json()["valid_from"] == "2020-01-01"


def test_a_merge_patch_changes_what_it_names_and_null_empties(registry: Registry) -> None:
    place = f"{V1}/divisions/{A}"
    merge = ANY | {"Content-Type": "application/merge-patch+json"}
    changed = registry.client.patch(place, json={"name_en": "A"}, headers=merge)
    assert (changed.status_code, changed.json()["name_en"]) == (200, "A")
    assert changed.json()["boundary"] == boundary(A)
    emptied = registry.client.patch(place, json={"boundary": None, "name_en": None}, headers=ANY)
    assert (emptied.json()["boundary"], emptied.json()["name_en"]) == (None, None)
    assert emptied.json()["name"] == changed.json()["name"]
    same = registry.client.patch(place, json={"name_en": None}, headers=ANY)
    assert same.headers["etag"] == emptied.headers["etag"]


def test_a_revoked_division_is_gone_now_and_seen_as_of_before(registry: Registry) -> None:
    place = f"{V1}/divisions/{C}"
    assert registry.client.delete(place).status_code == 428
    assert registry.client.delete(place, headers=ANY).status_code == 204
    assert registry.client.get(place).status_code == 404
    then = registry.client.get(place, params={"as_of": "2025-01-01"}).json()
    assert (then["status"], then["valid_to"]) == ("revoked", "2026-03-02")
    assert registry.client.get(place, params={"as_of": "2026-03-02"}).status_code == 404
    codes = lambda **params: [item["code"] for item in registry.get("divisions", **params)["items"]]  # noqa: E731
    assert C not in codes()
    assert codes(status="revoked") == [C]
    assert C in codes(as_of="2025-01-01")
    assert C in codes(status="all")


def test_a_revoked_code_is_never_used_again(registry: Registry) -> None:
    place = f"{V1}/divisions/{C}"
    registry.client.delete(place, headers=ANY)
    again = registry.client.put(place, json={"name": "again"}, headers=ANY)
    assert (again.status_code, again.json()["code"]) == (409, "division.revoked")
    assert registry.client.patch(place, json={"name": "x"}, headers=ANY).status_code == 404
    assert registry.client.delete(place, headers=ANY).status_code == 404


def test_a_division_that_holds_something_cannot_be_revoked(registry: Registry) -> None:
    registry.building(A)
    for code, count in ((DISTRICT, "5 divisions"), (A, "1 buildings")):
        answer = registry.client.delete(f"{V1}/divisions/{code}", headers=ANY)
        assert (answer.status_code, answer.json()["code"]) == (409, "division.in_use")
        assert count in answer.json()["detail"]


def test_lists_are_filtered(registry: Registry) -> None:
    def codes(**params: object) -> list[str]:
        return [item["code"] for item in registry.get("divisions", **params)["items"]]

    assert codes(kind="community") == [A, B, C]
    assert codes(area=STREET_1) == [STREET_1, A, B]
    assert codes(parent=STREET_1) == [A, B]
    assert codes(is_governed="true") == [A, B, C]
    assert codes(bbox="101.811,36.601,101.82,36.61") == [C]
    assert codes(bbox="101.811,36.61,101.82,36.601") == [C]
    assert codes(bbox="179,36,-179,37") == []
    assert codes(updated_since="2030-01-01T00:00:00Z") == []
    children = registry.get(f"divisions/{DISTRICT}/children")["items"]
    assert [item["code"] for item in children] == ["990001001", "990001002"]


def test_a_list_is_also_geojson_csv_and_ndjson(registry: Registry) -> None:
    params = {"kind": "community"}
    as_geojson = registry.client.get(
        f"{V1}/divisions", params=params, headers={"Accept": "application/geo+json"}
    ).json()
    assert as_geojson["type"] == "FeatureCollection"
    assert as_geojson["features"][0]["geometry"] == boundary(A)
    as_csv = registry.client.get(f"{V1}/divisions", params=params, headers={"Accept": "text/csv"})
    assert as_csv.text.count("\r\n") == 4
    lines = registry.client.get(
        f"{V1}/divisions", params=params, headers={"Accept": "application/x-ndjson"}
    )
    assert len(lines.text.splitlines()) == 3


def test_coordinates_come_in_and_go_out_in_the_reference_asked_for(registry: Registry) -> None:
    code = "990001001007"
    place = f"{V1}/divisions/{code}"
    sent = square(101.7945, 36.6045)
    registry.division(code, boundary=sent, crs="GCJ02")
    stored = registry.client.get(place).json()["boundary"]["coordinates"][0][0]
    assert stored != sent["coordinates"][0][0]
    assert stored == pytest.approx(sent["coordinates"][0][0], abs=0.01)
    back = registry.client.get(place, params={"crs": "GCJ02"}).json()["boundary"]
    for found, expected in zip(back["coordinates"][0], sent["coordinates"][0], strict=True):
        assert found == pytest.approx(expected, abs=1e-7)


def test_a_moved_boundary_notes_anew_which_buildings_lie_outside(registry: Registry) -> None:
    made = registry.building(A)
    assert made["outside_m"] is None
    small = square(101.7925, 36.6011, 0.001)
    registry.client.patch(f"{V1}/divisions/{A}", json={"boundary": small}, headers=ANY)
    found = registry.get(f"buildings/{made['id']}")
    assert found["outside_m"] == pytest.approx(116, abs=5)
    assert found["version"] == made["version"] + 1
    registry.client.patch(f"{V1}/divisions/{A}", json={"boundary": None}, headers=ANY)
    assert registry.get(f"buildings/{made['id']}")["outside_m"] is None
