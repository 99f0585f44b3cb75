"""The district as GeoJSON features of the case format (EPSG:4326, 7 decimals)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import shapely

from infra.demo.construction import Building, Estate, Town
from infra.demo.legacy import LegacyGrid
from infra.demo.planar import Frame, Plan
from infra.demo.recipe import Recipe
from infra.demo.settlement import Settlement

Feature = dict[str, Any]
_UNITS = 1e7


def _degrees(coordinates: Any) -> Any:
    if isinstance(coordinates[0], (int, float)):
        return [round(v / _UNITS, 7) for v in coordinates]
    return [_degrees(part) for part in coordinates]


def _feature(units: Any, properties: dict[str, Any]) -> Feature:
    # Orientation by RFC 7946: outer rings counter-clockwise.
    shape = shapely.orient_polygons(units) if units.geom_type == "Polygon" else units
    mapping = json.loads(shapely.to_geojson(shape))
    geometry = {"type": mapping["type"], "coordinates": _degrees(mapping["coordinates"])}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def community_features(
    recipe: Recipe, plan: Plan, settlement: Settlement, town: Town
) -> list[Feature]:
    """Communities as unions of cells, with the sums of their buildings."""
    streets = {street.code: street.name for street in recipe.streets}
    features = []
    for ground in settlement.grounds:
        community = ground.community
        mine = [b for b in town.buildings if b.community == community.code]
        properties = {
            "code": community.code,
            "name": community.name,
            "street_code": community.street_code,
            "street_name": streets[community.street_code],
            "households": sum(b.households for b in mine),
            "buildings": len(mine),
        }
        union = shapely.coverage_union_all([plan.cells[k].units for k in ground.cells])
        features.append(_feature(union, properties))
    return features


def _building(building: Building, grid_code: str, frame: Frame) -> Feature:
    estate = building.estate
    properties = {
        "building_id": building.building_id,
        "name": building.name,
        "community_code": building.community,
        "households": building.households,
        "dwellings": building.house.dwellings,
        "estate_id": estate.estate_id if estate else None,
        "estate_name": estate.name if estate else None,
        "units": building.house.units,
        "floors": building.house.floors,
        "kind": building.house.kind,
        "hh_source": "synthetic",
        "legacy_grid": grid_code,
    }
    return _feature(frame.to_units(building.geometry), properties)


def building_features(town: Town, grids: Iterable[LegacyGrid], frame: Frame) -> list[Feature]:
    """Buildings with footprint or point, each naming its old grid."""
    grid_of_cell = {cell: grid.grid_code for grid in grids for cell in grid.cells}
    return [_building(b, grid_of_cell[b.cell], frame) for b in town.buildings]


def _estate(estate: Estate, frame: Frame) -> Feature:
    properties = {
        "estate_id": estate.estate_id,
        "name": estate.name,
        "type": estate.estate_type,
        "gated": estate.estate_type == "gated",
        "community_code": estate.community,
        "property_company": estate.company,
        "has_owners_committee": estate.has_owners_committee,
        "has_resident_organization": estate.has_resident_organization,
        "management_mode": estate.management_mode,
        "no_property_no_committee": estate.is_three_no,
        "households": estate.households,
        "buildings": estate.buildings,
    }
    return _feature(frame.to_units(estate.polygon), properties)


def estate_features(town: Town, frame: Frame) -> list[Feature]:
    """Gated estates, courtyards and villages."""
    return [_estate(estate, frame) for estate in town.estates]


def legacy_features(grids: Iterable[LegacyGrid]) -> list[Feature]:
    """The old grids; together they tile their communities."""
    return [
        _feature(
            grid.polygon,
            {
                "grid_code": grid.grid_code,
                "community_code": grid.community,
                "name": grid.name,
                "households": grid.households,
            },
        )
        for grid in grids
    ]


def barrier_features(recipe: Recipe, plan: Plan, frame: Frame) -> list[Feature]:
    """Roads, the railway and the river as centre lines."""
    features: list[Feature] = []
    for line in plan.lines:
        way = recipe.ways[line.way]
        if way.kind is None:
            continue
        properties = {
            "barrier_id": f"B{len(features) + 1:05d}",
            "kind": way.kind,
            "class": line.way,
            "name": line.name or None,
            "width_m": way.width_m,
        }
        features.append(_feature(frame.to_units(line.geometry), properties))
    return features
