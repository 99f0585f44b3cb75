"""Two writers at once: the database decides, and each gets an answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.registry.factories import V1, A, Registry, a_building

ANY = {"If-Match": "*"}


def statuses(calls: list[tuple[str, str, dict[str, object]]], client: httpx.Client) -> list[int]:
    def send(call: tuple[str, str, dict[str, object]]) -> int:
        method, path, body = call
        return client.request(method, f"{V1}/{path}", json=body, headers=ANY).status_code

    with ThreadPoolExecutor(8) as pool:
        return sorted(pool.map(send, calls))


def test_one_source_id_makes_one_row_however_many_send_it(registry: Registry) -> None:
    put = ("PUT", "buildings/by-source/gis/B1", a_building(geometry=None))
    found = statuses([put] * 8, registry.client)
    assert 201 in found
    assert set(found) <= {200, 201, 409}
    assert len(registry.get("buildings")["items"]) == 1


def test_one_household_number_is_given_once(registry: Registry) -> None:
    building = registry.building()
    post = ("POST", "households", {"building_id": building["id"], "household_no": "001"})
    assert statuses([post] * 8, registry.client) == [201] + [409] * 7
    assert registry.snapshot(A)["totals"]["households"] == 1


def test_versions_count_every_change_once(registry: Registry) -> None:
    building = registry.building()
    patches = [
        ("PATCH", f"buildings/{building['id']}", {"floors": floors}) for floors in range(1, 9)
    ]
    assert statuses(patches, registry.client) == [200] * 8
    assert registry.get(f"buildings/{building['id']}")["version"] == 9


def test_a_division_is_not_revoked_while_something_enters_it(registry: Registry) -> None:
    calls: list[tuple[str, str, dict[str, object]]] = [
        ("POST", "buildings", a_building(geometry=None)) for _ in range(4)
    ]
    calls.append(("DELETE", f"divisions/{A}", {}))
    found = statuses(calls, registry.client)
    gone = registry.client.get(f"{V1}/divisions/{A}").status_code == 404
    entered = len(registry.get("buildings")["items"])
    assert entered == 0 if gone else entered == found.count(201)
