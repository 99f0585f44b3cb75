"""Random lives of a district against a plain model: the sums never part."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from tests.registry.factories import DISTRICT, V1, A, B, C, Registry

ANY = {"If-Match": "*"}
BASES = ("resident", "registered", "dwellings")
RESIDENCES = ("resident", "registered", "both")


@dataclass
class ModelBuilding:
    """What the registry should count for a building."""

    community: str
    stated: dict[str, int | None]
    rows: dict[str, str] = field(default_factory=dict)
    homes: dict[str, bool] = field(default_factory=dict)

    def count(self, basis: str) -> int | None:
        if basis == "dwellings" and self.homes:
            return sum(self.homes.values())
        if basis == "dwellings" or not self.rows:
            return self.stated[basis]
        return sum(residence in {basis, "both"} for residence in self.rows.values())


class Life:
    """Does something random to the registry and the same to the model."""

    def __init__(self, registry: Registry, seed: int) -> None:
        self.registry = registry
        self.chance = random.Random(seed)
        self.buildings: dict[str, ModelBuilding] = {}
        self.number = 0

    def step(self) -> None:
        steps = [
            self.build,
            self.state,
            self.move,
            self.settle,
            self.settle,
            self.fit,
            self.leave,
            self.end,
        ]
        self.chance.choice(steps if self.buildings else [self.build])()

    def build(self) -> None:
        community, stated = self.chance.choice((A, B, C)), self._stated()
        made = self.registry.building(
            community,
            geometry=None,
            households_resident=stated["resident"],
            households_registered=stated["registered"],
            dwellings=stated["dwellings"],
        )
        self.buildings[made["id"]] = ModelBuilding(community, stated)

    def state(self) -> None:
        row_id, building = self._any()
        building.stated = self._stated()
        self._patch(
            f"buildings/{row_id}",
            {
                "households_resident": building.stated["resident"],
                "households_registered": building.stated["registered"],
                "dwellings": building.stated["dwellings"],
            },
        )

    def move(self) -> None:
        row_id, building = self._any()
        building.community = self.chance.choice((A, B, C))
        self._patch(f"buildings/{row_id}", {"community_code": building.community})

    def settle(self) -> None:
        row_id, building = self._any()
        residence = self.chance.choice(RESIDENCES)
        self.number += 1
        made = self.registry.household(row_id, f"{self.number:04}", residence=residence)
        building.rows[made["id"]] = residence

    def fit(self) -> None:
        row_id, building = self._any()
        use = self.chance.choice(("residential", "mixed", "office", None))
        made = self.registry.post("dwellings", {"building_id": row_id, "use": use})
        building.homes[made["id"]] = use != "office"

    def leave(self) -> None:
        _, building = self._any()
        if building.rows:
            household = self.chance.choice(sorted(building.rows))
            del building.rows[household]
            self._delete(f"households/{household}")

    def end(self) -> None:
        row_id, building = self._any()
        place = f"{V1}/buildings/{row_id}"
        if building.rows or building.homes:
            assert self.registry.client.delete(place, headers=ANY).status_code == 409
        else:
            del self.buildings[row_id]
            self._delete(f"buildings/{row_id}")

    def compare(self) -> None:
        for basis in BASES:
            for code in (A, B, C):
                here = {
                    row_id: building.count(basis)
                    for row_id, building in self.buildings.items()
                    if building.community == code
                }
                found = self.registry.snapshot(code, count_basis=basis)
                shown = {item["id"]: item["households"] for item in found["buildings"]}
                assert shown == {row_id: count or 0 for row_id, count in here.items()}
                totals = found["totals"]
                assert totals["households"] == sum(shown.values())
                assert totals["buildings_without_count"] == list(here.values()).count(None)
            everything = [building.count(basis) for building in self.buildings.values()]
            (district,) = self.registry.get("counts", by="district", count_basis=basis)["items"]
            assert (district["code"], district["buildings"]) == (DISTRICT, len(everything))
            assert district["households"] == sum(count or 0 for count in everything)

    def _any(self) -> tuple[str, ModelBuilding]:
        row_id = self.chance.choice(sorted(self.buildings))
        return row_id, self.buildings[row_id]

    def _stated(self) -> dict[str, int | None]:
        return {basis: self.chance.choice((None, 0, 7, 36)) for basis in BASES}

    def _patch(self, path: str, body: dict[str, object]) -> None:
        Registry.done(self.registry.client.patch(f"{V1}/{path}", json=body, headers=ANY))

    def _delete(self, path: str) -> None:
        Registry.done(self.registry.client.delete(f"{V1}/{path}", headers=ANY))


@pytest.mark.parametrize("seed", range(4))
def test_counts_follow_a_random_life(registry: Registry, seed: int) -> None:
    life = Life(registry, seed)
    for number in range(60):
        life.step()
        if number % 15 == 14:
            life.compare()
    assert len(registry.get("changes", limit=1000, updated_since="2020-01-01T00:00:00Z")["items"])


@pytest.mark.parametrize("seed", range(2))
def test_the_version_changes_exactly_when_a_snapshot_does(registry: Registry, seed: int) -> None:
    life = Life(registry, seed)
    seen: dict[str, str] = {}
    for _ in range(30):
        life.step()
        snapshot = registry.snapshot(A)
        version = snapshot.pop("version")
        text = repr(snapshot)
        assert seen.setdefault(version, text) == text
        assert list(seen.values()).count(text) == 1
