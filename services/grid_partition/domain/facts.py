"""What there is to say about a community's cut: plain JSON values, with names and no sentences.

Stored beside the cut, so that any reader gets the words of his language at any later time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from services.grid_partition.domain.snapshots import BuildingSeen, EngineView, SnapshotSeen
from services.grid_partition.engine import Change, Partition, Rules, Violation

#: A report names so many and counts the rest.
NAMED_MAX = 12


def facts_of(
    snapshot: SnapshotSeen,
    view: EngineView,
    partition: Partition,
    rules: Rules,
    flows: Sequence[Change],
) -> dict[str, Any]:
    """Return the facts of a cut; `flows` are the changes against the old grids, if there are any.

    Estates and buildings appear by name, else by their id at the source, else by ours: nothing in
    here is about a person.
    """
    grids, metrics = partition.grids, partition.metrics
    return {
        "community": snapshot.name or snapshot.code,
        "households": snapshot.households,
        "buildings": len(snapshot.buildings),
        "min": rules.min_households,
        "max": rules.max_households,
        "sizes": [grid.households for grid in grids],
        "outside": _numbers(not grid.in_range for grid in grids),
        "apart": _numbers(not grid.contiguous for grid in grids),
        "bridged": _numbers(grid.bridged for grid in grids),
        "optimal": metrics.optimal,
        "crossing": sum(grid.blocks > 1 for grid in grids),
        "crossed": metrics.blocks_crossed,
        "compactness": round(metrics.mean_polsby_popper, 2),
        "border_m": round(metrics.internal_boundary_m),
        "estates": len(view.estates),
        "divided_estates": _divided_estates(snapshot, view, partition),
        "sliced": _sliced(snapshot, partition),
        "findings": [_finding(snapshot, violation) for violation in partition.violations],
        "old_grids": len({flow.old for flow in flows}),
        "moved": sum(flow.households for flow in flows if flow.moved),
    }


def _numbers(chosen: Iterable[bool]) -> list[int]:
    return [number for number, is_chosen in enumerate(chosen, start=1) if is_chosen]


def building_name(building: BuildingSeen) -> str:
    """Return what officials call a building."""
    return building.name or building.source_id or building.id


def _estate_names(snapshot: SnapshotSeen, view: EngineView) -> list[str]:
    """Return the name of each of the engine's labels; an estate next door is known by id only."""
    known = {estate.id: estate.name or estate.source_id for estate in snapshot.estates}
    return [known.get(estate_id) or estate_id for estate_id in view.estates]


def _divided_estates(
    snapshot: SnapshotSeen, view: EngineView, partition: Partition
) -> list[dict[str, Any]]:
    """Return the estates that lie in several grids, largest first."""
    estate = view.community.estate
    assert estate is not None  # noqa: S101 - CommunityInput fills it
    parts = partition.parts
    label = estate[parts.building]
    names = _estate_names(snapshot, view)
    found = []
    for number, name in enumerate(names):
        inside = label == number
        grids = len(np.unique(parts.grid[inside & (parts.households > 0)]))
        if grids > 1:
            households = int(parts.households[inside].sum())
            found.append({"label": number, "name": name, "households": households, "grids": grids})
    return sorted(found, key=lambda estate: (-int(estate["households"]), estate["name"]))


def _sliced(snapshot: SnapshotSeen, partition: Partition) -> list[dict[str, Any]]:
    parts = partition.parts
    cut = np.flatnonzero(parts.unit_from + parts.floor_from)
    found = []
    for index in np.unique(parts.building[cut]).tolist():
        rows = cut[parts.building[cut] == index]
        building = snapshot.buildings[index]
        found.append(
            {
                "name": building_name(building),
                "households": building.households,
                "parts": len(rows),
                "by": "floor" if parts.floor_from[rows].any() else "unit",
            }
        )
    return found


def _finding(snapshot: SnapshotSeen, violation: Violation) -> dict[str, Any]:
    return {
        "code": violation.code.value,
        "params": dict(violation.params),
        "grid": None if violation.grid is None else violation.grid + 1,
        "estates": list(violation.estates),
        "buildings": len(violation.buildings),
        "named": [
            building_name(snapshot.buildings[index]) for index in violation.buildings[:NAMED_MAX]
        ],
    }
