"""Buildings and estates on the cells of the plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from infra.demo.housing import House, lay_rows, plots, strip
from infra.demo.naming import Namer
from infra.demo.recipe import Recipe
from infra.demo.settlement import Ground, Settlement

_WHOLE_M = 10000.0


@dataclass
class Estate:
    """Ground with one name and one manager; polygon in plane metres."""

    estate_id: str
    estate_type: str
    name: str
    community: str
    polygon: Any
    company: str | None
    has_owners_committee: bool
    has_resident_organization: bool
    households: int = 0
    buildings: int = 0

    @property
    def is_three_no(self) -> bool:
        """A courtyard that has no manager, no committee and no residents' group (三无楼院)."""
        bodies = self.company, self.has_owners_committee, self.has_resident_organization
        return self.estate_type == "courtyard" and not any(bodies)

    @property
    def management_mode(self) -> str:
        """Who looks after the ground, in the words of the domain."""
        if self.company is not None:
            return "property_company"
        return "self_managed" if self.has_resident_organization else "none"


@dataclass
class Building:
    """A building in its community; geometry in plane metres, households filled in at the end."""

    building_id: str
    name: str
    community: str
    cell: int
    house: House
    geometry: Any
    estate: Estate | None
    households: int = 0


@dataclass
class Town:
    """All buildings and estates, in the order of their ids."""

    buildings: list[Building] = field(default_factory=list)
    estates: list[Estate] = field(default_factory=list)


class Builder:
    """Builds one community after the other; ids count up inside the community."""

    def __init__(self, recipe: Recipe, namer: Namer, rng: np.random.Generator) -> None:
        self._recipe = recipe
        self._namer = namer
        self._rng = rng
        self._town = Town()
        self._numbers = {"building": 0, "estate": 0}

    def build(self, settlement: Settlement, free: list[Any], uses: list[str]) -> Town:
        """Fill every cell by its use and return the town."""
        for ground in settlement.grounds:
            self._numbers = {"building": 0, "estate": 0}
            for cell in ground.cells:
                self._fill(ground, cell, free[cell], uses[cell])
        return self._town

    def _fill(self, ground: Ground, cell: int, place: Any, use: str) -> None:
        if shapely.is_empty(place):
            return
        if use == "civic":
            self._civic(ground, cell, place)
        elif use == "old":
            self._old(ground, cell, place)
        elif use == "village":
            self._estate(ground, cell, place, "village", "village")
        else:
            rule = self._recipe.plots
            is_shared = use in self._recipe.ladder and self._rng.random() < rule.two_estates_chance
            width = rule.half_m if is_shared else _WHOLE_M
            for plot in plots(place, (width, _WHOLE_M), 1.0):
                self._estate(ground, cell, plot, "gated", use)

    def _civic(self, ground: Ground, cell: int, place: Any) -> None:
        civic = self._recipe.civic
        kind = civic[int(self._rng.integers(len(civic)))]
        houses = lay_rows(place, self._recipe.stock[kind], self._rng)
        name = self._namer.civic(kind) if houses else ""
        for number, house in enumerate(houses, 1):
            self._add(ground, cell, house, f"{name}{number}号楼" if len(houses) > 1 else name)

    def _old(self, ground: Ground, cell: int, place: Any) -> None:
        """A front of shop houses, behind it walled courtyards."""
        front, rest = strip(place, self._recipe.plots.street_depth_m)
        shops = lay_rows(front, self._recipe.stock["street"], self._rng)
        lane = self._namer.lane() if shops else ""
        for number, house in enumerate(shops, 1):
            self._add(ground, cell, house, f"{lane}{2 * number}号楼")
        if rest.geom_type != "Polygon" or shapely.is_empty(rest):
            return
        for plot in plots(rest, self._recipe.plots.courtyard_m, 3.0):
            self._estate(ground, cell, plot, "courtyard", "courtyard")

    def _estate(self, ground: Ground, cell: int, plot: Any, estate_type: str, stock: str) -> None:
        inner = shapely.buffer(plot, -self._recipe.plots.wall_m, join_style="mitre")
        houses = lay_rows(inner, self._recipe.stock[stock], self._rng)
        if not houses:
            return
        estate = self._found(ground, plot, estate_type)
        suffix = "号" if estate_type == "village" else "号楼"
        for number, house in enumerate(houses, 1):
            self._add(ground, cell, house, f"{number}{suffix}", estate)

    def _found(self, ground: Ground, plot: Any, estate_type: str) -> Estate:
        self._numbers["estate"] += 1
        chance = self._recipe.estates[estate_type]
        managed, committee, residents = (self._rng.random(3) < list(chance.values())).tolist()
        estate = Estate(
            estate_id=f"E{ground.community.code}{self._numbers['estate']:03d}",
            estate_type=estate_type,
            name=self._namer.estate(estate_type),
            community=ground.community.code,
            polygon=plot,
            company=self._namer.company() if managed else None,
            has_owners_committee=committee,
            has_resident_organization=residents,
        )
        self._town.estates.append(estate)
        return estate

    def _add(
        self, ground: Ground, cell: int, house: House, name: str, estate: Estate | None = None
    ) -> None:
        self._numbers["building"] += 1
        code = ground.community.code
        self._town.buildings.append(
            Building(
                building_id=f"{code}{self._numbers['building']:05d}",
                name=name,
                community=code,
                cell=cell,
                house=house,
                geometry=house.footprint,
                estate=estate,
            )
        )
        if estate is not None:
            estate.buildings += 1


def move_in(town: Town, recipe: Recipe, rng: np.random.Generator) -> None:
    """Settle households so that the district comes near the recipe's count.

    Each dwelling is occupied with one probability; a village house keeps at least one household.
    Raises ValueError when that probability leaves the recipe's range: the plan was then wrong.
    """
    dwellings = np.array([b.house.dwellings for b in town.buildings])
    share = recipe.households / float(dwellings.sum())
    low, high = recipe.occupancy_range
    if not low <= share <= high:
        raise ValueError(f"{dwellings.sum()} dwellings cannot hold {recipe.households} households")
    counts = rng.binomial(dwellings, share).tolist()
    for building, count in zip(town.buildings, counts, strict=True):
        is_village = building.house.kind == "village_house"
        building.households = max(count, 1) if is_village else count
        if building.estate is not None:
            building.estate.households += building.households


def forget_some_footprints(town: Town, count: int, rng: np.random.Generator) -> None:
    """Turn `count` inhabited buildings into points, as in a register that awaits a survey."""
    inhabited = [k for k, b in enumerate(town.buildings) if 0 < b.households <= 200]
    for k in sorted(rng.choice(inhabited, count, replace=False).tolist()):
        town.buildings[k].geometry = shapely.centroid(town.buildings[k].house.footprint)
