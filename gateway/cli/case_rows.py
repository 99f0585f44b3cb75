"""From the words of a case to the columns of the imports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.cli.case_codes import CaseCodes, CommunitySeen, Place, codes_of
from gateway.cli.case_folder import CaseFolder, Feature
from gateway.cli.failures import CliFailure
from gateway.cli.positions import Outline, find, middle, outline

Row = dict[str, Any]


class CaseRows:
    """The rows of a case, layer by layer; reads the communities once, the rest as streams."""

    def __init__(self, case: CaseFolder, prefix: str | None = None) -> None:
        self._case = case
        self._communities = list(case.features("communities"))
        seen = [_community_seen(feature) for feature in self._communities]
        self.codes: CaseCodes = codes_of(case.name, seen, prefix)
        self._own = self.codes.own
        self.source = case.name
        self.estates_nowhere = 0

    def divisions(self) -> Iterator[Place]:
        """Yield the divisions above the communities, the highest first."""
        yield from self.codes.districts
        yield from self.codes.streets

    def communities(self) -> Iterator[Feature]:
        """Yield the communities with their boundaries; all of them are to be cut into grids."""
        for feature in self._communities:
            properties = feature["properties"]
            yield _feature(
                {
                    "code": self._own[str(properties["code"])],
                    "name": str(properties.get("name") or properties["code"]),
                    "is_governed": True,
                },
                feature.get("geometry"),
            )

    def estates(self) -> Iterator[Feature]:
        """Yield the estates that lie in a community: by its stated code, else by position."""
        self.estates_nowhere = 0
        outlines = self._outlines()
        for feature in self._case.features("estates"):
            code = self._home(feature, outlines)
            if code is None:
                self.estates_nowhere += 1
                continue
            properties = feature["properties"]
            row = {
                "source": self.source,
                "source_id": str(properties["estate_id"]),
                "community_code": code,
                "name": str(properties.get("name") or properties["estate_id"]),
                **_management(properties),
            }
            yield _feature(row, feature.get("geometry"))

    def _home(self, feature: Feature, outlines: list[Outline]) -> str | None:
        stated = feature["properties"].get("community_code")
        if stated is not None:
            return self._community(str(stated))
        point = middle(feature.get("geometry"))
        return find(point, outlines) if point else None

    def buildings(self) -> Iterator[Feature]:
        """Yield the buildings with their stated number of households.

        An estate that only a building names is made by the registry, in the building's community.
        """
        for feature in self._case.features("buildings"):
            properties = feature["properties"]
            row = {
                "source": self.source,
                "source_id": str(properties["building_id"]),
                "community_code": self._community(str(properties["community_code"])),
                "name": properties.get("name"),
                "kind": properties.get("kind"),
                "units": properties.get("units"),
                "floors": properties.get("floors"),
                "dwellings": properties.get("dwellings"),
                "households_resident": properties["households"],
                "count_source": properties.get("hh_source"),
            }
            if properties.get("estate_id") is not None:
                row |= {
                    "estate_source_id": str(properties["estate_id"]),
                    "estate_name": properties.get("estate_name"),
                }
            yield _feature(row, feature.get("geometry"))

    def households(self) -> Iterator[Row]:
        """Yield the single household rows of households.csv."""
        for row in self._case.rows("households"):
            yield {
                "source": self.source,
                "source_id": row["household_id"],
                "building_source_id": row["building_id"],
                "unit": row.get("unit"),
                "floor": row.get("floor"),
                "room": row.get("room"),
            }

    def barriers(self) -> Iterator[Feature]:
        """Yield roads, railways and waters, each under a district of the case."""
        districts = self.codes.areas
        outlines = self._outlines() if len(districts) > 1 else []
        for feature in self._case.features("barriers"):
            properties = feature["properties"]
            yield _feature(
                {
                    "source": self.source,
                    "source_id": str(properties["barrier_id"]),
                    "area": _district_of(feature, outlines, districts[0]),
                    "kind": properties["kind"],
                    "barrier_class": properties.get("class"),
                    "name": properties.get("name"),
                    "width_m": properties.get("width_m"),
                },
                feature.get("geometry"),
            )

    def _community(self, original: str) -> str:
        # A code that the case does not explain is sent as it is: the registry refuses it by name.
        return self._own.get(original, original)

    def _outlines(self) -> list[Outline]:
        found = (
            outline(self._own[str(f["properties"]["code"])], f.get("geometry"))
            for f in self._communities
        )
        return [one for one in found if one is not None]


def _community_seen(feature: Feature) -> CommunitySeen:
    properties: Mapping[str, Any] = feature.get("properties") or {}
    if not properties.get("code"):
        raise CliFailure(
            "cli.community_codes",
            "A community of the case has no `code`.",
            cure="Give every community a code of its own.",
        )
    return CommunitySeen(
        code=str(properties["code"]),
        name=str(properties.get("name") or properties["code"]),
        street_code=str(properties.get("street_code") or ""),
        street_name=str(properties.get("street_name") or ""),
    )


def _district_of(feature: Feature, outlines: list[Outline], otherwise: str) -> str:
    point = middle(feature.get("geometry")) if outlines else None
    found = find(point, outlines) if point else None
    return found[:6] if found else otherwise


def _management(properties: Mapping[str, Any]) -> Row:
    """Return what a case tells of who looks after an estate; what it does not tell is unknown."""
    if properties.get("no_property_no_committee"):
        return {"has_property_company": False, "has_owners_committee": False}
    if "property_company" in properties:
        return {"has_property_company": properties["property_company"] is not None}
    return {}


def _feature(properties: Row, geometry: Any) -> Feature:
    given = {name: value for name, value in properties.items() if value not in (None, "")}
    return {"type": "Feature", "properties": given, "geometry": geometry}
