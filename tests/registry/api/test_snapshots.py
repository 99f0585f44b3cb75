"""Snapshots and counts: what a partition builds on."""

from __future__ import annotations

import json

from tests.registry.factories import DISTRICT, STREET_1, V1, A, B, C, Registry, inside, square

ANY = {"If-Match": "*"}


def test_every_change_of_a_community_changes_its_version_and_no_others(registry: Registry) -> None:
    def versions() -> dict[str, str]:
        lines = registry.client.get(f"{V1}/snapshots").text.splitlines()
        return {item["community_code"]: item["version"] for item in map(json.loads, lines)}

    seen = [versions()]

    def changed() -> set[str]:
        seen.append(versions())
        return {code for code in seen[-1] if seen[-1][code] != seen[-2][code]}

    estate = registry.estate(A)
    assert changed() == {A}
    building = registry.building(A, estate_id=estate["id"])
    assert changed() == {A}
    household = registry.household(building["id"], "001")
    assert changed() == {A}
    for place, body in (
        (f"households/{household['id']}", {"residence": "registered"}),
        (f"estates/{estate['id']}", {"name": "改名"}),
        (f"buildings/{building['id']}", {"floors": 9}),
        (f"buildings/{building['id']}", {"geometry": inside(A, 3)}),
        (f"divisions/{A}", {"name": "改名"}),
        (f"divisions/{A}", {"boundary": square(101.79, 36.60, 0.009)}),
    ):
        answer = registry.client.patch(f"{V1}/{place}", json=body, headers=ANY)
        assert answer.status_code == 200, answer.text
        assert changed() == {A}, place
    registry.client.delete(f"{V1}/households/{household['id']}", headers=ANY)
    assert changed() == {A}
    registry.client.patch(
        f"{V1}/buildings/{building['id']}",
        json={"community_code": B, "geometry": None},
        headers=ANY,
    )
    assert changed() == {A, B}


def test_what_does_not_show_does_not_change_the_version(registry: Registry) -> None:
    building = registry.building(A, households_resident=40)
    household = registry.household(building["id"], "001", unit="1")
    before = registry.snapshot(A)["version"]
    registry.client.patch(
        f"{V1}/households/{household['id']}", json={"unit": "2", "floor": 3}, headers=ANY
    )
    assert registry.snapshot(A)["version"] == before


def test_a_snapshot_holds_nothing_of_single_households(registry: Registry) -> None:
    building = registry.building(A)
    registry.household(building["id"], "户号-4711")
    text = registry.client.get(f"{V1}/communities/{A}/snapshot").text
    assert "4711" not in text
    assert set(json.loads(text)["buildings"][0]) == {
        "id", "source", "source_id", "name", "estate_id", "kind", "geometry", "point", "units",
        "floors", "households", "unit_details",
    }  # fmt: skip


def test_only_communities_have_snapshots(registry: Registry) -> None:
    assert registry.client.get(f"{V1}/communities/{STREET_1}/snapshot").status_code == 422
    registry.client.delete(f"{V1}/divisions/{C}", headers=ANY)
    gone = registry.client.get(f"{V1}/communities/{C}/snapshot")
    assert (gone.status_code, gone.json()["code"]) == (404, "division.not_found")
    lines = registry.client.get(f"{V1}/snapshots", params={"governed": "all"}).text.splitlines()
    assert [json.loads(line)["community_code"] for line in lines] == [A, B]


