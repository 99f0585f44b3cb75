"""Buildings through the door."""

from __future__ import annotations

from tests.registry.factories import V1, A, Registry


def test_smoke(registry: Registry) -> None:
    made = registry.building()
    got = registry.client.get(f"{V1}/buildings/{made['id']}")
    assert got.json() == made
    assert registry.snapshot(A)["totals"]["households"] == 40
