"""Where an incident is: what the report says, what was found, and whose areas that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

#: Lengths of the codes that an area may have: district, street, community, grid.
_LEVELS = (15, 12, 9, 6)
ANYWHERE = "*"


class Placement(StrEnum):
    """How far the place of an incident is known."""

    LOCATED = "located"  # in a grid in force
    LOCATING = "locating"  # the partition service has not answered yet
    OUTSIDE = "outside"  # no grid holds the point: a person decides
    ADDRESS = "address"  # only an address was given: a person decides
    UNKNOWN_GRID = "unknown_grid"  # the named grid is not in force: a person decides


@dataclass(frozen=True, slots=True)
class Point:
    """A position in CGCS2000."""

    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Spot:
    """What the partition service says of a point; `nearest_m` is metres to the nearest grid."""

    grid_code: str | None
    community_code: str | None
    nearest_grid_code: str | None = None
    nearest_m: float | None = None


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The place of an incident as it is stored.

    `area` is the code that decides who sees it.  While `is_placed` is false nobody knows where it
    is, and `area` is the narrowest code that holds every area of the client that reported it
    (empty: only who may see everything, and that client, see it).
    """

    placement: Placement
    area: str
    is_placed: bool
    grid_code: str | None = None
    community_code: str | None = None
    nearest_grid_code: str | None = None
    nearest_m: float | None = None


def narrowest_area(areas: Sequence[str]) -> str:
    """Return the longest division or grid code that begins every area; empty when none does.

    Who covers that code covers each of the areas, so a row that could be in any of them is shown
    to nobody who might not be meant to see it.
    """
    if not areas or ANYWHERE in areas:
        return ""
    shortest = min(areas, key=len)
    for length in _LEVELS:
        prefix = shortest[:length]
        if len(prefix) == length and all(area.startswith(prefix) for area in areas):
            return prefix
    return ""


def at_spot(spot: Spot, otherwise: str) -> Whereabouts:
    """Return the place that a spot stands for; `otherwise` is the area when no code is known."""
    if spot.grid_code is not None:
        community = spot.community_code or spot.grid_code[:12]
        return Whereabouts(Placement.LOCATED, spot.grid_code, True, spot.grid_code, community)
    return Whereabouts(
        Placement.OUTSIDE,
        spot.community_code or otherwise,
        spot.community_code is not None,
        None,
        spot.community_code,
        spot.nearest_grid_code,
        spot.nearest_m,
    )


def in_grid(grid_code: str) -> Whereabouts:
    """Return the place of an incident in a grid that is in force."""
    return Whereabouts(Placement.LOCATED, grid_code, True, grid_code, grid_code[:12])


def unplaced(placement: Placement, area: str) -> Whereabouts:
    """Return the place of an incident of which nobody knows where it is."""
    return Whereabouts(placement, area, is_placed=False)
