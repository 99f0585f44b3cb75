"""Snapshots stay cheap when a community holds its thousands of household rows."""

from __future__ import annotations

import time

from tests.registry.factories import V1, A, Registry, geojson, inside

BUILDINGS, HOUSEHOLDS_EACH = 60, 50


def test_five_thousand_rows_are_counted_in_one_quick_statement(registry: Registry) -> None:
    places = [
        (inside(A, number % 8, number // 8), {"building_id": f"B{number}"})
        for number in range(BUILDINGS)
    ]
    registry.load("buildings", geojson(*places), "application/geo+json")
    rows = "\n".join(
        f"H{building}-{number},B{building}"
        for building in range(BUILDINGS)
        for number in range(HOUSEHOLDS_EACH)
    )
    job = registry.load("households", "household_id,building_id\n" + rows + "\n")
    assert job["counts"]["created"] == BUILDINGS * HOUSEHOLDS_EACH
    began = time.perf_counter()
    answer = registry.client.get(f"{V1}/communities/{A}/snapshot")
    took_s = time.perf_counter() - began
    totals = answer.json()["totals"]
    assert (totals["buildings"], totals["households"]) == (BUILDINGS, BUILDINGS * HOUSEHOLDS_EACH)
    assert took_s < 1.0
