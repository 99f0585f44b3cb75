"""Queries find what they should, by index, whatever the box or the prefix."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import asyncpg
import pytest

from tests.registry.factories import A, B, Registry, geojson, inside

GEOJSON = "application/geo+json"


def explained(url: str, statement: str, *values: Any) -> str:
    """The plan that PostgreSQL would choose if tables were large."""

    async def ask() -> str:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute("SET enable_seqscan = off")
            rows = await connection.fetch(f"EXPLAIN {statement}", *values)
            return "\n".join(row[0] for row in rows)
        finally:
            await connection.close()

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("SELECT 1 FROM buildings WHERE community_code LIKE '990001%'", "community_code"),
        ("SELECT 1 FROM estates WHERE community_code LIKE '990001%'", "community_code"),
        ("SELECT 1 FROM divisions WHERE code LIKE '990001%'", "pk_divisions"),
        (
            (
                "SELECT building_id, count(*) FROM households "
                "WHERE community_code = ANY('{990001001001}') AND ended_at IS NULL GROUP BY 1"
            ),
            "uq_households_number",
        ),
        ("SELECT 1 FROM buildings WHERE source = 'gis' AND source_id = 'B1'", "source_source_id"),
        ("SELECT 1 FROM households WHERE building_id = gen_random_uuid()", "building_id"),
        ("SELECT 1 FROM buildings WHERE updated_at >= now()", "updated_at"),
    ],
)
def test_hot_queries_are_served_by_an_index(url: str, statement: str, index: str) -> None:
    plan = explained(url, statement)
    assert "Seq Scan" not in plan
    assert index in plan


def test_a_box_finds_what_meets_it_and_nothing_else(registry: Registry) -> None:
    chance = random.Random(1)
    places = {
        f"B{number}": [101.79 + chance.random() / 100, 36.60 + chance.random() / 100]
        for number in range(60)
    }
    job = registry.load(
        "buildings",
        geojson(
            *(
                ({"type": "Point", "coordinates": place}, {"building_id": name})
                for name, place in places.items()
            ),
            (None, {"building_id": "NOWHERE", "community_code": A}),
        ),
        GEOJSON,
    )
    assert job["counts"]["created"] == 61, job
    for _ in range(15):
        west, east = sorted(round(101.79 + chance.random() / 100, 6) for _ in range(2))
        south, north = sorted(round(36.60 + chance.random() / 100, 6) for _ in range(2))
        found = registry.get("buildings", bbox=f"{west},{south},{east},{north}", limit=1000)
        assert {item["source_id"] for item in found["items"]} == {
            name
            for name, (lon, lat) in places.items()
            if west <= lon <= east and south <= lat <= north
        }


def test_single_requests_and_files_say_the_same(registry: Registry) -> None:
    facts = [
        {"source_id": f"B{number}", "floors": number, "households_resident": 10 * number}
        for number in range(1, 6)
    ]
    for number, fact in enumerate(facts):
        body = {name: value for name, value in fact.items() if name != "source_id"}
        body |= {"community_code": A, "geometry": inside(A, number)}
        place = f"/registry/v1/buildings/by-source/gis/{fact['source_id']}"
        registry.done(registry.client.put(place, json=body))
    features = [(inside(B, number), fact) for number, fact in enumerate(facts)]
    random.Random(2).shuffle(features)
    registry.load("buildings", geojson(*features), GEOJSON, source="file")

    def told(code: str) -> list[tuple[Any, ...]]:
        return [
            (item["source_id"], item["floors"], item["households"], item["units"])
            for item in registry.snapshot(code)["buildings"]
        ]

    assert told(A) == told(B)


def test_a_file_in_any_order_gives_the_same_snapshot(registry: Registry) -> None:
    rows = [f"B{number},{A},{number},小区{number % 3}" for number in range(20)]
    versions = set()
    for seed in range(3):
        random.Random(seed).shuffle(rows)
        sheet = "building_id,community_code,households,estate_name\n" + "\n".join(rows) + "\n"
        job = registry.load("buildings", sheet)
        assert job["state"] == "succeeded"
        versions.add(registry.snapshot(A)["version"])
    assert len(versions) == 1
    assert len(registry.get("estates")["items"]) == 3
