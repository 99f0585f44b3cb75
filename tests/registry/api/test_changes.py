"""The history: who, when, which fields; and the events that go out with each change."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import orjson

from tests.registry.factories import V1, A, B, Registry

ANY = {"If-Match": "*"}


def events(url: str) -> list[dict[str, Any]]:
    async def read() -> list[dict[str, Any]]:
        connection = await asyncpg.connect(url)
        try:
            rows = await connection.fetch(
                "SELECT type, subject, area, data FROM outbox ORDER BY seq"
            )
            return [dict(row) | {"data": orjson.loads(row["data"])} for row in rows]
        finally:
            await connection.close()

    return asyncio.run(read())


def test_the_history_names_fields_and_never_values(registry: Registry) -> None:
    building = registry.building(A, name="秘密名")
    registry.client.patch(
        f"{V1}/buildings/{building['id']}",
        json={"name": "新名", "floors": 3},
        headers=ANY,
    )
    registry.client.delete(f"{V1}/buildings/{building['id']}", headers=ANY)
    answer = registry.client.get(f"{V1}/changes", params={"subject": building["id"]})
    found = answer.json()["items"]
    assert [(item["action"], item["fields"]) for item in found] == [
        ("created", []),
        ("updated", ["floors", "name"]),
        ("ended", ["ended_at"]),
    ]
    assert {item["client_id"] for item in found} == {"test-client"}
    assert "名" not in answer.text


def test_the_history_is_filtered_and_paged(registry: Registry, clock: Any) -> None:
    clock.move(hours=1)
    registry.estate(B)
    since = registry.get("changes", updated_since="2026-03-02T02:00:00Z")["items"]
    assert [(item["noun"], item["area"]) for item in since] == [("estate", B)]
    divisions = registry.get("changes", noun="division", area=A)["items"]
    assert [item["subject"] for item in divisions] == [A]
    first = registry.get("changes", limit=2)
    second = registry.get("changes", limit=2, cursor=first["next_cursor"])
    assert [item["seq"] for item in first["items"] + second["items"]] == sorted(
        item["seq"] for item in first["items"] + second["items"]
    )


def test_events_are_thin_and_tell_of_both_communities_of_a_move(
    registry: Registry, url: str
) -> None:
    building = registry.building(A, geometry=None, name="秘密名")
    seen = len(events(url))
    registry.client.patch(
        f"{V1}/buildings/{building['id']}", json={"community_code": B}, headers=ANY
    )
    told = events(url)[seen:]
    assert [(event["type"], event["subject"], event["area"]) for event in told] == [
        ("registry.building.updated", building["id"], B),
        ("registry.community.changed", A, A),
        ("registry.community.changed", B, B),
    ]
    assert told[0]["data"] == {
        "id": building["id"],
        "version": 2,
        "fields": ["community_code"],
    }
    assert "秘密名" not in str(events(url))


def test_a_refused_change_tells_nothing(registry: Registry, url: str) -> None:
    seen = len(events(url))
    registry.client.post(f"{V1}/buildings", json={"community_code": "990001001099"})
    building = registry.building(A)
    registry.household(building["id"], "001")
    registry.client.delete(f"{V1}/buildings/{building['id']}", headers=ANY)
    kinds = [event["type"] for event in events(url)[seen:]]
    assert kinds == [
        "registry.building.created",
        "registry.community.changed",
        "registry.household.created",
        "registry.community.changed",
    ]


def test_a_change_that_changes_nothing_leaves_no_trace(registry: Registry, url: str) -> None:
    estate = registry.estate(A)
    seen = len(events(url))
    registry.client.patch(
        f"{V1}/estates/{estate['id']}", json={"name": estate["name"]}, headers=ANY
    )
    assert len(events(url)) == seen