def test_counts_by_every_level_add_up(registry: Registry) -> None:
    estate = registry.estate(A)
    first = registry.building(A, estate_id=estate["id"], households_resident=40)
    registry.building(B, geometry=None, households_resident=None)
    registry.building(C, geometry=None, households_resident=7)

    def counts(**params: object) -> dict[str, tuple[int, int, int]]:
        return {
            item["code"]: (item["buildings"], item["households"], item["buildings_without_count"])
            for item in registry.get("counts", **params)["items"]
        }

    communities = {A: (1, 40, 0), B: (1, 0, 1), C: (1, 7, 0)}
    assert counts() == communities
    assert counts(by="street") == {STREET_1: (2, 40, 1), "990001002": (1, 7, 0)}
    assert counts(by="district") == {DISTRICT: (3, 47, 1)}
    assert counts(by="division").keys() == {DISTRICT, STREET_1, "990001002", A, B, C}
    assert counts(by="division", area=STREET_1) == {STREET_1: (2, 40, 1)} | {
        code: communities[code] for code in (A, B)
    }
    assert counts(by="estate") == {estate["id"]: (1, 40, 0)}
    assert counts(by="building", area=A) == {first["id"]: (1, 40, 0)}
    assert counts(by="community", count_basis="dwellings")[A] == (1, 0, 1)
    registry.household(first["id"], "001")
    assert counts()[A] == (1, 1, 0)


def test_counts_are_also_csv(registry: Registry) -> None:
    registry.building(A)
    answer = registry.client.get(f"{V1}/counts", headers={"Accept": "text/csv"})
    assert f"{A}," in answer.text
    assert answer.text.startswith("\ufeffcode,name,community_code,buildings,households")


def test_units_tell_their_entrance_and_their_share(registry: Registry) -> None:
    building = registry.building(A, households_resident=40, units=None, dwellings=48)
    door = {"type": "Point", "coordinates": [101.7912, 36.6011]}
    for name, fields in (
        ("1", {"floors": 6, "households_resident": 24, "geometry": door, "dwellings": 24}),
        ("2", {"households_resident": 16}),
    ):
        registry.post("units", {"building_id": building["id"], "name": name} | fields)
    (shown,) = registry.snapshot(A)["buildings"]
    assert (shown["units"], shown["households"]) == (2, 40)
    assert shown["unit_details"] == [
        {"name": "1", "floors": 6, "households": 24, "point": [101.7912, 36.6011]},
        {"name": "2", "floors": None, "households": 16, "point": None},
    ]
    registry.household(building["id"], "001", unit="1", residence="registered")
    registry.household(building["id"], "002", unit="2")
    shares = {
        basis: [
            unit["households"]
            for unit in registry.snapshot(A, count_basis=basis)["buildings"][0]["unit_details"]
        ]
        for basis in ("resident", "registered", "dwellings")
    }
    assert shares == {"resident": [0, 1], "registered": [1, 1], "dwellings": [24, None]}


def test_dwellings_count_their_homes_once_there_are_any(registry: Registry) -> None:
    building = registry.building(A, dwellings=48, households_resident=40)
    snapshot = lambda: registry.snapshot(A, count_basis="dwellings")["totals"]["households"]  # noqa: E731
    assert snapshot() == 48
    made = [
        registry.post("dwellings", {"building_id": building["id"], "use": use, "unit": "1"})
        for use in ("residential", "commercial", "mixed", None)
    ]
    assert snapshot() == 3
    for by in ("building", "community", "district"):
        (found,) = [
            item["households"]
            for item in registry.get("counts", by=by, count_basis="dwellings")["items"]
            if item["buildings"]
        ]
        assert found == 3
    assert registry.snapshot(A)["totals"]["households"] == 40
    for dwelling in made:
        registry.client.delete(f"{V1}/dwellings/{dwelling['id']}", headers=ANY)
    assert snapshot() == 48


def test_counts_page_in_the_order_of_codes(registry: Registry) -> None:
    for code in (C, A, B, A):
        estate = registry.estate(code)
        registry.building(code, geometry=None, estate_id=estate["id"], households_resident=5)
    for by in ("building", "estate", "community"):
        whole = registry.get("counts", by=by)["items"]
        assert [item["community_code"] for item in whole] == sorted(
            item["community_code"] for item in whole
        )
        paged = []
        cursor: dict[str, str] = {}
        while True:
            page = registry.get("counts", by=by, limit=1, **cursor)
            paged += page["items"]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert paged == whole
        assert registry.get("counts", by=by, limit=1, count="true")["count"] == len(whole)
